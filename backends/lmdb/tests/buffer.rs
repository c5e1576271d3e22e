//! The write buffer: what it holds is read as if it lay in LMDB, comes back after a crash, and meets no full disk unseen.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod common;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use common::*;
use dredis_backend_lmdb::Lmdb;
use dredis_plugin::{Backend, DurabilityNeed, ErrorKind, Operation, OptionValue, Scan, View};

const MIB: i64 = 1 << 20;

/// A map of a fixed size, so that data files are quickly copied.
fn fixed_map() -> (&'static str, OptionValue) {
    ("map_size", number(96 * MIB))
}

/// The segments of the log in `dir`.
fn logs(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "log")).collect()
}

/// What the death of the process would leave now. Nothing must be under way.
fn after_death(dir: &Path) -> Dir {
    let copy = Dir::new();
    let data = ["data.mdb".into()]
        .into_iter()
        .chain(logs(dir).iter().map(|log| log.file_name().unwrap().to_owned()).collect::<Vec<_>>());
    for name in data {
        fs::copy(dir.join(&name), copy.path().join(&name)).unwrap();
    }
    copy
}

fn assert_view(view: &dyn View, model: &Model, random: &mut Random) {
    let all: Vec<_> = model.clone().into_iter().collect();
    assert_eq!(collect(view, &Scan::all()), all);
    let (low, high) = (random.below(300) as u16, random.below(300) as u16);
    let (low, high) = (low.min(high).to_be_bytes(), low.max(high).to_be_bytes());
    let range: Vec<_> =
        model.range(low.to_vec()..high.to_vec()).map(|(key, value)| (key.clone(), value.clone())).collect();
    let scan = Scan::range(&low, &high);
    assert_eq!(collect(view, &scan), range);
    assert!(collect(view, &scan.reverse()).iter().eq(range.iter().rev()));
    let keys = collect(view, &scan.keys());
    assert!(keys.iter().zip(&range).all(|(found, (key, _))| found.0 == *key && found.1.is_empty()));
    assert_eq!(keys.len(), range.len());
    let asked: Vec<_> = (0..10).map(|_| (random.below(300) as u16).to_be_bytes()).collect();
    let asked: Vec<&[u8]> = asked.iter().map(|key| key.as_slice()).collect();
    for (key, found) in asked.iter().zip(view.get_many(&asked).unwrap()) {
        assert_eq!(found.as_deref(), model.get(*key).map(Vec::as_slice));
        assert_eq!(view.get(key).unwrap().as_deref(), model.get(*key).map(Vec::as_slice));
    }
}

/// A batch of random changes, which the model has then seen.
fn change(lmdb: &Lmdb, model: &mut Model, random: &mut Random) {
    let mut owned: Vec<(Vec<u8>, Option<Vec<u8>>)> = Vec::new();
    let range = (random.below(12) == 0).then(|| {
        let start = random.below(300) as u16;
        (start.to_be_bytes().to_vec(), (start + random.below(40) as u16).to_be_bytes().to_vec())
    });
    for _ in 0..random.below(12) {
        let key = (random.below(300) as u16).to_be_bytes().to_vec();
        let is_free = range.as_ref().is_none_or(|(start, end)| !(start..end).contains(&&key));
        if is_free && owned.iter().all(|(other, _)| *other != key) {
            let length = if random.below(30) == 0 { 3000 } else { random.below(80) as usize };
            let value = (random.below(4) > 0).then(|| random.bytes(length));
            owned.push((key, value));
        }
    }
    let mut operations: Vec<_> = owned
        .iter()
        .map(|(key, value)| match value {
            Some(value) => Operation::Put { key, value },
            None => Operation::Delete { key },
        })
        .collect();
    operations.extend(range.as_ref().map(|(start, end)| Operation::DeleteRange { start, end }));
    operations.sort_by_key(|operation| match *operation {
        Operation::Put { key, .. } | Operation::Delete { key } => key.to_vec(),
        Operation::DeleteRange { start, .. } => start.to_vec(),
    });
    commit(lmdb, &operations).unwrap();
    if let Some((start, end)) = range.filter(|(start, end)| start < end) {
        model.retain(|key, _| *key < start || *key >= end);
    }
    for (key, value) in owned {
        match value {
            Some(value) => drop(model.insert(key, value)),
            None => drop(model.remove(&key)),
        }
    }
}

#[test]
fn views_of_all_ages_show_what_was_committed_while_tables_are_drained() {
    let mut random = Random::from_environment();
    let dir = Dir::new();
    let mut model = Model::new();
    for _ in 0..3 {
        let lmdb = open_with(dir.path(), &[("write_buffer_size", number(16 * 1024))]).unwrap();
        assert_same(&lmdb, &model);
        let mut views = VecDeque::new();
        for _ in 0..400 {
            change(&lmdb, &mut model, &mut random);
            views.push_back((lmdb.view().unwrap(), model.clone()));
            let at = random.below(views.len() as u64) as usize;
            let (view, then) = &views[at];
            assert_view(&**view, then, &mut random);
            if views.len() > 8 {
                views.remove(random.below(8) as usize);
            }
        }
    }
}

