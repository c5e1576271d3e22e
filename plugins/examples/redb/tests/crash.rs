//! What the death of the process leaves: the directory is copied while the engine is open, and the copy is opened.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod common;

use std::fs::{self, OpenOptions};
use std::sync::{Arc, Mutex};

use common::*;
use dredis_plugin::{Backend, ErrorKind, LogLevel, Logger};

#[test]
fn every_commit_that_returned_is_there() {
    let mut random = Random::from_environment();
    let dir = Dir::new();
    let engine = open_with(dir.path(), &[("journal_size", integer(256 << 10))]).unwrap();
    let mut model = Model::new();
    let (mut played_back, mut settled) = (0, 0);
    for round in 0..300 {
        commit_changes(&engine, &mut model, &random.batch());
        if round % 20 == 7 {
            let copy = Dir::copy_of(&dir);
            let survivor = open(copy.path());
            assert_same(&*survivor.view().unwrap(), &model);
            played_back += stat(&engine, "redb_journal_bytes");
            settled = stat(&engine, "redb_durable_commits");
            // It goes on from there, and dies once more.
            let mut own = model.clone();
            commit_changes(&survivor, &mut own, &random.batch());
            let again = Dir::copy_of(&copy);
            drop(survivor);
            assert_same(&*open(again.path()).view().unwrap(), &own);
            assert_same(&*open(copy.path()).view().unwrap(), &own);
        }
    }
    assert!(played_back > 1000 && settled > 0, "both ways are taken: {played_back} bytes, {settled} settled");
}

#[test]
fn a_commit_is_there_whole_or_not_at_all() {
    let mut random = Random::from_environment();
    let dir = Dir::new();
    let engine = open(dir.path());
    let (mut model, mut states) = (Model::new(), Vec::new());
    let journal = dir.path().join("journal");
    for _ in 0..12 {
        states.push((fs::metadata(&journal).unwrap().len(), model.clone()));
        commit_changes(&engine, &mut model, &random.batch());
    }
    let end = fs::metadata(&journal).unwrap().len();
    let mut cut_inside = 0;
    for _ in 0..40 {
        let length = random.below(end as usize) as u64;
        let copy = Dir::copy_of(&dir);
        OpenOptions::new().write(true).open(copy.path().join("journal")).unwrap().set_len(length).unwrap();
        let (start, whole) = states.iter().rev().find(|(start, _)| *start <= length).unwrap_or(&states[0]);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let log = Logger::new(move |level, line| sink.lock().unwrap().push((level, line.to_owned())));
        let survivor = open_logging(copy.path(), &[], log).unwrap();
        assert_same(&*survivor.view().unwrap(), whole);
        let lines = lines.lock().unwrap();
        let told = lines.iter().any(|(level, line)| *level == LogLevel::Warning && line.contains("cut off"));
        assert_eq!(told, length != *start && length != 0, "{lines:?} at {length}, last whole at {start}");
        cut_inside += usize::from(told);
    }
    assert!(cut_inside > 10, "only {cut_inside} cuts fell into a commit");
}

#[test]
fn a_journal_that_was_not_cleared_is_not_played_back_twice() {
    let dir = Dir::new();
    let engine = open(dir.path());
    commit(&engine, &[put(b"k", b"old")]).unwrap();
    let before = fs::read(dir.path().join("journal")).unwrap();
    drop(engine);
    let engine = open(dir.path());
    commit(&engine, &[put(b"k", b"new")]).unwrap();
    drop(engine);
    // As if the crash had come between redb's durable commit and the clearing.
    fs::write(dir.path().join("journal"), before).unwrap();
    let engine = open(dir.path());
    assert_eq!(get(&engine, b"k"), Some(b"new".to_vec()));
}

#[test]
fn a_journal_with_a_gap_is_refused() {
    let dir = Dir::new();
    let engine = open(dir.path());
    commit(&engine, &[put(b"k", b"1")]).unwrap();
    let early = Dir::copy_of(&dir);
    drop(engine);
    let engine = open(dir.path());
    commit(&engine, &[put(b"k", b"2")]).unwrap();
    drop(open(early.path()));
    let later = Dir::copy_of(&dir);
    // A database without commit 1, with a journal that begins with commit 2.
    let fresh = Dir::new();
    drop(open(fresh.path()));
    fs::copy(later.path().join("journal"), fresh.path().join("journal")).unwrap();
    let Err(error) = open_with(fresh.path(), &[]) else { panic!("a lost commit went unnoticed") };
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.message().contains("commit 1 is missing before 2"), "{error}");
}

#[test]
fn a_creation_that_was_cut_off_is_begun_again() {
    let dir = Dir::new();
    fs::write(dir.path().join("data.redb.new"), b"half a file").unwrap();
    let engine = open(dir.path());
    commit(&engine, &[put(b"k", b"v")]).unwrap();
    engine.sync().unwrap();
    drop(engine);
    assert_eq!(get(&open(dir.path()), b"k"), Some(b"v".to_vec()));
}

#[test]
fn a_file_that_is_no_database_is_refused_in_one_line() {
    let dir = Dir::new();
    fs::write(dir.path().join("data.redb"), vec![b'x'; 100_000]).unwrap();
    let Err(error) = open_with(dir.path(), &[]) else { panic!("opened") };
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.message().contains("; ") && !error.message().contains('\n'), "{error}");
}
