//! Readers beside a committing thread: no view ever sees a part of a batch, and none waits for a large one to end.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use dredis_backend_memory::MemoryBackend;
use dredis_plugin::{Backend, Batch, Operation, Scan, View};

/// Enough for hundreds of steps.
const KEYS: u32 = 20_000;

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
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for reader in 0..3_u32 {
            let (backend, done) = (&backend, &done);
            scope.spawn(move || {
                let mut number = reader;
                let mut latest = None;
                while !done.load(Ordering::Relaxed) {
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
        for round in 1..=30 {
            commit_all(&backend, round);
            if round % 3 == 0 {
                let everything = Operation::DeleteRange { start: b"", end: &[0xff] };
                backend.commit(&Batch::new(&[everything])).unwrap();
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn many_reads_fit_into_one_large_commit() {
    let backend = MemoryBackend::default();
    commit_all(&backend, 0);
    let reads_in_a_commit = AtomicUsize::new(0);
    let (committing, done) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let before = committing.load(Ordering::SeqCst);
                assert!(get(&*backend.view().unwrap(), 7).is_some());
                if before && committing.load(Ordering::SeqCst) {
                    reads_in_a_commit.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        // Whether the reader runs at all meanwhile is up to the system, so that there are several tries.
        for round in 1..=1000 {
            reads_in_a_commit.store(0, Ordering::SeqCst);
            committing.store(true, Ordering::SeqCst);
            commit_all(&backend, round);
            committing.store(false, Ordering::SeqCst);
            if reads_in_a_commit.load(Ordering::SeqCst) >= 20 {
                break;
            }
        }
        done.store(true, Ordering::SeqCst);
    });
    assert!(reads_in_a_commit.load(Ordering::SeqCst) >= 20, "readers were kept waiting");
}
