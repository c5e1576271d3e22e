//! Loads: nothing is seen before all of it is there, and what is not finished is swept, however it ended.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod common;

use std::cell::RefCell;
use std::sync::Arc;

use common::MapBackend;
use dredis_data::contract::Result;
use dredis_data::rdb::{Compression, FileVersion, Reader, Writer};
use dredis_data::string::Style;
use dredis_data::{
    DATABASES, Deposit, Digest, LoadError, Loaded, ObjectIds, Observer, Pace, PackedLimits, Records, Store,
    Transaction, WriterState,
};

struct Nobody;

impl Observer for Nobody {
    fn key_changed(&self, _: u32, _: &[u8]) {}

    fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        Ok(())
    }
}

const GARBAGE: u8 = 0x12;
const META: u8 = 0x10;
const NOW_MS: u64 = 1_700_000_000_000;

struct Fixture {
    backend: MapBackend,
    store: Store,
    writer: RefCell<WriterState>,
}

/// Commits at once, and sweeps now and then, as a server does meanwhile.
struct ToFixture<'f>(&'f Fixture);

impl Deposit for ToFixture<'_> {
    fn deposit(&self, records: Records) -> Result<()> {
        self.0.write(|txn| txn.commit_deposit(&records))?;
        self.0.write(|txn| txn.sweep_garbage(1000))?;
        self.0.write(|txn| txn.sweep_expired(1000)).map(drop)
    }

    fn settle(&self) -> Result<()> {
        Ok(())
    }

    fn more_ids(&self) -> Result<ObjectIds> {
        self.0.write(|txn| txn.reserve_object_ids())
    }
}

impl Fixture {
    fn new() -> Fixture {
        Fixture::on(MapBackend::new(511))
    }

    fn on(backend: MapBackend) -> Fixture {
        let (store, writer) = Store::open(Arc::new(backend.clone()), "map", [1, 2]).unwrap();
        Fixture { backend, store, writer: RefCell::new(writer) }
    }

    fn write<T>(&self, work: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> Result<T> {
        self.write_at(NOW_MS, work)
    }

    fn write_at<T>(&self, now_ms: u64, work: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut writer = self.writer.borrow_mut();
        let mut txn = Transaction::writable(&self.store, &mut writer, &Nobody, now_ms);
        let done = work(&mut txn)?;
        txn.commit()?;
        Ok(done)
    }

    fn read(&self) -> Transaction<'_> {
        Transaction::read_only(&self.store, NOW_MS)
    }

    fn set(&self, db: u32, key: &[u8], value: &[u8], expire_at_ms: Option<u64>) {
        let set = |txn: &mut Transaction<'_>| {
            let old = txn.find_for_write(db, key)?;
            txn.write_string((db, key), old, expire_at_ms, value, Style::Plain)
        };
        self.write(set).unwrap();
    }

    fn digest(&self) -> Digest {
        self.read().digest().unwrap()
    }

    fn load(&self, file: &[u8]) -> std::result::Result<Loaded, LoadError> {
        let mut load = self.write(|txn| txn.begin_load())?;
        let mut reader = Reader::new(file)?;
        let limits = PackedLimits::default();
        let loaded =
            load.read(&self.store, &mut reader, &ToFixture(self), &limits, NOW_MS, &mut |_| Pace::GoOn)?;
        self.write(|txn| txn.finish_load(&load))?;
        Ok(loaded)
    }

    /// Sweeps everything, and counts records of a kind.
    fn swept(&self, kind: u8) -> usize {
        while self.write(|txn| txn.sweep_garbage(1000)).unwrap().more {}
        self.backend.count(kind)
    }

    fn saved(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), FileVersion::V10, Compression::Lzf).unwrap();
        self.read().save(&mut writer, &mut |_, _| Pace::GoOn).unwrap();
        writer.finish().unwrap()
    }
}

