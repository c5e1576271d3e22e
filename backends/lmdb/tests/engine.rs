//! What LMDB does beyond what the conformance kit asks of every engine.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod common;

use common::*;
use dredis_plugin::{Backend, Operation, Scan};

#[test]
fn views_see_commits_on_every_thread_when_read_transactions_are_used_again() {
    let dir = Dir::new();
    let lmdb = open_with(dir.path(), &[("max_spare_txns", number(3))]).unwrap();
    let committed = std::sync::atomic::AtomicU64::new(0);
    commit(&lmdb, &[put(b"n", &0_u64.to_be_bytes())]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let least = committed.load(std::sync::atomic::Ordering::SeqCst);
                    let view = lmdb.view().unwrap();
                    let value = view.get(b"n").unwrap().unwrap();
                    let found = u64::from_be_bytes(value[..].try_into().unwrap());
                    assert!(found >= least, "a view shows {found} after {least} was committed");
                    if found == 20_000 {
                        break;
                    }
                }
            });
        }
        for number in 1..=20_000_u64 {
            commit(&lmdb, &[put(b"n", &number.to_be_bytes())]).unwrap();
            committed.store(number, std::sync::atomic::Ordering::SeqCst);
        }
    });
}

#[test]
fn no_snapshot_stays_open_when_threads_share_views_and_drop_them_anywhere() {
    let dir = Dir::new();
    let lmdb = open(dir.path());
    let keys: Vec<_> = (0..5000_u32).map(u32::to_be_bytes).collect();
    let puts: Vec<_> = keys.iter().map(|key| put(key, key)).collect();
    commit(&lmdb, &puts).unwrap();
    let view = lmdb.view().unwrap();
    std::thread::scope(|scope| {
        for offset in 0..4 {
            let (view, keys) = (&view, &keys);
            scope.spawn(move || {
                for key in keys.iter().skip(offset) {
                    assert_eq!(view.get(key).unwrap().as_deref(), Some(&key[..]));
                }
                assert_eq!(collect(&**view, &Scan::all().reverse()).len(), keys.len());
            });
        }
    });
    // Dropped where it was not taken, while commits go on.
    std::thread::scope(|scope| {
        scope.spawn(move || drop(view));
        for _ in 0..100 {
            commit(&lmdb, &[put(b"x", b"y")]).unwrap();
            let other = lmdb.view().unwrap();
            scope.spawn(move || {
                assert_eq!(other.get(b"x").unwrap().as_deref(), Some(&b"y"[..]));
                let mut cursor = other.scan(&Scan::all()).unwrap();
                assert!(cursor.next().unwrap().is_some());
            });
        }
    });
    assert!(stat(&lmdb, "open_snapshots") <= 1, "no snapshot stays open but a spare one");
}

#[test]
fn a_value_borrows_from_the_map() {
    let dir = Dir::new();
    commit(&open(dir.path()), &[put(b"k", b"v")]).unwrap();
    let lmdb = open(dir.path());
    let view = lmdb.view().unwrap();
    assert!(matches!(view.get(b"k").unwrap(), Some(dredis_plugin::Value::Borrowed(b"v"))));
}

#[test]
fn large_values_come_back() {
    let dir = Dir::new();
    let lmdb = open(dir.path());
    let value = Random::new(3).bytes(40 << 20);
    commit(&lmdb, &[put(b"large", &value)]).unwrap();
    let view = lmdb.view().unwrap();
    assert!(view.get(b"large").unwrap().is_some_and(|found| *found == value));
    commit(&lmdb, &[Operation::Delete { key: b"large" }]).unwrap();
    assert!(view.get(b"large").unwrap().is_some_and(|found| *found == value));
    assert_eq!(get(&lmdb, b"large"), None);
}
