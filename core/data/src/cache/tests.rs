//! The cache against a model: many views of different moments, under commits.

use std::collections::{BTreeMap, HashMap};
use std::slice;

use dredis_contract::Operation;

use super::*;
use crate::random::Random;

fn id(key: &[u8]) -> Option<RecordId> {
    (key[0] != b'-').then(|| RecordId::from(key[0]) << 96 | RecordId::from(key[0]))
}

/// Commits, and tells while it is under way.
fn commit(records: &RecordCache, operations: &[Operation<'_>], is_done: bool, during: impl FnOnce()) {
    let begun = records.begin(operations, id);
    during();
    records.end(begun, is_done);
}

#[test]
fn a_record_is_found_as_it_was_left() {
    let records = RecordCache::new(1 << 20);
    let moment = records.moment();
    let one = id(b"a").unwrap();
    assert_eq!(records.find(one, moment), None);
    records.offer(one, moment, b"1");
    assert_eq!(records.find(one, moment).as_deref(), Some(&b"1"[..]));
    let change = [Operation::Put { key: b"a", value: b"22" }];
    commit(&records, &change, true, || assert_eq!(records.find(one, moment), None, "while it is changed"));
    assert_eq!(records.find(one, moment), None, "an older view");
    assert_eq!(records.find(one, records.moment()).as_deref(), Some(&b"22"[..]));
    commit(&records, &[Operation::Put { key: b"a", value: b"33" }], false, || {});
    assert_eq!(records.find(one, records.moment()), None, "nothing is known after a commit that failed");
}

#[test]
fn what_was_read_before_a_commit_began_is_not_taken() {
    let records = RecordCache::new(1 << 20);
    let (before, one) = (records.moment(), id(b"a").unwrap());
    commit(&records, &[Operation::Delete { key: b"a" }], true, || records.offer(one, before, b"1"));
    records.offer(one, before, b"1");
    assert_eq!(records.find(one, before), None);
    assert_eq!(records.find(one, records.moment()), None);
}

#[test]
fn every_view_is_answered_as_it_should_be() {
    let seed = 7;
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let records = RecordCache::new(9_000);
    let mut states = vec![HashMap::<u8, Vec<u8>>::new()];
    let (mut hits, mut wrong) = (0, 0);
    for _ in 0..50_000 {
        let key = [random.below(200) as u8 + 40];
        let moment = states.len() - 1 - random.below(states.len().min(3) as u64) as usize;
        let value = vec![random.below(256) as u8; random.below(60) as usize];
        match random.below(4) {
            0 => {
                let is_done = random.below(10) > 0;
                let mut next = states[states.len() - 1].clone();
                // A commit of up to 120 changes, in the order of their keys.
                let mut operations = BTreeMap::from([(key[0], random.below(3) > 0)]);
                for _ in 0..random.below(2) * random.below(120) {
                    operations.insert(random.below(200) as u8 + 40, random.below(3) > 0);
                }
                if is_done {
                    for (key, is_put) in &operations {
                        if *is_put {
                            next.insert(*key, value.clone())
                        } else {
                            next.remove(key)
                        };
                    }
                }
                let operations: Vec<_> = operations
                    .iter()
                    .map(|(key, is_put)| match is_put {
                        true => Operation::Put { key: slice::from_ref(key), value: &value },
                        false => Operation::Delete { key: slice::from_ref(key) },
                    })
                    .collect();
                commit(&records, &operations, is_done, || {});
                states.push(next);
            }
            _ => {
                let Some(id) = id(&key) else { continue };
                let shown = states[moment].get(&key[0]);
                match records.find(id, moment as u64) {
                    Some(found) => {
                        hits += 1;
                        wrong += usize::from(Some(&found) != shown);
                    }
                    None => {
                        if let Some(shown) = shown {
                            records.offer(id, moment as u64, shown);
                        }
                    }
                }
            }
        }
        assert_eq!(records.moment(), states.len() as u64 - 1);
    }
    assert_eq!(wrong, 0);
    assert!(hits > 5_000, "{hits}");
}

#[test]
fn it_keeps_to_its_bytes_and_to_what_is_used() {
    const BYTES: usize = 8 << 20;
    let records = RecordCache::new(BYTES);
    assert!(records.shards.len() > 100);
    let mut random = Random::new(3);
    let all: Vec<RecordId> = (0..100_000)
        .map(|_| RecordId::from(random.next_u64()) << 64 | RecordId::from(random.next_u64()))
        .collect();
    let (used, others) = all.split_at(500);
    for &id in used {
        records.offer(id, 0, &[1; 100]);
    }
    for &id in others {
        for used in used.iter().skip((id % 50) as usize).step_by(50) {
            records.find(*used, 0);
        }
        records.offer(id, 0, &[2; 100]);
    }
    let bytes = records.bytes();
    assert!(bytes <= BYTES && bytes > BYTES * 3 / 4, "{bytes}");
    let kept = used.iter().filter(|id| records.find(**id, 0).is_some()).count();
    assert!(kept > 350, "{kept} of 500 that are in use");
    records.clear();
    assert!(all.iter().all(|id| records.find(*id, 0).is_none()));
}

#[test]
fn a_range_that_is_deleted_is_forgotten() {
    let records = RecordCache::new(1 << 20);
    let one = id(b"b").unwrap();
    records.offer(one, 0, b"1");
    commit(&records, &[Operation::DeleteRange { start: b"a", end: b"c" }], true, || {});
    assert_eq!(records.find(one, records.moment()), None);
}

#[test]
fn without_room_nothing_is_kept() {
    let records = RecordCache::new(0);
    assert!(!records.is_on());
    records.offer(5, 0, b"1");
    assert_eq!(records.find(5, 0), None);
    let larger = RecordCache::new(2_000);
    larger.offer(5, 0, &[0; RECORD_BYTES_MAX]);
    assert_eq!(larger.find(5, 0), None);
    // However small a cache is that has room for a long record, it keeps one.
    let enough = RecordCache::new(100_000);
    enough.offer(5, 0, &[0; RECORD_BYTES_MAX]);
    assert!(enough.find(5, 0).is_some());
}
