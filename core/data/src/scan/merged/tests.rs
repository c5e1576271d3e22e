//! Merged scans against a map that holds what is there in the end.

use std::collections::BTreeMap;

use dredis_contract::{Backend, Batch, Operation};

use super::*;
use crate::random::Random;
use crate::test_backend::MapBackend;

const KEYS: u64 = 300;

fn key(number: u64) -> Vec<u8> {
    (number as u16).to_be_bytes().to_vec()
}

/// Scans of all kinds, some of them broken off, between puts and deletes, most of these in runs.
#[test]
fn scans_agree_with_a_map() {
    for seed in 1..40 {
        let mut random = Random::new(seed);
        let backend = MapBackend::new(u64::MAX);
        let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        (0..KEYS).filter(|_| random.below(4) > 0).for_each(|at| _ = model.insert(key(at), b"old".to_vec()));
        let operations: Vec<_> = model.iter().map(|(key, value)| Operation::Put { key, value }).collect();
        backend.commit(&Batch::new(&operations)).unwrap();
        let view = backend.view().unwrap();
        let mut overlay = Overlay::default();
        for step in 0..200_u64 {
            match random.below(5) {
                0 => {
                    let key = key(random.below(KEYS));
                    overlay.put(&key, step.to_be_bytes().to_vec());
                    model.insert(key, step.to_be_bytes().to_vec());
                }
                1 => {
                    let start = random.below(KEYS);
                    for at in start..(start + random.below(30)).min(KEYS) {
                        overlay.delete(&key(at));
                        model.remove(&key(at));
                    }
                }
                _ => {
                    let (start, end) = (key(random.below(KEYS)), key(random.below(KEYS)));
                    let (start, end) = match random.below(4) {
                        0 => (Vec::new(), None),
                        1 => (start, None),
                        _ => (start.clone().min(end.clone()), Some(start.max(end))),
                    };
                    let direction = [Direction::Forward, Direction::Reverse][random.below(2) as usize];
                    let scan = Scan { start: &start, end: end.as_deref(), direction, ..Scan::all() };
                    let mut expected: Vec<(Vec<u8>, Vec<u8>)> = model
                        .range(start.clone()..)
                        .filter(|(key, _)| end.as_ref().is_none_or(|end| *key < end))
                        .map(|(key, value)| (key.clone(), value.clone()))
                        .collect();
                    if direction == Direction::Reverse {
                        expected.reverse();
                    }
                    let mut records = MergedScan::new(&*view, &overlay, &scan).unwrap();
                    let limit = [1, 10, usize::MAX][random.below(3) as usize];
                    for expected in expected.iter().take(limit) {
                        let found = records.next().unwrap().map(|own| (own.key.to_vec(), own.value.to_vec()));
                        assert_eq!(found.as_ref(), Some(expected), "seed {seed}, step {step}");
                    }
                    if expected.len() < limit {
                        assert_eq!(records.next().unwrap(), None, "seed {seed}, step {step}");
                        assert_eq!(records.next().unwrap(), None, "seed {seed}, step {step}");
                    }
                }
            }
        }
    }
}
