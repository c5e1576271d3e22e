//! What stands on disk: nothing is left over once the sweeps are through, whatever was done before.

#![expect(clippy::unwrap_used, reason = "functions that only tests call")]

mod common;

use std::sync::Arc;

use common::MapBackend;
use dredis_data::contract::Result;
use dredis_data::string::{SEGMENT_BYTES, Style};
use dredis_data::{KeyPosition, Observer, Random, Store, Transaction, WriterState};

const META: u8 = 0x10;
const EXPIRY: u8 = 0x11;
const GARBAGE: u8 = 0x12;
const SAMPLE: u8 = 0x13;
const SEGMENT: u8 = 0x20;

const NOW_MS: u64 = 1_000_000;

struct NobodyWatches;

impl Observer for NobodyWatches {
    fn key_changed(&self, _: u32, _: &[u8]) {}

    fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        Ok(())
    }
}

struct Fixture {
    backend: MapBackend,
    store: Store,
    writer: WriterState,
    now_ms: u64,
}

impl Fixture {
    fn new(key_bytes_max: u64) -> Self {
        let backend = MapBackend::new(key_bytes_max);
        let (store, writer) = Store::open(Arc::new(backend.clone()), "map", [5, 6]).unwrap();
        Fixture { backend, store, writer, now_ms: NOW_MS }
    }

    /// Runs `change` in a transaction and commits it.
    fn write<T>(&mut self, change: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> T {
        let mut txn = Transaction::writable(&self.store, &mut self.writer, &NobodyWatches, self.now_ms);
        let answer = change(&mut txn).unwrap();
        txn.commit().unwrap();
        answer
    }

    fn read(&self) -> Transaction<'_> {
        Transaction::read_only(&self.store, self.now_ms)
    }

    fn set(&mut self, db: u32, key: &[u8], expire_at_ms: Option<u64>, value: &[u8]) {
        self.write(|txn| {
            let old = txn.find_for_write(db, key)?;
            txn.write_string((db, key), old, expire_at_ms, value, Style::Plain)
        });
    }

    fn get(&self, db: u32, key: &[u8]) -> Option<Vec<u8>> {
        let txn = self.read();
        let entry = txn.find(db, key).unwrap()?;
        Some(txn.string_value(&entry).unwrap())
    }

    fn sweep(&mut self) {
        for _ in 0..100_000 {
            let (expired, garbage) = self.write(|txn| Ok((txn.sweep_expired(2)?, txn.sweep_garbage(2)?)));
            assert!(expired.removed <= 2 && garbage.removed <= 3, "{expired:?} {garbage:?}");
            if !expired.more && !garbage.more {
                return;
            }
        }
        panic!("the sweeps never end");
    }

    fn counts(&self) -> [usize; 5] {
        [META, EXPIRY, GARBAGE, SAMPLE, SEGMENT].map(|kind| self.backend.count(kind))
    }

    /// All keys of a database, read a page at a time.
    fn keys(&self, db: u32, prefix: &[u8], limit: usize) -> Vec<Vec<u8>> {
        let txn = self.read();
        let mut position: Option<KeyPosition> = None;
        let mut keys = Vec::new();
        loop {
            let page = txn.keys_page(db, prefix, position.as_ref(), limit).unwrap();
            keys.extend(page.keys.into_iter().map(|(key, _)| key));
            position = page.next;
            if position.is_none() {
                return keys;
            }
        }
    }
}

/// Keys short and long; long ones share the prefix that their records keep.
fn key(number: u64) -> Vec<u8> {
    match number % 3 {
        0 => format!("k{number}").into_bytes(),
        1 => [&[b'x'; 100][..], format!("{number}").as_bytes()].concat(),
        _ => [&[0xff; 70][..], format!("{number}").as_bytes()].concat(),
    }
}

#[test]
fn nothing_is_left_after_any_mixture_of_changes() {
    for (seed, key_bytes_max) in [(1, 64), (2, 100), (3, 255), (4, u64::MAX)] {
        let mut fixture = Fixture::new(key_bytes_max);
        let mut random = Random::new(seed);
        for _ in 0..1500 {
            let (db, other) = (random.below(3) as u32, random.below(3) as u32);
            let (name, target) = (key(random.below(40)), key(random.below(40)));
            let expire_at_ms = (random.below(2) == 0).then(|| fixture.now_ms + random.below(300));
            match random.below(12) {
                0..4 => {
                    let size = [5, 100, SEGMENT_BYTES, SEGMENT_BYTES + 1, 3 * SEGMENT_BYTES]
                        [random.below(5) as usize];
                    fixture.set(db, &name, expire_at_ms, &vec![b'v'; size]);
                }
                4 => drop(fixture.write(|txn| txn.remove(db, &name))),
                5 => drop(fixture.write(|txn| txn.rename((db, &name), (other, &target)))),
                6 if (db, &name) != (other, &target) => {
                    fixture.write(|txn| txn.copy((db, &name), (other, &target)));
                }
                7 => drop(fixture.write(|txn| txn.set_expiry(db, &name, expire_at_ms))),
                8 => {
                    let offset = random.below(2 * SEGMENT_BYTES as u64);
                    fixture.write(|txn| {
                        let old = txn.load_for_write(db, &name)?;
                        txn.patch_string((db, &name), old, offset, b"patch")
                    });
                }
                9 if random.below(10) == 0 => fixture.write(|txn| txn.flush(db)),
                10 if random.below(5) == 0 => fixture.write(|txn| txn.swap(db, other)),
                _ => fixture.now_ms += random.below(40),
            }
            if random.below(50) == 0 {
                fixture.write(|txn| {
                    txn.sweep_expired(3)?;
                    txn.sweep_garbage(5)
                });
            }
        }
        fixture.sweep();
        let mut keys = 0;
        let mut expiring = 0;
        for db in 0..3 {
            let figures = fixture.read().figures(db).unwrap();
            let listed = fixture.keys(db, b"", 7);
            assert_eq!(figures.keys, listed.len() as u64, "database {db}, seed {seed}");
            let heads = listed.iter().filter_map(|key| Some(fixture.read().find(db, key).unwrap()?.head()));
            let of_db = heads.filter(|head| head.expire_at_ms.is_some()).count();
            assert_eq!(figures.expiring, of_db as u64, "database {db}, seed {seed}");
            keys += listed.len();
            expiring += of_db;
        }
        assert_eq!(fixture.counts()[..3], [keys, expiring, 0], "seed {seed}");
        for db in 0..3 {
            fixture.write(|txn| txn.flush(db));
        }
        fixture.sweep();
        assert_eq!(fixture.counts(), [0; 5], "seed {seed}");
    }
}

