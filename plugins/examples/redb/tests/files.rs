//! The files: what a cut-off, stale or foreign one comes to, and what compaction does to them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod support;

use std::fs::{self, OpenOptions};

use dredis_plugin::{Backend, ErrorKind, Operation};
use support::*;

#[test]
fn a_journal_that_is_cut_off_ends_with_its_last_whole_commit() {
    let dir = directory();
    let engine = open(dir.path());
    let journal = dir.path().join("journal");
    let length = || fs::metadata(&journal).unwrap().len();
    let mut starts = Vec::new();
    for number in 0..12 {
        starts.push(length());
        commit_number(&engine, number);
    }
    let mut cut_inside = 0;
    for cut in (0..length()).step_by(97) {
        let copy = copy_of(dir.path());
        OpenOptions::new().write(true).open(copy.path().join("journal")).unwrap().set_len(cut).unwrap();
        let whole = starts.iter().filter(|start| **start <= cut).count().saturating_sub(1);
        let (survivor, warnings) = open_logging(copy.path(), &[]);
        assert_eq!(usize::from(commits_found(&survivor.unwrap())), whole, "cut at {cut}");
        let told = warnings.iter().any(|line| line.contains("cut off"));
        assert_eq!(told, cut != starts[whole] && cut != 0, "{warnings:?} at {cut}");
        cut_inside += usize::from(told);
    }
    assert!(cut_inside > 10, "only {cut_inside} cuts fell into a commit");
}

#[test]
fn a_journal_that_was_not_cleared_is_not_played_back_twice() {
    let dir = directory();
    let engine = open(dir.path());
    commit(&engine, &[put(b"k", b"old")]);
    let before = fs::read(dir.path().join("journal")).unwrap();
    drop(engine);
    let engine = open(dir.path());
    commit(&engine, &[put(b"k", b"new")]);
    drop(engine);
    // As if the crash had come between redb's durable commit and the clearing.
    fs::write(dir.path().join("journal"), before).unwrap();
    assert_eq!(get(&open(dir.path()), b"k"), Some(b"new".to_vec()));
}

#[test]
fn a_journal_with_a_gap_is_refused() {
    let dir = directory();
    drop(open(dir.path()));
    let engine = open(dir.path());
    commit(&engine, &[put(b"k", b"1")]);
    drop(engine);
    let engine = open(dir.path());
    commit(&engine, &[put(b"k", b"2")]);
    // A database without commit 1, with a journal that begins with commit 2.
    let fresh = directory();
    drop(open(fresh.path()));
    fs::copy(dir.path().join("journal"), fresh.path().join("journal")).unwrap();
    let Err(error) = open_with(fresh.path(), &[]) else { panic!("a lost commit went unnoticed") };
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.message().contains("commit 1 is missing before 2"), "{error}");
}

#[test]
fn a_creation_that_was_cut_off_is_begun_again() {
    let dir = directory();
    fs::write(dir.path().join("data.redb.new"), b"half a file").unwrap();
    let engine = open(dir.path());
    commit(&engine, &[put(b"k", b"v")]);
    engine.sync().unwrap();
    drop(engine);
    assert_eq!(get(&open(dir.path()), b"k"), Some(b"v".to_vec()));
}

#[test]
fn a_file_that_is_no_database_is_refused_in_one_line() {
    let dir = directory();
    fs::write(dir.path().join("data.redb"), vec![b'x'; 100_000]).unwrap();
    let Err(error) = open_with(dir.path(), &[]) else { panic!("opened") };
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.message().contains("; ") && !error.message().contains('\n'), "{error}");
}

#[test]
fn compaction_gives_space_back_unless_somebody_reads() {
    let dir = directory();
    let engine = open(dir.path());
    for batch in 0..20_u32 {
        let keys: Vec<_> = (0..500).map(|number| (batch * 500 + number).to_be_bytes()).collect();
        commit(&engine, &keys.iter().map(|key| put(key, &[7; 1000])).collect::<Vec<_>>());
    }
    engine.compact(&[], None).unwrap();
    let full = engine.approximate_size(&[], None).unwrap().unwrap();
    commit(&engine, &[Operation::DeleteRange { start: &[0], end: &[1] }]);
    let view = engine.view().unwrap();
    assert_eq!(engine.compact(&[], None).unwrap_err().kind(), ErrorKind::Retry);
    drop(view);
    engine.compact(&[], None).unwrap();
    let empty = engine.approximate_size(&[], None).unwrap().unwrap();
    assert!(empty < full / 4, "{full} bytes became {empty}");
    assert_eq!(engine.approximate_size(b"a", None).unwrap(), None);
    assert_eq!(stat(&engine, "redb_entries"), 0);
}
