//! Sorting beyond memory's bound, with bounds so low that a few items cross them.

use std::cmp::Ordering;
use std::sync::Arc;

use dredis_contract::Result;

use super::{MERGED_AT_ONCE, SortItem, Sorter, Spilling};
use crate::bounds::MemoryBounds;
use crate::random::Random;
use crate::store::{Store, WriterState};
use crate::test_backend::MapBackend;
use crate::transaction::{Observer, Transaction};

/// First byte of a segment's record key, and of a garbage record's.
const SEGMENT: u8 = 0x20;
const GARBAGE: u8 = 0x12;

struct Nobody;

impl Observer for Nobody {
    fn key_changed(&self, _: u32, _: &[u8]) {}

    fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        Ok(())
    }
}

fn store(sorted_bytes: usize) -> (MapBackend, Store, WriterState) {
    let backend = MapBackend::new(u64::MAX);
    let (mut store, writer) = Store::open(Arc::new(backend.clone()), "map", [1, 2]).unwrap();
    store.set_memory_bounds(MemoryBounds { sorted_bytes, waiting_bytes: 50_000, ..MemoryBounds::default() });
    (backend, store, writer)
}

/// By rank, where there is one; in the order of their arrival, where ranks are the same.
fn by_rank(left: &SortItem<'_>, right: &SortItem<'_>) -> Ordering {
    left.rank.cmp(&right.rank)
}

/// Items with few different ranks, some without one; each element tells its number, and a few are long.
fn items(random: &mut Random, count: u64) -> Vec<(Option<Vec<u8>>, Vec<u8>)> {
    let item = |number: u64| {
        let rank = match random.below(50) {
            0 => None,
            rank => Some(rank.to_string().into_bytes()),
        };
        let length = if random.below(100) == 0 { 40_000 } else { random.below(20) as usize };
        (rank, [number.to_string().into_bytes(), vec![b'.'; length]].concat())
    };
    (0..count).map(item).collect()
}

#[test]
fn runs_are_merged_as_a_stable_sort_would_do() {
    for (seed, bytes, wanted, generations) in [
        (1, 1 << 30, u64::MAX, 0),
        (2, 60_000, u64::MAX, 1),
        (3, 300, u64::MAX, 2),
        (4, 2_000, 5, 0),
        (5, 2_000, 700, 2),
        (6, 300, 0, 0),
    ] {
        let (backend, store, mut writer) = store(bytes);
        let all = items(&mut Random::new(seed), 3_000);
        let mut expected = all.clone();
        expected.sort_by(|left, right| left.0.cmp(&right.0));
        expected.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
        for passed_over in [0, 300] {
            let mut txn = Transaction::writable(&store, &mut writer, &Nobody, 0);
            let mut sorter = Sorter::new(&txn, by_rank, wanted, Spilling::Allowed);
            for (rank, element) in &all {
                sorter.add(&mut txn, SortItem { rank: rank.as_deref(), element }).unwrap();
            }
            assert_eq!(sorter.generations.len(), generations, "seed {seed}");
            assert!(sorter.generations.iter().all(|generation| generation.len() < MERGED_AT_ONCE));
            let mut sorted = sorter.finish(&mut txn).unwrap();
            sorted.skip(&txn, passed_over as u64).unwrap();
            for (_, element) in expected.iter().skip(passed_over) {
                assert!(sorted.next(&txn).unwrap().as_ref() == Some(element), "seed {seed}");
            }
            assert_eq!(sorted.next(&txn).unwrap(), None, "seed {seed}");
            assert_eq!(backend.count(SEGMENT) > 0, generations > 0, "seed {seed}: runs are in the engine");
            sorted.give_up(&mut txn).unwrap();
            assert!(txn.pending_bytes() < 50_000 * 3, "seed {seed}: {} bytes wait", txn.pending_bytes());
            txn.commit().unwrap();
            swept(&backend, &store, &mut writer);
        }
    }
}

#[test]
fn a_sort_that_ends_early_leaves_garbage_that_is_swept() {
    let (backend, store, mut writer) = store(1_000);
    for is_given_up in [false, true] {
        let mut txn = Transaction::writable(&store, &mut writer, &Nobody, 0);
        let mut sorter = Sorter::new(&txn, by_rank, u64::MAX, Spilling::Allowed);
        for (rank, element) in items(&mut Random::new(9), 1_000) {
            sorter.add(&mut txn, SortItem { rank: rank.as_deref(), element: &element }).unwrap();
        }
        if is_given_up {
            sorter.give_up(&mut txn).unwrap();
            txn.commit().unwrap();
        } else {
            // As when the process dies: nothing of the transaction itself is committed.
            drop(txn);
        }
        assert!(backend.count(SEGMENT) > 10 && backend.count(GARBAGE) > 10);
        swept(&backend, &store, &mut writer);
    }
}

#[test]
fn a_reader_writes_nothing_and_holds_what_is_wanted() {
    let (backend, store, _) = store(1_000);
    let all = items(&mut Random::new(3), 2_000);
    let mut expected = all.clone();
    expected.sort_by(|left, right| left.0.cmp(&right.0));
    for wanted in [3, 1_500] {
        let mut txn = Transaction::read_only(&store, 0);
        let mut sorter = Sorter::new(&txn, by_rank, wanted, Spilling::Forbidden);
        let mut held_max = 0;
        for (rank, element) in &all {
            sorter.add(&mut txn, SortItem { rank: rank.as_deref(), element }).unwrap();
            held_max = held_max.max(sorter.block.places.len());
        }
        assert!(wanted > 3 || held_max < 100, "{held_max} items were held for {wanted}");
        let mut sorted = sorter.finish(&mut txn).unwrap();
        for (_, element) in &expected[..wanted as usize] {
            assert!(sorted.next(&txn).unwrap().as_ref() == Some(element));
        }
        assert_eq!(sorted.next(&txn).unwrap(), None);
        sorted.give_up(&mut txn).unwrap();
    }
    assert_eq!(backend.count(SEGMENT), 0);
}

/// Sweeps, and sees that nothing is left.
fn swept(backend: &MapBackend, store: &Store, writer: &mut WriterState) {
    let mut txn = Transaction::writable(store, writer, &Nobody, 0);
    while txn.sweep_garbage(1_000).unwrap().more {}
    txn.commit().unwrap();
    assert_eq!(backend.count(SEGMENT) + backend.count(GARBAGE), 0);
}