/// Keys in several databases, large enough to take many batches.
fn filled() -> Fixture {
    let fixture = Fixture::new();
    let fill = |txn: &mut Transaction<'_>| {
        for number in 0..2000_u32 {
            let expiry = number.is_multiple_of(3).then_some(NOW_MS + 1000 + u64::from(number));
            let value = vec![b'v'; if number % 100 == 7 { 50_000 } else { 4000 }];
            let key = format!("key:{number}");
            txn.write_string((number % 3, key.as_bytes()), None, expiry, &value, Style::Plain)?;
        }
        txn.write_string((15, &[b'k'; 2000]), None, None, b"a long key", Style::Plain)
    };
    fixture.write(fill).unwrap();
    fixture
}

#[test]
fn a_file_takes_the_place_of_everything() {
    let source = filled();
    let file = source.saved();
    let target = Fixture::new();
    target.set(0, b"old", &vec![0; 100_000], None);
    target.set(7, b"other", b"1", Some(NOW_MS + 5));
    let loaded = target.load(&file).unwrap();
    assert_eq!((loaded.keys, loaded.expired), (2001, 0));
    assert_eq!(target.digest(), source.digest());
    for db in 0..DATABASES {
        assert_eq!(target.read().figures(db), source.read().figures(db), "database {db}");
    }
    assert!(!target.read().exists(0, b"old").unwrap());
    // All that is left is what the other one has.
    assert_eq!(target.swept(GARBAGE), 0);
    assert_eq!(target.swept(META), source.backend.count(META));
    assert_eq!(target.backend.records().len(), source.backend.records().len() + missing(&source, &target));
    // New objects and spaces are nobody else's: the same again, and after a restart, too.
    assert_eq!(target.load(&file).unwrap().keys, 2001);
    let again = Fixture::on(target.backend.clone());
    again.set(0, b"new", &vec![1; 100_000], None);
    assert_eq!(again.load(&file).unwrap().keys, 2001);
    assert_eq!(again.swept(META), source.backend.count(META));
    assert_eq!(again.digest(), source.digest());
}

/// Databases that only one of the two has ever written.
fn missing(source: &Fixture, target: &Fixture) -> usize {
    target.backend.count(1) - source.backend.count(1)
}

#[test]
fn keys_that_expired_during_a_load_go_afterwards() {
    let source = Fixture::new();
    source.set(0, b"soon", b"1", Some(NOW_MS + 10));
    source.set(0, b"late", b"1", Some(NOW_MS + 100_000));
    let file = source.saved();
    let target = Fixture::new();
    let mut load = target.write(|txn| txn.begin_load()).unwrap();
    let mut reader = Reader::new(&file[..]).unwrap();
    let limits = PackedLimits::default();
    let deposit = ToFixture(&target);
    load.read(&target.store, &mut reader, &deposit, &limits, NOW_MS, &mut |_| Pace::GoOn).unwrap();
    let later = NOW_MS + 1000;
    assert_eq!(target.write_at(later, |txn| txn.sweep_expired(10)).unwrap().removed, 0);
    target.write(|txn| txn.finish_load(&load)).unwrap();
    drop(load);
    let sweep = target.write_at(later, |txn| txn.sweep_expired(10)).unwrap();
    assert_eq!((sweep.removed, sweep.more), (1, false));
    assert_eq!(target.read().figures(0).unwrap().keys, 1);
    // At that time, the file has only one key.
    let late = Fixture::new();
    let mut load = late.write(|txn| txn.begin_load()).unwrap();
    let mut reader = Reader::new(&file[..]).unwrap();
    let deposit = ToFixture(&late);
    let loaded = load.read(&late.store, &mut reader, &deposit, &limits, later, &mut |_| Pace::GoOn).unwrap();
    assert_eq!((loaded.keys, loaded.expired), (1, 1));
}

