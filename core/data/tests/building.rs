//! Objects built in several commits: bounded batches, visible at once, swept if they are never finished.

mod common;

use std::sync::Arc;

use common::MapBackend;
use dredis_data::contract::Result;
use dredis_data::string::{SEGMENT_BYTES, Style};
use dredis_data::{Observer, Store, Transaction};

struct Nobody;

impl Observer for Nobody {
    fn key_changed(&self, _: u32, _: &[u8]) {}

    fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        Ok(())
    }
}

/// First byte of a segment's record key, and of a garbage record's.
const SEGMENT: u8 = 0x20;
const GARBAGE: u8 = 0x12;

#[test]
fn a_copy_larger_than_a_commit_is_there_whole_or_swept() {
    let backend = MapBackend::new(u64::MAX);
    let (store, mut writer) = Store::open(Arc::new(backend.clone()), "map", [1, 2]).unwrap();
    let value: Vec<u8> = (0..20 << 20).map(|index: usize| (index / 1000) as u8).collect();
    let segments = value.len().div_ceil(SEGMENT_BYTES);
    let mut txn = Transaction::writable(&store, &mut writer, &Nobody, 0);
    txn.write_string((0, b"source"), None, None, &value, Style::Plain).unwrap();
    txn.commit().unwrap();

    // Given up in the middle, as when the disk is full: the key is not there, and its parts are garbage.
    let mut txn = Transaction::writable(&store, &mut writer, &Nobody, 0);
    assert!(txn.copy((0, b"source"), (0, b"target")).unwrap());
    assert!(backend.count(SEGMENT) > segments, "a part has been committed ahead");
    drop(txn);
    assert_eq!(backend.count(GARBAGE), 1);
    let (store, mut writer) = Store::open(Arc::new(backend.clone()), "map", [1, 2]).unwrap();
    assert!(!Transaction::read_only(&store, 0).exists(0, b"target").unwrap());

    // Done again, before what was left has been swept: a new object, which the sweep leaves alone.
    let mut txn = Transaction::writable(&store, &mut writer, &Nobody, 0);
    assert!(txn.copy((0, b"source"), (0, b"target")).unwrap());
    txn.commit().unwrap();
    let mut txn = Transaction::writable(&store, &mut writer, &Nobody, 0);
    while txn.sweep_garbage(10_000).unwrap().more {}
    txn.commit().unwrap();
    assert_eq!(backend.count(GARBAGE), 0);
    assert_eq!(backend.count(SEGMENT), 2 * segments);
    let txn = Transaction::read_only(&store, 0);
    let entry = txn.find(0, b"target").unwrap().unwrap();
    assert!(txn.string_value(&entry).unwrap() == value, "the copy is the same");
}
