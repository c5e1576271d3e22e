//! Readers beside a committing thread: no view ever sees a part of a batch, and none waits for a large one to end.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

use dredis_backend_memory::MemoryBackend;
use dredis_plugin::{Backend, Batch, Operation, Scan, View};

/// Enough for more than a hundred steps.
const KEYS: u32 = 8_000;

fn commit_all(backend: &MemoryBackend, value: u32) {
    let keys: Vec<_> = (0..KEYS).map(u32::to_be_bytes).collect();
    let value = value.to_be_bytes();
    let operations: Vec<_> = keys.iter().map(|key| Operation::Put { key, value: &value }).collect();
    backend.commit(&Batch::new(&operations)).unwrap();
}

fn get(view: &dyn View, number: u32) -> Option<Vec<u8>> {
    view.get(&number.to_be_bytes()).unwrap().map(|value| value.into_vec())
}

/// The one value of all records; `None` if there is no record.
fn value_of_all(view: &dyn View, scan: &Scan<'_>) -> Option<Vec<u8>> {
    let mut cursor = view.scan(scan).unwrap();
    let first = cursor.next().unwrap()?.value.to_vec();
    let mut count = 1;
    while let Some(record) = cursor.next().unwrap() {
        assert_eq!(record.value, first);
        count += 1;
    }
    assert_eq!(count, KEYS);
    Some(first)
}

#[test]
fn views_see_all_of_a_large_batch_or_nothing() {
    let backend = MemoryBackend::default();
    thread::scope(|scope| {
        // Readers end when it is dropped, also by a panic.
        let writing = Arc::new(());
        for reader in 0..3_u32 {
            let (backend, is_written) = (&backend, Arc::downgrade(&writing));
            scope.spawn(move || {
                let mut number = reader;
                let mut latest = None;
                while is_written.strong_count() > 0 {
                    let view = backend.view().unwrap();
                    let first = get(&*view, 0);
                    assert!(first.is_none() || first >= latest, "an older commit than before");
                    for _ in 0..50 {
                        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        assert_eq!(get(&*view, number % KEYS), first);
                    }
                    let scan = if number & 1 == 0 { Scan::all() } else { Scan::all().reverse() };
                    assert_eq!(value_of_all(&*view, &scan), first);
                    assert_eq!(get(&*view, KEYS - 1), first);
                    latest = first.or(latest);
                }
            });
        }
        for round in 1..=15 {
            commit_all(&backend, round);
            if round % 3 == 0 {
                let everything = Operation::DeleteRange { start: b"", end: &[0xff] };
                backend.commit(&Batch::new(&[everything])).unwrap();
            }
        }
    });
}

#[test]
fn readers_have_their_turn_between_the_steps_of_a_large_commit() {
    // Whether the reader runs at all during a commit is up to the system, so that turns of several tries count together.
    // Without a turn between steps there would be none in any of them.
    let mut turns = 0;
    let enough = (0..300).any(|_| {
        turns += turns_in_a_commit();
        turns >= 10
    });
    assert!(enough, "readers were kept waiting until the commit ended: {turns} turns");
}

/// How many states of a half done commit a reader met, told apart by the number of records. (Views don't show them.)
fn turns_in_a_commit() -> usize {
    let backend = MemoryBackend::default();
    thread::scope(|scope| {
        // Readers end when it is dropped, also by a panic.
        let writing = Arc::new(());
        let (backend, is_written) = (&backend, Arc::downgrade(&writing));
        let reader = scope.spawn(move || {
            let mut sizes = BTreeSet::new();
            while is_written.strong_count() > 0 {
                let view = backend.view().unwrap();
                let found = get(&*view, 7);
                assert_eq!(get(&*view, KEYS - 1), found);
                let (_, size) = backend.stats().remove(0);
                sizes.insert(size.parse::<u32>().unwrap());
            }
            sizes.into_iter().filter(|size| (1..KEYS).contains(size)).count()
        });
        commit_all(backend, 1);
        drop(writing);
        reader.join().unwrap()
    })
}