#[test]
fn what_goes_wrong_leaves_everything_as_it_was() {
    let file = filled().saved();
    let target = Fixture::new();
    target.set(0, b"old", &vec![0; 100_000], None);
    let before = target.digest();
    let records = target.backend.count(META);
    for length in [9, 100, file.len() / 2, file.len() - 9, file.len() - 1] {
        let error = target.load(&file[..length]).unwrap_err();
        assert!(matches!(error, LoadError::File(_)), "{length}: {error}");
        assert_eq!(target.digest(), before);
    }
    let mut flipped = file.clone();
    let end = flipped.len() - 1;
    flipped[end] ^= 1;
    assert!(target.load(&flipped).unwrap_err().to_string().contains("checksum"));
    assert_eq!(target.swept(META), records);
    assert_eq!(target.backend.count(GARBAGE), 0);
    assert_eq!(target.backend.count(0x20), 100_000_usize.div_ceil(16_320));
}

#[test]
fn a_load_that_dies_is_swept_after_the_restart() {
    let file = filled().saved();
    let target = Fixture::new();
    target.set(0, b"old", b"1", None);
    let before = target.digest();
    let mut load = target.write(|txn| txn.begin_load()).unwrap();
    let mut reader = Reader::new(&file[..]).unwrap();
    let limits = PackedLimits::default();
    let deposit = ToFixture(&target);
    let mut batches = 0;
    let stopped = load.read(&target.store, &mut reader, &deposit, &limits, NOW_MS, &mut |_| {
        batches += 1;
        if batches == 2 { Pace::Stop } else { Pace::GoOn }
    });
    assert_eq!(stopped, Err(LoadError::Stopped));
    assert!(target.backend.count(META) > 500, "a batch was committed");
    // A process that dies drops nothing; another one opens what is there.
    let after = Fixture::on(target.backend.clone());
    assert_eq!(after.digest(), before);
    assert_eq!(after.swept(META), 1);
    assert_eq!(after.backend.count(GARBAGE), 0);
    assert_eq!(after.backend.count(0x11) + after.backend.count(0x13) + after.backend.count(0x20), 0);
    drop(load);
}

#[test]
fn a_key_that_comes_twice_is_an_error_however_far_apart() {
    for between in [0, 1, 3000] {
        let source = Fixture::new();
        source.set(0, b"a", b"1", None);
        let fill = |txn: &mut Transaction<'_>| {
            let name = |number: i32| format!("b{number}").into_bytes();
            (0..between).try_for_each(|number| {
                txn.write_string((0, &name(number)), None, None, &[b'x'; 4000], Style::Plain)
            })
        };
        source.write(fill).unwrap();
        let mut writer = Writer::new(Vec::new(), FileVersion::V7, Compression::Off).unwrap();
        let txn = source.read();
        txn.save(&mut writer, &mut |_, _| Pace::GoOn).unwrap();
        writer.database(0, 1, 0).unwrap();
        writer.key(&txn, b"a", &txn.find(0, b"a").unwrap().unwrap()).unwrap();
        let file = writer.finish().unwrap();
        let target = Fixture::new();
        let error = target.load(&file).unwrap_err().to_string();
        assert!(error.contains("comes twice in database 0") && error.contains("\"a\""), "{error}");
        assert_eq!(target.swept(META), 0);
    }
}

#[test]
fn a_database_that_there_is_not_is_an_error() {
    let mut writer = Writer::new(Vec::new(), FileVersion::V7, Compression::Off).unwrap();
    writer.database(16, 0, 0).unwrap();
    let error = Fixture::new().load(&writer.finish().unwrap()).unwrap_err().to_string();
    assert!(error.contains("database 16"), "{error}");
}

#[test]
fn changes_are_counted_once_they_are_committed() {
    let fixture = Fixture::new();
    fixture.set(0, b"a", b"1", Some(NOW_MS + 1));
    fixture.set(0, b"a", b"2", Some(NOW_MS + 1));
    assert_eq!(fixture.store.changes(), 2);
    // Time passes; nobody changes anything.
    fixture.write_at(NOW_MS + 10, |txn| txn.sweep_expired(10)).unwrap();
    assert_eq!(fixture.store.changes(), 2);
    fixture.set(0, b"b", b"1", None);
    fixture.write(|txn| txn.flush(0)).unwrap();
    assert_eq!(fixture.store.changes(), 4);
    drop(fixture.write(|txn| txn.remove(0, b"b")));
    assert_eq!(fixture.store.changes(), 4);
}
