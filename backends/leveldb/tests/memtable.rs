//! The order of a memtable (`native/db/skiplist.h`): whole for readers while it grows.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod support;

use std::sync::Arc;

use dredis_backend_leveldb::LevelDb;
use dredis_plugin::{Backend, Batch, Operation, Scan};
use support::*;

/// Large enough for all to stay in one memtable.
const MEMTABLE_BYTES: i64 = 64 << 20;
const COMMITS: u32 = 100_000;
/// Every fifth commit writes one of so many keys again.
const REPEATED: u32 = 60;
const LATEST: &[u8] = b"latest";

/// A commit's key: ascending, scattered, with a long beginning that others have too, with zeros before what tells it from
/// others, or of nothing but zeros.
fn key(number: u32) -> Vec<u8> {
    let scattered = number.wrapping_mul(0x9e37_79b1).to_be_bytes();
    match number % 5 {
        0 => [b"a".as_slice(), &number.to_be_bytes()].concat(),
        1 => [b"b".as_slice(), &scattered].concat(),
        2 => [[b'c'; 40].as_slice(), &scattered].concat(),
        3 => [b"d".as_slice(), &vec![0; number as usize % 37], &scattered].concat(),
        _ => [b"e".as_slice(), &vec![0; (number / 5 % REPEATED) as usize]].concat(),
    }
}

fn is_repeated(number: u32) -> bool {
    number % 5 == 4
}

/// Expects a view to show some commits from the first on, each whole, in order both ways.
fn look(db: &LevelDb, random: &mut Random) {
    let view = db.view().unwrap();
    let Some(latest) = get(&*view, LATEST) else { return };
    let latest = u32::from_be_bytes(latest.try_into().unwrap());
    let mut records = collect(&*view, &Scan::all());
    assert!(records.is_sorted_by(|(left, _), (right, _)| left < right), "out of order");
    let repeated = (latest + 1) / 5;
    assert_eq!(records.len() as u32, latest + 2 - repeated + repeated.min(REPEATED), "after commit {latest}");
    for _ in 0..100 {
        let number = random.below(u64::from(latest) + 1) as u32;
        if !is_repeated(number) {
            assert_eq!(get(&*view, &key(number)).unwrap(), number.to_be_bytes());
        }
        assert_eq!(get(&*view, &[key(number).as_slice(), b"x"].concat()), None);
    }
    records.reverse();
    assert!(collect(&*view, &Scan::all().reverse()) == records, "another order in reverse");
}

#[test]
fn readers_find_every_commit_while_a_memtable_grows() {
    let seed = Random::seeded("memtable").next();
    let dir = TestDir::new("memtable");
    let db = open_with(dir.path(), &[("write_buffer_size", integer(MEMTABLE_BYTES))]).unwrap();
    std::thread::scope(|scope| {
        // Readers end when it is dropped, also by a panic.
        let writing = Arc::new(());
        let readers = [1, 2].map(|reader| {
            let (db, is_written) = (&db, Arc::downgrade(&writing));
            scope.spawn(move || {
                let mut random = Random::new(seed ^ reader);
                while is_written.strong_count() > 0 {
                    look(db, &mut random);
                }
            })
        });
        for number in 0..COMMITS {
            let (key, value) = (key(number), number.to_be_bytes());
            let operations =
                [Operation::Put { key: &key, value: &value }, Operation::Put { key: LATEST, value: &value }];
            db.commit(&Batch::new(&operations)).unwrap();
            if readers.iter().any(|reader| reader.is_finished()) {
                break;
            }
        }
    });
    look(&db, &mut Random::new(seed));
}
