//! Lists against a plain model: every operation, at every size of chunks, with the records checked after each commit.

use std::collections::VecDeque;
use std::sync::Arc;

use dredis_contract::Result;

use super::chunks::Chunks;
use super::cut::{ChunkLimits, single};
use super::view::{ChunkEnds, ListView};
use super::*;
use crate::codec::{RecordKind, read_u64};
use crate::packed::{ListpackRef, PackedLimits};
use crate::random::Random;
use crate::store::{Store, WriterState};
use crate::test_backend::MapBackend;
use crate::transaction::Observer;

struct Nobody;

impl Observer for Nobody {
    fn key_changed(&self, _: u32, _: &[u8]) {}

    fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        Ok(())
    }
}

const KEY: &[u8] = b"list";

struct Bench {
    backend: MapBackend,
    store: Store,
    writer: WriterState,
    limits: PackedLimits,
}

impl Bench {
    fn new(seed: u64, list_size: i64) -> Self {
        let backend = MapBackend::new(u64::MAX);
        let (store, writer) = Store::open(Arc::new(backend.clone()), "map", [seed, 2]).unwrap();
        Bench { backend, store, writer, limits: PackedLimits { list_size, ..PackedLimits::default() } }
    }

    fn writable(&mut self) -> Transaction<'_> {
        Transaction::writable(&self.store, &mut self.writer, &Nobody, 0)
    }

    /// Changes the list in a commit of its own.
    fn edit<T>(&mut self, change: impl FnOnce(&mut ListEditor<'_, '_>) -> Result<T>) -> T {
        let limits = self.limits;
        let mut txn = self.writable();
        let stored = txn.load_for_write(0, KEY).unwrap();
        let mut list = ListEditor::open(&mut txn, (0, KEY), stored, &limits).unwrap();
        let result = change(&mut list).unwrap();
        list.finish().unwrap();
        txn.commit().unwrap();
        result
    }

    fn read<T>(&self, read: impl FnOnce(&Transaction<'_>, &Entry<'_>) -> Result<T>) -> Option<T> {
        let txn = Transaction::read_only(&self.store, 0);
        let entry = txn.find(0, KEY).unwrap()?;
        Some(read(&txn, &entry).unwrap())
    }

    fn all(&self) -> Vec<Vec<u8>> {
        self.read(|txn, entry| txn.list_range(entry, 0, u64::MAX)).unwrap_or_default()
    }

    fn sweep(&mut self) {
        loop {
            let mut txn = self.writable();
            let more = txn.sweep_garbage(100).unwrap().more;
            txn.commit().unwrap();
            if !more {
                return;
            }
        }
    }

    /// Records agree with each other, and there are none besides. How many chunks there are.
    fn verify(&mut self, context: &str) -> usize {
        self.sweep();
        let records = self.backend.records();
        let of_kind = |kind: RecordKind| records.iter().filter(move |(key, _)| key[0] == kind as u8);
        let positions = || of_kind(RecordKind::ListChunk).map(|(key, _)| read_u64(key, 9).unwrap());
        let chunks = positions().count();
        let checked = self.read(|txn, entry| {
            let ListView::Spread(list) = ListView::of(entry)? else { return Ok(false) };
            let limits = ChunkLimits::new(self.limits.list_size);
            assert!(limits.hold(list.head) && limits.hold(list.tail), "{context}");
            let ends = positions().min().zip(positions().max());
            assert_eq!(list.ends, ends.map(|(first, last)| ChunkEnds { first, last }), "{context}");
            let mut elements = 0;
            for (key, value) in of_kind(RecordKind::ListChunk) {
                assert_eq!(read_u64(key, 1), entry.head().object, "{context}");
                let chunk = ListpackRef::new(value)?;
                assert!(limits.hold(chunk) || chunk.count() == 1, "{context}");
                assert!(chunk.count() > 0, "{context}");
                let before = txn.counted_rank(list.index, &key[9..], list.height)?;
                assert_eq!(before, elements, "{context}");
                elements += chunk.count() as u64;
            }
            assert_eq!(elements, list.chunked, "{context}");
            assert_eq!(txn.counted_rank(list.index, &[0xff; 9], list.height)?, elements, "{context}");
            let counts = of_kind(RecordKind::ListCount).filter(|(key, _)| key[9] == 0);
            assert_eq!(counts.count(), chunks, "{context}");
            Ok(true)
        });
        if checked != Some(true) {
            assert_eq!(
                chunks + of_kind(RecordKind::ListCount).count(),
                0,
                "{context}: records were left behind"
            );
        }
        chunks
    }
}

fn value(random: &mut Random) -> Vec<u8> {
    match random.below(40) {
        0 => vec![b'x'; 3000 + random.below(3) as usize],
        1 => vec![b'y'; 2030 + random.below(6) as usize],
        2..6 => vec![b'z'; random.below(700) as usize],
        6..20 => random.below(6).to_string().into_bytes(),
        20..30 => (random.next_u64() as i64 >> random.below(64)).to_string().into_bytes(),
        _ => format!("element {}", random.below(20)).into_bytes(),
    }
}