/// Ends what waits for it also if the test fails.
struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn tables_and_tree_are_seen_at_the_same_moment() {
    // More than two tables hold.
    const KEYS: u64 = 40;
    const COMMITS: u64 = 2_500;
    const LATEST: &[u8] = b"\xff";
    let dir = Dir::new();
    let lmdb = open_with(dir.path(), &[("write_buffer_size", number(1024))]).unwrap();
    let write = |number: u64| {
        let (key, number) = ([(number % KEYS) as u8 + 1], number.to_be_bytes());
        commit(&lmdb, &[put(&key, &number), put(LATEST, &number)]).unwrap();
    };
    (0..KEYS).for_each(write);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let records = collect(&*lmdb.view().unwrap(), &Scan::all());
                    let numbers =
                        records.iter().map(|(_, value)| u64::from_be_bytes(value[..].try_into().unwrap()));
                    let mut numbers: Vec<_> = numbers.collect();
                    let latest = numbers.pop().unwrap();
                    numbers.sort_unstable();
                    // The last commits, one upon the other, the latest of which is in the tables.
                    assert!(numbers.into_iter().eq(latest + 1 - KEYS..=latest));
                }
            });
        }
        let _done = SetWhenDropped(&done);
        (KEYS..COMMITS).for_each(write);
    });
    assert!(stat(&lmdb, "last_txn_id") > 20, "tables were drained meanwhile");
}

#[test]
fn a_checkpoint_holds_no_part_of_a_commit_while_tables_are_drained() {
    const KEYS: u32 = 12_000;
    let dir = Dir::new();
    let lmdb = open_with(dir.path(), &[("write_buffer_size", number(2 * MIB))]).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random::new(4);
            for number in 1_u32.. {
                // Records far from each other, which go into LMDB's tree in different transactions.
                let key = random.below(KEYS.into()) as u32;
                let (first, last) = ((key + 1).to_be_bytes(), (u32::MAX - key).to_be_bytes());
                let value = number.to_be_bytes();
                commit(&lmdb, &[put(&first, &value), put(&last, &value)]).unwrap();
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let _done = SetWhenDropped(&done);
        while stat(&lmdb, "last_txn_id") < 30 {
            let copy = Dir::new();
            lmdb.checkpoint(copy.path()).unwrap();
            let records = collect(&*open(copy.path()).view().unwrap(), &Scan::all());
            let (first, last) = records.split_at(records.len() / 2);
            assert!(
                first.iter().zip(last.iter().rev()).all(|(first, last)| first.1 == last.1),
                "half a commit"
            );
        }
    });
}

#[test]
fn many_transactions_went_into_few() {
    let dir = Dir::new();
    let lmdb = open(dir.path());
    let before = stat(&lmdb, "last_txn_id");
    for key in 0..1000_u32 {
        commit(&lmdb, &[put(&key.to_be_bytes(), b"v")]).unwrap();
    }
    assert_eq!(stat(&lmdb, "last_txn_id"), before);
    assert!(stat(&lmdb, "write_buffer_bytes") > 1000 * 64);
    assert_eq!(logs(dir.path()).len(), 1);
    drop(lmdb);
    assert!(logs(dir.path()).is_empty(), "closing leaves everything in LMDB");
    let lmdb = open_with(dir.path(), &[("write_buffer_size", number(0))]).unwrap();
    assert_eq!(stat(&lmdb, "entries"), 1000);
}

#[test]
fn where_room_is_short_many_transactions_still_go_into_few() {
    const COMMITS: u64 = 40_000;
    let mut random = Random::from_environment();
    let dir = Dir::new();
    let lmdb = open_with(dir.path(), &[("map_size", number(20 * MIB))]).unwrap();
    let mut model = Model::new();
    let before = stat(&lmdb, "last_txn_id");
    for _ in 0..COMMITS {
        let (key, value) = (random.bytes(8), random.bytes(100));
        commit(&lmdb, &[put(&key, &value)]).unwrap();
        model.insert(key, value);
    }
    let transactions = stat(&lmdb, "last_txn_id") - before;
    assert!(transactions > 0, "there was room for all in the buffer");
    assert!(transactions < COMMITS / 50, "{transactions} transactions");
    assert_same(&lmdb, &model);
}

