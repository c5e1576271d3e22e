//! The backend against the contract, compared with a `BTreeMap`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::ops::Bound;

use dredis_backend_leveldb::LevelDb;
use dredis_plugin::{Backend, Batch, Direction, ErrorKind, Operation, Scan};
use support::*;

/// An operation that owns its bytes; a batch borrows from these.
#[derive(Clone, Debug)]
enum Change {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    DeleteRange(Vec<u8>, Vec<u8>),
}

impl Change {
    fn start(&self) -> &[u8] {
        match self {
            Change::Put(key, _) | Change::Delete(key) | Change::DeleteRange(key, _) => key,
        }
    }

    fn end(&self) -> Vec<u8> {
        match self {
            Change::Put(key, _) | Change::Delete(key) => [key.as_slice(), &[0]].concat(),
            Change::DeleteRange(_, end) => end.clone(),
        }
    }

    fn operation(&self) -> Operation<'_> {
        match self {
            Change::Put(key, value) => Operation::Put { key, value },
            Change::Delete(key) => Operation::Delete { key },
            Change::DeleteRange(start, end) => Operation::DeleteRange { start, end },
        }
    }

    fn apply(&self, model: &mut Model) {
        match self {
            Change::Put(key, value) => drop(model.insert(key.clone(), value.clone())),
            Change::Delete(key) => drop(model.remove(key)),
            Change::DeleteRange(start, end) => model.retain(|key, _| key < start || key >= end),
        }
    }
}

/// A batch as the contract asks for it: sorted, no key touched twice.
fn random_changes(random: &mut Random) -> Vec<Change> {
    let mut changes: Vec<Change> = (0..1 + random.below(12))
        .map(|_| match random.below(10) {
            0..6 => {
                let (key, length) = (random.key(), random.below(200) as usize);
                Change::Put(key, random.bytes(length))
            }
            6..9 => Change::Delete(random.key()),
            _ => {
                let (left, right) = (random.key(), random.key());
                Change::DeleteRange(left.clone().min(right.clone()), left.max(right))
            }
        })
        .collect();
    changes.sort_by(|left, right| left.start().cmp(right.start()));
    let mut end = Vec::new();
    changes.retain(|change| {
        let apart = change.start() >= end.as_slice();
        if apart {
            end = change.end();
        }
        apart
    });
    changes
}

fn commit(db: &LevelDb, changes: &[Change]) {
    let operations: Vec<Operation<'_>> = changes.iter().map(Change::operation).collect();
    db.commit(&Batch::new(&operations)).unwrap();
}

fn check_random_scan(random: &mut Random, db: &LevelDb, model: &Model) {
    let start = if random.below(4) == 0 { Vec::new() } else { random.key() };
    let end = (random.below(4) > 0).then(|| random.key());
    let reverse = random.below(2) == 0;
    let keys_only = random.below(3) == 0;
    let scan = Scan {
        start: &start,
        end: end.as_deref(),
        direction: if reverse { Direction::Reverse } else { Direction::Forward },
        expected: random.below(3) as usize * 1000,
        ..Scan::all()
    };
    let scan = if keys_only { scan.keys() } else { scan };
    let mut expected: Vec<(Vec<u8>, Vec<u8>)> = model
        .range((Bound::Included(start.clone()), Bound::Unbounded))
        .filter(|(key, _)| end.as_ref().is_none_or(|end| *key < end))
        .map(|(key, value)| (key.clone(), if keys_only { Vec::new() } else { value.clone() }))
        .collect();
    if reverse {
        expected.reverse();
    }
    assert_eq!(collect(&*db.view().unwrap(), &scan), expected, "{scan:?}");
}

#[test]
fn random_batches_gets_and_scans_agree_with_a_map() {
    let mut random = Random::seeded("random_batches");
    let dir = TestDir::new("model");
    // A small write buffer, so that records lie in memory, in fresh tables and in compacted ones.
    let options = [("write_buffer_size", integer(65_536)), ("block_size", integer(1024))];
    let mut db = open_with(dir.path(), &options).unwrap();
    let mut model = Model::new();
    for round in 0..1500 {
        let changes = random_changes(&mut random);
        commit(&db, &changes);
        changes.iter().for_each(|change| change.apply(&mut model));

        let key = random.key();
        assert_eq!(get(&*db.view().unwrap(), &key), model.get(&key).cloned());
        check_random_scan(&mut random, &db, &model);
        match round % 250 {
            100 => db.compact(&[], None).unwrap(),
            150 => db.compact(b"a", Some(b"b")).unwrap(),
            200 => {
                drop(db);
                db = open_with(dir.path(), &options).unwrap();
                assert_holds(&db, &model);
            }
            _ => {}
        }
    }
    assert_holds(&db, &model);
}

#[test]
fn a_view_never_sees_what_is_committed_after_it() {
    let dir = TestDir::new("isolation");
    let db = open_with(dir.path(), &[("write_buffer_size", integer(65_536))]).unwrap();
    put(&db, b"a", b"old").unwrap();
    put(&db, b"b", b"old").unwrap();
    let view = db.view().unwrap();
    let mut cursor = view.scan(&Scan::all()).unwrap();
    assert_eq!(cursor.next().unwrap().map(|record| record.key.to_vec()), Some(b"a".to_vec()));

    put(&db, b"a", b"new").unwrap();
    put(&db, b"aa", b"new").unwrap();
    db.commit(&Batch::new(&[Operation::DeleteRange { start: b"b", end: b"c" }])).unwrap();
    // Enough to push everything through tables while the view is held.
    for number in 0..2000_u32 {
        put(&db, &[b"x", number.to_be_bytes().as_slice()].concat(), &[7; 200]).unwrap();
    }
    db.compact(&[], None).unwrap();

    assert_eq!(get(&*view, b"a").as_deref(), Some(b"old".as_slice()));
    assert_eq!(get(&*view, b"aa"), None);
    assert_eq!(cursor.next().unwrap().map(|record| record.key.to_vec()), Some(b"b".to_vec()));
    assert_eq!(cursor.next().unwrap(), None);
    let view_now = db.view().unwrap();
    assert_eq!(get(&*view_now, b"a").as_deref(), Some(b"new".as_slice()));
    assert_eq!(get(&*view_now, b"b"), None);
}