fn end(random: &mut Random) -> End {
    if random.below(2) == 0 { End::Head } else { End::Tail }
}

/// One operation on both; what it was, for people.
fn step(bench: &mut Bench, model: &mut VecDeque<Vec<u8>>, random: &mut Random, grows: bool) -> String {
    let (at, element) = (end(random), value(random));
    let length = model.len() as u64;
    let operation = random.below(if grows { 28 } else { 40 });
    match operation {
        0..8 => {
            let values: Vec<Vec<u8>> = (0..random.below(30)).map(|_| value(random)).collect();
            bench.edit(|list| values.iter().try_for_each(|value| list.push(at, value)));
            for value in values {
                match at {
                    End::Head => model.push_front(value),
                    End::Tail => model.push_back(value),
                }
            }
        }
        8..12 => {
            let index = random.below(length + 1);
            let is_there = bench.edit(|list| list.set(index, &element));
            assert_eq!(is_there, index < length);
            if is_there {
                model[index as usize] = element;
            }
        }
        12..24 => {
            let pivot = model.get(random.below(length + 1) as usize).cloned().unwrap_or(b"none".to_vec());
            let side = if random.below(2) == 0 { Side::Before } else { Side::After };
            let found = model.iter().position(|own| *own == pivot);
            assert_eq!(bench.edit(|list| list.insert(side, &pivot, &element)), found.is_some());
            if let Some(found) = found {
                model.insert(found + usize::from(side == Side::After), element);
            }
        }
        24..28 => {
            for _ in 0..random.below(30) {
                let expected = match at {
                    End::Head => model.pop_front(),
                    End::Tail => model.pop_back(),
                };
                assert_eq!(bench.edit(|list| list.pop(at)), expected);
            }
        }
        28..32 => {
            let count = random.below(length + 5) / (1 + random.below(8));
            let popped = bench.edit(|list| list.pop_many(at, count));
            let expected: Vec<Vec<u8>> = (0..count.min(length))
                .filter_map(|_| match at {
                    End::Head => model.pop_front(),
                    End::Tail => model.pop_back(),
                })
                .collect();
            assert_eq!(popped, expected);
        }
        32..36 => {
            let removed = model.get(random.below(length + 1) as usize).cloned().unwrap_or(element);
            let count = if random.below(2) == 0 { u64::MAX } else { random.below(10) };
            let mut places: Vec<usize> = (0..model.len()).filter(|at| model[*at] == removed).collect();
            if at == End::Tail {
                places.reverse();
            }
            places.truncate(usize::try_from(count).unwrap());
            assert_eq!(bench.edit(|list| list.remove(at, &removed, count)), places.len() as u64);
            places.sort_unstable();
            places.into_iter().rev().for_each(|at| drop(model.remove(at)));
        }
        _ => {
            let start = random.below(length + 2) / (1 + random.below(20));
            let count = random.below(length + 2) * (1 + random.below(3)) / (1 + random.below(3));
            bench.edit(|list| list.trim(start, count));
            model.drain(..start.min(length) as usize);
            model.truncate(usize::try_from(count).unwrap());
        }
    }
    format!("operation {operation} at {at:?}")
}

fn check(bench: &Bench, model: &VecDeque<Vec<u8>>, random: &mut Random, context: &str) {
    assert!(model.iter().eq(&bench.all()), "{context}");
    let Some(length) = bench.read(|_, entry| length(entry)) else { return };
    assert_eq!(length, model.len() as u64, "{context}");
    for _ in 0..8 {
        let (start, count) = (random.below(length + 2), random.below(length + 2));
        let expected: Vec<_> = model.iter().skip(start as usize).take(count as usize).cloned().collect();
        let range = bench.read(|txn, entry| txn.list_range(entry, start, count)).unwrap();
        assert_eq!(range, expected, "{context}: {count} from {start}");
        let element = bench.read(|txn, entry| txn.list_element(entry, start)).unwrap();
        assert_eq!(element.as_ref(), model.get(start as usize), "{context}: at {start}");
        let search = Search {
            element: &model[random.below(length) as usize],
            from: end(random),
            skipped: random.below(3),
            matches_max: 1 + random.below(4),
            looked_at_max: 1 + random.below(2 * length),
        };
        let mut places: Vec<usize> = (0..model.len()).collect();
        if search.from == End::Tail {
            places.reverse();
        }
        let expected: Vec<u64> = places
            .into_iter()
            .take(search.looked_at_max as usize)
            .filter(|at| model[*at] == search.element)
            .skip(search.skipped as usize)
            .take(search.matches_max as usize)
            .map(|at| at as u64)
            .collect();
        let found = bench.read(|txn, entry| txn.list_indexes(entry, &search)).unwrap();
        assert_eq!(found, expected, "{context}: {search:?}");
    }
}

