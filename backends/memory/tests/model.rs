//! Random commits, each view compared with a copy of a `BTreeMap` from the moment at which it was taken.
//!
//! Failures print the seed; `DREDIS_TEST_SEED` runs that one alone.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::ops::Bound;

use dredis_backend_memory::MemoryBackend;
use dredis_plugin::{Backend, Batch, Direction, Operation, Projection, Scan, View};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;
type Records = Vec<(Vec<u8>, Vec<u8>)>;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// One of few keys, some of them beginnings of others, some longer than those that are held in place.
    fn key(&mut self, keys: usize) -> Vec<u8> {
        let number = self.below(keys) as u16;
        let mut key = number.to_be_bytes().to_vec();
        match number % 5 {
            0 => key.extend([b'x'; 40]),
            1 => key.truncate(1),
            2 => key.extend([0, 0]),
            _ => {}
        }
        key
    }

    fn value(&mut self) -> Vec<u8> {
        let length = [0, 1, 10, 100, 1024, 1025, 3000][self.below(7)];
        vec![self.next() as u8; length]
    }
}

enum Change {
    Put(Vec<u8>),
    Delete,
    DeleteRange(Vec<u8>),
}

/// Changes by key, as a batch has them: sorted, and each key touched once.
fn random_changes(random: &mut Random, keys: usize) -> BTreeMap<Vec<u8>, Change> {
    let count = [1, 3, 20, 64, 65, 128, 400][random.below(7)];
    let mut changes = BTreeMap::new();
    for _ in 0..count {
        let change = match random.below(10) {
            0..3 => Change::Delete,
            _ => Change::Put(random.value()),
        };
        changes.insert(random.key(keys), change);
    }
    if random.below(4) == 0 {
        let (start, end) = (random.key(keys), random.key(keys));
        // Sometimes nearly everything, and sometimes an inverted range, which removes nothing.
        let end = if random.below(4) == 0 { vec![0xff] } else { end };
        changes.retain(|key, _| *key < start || *key >= end);
        changes.insert(start, Change::DeleteRange(end));
    }
    changes
}

fn apply(model: &mut Model, changes: &BTreeMap<Vec<u8>, Change>) {
    for (key, change) in changes {
        match change {
            Change::Put(value) => {
                model.insert(key.clone(), value.clone());
            }
            Change::Delete => {
                model.remove(key);
            }
            Change::DeleteRange(end) => model.retain(|other, _| other < key || other >= end),
        }
    }
}

fn commit(backend: &MemoryBackend, changes: &BTreeMap<Vec<u8>, Change>) {
    let operations: Vec<Operation<'_>> = changes
        .iter()
        .map(|(key, change)| match change {
            Change::Put(value) => Operation::Put { key, value },
            Change::Delete => Operation::Delete { key },
            Change::DeleteRange(end) => Operation::DeleteRange { start: key, end },
        })
        .collect();
    backend.commit(&Batch::new(&operations)).unwrap();
}

fn collect(view: &dyn View, scan: &Scan<'_>, count_max: usize) -> Records {
    let mut cursor = view.scan(scan).unwrap();
    let mut records = Vec::new();
    while records.len() < count_max
        && let Some(record) = cursor.next().unwrap()
    {
        records.push((record.key.to_vec(), record.value.to_vec()));
    }
    if records.len() < count_max {
        assert!(cursor.next().unwrap().is_none(), "a cursor at its end stays there");
    }
    records
}

fn expected(model: &Model, scan: &Scan<'_>, count_max: usize) -> Records {
    let end = match scan.end {
        Some(end) => Bound::Excluded(end.max(scan.start)),
        None => Bound::Unbounded,
    };
    let mut records: Records = model
        .range::<[u8], _>((Bound::Included(scan.start), end))
        .map(|(key, value)| {
            (key.clone(), if scan.projection == Projection::Keys { vec![] } else { value.clone() })
        })
        .collect();
    if scan.direction == Direction::Reverse {
        records.reverse();
    }
    records.truncate(count_max);
    records
}

/// Compares some reads of everything that a view can do.
fn check(random: &mut Random, view: &dyn View, model: &Model, keys: usize, seed: u64) {
    for _ in 0..5 {
        let key = random.key(keys);
        let value = view.get(&key).unwrap().map(|value| value.into_vec());
        assert_eq!(value.as_ref(), model.get(&key), "seed {seed}: get {key:?}");
    }
    let (start, end) = (random.key(keys), random.key(keys));
    let mut scan = Scan { start: &start, end: Some(&end), ..Scan::all() };
    if random.below(3) == 0 {
        scan.start = &[];
    }
    if random.below(3) == 0 {
        scan.end = None;
    }
    scan = scan.expecting([0, 1, 2, 64, 5000][random.below(5)]);
    if random.below(2) == 0 {
        scan = scan.keys();
    }
    let count_max = if random.below(2) == 0 { usize::MAX } else { random.below(100) };
    for scan in [scan, scan.reverse()] {
        let (found, expected) = (collect(view, &scan, count_max), expected(model, &scan, count_max));
        assert_eq!(found.len(), expected.len(), "seed {seed}: {scan:?}");
        assert!(found == expected, "seed {seed}: {scan:?}");
    }
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let backend = MemoryBackend::default();
    // From a handful, of which every commit touches most, to more than fit on many pages.
    let keys = [5, 60, 600, 3000][random.below(4)];
    let mut model = Model::new();
    let mut views: Vec<(Box<dyn View + '_>, Model)> = Vec::new();
    for _ in 0..60 {
        let changes = random_changes(&mut random, keys);
        apply(&mut model, &changes);
        // A scan that is half done goes on after the commit as if there had been none.
        if let Some((view, seen)) = views.last() {
            let scan = if random.below(2) == 0 { Scan::all() } else { Scan::all().reverse() };
            let mut cursor = view.scan(&scan).unwrap();
            let mut found = Records::new();
            let before = random.below(200);
            while found.len() < before
                && let Some(record) = cursor.next().unwrap()
            {
                found.push((record.key.to_vec(), record.value.to_vec()));
            }
            commit(&backend, &changes);
            while let Some(record) = cursor.next().unwrap() {
                found.push((record.key.to_vec(), record.value.to_vec()));
            }
            assert!(found == expected(seen, &scan, usize::MAX), "seed {seed}: a commit in a scan");
        } else {
            commit(&backend, &changes);
        }
        for _ in 0..random.below(3) {
            views.push((backend.view().unwrap(), model.clone()));
        }
        for (view, seen) in &views {
            check(&mut random, &**view, seen, keys, seed);
        }
        while views.len() > 6 || (!views.is_empty() && random.below(3) == 0) {
            views.swap_remove(random.below(views.len()));
        }
    }
    check(&mut random, &*backend.view().unwrap(), &model, keys, seed);
    views.clear();
    assert_eq!(backend.stats(), [("memory_records".to_owned(), model.len().to_string())], "seed {seed}");
}

#[test]
fn views_of_all_ages_agree_with_the_model() {
    if let Ok(seed) = std::env::var("DREDIS_TEST_SEED") {
        return run(seed.parse().unwrap());
    }
    (0..25).for_each(run);
}