#[test]
fn values_of_every_size_come_back() {
    let dir = TestDir::new("sizes");
    let mut model = Model::new();
    let db = open(dir.path());
    for length in [0, 1, 100, 4095, 4096, 32_768, 65_536, 1 << 20, 5 << 20] {
        let key = format!("value of {length}").into_bytes();
        let value: Vec<u8> = (0..length).map(|index| index as u8).collect();
        put(&db, &key, &value).unwrap();
        model.insert(key, value);
    }
    let limit = db.capabilities().limits.key_bytes_max as usize;
    put(&db, &vec![0xff; limit], b"longest").unwrap();
    model.insert(vec![0xff; limit], b"longest".to_vec());
    assert_holds(&db, &model);
    drop(db);
    assert_holds(&open(dir.path()), &model);
}

#[test]
fn keys_beyond_the_limits_are_refused_whole() {
    let dir = TestDir::new("limits");
    let db = open(dir.path());
    let long = vec![b'k'; db.capabilities().limits.key_bytes_max as usize + 1];
    for bad in [&[] as &[u8], &long] {
        let operations =
            [Operation::Put { key: b"good", value: b"" }, Operation::Put { key: bad, value: b"" }];
        let error = db.commit(&Batch::new(&operations)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert_holds(&db, &Model::new());
}

#[test]
fn a_large_range_delete_is_one_commit() {
    let dir = TestDir::new("range");
    let db = open_with(dir.path(), &[("write_buffer_size", integer(65_536))]).unwrap();
    for number in 0..20_000_u32 {
        put(&db, &number.to_be_bytes(), b"value").unwrap();
    }
    let (start, end) = (10_u32.to_be_bytes(), 19_990_u32.to_be_bytes());
    let before = db.view().unwrap();
    db.commit(&Batch::new(&[Operation::DeleteRange { start: &start, end: &end }])).unwrap();
    assert_eq!(collect(&*db.view().unwrap(), &Scan::all().keys()).len(), 20);
    assert_eq!(collect(&*before, &Scan::all().keys()).len(), 20_000);
}

#[test]
fn sync_may_run_beside_commits_and_log_switches() {
    let dir = TestDir::new("sync");
    let db = open_with(dir.path(), &[("write_buffer_size", integer(65_536))]).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                db.sync().unwrap();
            }
        });
        for number in 0..5000_u32 {
            put(&db, &number.to_be_bytes(), &[1; 100]).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    db.sync().unwrap();
    assert_eq!(collect(&*db.view().unwrap(), &Scan::all().keys()).len(), 5000);
}

#[test]
fn a_checkpoint_is_a_database_with_what_was_there() {
    let dir = TestDir::new("checkpoint");
    let db = open(dir.path());
    let mut random = Random::seeded("checkpoint");
    let mut model = Model::new();
    for number in 0..3000_u32 {
        let value = random.bytes(1000);
        put(&db, &number.to_be_bytes(), &value).unwrap();
        model.insert(number.to_be_bytes().to_vec(), value);
    }
    let target = TestDir::new("checkpoint-target");
    let copy = target.path().join("copy");
    db.checkpoint(&copy).unwrap();
    put(&db, b"later", b"").unwrap();
    assert_holds(&open(&copy), &model);

    let error = db.checkpoint(&copy).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert_holds(&open(&copy), &model);
}

#[test]
fn sizes_and_figures_follow_the_data() {
    let dir = TestDir::new("figures");
    let db = open_with(dir.path(), &[("compression", text("none"))]).unwrap();
    assert_eq!(db.approximate_size(&[], None).unwrap(), Some(0));
    for number in 0..2000_u32 {
        put(&db, &number.to_be_bytes(), &[5; 1000]).unwrap();
    }
    db.compact(&[], None).unwrap();
    let all = db.approximate_size(&[], None).unwrap().unwrap();
    assert!((1_800_000..2_500_000).contains(&all), "{all} bytes of 2 MB");
    let half = db.approximate_size(&[], Some(&1000_u32.to_be_bytes())).unwrap().unwrap();
    assert!((all * 4 / 10..all * 6 / 10).contains(&half), "{half} of {all} bytes");
    assert_eq!(db.approximate_size(b"x", Some(b"y")).unwrap(), Some(0));

    let stats = db.stats();
    let figure = |name: &str| -> f64 {
        let (_, value) = stats.iter().find(|(own, _)| own == name).unwrap_or_else(|| panic!("no {name}"));
        value.parse().unwrap()
    };
    assert_eq!(figure("writes_failing"), 0.0);
    assert_eq!(figure("opened_anew"), 0.0);
    assert!(figure("tables_megabytes") >= 1.0);
    assert!(figure("compaction_written_megabytes") >= 1.0);
    assert!(figure("memory_bytes") > 0.0);
    let files: f64 = (0..7).map(|level| figure(&format!("level_{level}_files"))).sum();
    assert!(files >= 1.0);
}
