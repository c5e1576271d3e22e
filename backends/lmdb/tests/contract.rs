//! The contract's promises, against a `BTreeMap`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod common;

use std::ops::Bound;

use common::*;
use dredis_plugin::{Backend, Batch, DurabilityNeed, ErrorKind, Operation, Projection, Scan};

/// Few, colliding keys of all lengths, some sharing long prefixes.
fn random_key(random: &mut Random) -> Vec<u8> {
    let length = match random.below(10) {
        0 => 1,
        1 => 511,
        2 => 500 + random.below(12) as usize,
        _ => 1 + random.below(12) as usize,
    };
    let mut key = vec![b'k'; length];
    let last = key.len() - 1;
    key[last] = [0, 1, b'a', b'b', 254, 255][random.below(6) as usize];
    if length > 2 {
        key[length / 2] = random.below(4) as u8 * 85;
    }
    key
}

fn random_value(random: &mut Random) -> Vec<u8> {
    let length = match random.below(12) {
        0 => 0,
        1 => 2000 + random.below(100) as usize,
        2 => random.below(70_000) as usize,
        _ => random.below(120) as usize,
    };
    random.bytes(length)
}

#[derive(Clone)]
enum Change {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    DeleteRange(Vec<u8>, Vec<u8>),
}

fn random_batch(random: &mut Random) -> Vec<Change> {
    let mut keys: Vec<_> = (0..1 + random.below(40)).map(|_| random_key(random)).collect();
    keys.sort();
    keys.dedup();
    let mut changes = Vec::new();
    let mut keys = keys.into_iter().peekable();
    while let Some(key) = keys.next() {
        match (random.below(10), keys.peek()) {
            (0, Some(end)) => changes.push(Change::DeleteRange(key, end.clone())),
            (1..=3, _) => changes.push(Change::Delete(key)),
            _ => changes.push(Change::Put(key, random_value(random))),
        }
    }
    changes
}

fn operations(changes: &[Change]) -> Vec<Operation<'_>> {
    fn operation(change: &Change) -> Operation<'_> {
        match change {
            Change::Put(key, value) => Operation::Put { key, value },
            Change::Delete(key) => Operation::Delete { key },
            Change::DeleteRange(start, end) => Operation::DeleteRange { start, end },
        }
    }
    changes.iter().map(operation).collect()
}

fn apply(model: &mut Model, changes: &[Change]) {
    for change in changes {
        match change.clone() {
            Change::Put(key, value) => drop(model.insert(key, value)),
            Change::Delete(key) => drop(model.remove(&key)),
            Change::DeleteRange(start, end) => model.retain(|key, _| *key < start || *key >= end),
        }
    }
}

fn expected(model: &Model, scan: &Scan<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    if scan.end.is_some_and(|end| end <= scan.start) {
        return Vec::new();
    }
    let end = scan.end.map_or(Bound::Unbounded, Bound::Excluded);
    let range = model.range::<[u8], _>((Bound::Included(scan.start), end));
    let value =
        |value: &Vec<u8>| if scan.projection == Projection::Keys { Vec::new() } else { value.clone() };
    let mut records: Vec<_> = range.map(|(key, found)| (key.clone(), value(found))).collect();
    if scan.direction == dredis_plugin::Direction::Reverse {
        records.reverse();
    }
    records
}

fn compare_scans(lmdb: &dredis_backend_lmdb::Lmdb, model: &Model, random: &mut Random) {
    let view = lmdb.view().unwrap();
    let (start, end) = (random_key(random), random_key(random));
    let empty: &[u8] = &[];
    for start in [empty, &start] {
        for end in [None, Some(empty), Some(&end[..]), Some(start)] {
            let scan = Scan { end, start, ..Scan::all() };
            for scan in [scan, scan.reverse(), scan.keys(), scan.keys().reverse()] {
                assert_eq!(collect(&*view, &scan), expected(model, &scan), "{scan:?}");
            }
        }
    }
    let keys: Vec<_> = (0..20).map(|_| random_key(random)).collect();
    let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    for (key, found) in keys.iter().zip(view.get_many(&asked).unwrap()) {
        assert_eq!(found.as_deref(), model.get(key).map(Vec::as_slice));
    }
}

fn run_model(options: &[(&str, dredis_plugin::OptionValue)], rounds: usize) {
    let mut random = Random::from_environment();
    let dir = Dir::new();
    let mut lmdb = open_with(dir.path(), options).unwrap();
    let mut model = Model::new();
    for round in 0..rounds {
        let changes = random_batch(&mut random);
        commit(&lmdb, &operations(&changes)).unwrap();
        apply(&mut model, &changes);
        if round % 4 == 0 {
            compare_scans(&lmdb, &model, &mut random);
        }
        match random.below(60) {
            0 => {
                drop(lmdb);
                lmdb = open_with(dir.path(), options).unwrap();
                assert_same(&lmdb, &model);
            }
            1 => lmdb.sync().unwrap(),
            2 => lmdb.need_durability(DurabilityNeed::EveryCommit).unwrap(),
            3 => lmdb.need_durability(DurabilityNeed::Periodic).unwrap(),
            _ => {}
        }
    }
    assert_same(&lmdb, &model);
}