#[test]
fn what_the_log_holds_comes_back_however_it_is_opened() {
    let mut random = Random::from_environment();
    let dir = Dir::new();
    let mut model = Model::new();
    let lmdb = open_with(dir.path(), &[fixed_map()]).unwrap();
    (0..50).for_each(|_| change(&lmdb, &mut model, &mut random));
    drop(lmdb);
    let lmdb = open_with(dir.path(), &[fixed_map()]).unwrap();
    (0..50).for_each(|_| change(&lmdb, &mut model, &mut random));

    let copy = after_death(dir.path());
    let reopened = open_with(copy.path(), &[fixed_map()]).unwrap();
    assert_same(&reopened, &model);
    let mut after = model.clone();
    (0..20).for_each(|_| change(&reopened, &mut after, &mut random));
    reopened.sync().unwrap();
    drop(reopened);
    assert_same(&open_with(copy.path(), &[fixed_map()]).unwrap(), &after);

    let copy = after_death(dir.path());
    let unbuffered = open_with(copy.path(), &[fixed_map(), ("write_buffer_size", number(0))]).unwrap();
    assert_same(&unbuffered, &model);
    assert!(logs(copy.path()).is_empty());

    let copy = after_death(dir.path());
    for _ in 0..2 {
        let readonly = open_with(copy.path(), &[("readonly", flag(true))]).unwrap();
        assert_same(&readonly, &model);
        let checkpoint = Dir::new();
        readonly.checkpoint(checkpoint.path()).unwrap();
        assert_same(&open(checkpoint.path()), &model);
        assert_eq!(logs(copy.path()).len(), 1, "reading changes nothing");
    }

    let checkpoint = dir.path().join("checkpoint");
    lmdb.checkpoint(&checkpoint).unwrap();
    assert_same(&open(&checkpoint), &model);
}

#[test]
fn a_log_that_is_cut_off_ends_with_its_last_whole_commit() {
    let mut random = Random::from_environment();
    let dir = Dir::new();
    let lmdb = open_with(dir.path(), &[fixed_map()]).unwrap();
    let mut model = Model::new();
    let mut models = vec![model.clone()];
    for _ in 0..40 {
        change(&lmdb, &mut model, &mut random);
        models.push(model.clone());
    }
    let found =
        |lmdb: &Lmdb| -> Model { collect(&*lmdb.view().unwrap(), &Scan::all()).into_iter().collect() };
    for _ in 0..12 {
        let copy = after_death(dir.path());
        let log = &logs(copy.path())[0];
        let length = fs::metadata(log).unwrap().len();
        let file = fs::OpenOptions::new().write(true).open(log).unwrap();
        file.set_len(random.below(length)).unwrap();
        drop(file);
        let reopened = open_with(copy.path(), &[fixed_map()]).unwrap();
        let mut after = found(&reopened);
        assert!(models.contains(&after), "no state between two commits: {} records", after.len());
        // What follows upon the cut is as safe as what went before, also if it crashes again at once.
        change(&reopened, &mut after, &mut random);
        assert_same(&reopened, &after);
        drop(reopened);
        assert_same(&open_with(copy.path(), &[fixed_map()]).unwrap(), &after);
    }
}

#[test]
fn a_log_that_belongs_to_another_state_of_the_file_is_refused() {
    let dir = Dir::new();
    commit(&open_with(dir.path(), &[fixed_map()]).unwrap(), &[put(b"old", b"1")]).unwrap();
    let lmdb = open_with(dir.path(), &[fixed_map()]).unwrap();
    commit(&lmdb, &[put(b"new", b"1")]).unwrap();
    let log = logs(dir.path()).remove(0);
    let restored = Dir::new();
    fs::copy(&log, restored.path().join(log.file_name().unwrap())).unwrap();
    let refused =
        open_with(restored.path(), &[fixed_map()]).err().expect("the data file is older than its log");
    assert_eq!(refused.kind(), ErrorKind::Corrupt, "{refused}");
    let strange = Dir::new();
    fs::write(strange.path().join("write.3.log"), [b'x'; 100]).unwrap();
    let refused = open_with(strange.path(), &[]).err().expect("it is not a log of ours");
    assert_eq!(refused.kind(), ErrorKind::Corrupt, "{refused}");
}

#[test]
fn durability_may_change_at_any_time() {
    let dir = Dir::new();
    let lmdb = open(dir.path());
    for (number, need) in [DurabilityNeed::EveryCommit, DurabilityNeed::Relaxed, DurabilityNeed::Periodic]
        .into_iter()
        .enumerate()
    {
        lmdb.need_durability(need).unwrap();
        commit(&lmdb, &[put(&[number as u8 + 1], b"v")]).unwrap();
        lmdb.sync().unwrap();
    }
    assert_eq!(collect(&*lmdb.view().unwrap(), &Scan::all()).len(), 3);
}
