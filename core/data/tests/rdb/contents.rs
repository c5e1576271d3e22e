//! A store in memory, files loaded into it, and all that it holds as one run of bytes.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use dredis_data::contract::{Direction, Result};
use dredis_data::rdb::{Item, Reader, Restored, TransferError};
use dredis_data::set::SetRef;
use dredis_data::sorted_set::{SortedSet, score_text};
use dredis_data::{Entry, Kind, Observer, PackedLimits, Store, Transaction, WriterState};

use crate::common::MapBackend;

/// What the clock shows: later than all times in fixtures.
pub const NOW_MS: u64 = 1_790_000_000_000;

/// Limits that almost everything is beyond.
pub const TINY: PackedLimits = PackedLimits {
    hash_entries: 2,
    hash_value_bytes: 3,
    set_intset_entries: 2,
    zset_entries: 2,
    zset_value_bytes: 3,
    list_size: 2,
};

struct Nobody;

impl Observer for Nobody {
    fn key_changed(&self, _: u32, _: &[u8]) {}

    fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        Ok(())
    }
}

/// A data directory in memory.
pub struct Data {
    pub backend: MapBackend,
    pub store: Store,
    pub writer: WriterState,
    /// The keys that were loaded, by database.
    pub keys: BTreeMap<(u32, Vec<u8>), ()>,
}

impl Data {
    pub fn new() -> Self {
        let backend = MapBackend::new(511);
        let (store, writer) = Store::open(Arc::new(backend.clone()), "map", [3, 4]).unwrap();
        Data { backend, store, writer, keys: BTreeMap::new() }
    }

    pub fn writable(&mut self) -> Transaction<'_> {
        Transaction::writable(&self.store, &mut self.writer, &Nobody, NOW_MS)
    }

    pub fn readable(&self) -> Transaction<'_> {
        Transaction::read_only(&self.store, NOW_MS)
    }

    /// Loads a file in one transaction. An error leaves it uncommitted.
    pub fn load(
        &mut self,
        source: impl Read,
        limits: &PackedLimits,
    ) -> std::result::Result<(), TransferError> {
        let mut reader = Reader::new(source)?;
        let mut keys = Vec::new();
        let mut txn = Transaction::writable(&self.store, &mut self.writer, &Nobody, NOW_MS);
        let mut db = 0;
        loop {
            match reader.next()? {
                Item::Database(number) => db = u32::try_from(number).unwrap().min(15),
                Item::Key(key) if key.expire_at_ms.is_some_and(|at| at <= NOW_MS) => {}
                Item::Key(key) => {
                    let old = txn.find_for_write(db, &key.name)?;
                    let restored =
                        txn.restore((db, &key.name), old, key.expire_at_ms, limits, reader.value())?;
                    if restored == Restored::Written {
                        keys.push((db, key.name));
                    }
                }
                Item::End { .. } => break,
                _ => {}
            }
        }
        txn.commit()?;
        self.keys.extend(keys.into_iter().map(|key| (key, ())));
        Ok(())
    }

    /// Each key's database, name, type and expiry (-1 for none), and then its value: what `redis-server` would show. Each
    /// of these parts has its length (4 bytes, big-endian) before it.
    pub fn listing(&self) -> Vec<u8> {
        let txn = self.readable();
        let mut out = Vec::new();
        for (db, key) in self.keys.keys() {
            let entry = txn.find(*db, key).unwrap().unwrap();
            put(&mut out, db.to_string().as_bytes());
            put(&mut out, key);
            put(&mut out, entry.kind().name().as_bytes());
            let at = entry.head().expire_at_ms.map_or("-1".to_owned(), |at| at.to_string());
            put(&mut out, at.as_bytes());
            value(&txn, &entry).iter().for_each(|part| put(&mut out, part));
        }
        out
    }
}

fn put(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u32).to_be_bytes());
    out.extend_from_slice(part);
}

/// A value's parts; members and fields in the order of their bytes.
pub fn value(txn: &Transaction<'_>, entry: &Entry<'_>) -> Vec<Vec<u8>> {
    match entry.kind() {
        Kind::String => vec![txn.string_value(entry).unwrap()],
        Kind::List => txn.list_range(entry, 0, u64::MAX).unwrap(),
        Kind::Set => {
            let mut members = SetRef::of(entry).unwrap().members(txn).unwrap();
            members.sort();
            members
        }
        Kind::SortedSet => {
            let set = SortedSet::of(entry).unwrap();
            let members = set.members(txn, 0..u64::MAX, Direction::Forward).unwrap();
            let parts = members.into_iter().map(|scored| [scored.member, score_text(scored.score).into()]);
            parts.flatten().collect()
        }
        Kind::Hash => {
            let mut fields = Vec::new();
            txn.each_hash_field(entry, |field, value| fields.push([field.to_vec(), value.to_vec()])).unwrap();
            fields.sort();
            fields.concat()
        }
    }
}