#[test]
fn behaves_like_an_ordered_map() {
    run_model(&[], 600);
}

#[test]
fn behaves_like_an_ordered_map_without_writemap() {
    run_model(&[("writemap", flag(false)), ("max_spare_txns", number(0))], 300);
}

#[test]
fn behaves_like_an_ordered_map_in_a_fixed_map() {
    run_model(&[("map_size", number(64 << 20)), ("subdir", flag(false))], 300);
}

#[test]
fn a_view_keeps_showing_its_moment() {
    let dir = Dir::new();
    let lmdb = open(dir.path());
    let mut random = Random::new(7);
    let mut model = Model::new();
    let mut past = Vec::new();
    for _ in 0..40 {
        let changes = random_batch(&mut random);
        commit(&lmdb, &operations(&changes)).unwrap();
        apply(&mut model, &changes);
        past.push((lmdb.view().unwrap(), lmdb.view().unwrap(), model.clone()));
    }
    for (view, twin, model) in &past {
        assert_eq!(collect(&**view, &Scan::all()), expected(model, &Scan::all()));
        assert_eq!(collect(&**twin, &Scan::all()), expected(model, &Scan::all()));
    }
}

#[test]
fn views_taken_after_a_commit_see_it_on_every_thread() {
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
fn threads_share_a_view_and_drop_it_anywhere() {
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
    let lmdb = open(dir.path());
    commit(&lmdb, &[put(b"k", b"v")]).unwrap();
    let view = lmdb.view().unwrap();
    assert!(matches!(view.get(b"k").unwrap(), Some(dredis_plugin::Value::Borrowed(b"v"))));
}

#[test]
fn a_batch_that_fails_leaves_nothing() {
    let dir = Dir::new();
    let lmdb = open(dir.path());
    let long = [b'z'; 512];
    let error = commit(&lmdb, &[put(b"a", b"1"), put(&long, b"2")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert_eq!(get(&lmdb, b"a"), None);
    commit(&lmdb, &[put(b"a", b"1"), put(&long[..511], b"2")]).unwrap();
    assert_eq!(get(&lmdb, &long[..511]), Some(b"2".to_vec()));
}

#[test]
fn an_empty_batch_is_done() {
    let dir = Dir::new();
    let lmdb = open(dir.path());
    lmdb.commit(&Batch::new(&[])).unwrap();
    assert_same(&lmdb, &Model::new());
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

#[test]
fn a_checkpoint_opens_as_a_backend_while_commits_go_on() {
    let dir = Dir::new();
    let copy = Dir::new();
    let lmdb = open(dir.path());
    let keys: Vec<_> = (0..20_000_u32).map(u32::to_be_bytes).collect();
    let puts: Vec<_> = keys.iter().map(|key| put(key, key)).collect();
    commit(&lmdb, &puts).unwrap();
    let target = copy.path().join("made/here");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..500_u32 {
                commit(&lmdb, &[put(b"round", &round.to_be_bytes())]).unwrap();
            }
        });
        lmdb.checkpoint(&target).unwrap();
        writer.join().unwrap();
    });
    assert_eq!(lmdb.checkpoint(&target).unwrap_err().kind(), ErrorKind::InvalidInput);
    let copied = open(&target);
    let view = copied.view().unwrap();
    let records = collect(&*view, &Scan::all());
    let of_keys = records.iter().filter(|(key, _)| key.len() == 4).count();
    assert_eq!(of_keys, keys.len());
    drop(view);
    commit(&copied, &[put(b"own", b"life")]).unwrap();
    assert_eq!(get(&lmdb, b"own"), None);
}

#[test]
fn syncs_run_beside_commits() {
    let dir = Dir::new();
    let lmdb = open(dir.path());
    std::thread::scope(|scope| {
        let syncer = scope.spawn(|| (0..20).for_each(|_| lmdb.sync().unwrap()));
        for number in 0..2000_u32 {
            commit(&lmdb, &[put(&number.to_be_bytes(), b"v")]).unwrap();
        }
        syncer.join().unwrap();
    });
    lmdb.need_durability(DurabilityNeed::EveryCommit).unwrap();
    commit(&lmdb, &[put(b"durable", b"v")]).unwrap();
    lmdb.sync().unwrap();
    lmdb.need_durability(DurabilityNeed::Relaxed).unwrap();
    commit(&lmdb, &[put(b"fast", b"v")]).unwrap();
    drop(lmdb);
    let lmdb = open(dir.path());
    assert_eq!(get(&lmdb, b"durable"), Some(b"v".to_vec()));
    assert_eq!(stat(&lmdb, "entries"), 2002);
}
