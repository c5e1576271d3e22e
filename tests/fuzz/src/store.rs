//! A store in memory, and the steps that targets take with it.

use std::cell::RefCell;
use std::sync::Arc;

use dredis_data::contract::Result;
use dredis_data::rdb::{Compression, FileVersion, Reader, Writer};
use dredis_data::{
    Deposit, Digest, LoadError, Loaded, ObjectIds, Observer, Pace, PackedLimits, Records, Store, Transaction,
    WriterState,
};

use crate::backend::MapBackend;

/// The time at which everything happens.
const NOW_MS: u64 = 1_700_000_000_000;

pub(crate) struct MemoryStore {
    backend: MapBackend,
    store: Store,
    writer: RefCell<WriterState>,
}

impl MemoryStore {
    pub fn new() -> Self {
        let backend = MapBackend::new(511);
        let (store, writer) = Store::open(Arc::new(backend.clone()), "map", [1, 2]).expect("memory opens");
        MemoryStore { backend, store, writer: RefCell::new(writer) }
    }

    pub fn write<T>(&mut self, work: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> T {
        self.turn(work).expect("memory does not fail")
    }

    /// Commits whatever was written, even if the work answers an error: as RESTORE does.
    pub fn try_write<T>(&mut self, work: impl FnOnce(&mut Transaction<'_>) -> T) -> T {
        self.turn(|txn| Ok(work(txn))).expect("memory does not fail")
    }

    pub fn read<T>(&self, read: impl FnOnce(&Transaction<'_>) -> T) -> T {
        read(&Transaction::read_only(&self.store, NOW_MS))
    }

    pub fn digest(&self) -> Digest {
        self.read(|txn| txn.digest().expect("what is stored can be read"))
    }

    /// Sweeps all garbage; how many records are left.
    pub fn swept_records(&mut self) -> usize {
        while self.write(|txn| txn.sweep_garbage(1000)).more {}
        // Reserved ids and databases are written when they are first needed.
        self.backend.records().keys().filter(|key| key[0] >= 0x10).count()
    }

    pub fn load(&mut self, file: &[u8], limits: &PackedLimits) -> std::result::Result<Loaded, LoadError> {
        let mut load = self.turn(|txn| txn.begin_load())?;
        let mut reader = Reader::new(file)?;
        let loaded =
            load.read(&self.store, &mut reader, &ToMemory(self), limits, NOW_MS, &mut |_| Pace::GoOn)?;
        self.turn(|txn| txn.finish_load(&load))?;
        Ok(loaded)
    }

    pub fn save(&self, version: FileVersion, compression: Compression) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), version, compression).expect("memory takes everything");
        self.read(|txn| txn.save(&mut writer, &mut |_, _| Pace::GoOn).expect("what is stored can be saved"));
        writer.finish().expect("memory takes everything")
    }

    fn turn<T>(&self, work: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut writer = self.writer.borrow_mut();
        let mut txn = Transaction::writable(&self.store, &mut writer, &Nobody, NOW_MS);
        let done = work(&mut txn)?;
        txn.commit()?;
        Ok(done)
    }
}

/// Commits at once.
struct ToMemory<'m>(&'m MemoryStore);

impl Deposit for ToMemory<'_> {
    fn deposit(&self, records: Records) -> Result<()> {
        self.0.turn(|txn| txn.commit_deposit(&records))
    }

    fn settle(&self) -> Result<()> {
        Ok(())
    }

    fn more_ids(&self) -> Result<ObjectIds> {
        self.0.turn(|txn| txn.reserve_object_ids())
    }
}

struct Nobody;

impl Observer for Nobody {
    fn key_changed(&self, _: u32, _: &[u8]) {}

    fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        Ok(())
    }
}