#[test]
fn long_keys_are_whole_again_when_listed() {
    let mut fixture = Fixture::new(64);
    let mut expected: Vec<Vec<u8>> = (0..60).map(key).collect();
    for name in &expected {
        fixture.set(0, name, None, name);
    }
    for name in &expected {
        assert_eq!(fixture.get(0, name).as_ref(), Some(name));
    }
    for limit in [1, 2, 7, 60, 1000] {
        let mut listed = fixture.keys(0, b"", limit);
        listed.sort();
        expected.sort();
        assert_eq!(listed, expected, "pages of {limit}");
        let mut listed = fixture.keys(0, &[b'x'; 100], limit);
        listed.sort();
        let long: Vec<_> = expected.iter().filter(|key| key.starts_with(&[b'x'; 100])).cloned().collect();
        assert_eq!(listed, long, "pages of {limit}");
        assert!(fixture.keys(0, &[b'x'; 101], limit).is_empty());
    }
}

#[test]
fn pages_end_with_the_keys() {
    let mut fixture = Fixture::new(255);
    for number in 0..6_u8 {
        fixture.set(0, &[b'a', number], None, b"v");
    }
    fixture.set(0, b"b", None, b"v");
    let txn = fixture.read();
    let full = txn.keys_page(0, b"a", None, 6).unwrap();
    assert_eq!((full.keys.len(), full.next), (6, None));
    let short = txn.keys_page(0, b"a", None, 5).unwrap();
    assert_eq!(short.keys.len(), 5);
    let rest = txn.keys_page(0, b"a", short.next.as_ref(), 5).unwrap();
    assert_eq!((rest.keys.len(), rest.next), (1, None));
}

#[test]
fn a_transaction_lists_its_own_writes() {
    let mut fixture = Fixture::new(64);
    for number in 0..30 {
        fixture.set(0, &key(number), None, b"v");
    }
    let listed = fixture.write(|txn| {
        for number in 0..10 {
            txn.remove(0, &key(number))?;
        }
        for number in 30..40 {
            txn.write_string((0, &key(number)), None, None, b"v", Style::Plain)?;
        }
        let page = txn.keys_page(0, b"", None, 100)?;
        let found = txn.find_many(0, &[&key(5)[..], &key(15), &key(35)])?;
        assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, true]);
        Ok(page.keys.len())
    });
    assert_eq!(listed, 30);
    assert_eq!(fixture.keys(0, b"", 4).len(), 30);
}

#[test]
fn a_database_that_was_flushed_can_be_filled_while_the_old_one_is_swept() {
    let mut fixture = Fixture::new(64);
    for number in 0..20 {
        fixture.set(0, &key(number), Some(NOW_MS + 10), &vec![b'o'; SEGMENT_BYTES * 2]);
    }
    fixture.write(|txn| txn.flush(0));
    assert!(fixture.keys(0, b"", 10).is_empty());
    for number in 0..20 {
        fixture.set(0, &key(number), (number % 2 == 0).then_some(NOW_MS + 1000), b"new");
    }
    fixture.now_ms += 11;
    fixture.sweep();
    assert_eq!(fixture.keys(0, b"", 10).len(), 20);
    assert_eq!(fixture.counts(), [20, 10, 0, fixture.counts()[3], 0]);
    fixture.write(|txn| txn.swap(0, 1));
    fixture.now_ms += 1000;
    fixture.sweep();
    assert_eq!(fixture.keys(1, b"", 10).len(), 10);
    assert!(fixture.keys(0, b"", 10).is_empty());
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let mut fixture = Fixture::new(64);
    fixture.set(0, b"a", None, &vec![b'1'; SEGMENT_BYTES + 1]);
    fixture.write(|txn| txn.flush(0));
    fixture.set(0, b"b", None, &vec![b'2'; SEGMENT_BYTES + 1]);
    let (store, writer) = Store::open(Arc::new(fixture.backend.clone()), "map", [7, 8]).unwrap();
    let mut reopened = Fixture { backend: fixture.backend.clone(), store, writer, now_ms: NOW_MS };
    assert_eq!(reopened.read().figures(0).unwrap().keys, 1);
    reopened.set(0, b"c", None, &vec![b'3'; SEGMENT_BYTES + 1]);
    assert_eq!(reopened.get(0, b"b"), Some(vec![b'2'; SEGMENT_BYTES + 1]));
    assert_eq!(reopened.get(0, b"c"), Some(vec![b'3'; SEGMENT_BYTES + 1]));
    reopened.sweep();
    assert_eq!(reopened.counts()[4], 4);
    assert!(Store::open(Arc::new(reopened.backend.clone()), "other", [7, 8]).is_err());
}