fn run(seed: u64, list_size: i64) {
    let mut random = Random::new(seed);
    let mut bench = Bench::new(seed, list_size);
    let mut model = VecDeque::new();
    let mut most_chunks = 0;
    for round in 0..120 {
        let grows = round % 40 < 30;
        let what = step(&mut bench, &mut model, &mut random, grows);
        let context = format!("seed {seed}, list size {list_size}, round {round}: {what}");
        most_chunks = most_chunks.max(bench.verify(&context));
        check(&bench, &model, &mut random, &context);
    }
    assert!(most_chunks > 4, "seed {seed}, list size {list_size}: only {most_chunks} chunks");
    bench.edit(|list| list.trim(0, 0));
    bench.verify("removed");
    assert_eq!(bench.backend.count(RecordKind::Meta as u8), 0);
}

#[test]
fn every_operation_agrees_with_the_model() {
    for seed in 1..3 {
        for list_size in [-2, 1, 2, 5] {
            run(seed, list_size);
        }
    }
}

#[test]
fn chunks_move_apart_where_a_gap_is_used_up() {
    let mut bench = Bench::new(7, 2);
    let mut model: Vec<Vec<u8>> = (0..100).map(|number: u32| number.to_string().into_bytes()).collect();
    bench.edit(|list| model.iter().try_for_each(|value| list.push(End::Tail, value)));
    let mut at = 50;
    for number in 1000..1600_u32 {
        let value = number.to_string().into_bytes();
        // Always beside the one before, on either side of it: the gaps there are halved again and again.
        let side = if number % 3 == 0 { Side::Before } else { Side::After };
        let pivot = model[at].clone();
        assert!(bench.edit(|list| list.insert(side, &pivot, &value)));
        at += usize::from(side == Side::After);
        model.insert(at, value);
    }
    assert_eq!(bench.all(), model);
    assert!(bench.verify("moved apart") > 300);
}

#[test]
fn chunks_are_moved_to_the_middle_where_an_end_is_reached() {
    let mut bench = Bench::new(7, 2);
    let mut txn = bench.writable();
    let mut chunks = Chunks::new(&mut txn).unwrap();
    chunks.insert(&mut txn, u64::MAX - 5, single(b"a")).unwrap();
    chunks.add(&mut txn, End::Tail, single(b"b")).unwrap();
    let ends = chunks.ends().unwrap();
    assert!(ends.first < ends.last && ends.last < u64::MAX / 3 * 2, "{ends:?}");
    chunks.insert(&mut txn, 5, single(b"c")).unwrap();
    chunks.add(&mut txn, End::Head, single(b"d")).unwrap();
    let all: Vec<_> = chunks.page(&txn, std::ops::Bound::Unbounded, End::Head).unwrap();
    let all: Vec<_> = all.iter().map(|(_, list)| list.view().get(0).unwrap().to_vec()).collect();
    assert_eq!(all, [b"d", b"c", b"a", b"b"]);
}

#[test]
fn pushes_and_pops_at_the_edge_of_a_chunk_leave_chunks_alone() {
    let mut bench = Bench::new(7, -2);
    let value = b"an element of ordinary size";
    bench.edit(|list| (0..1000).try_for_each(|_| list.push(End::Tail, value)));
    for end in [End::Head, End::Tail] {
        let mut changes = 0;
        for round in 0..400 {
            let before = bench.backend.count(RecordKind::ListChunk as u8);
            match round % 40 {
                0..20 => bench.edit(|list| list.push(end, value)),
                _ => drop(bench.edit(|list| list.pop(end))),
            }
            changes += usize::from(bench.backend.count(RecordKind::ListChunk as u8) != before);
        }
        assert!(changes <= 4, "{changes} changes of chunks");
    }
}

#[test]
fn a_list_larger_than_a_commit_is_written_in_several() {
    let mut bench = Bench::new(7, -2);
    let limits = bench.limits;
    let mut txn = bench.writable();
    let mut list = ListEditor::replace(&mut txn, (0, KEY), None, &limits);
    let value = |number: u32| format!("{number}{}", "x".repeat(300)).into_bytes();
    let count = 40_000;
    for number in 0..count {
        list.push(End::Tail, &value(number)).unwrap();
    }
    list.finish().unwrap();
    assert!(txn.pending_bytes() < 9 << 20);
    txn.commit().unwrap();
    assert!(bench.verify("written") > 1000);
    let at = |index| bench.read(|txn, entry| txn.list_element(entry, index)).unwrap().unwrap();
    for index in [0, 20_000, count - 1] {
        assert_eq!(at(index.into()), value(index));
    }
    bench.edit(|list| list.trim(10_000, 5));
    let few = bench.all();
    assert_eq!(few, (10_000..10_005).map(value).collect::<Vec<_>>());
    assert_eq!(bench.verify("trimmed"), 0);
}
