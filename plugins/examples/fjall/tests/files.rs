//! The files: what a cut-off or foreign one comes to, and what compaction does to them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod support;

use std::fs::{self, OpenOptions};

use dredis_plugin::{Backend, ErrorKind, Operation, OptionValue};
use support::*;

#[test]
fn a_journal_that_is_cut_off_ends_with_its_last_whole_commit() {
    let dir = directory();
    let engine = open(dir.path());
    let data = dir.path().join("data");
    let journals = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name());
    let journals: Vec<_> = journals.filter(|name| name.to_string_lossy().ends_with(".jnl")).collect();
    let [journal] = &journals[..] else { panic!("{journals:?}") };
    let length = || fs::metadata(data.join(journal)).unwrap().len();
    let mut starts = Vec::new();
    for number in 0..12 {
        starts.push(length());
        commit_number(&engine, number);
    }
    let end = length();
    assert!(end > starts[0], "the journal does not grow");
    for cut in (starts[0]..end).step_by(97) {
        let copy = copy_of(dir.path());
        let path = copy.path().join("data").join(journal);
        OpenOptions::new().write(true).open(path).unwrap().set_len(cut).unwrap();
        let whole = starts.iter().filter(|start| **start <= cut).count() - 1;
        assert_eq!(usize::from(commits_found(&open(copy.path()))), whole, "cut at {cut}");
    }
}

#[test]
fn a_creation_that_was_cut_off_is_begun_again() {
    let dir = directory();
    fs::create_dir(dir.path().join("data.new")).unwrap();
    fs::write(dir.path().join("data.new/0.jnl"), b"half").unwrap();
    let engine = open(dir.path());
    commit(&engine, &[put(b"k", b"v")]);
    engine.sync().unwrap();
    drop(engine);
    assert_eq!(get(&open(dir.path()), b"k"), Some(b"v".to_vec()));
}

#[test]
fn files_that_are_no_database_are_refused_in_one_line() {
    let dir = directory();
    fs::create_dir(dir.path().join("data")).unwrap();
    fs::write(dir.path().join("data/version"), b"not a version").unwrap();
    let Err(error) = open_with(dir.path(), &[]) else { panic!("opened") };
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.message().contains("; ") && !error.message().contains('\n'), "{error}");
}

#[test]
fn compaction_gives_space_back() {
    let dir = directory();
    let engine = open_with(dir.path(), &[("compression", OptionValue::Text("none".to_owned()))]).unwrap();
    for batch in 0..20_u32 {
        let keys: Vec<_> = (0..250).map(|number| (batch * 250 + number).to_be_bytes()).collect();
        commit(&engine, &keys.iter().map(|key| put(key, &[7; 1000])).collect::<Vec<_>>());
    }
    engine.compact(&[], None).unwrap();
    // Tables only: fjall keeps a journal until it has grown to 64 MiB.
    let full = stat(&engine, "fjall_table_bytes");
    commit(&engine, &[Operation::DeleteRange { start: &[0], end: &[1] }]);
    engine.compact(&[], None).unwrap();
    let empty = stat(&engine, "fjall_table_bytes");
    assert!(full > 4_000_000 && empty < full / 4, "{full} bytes became {empty}");
    assert!(engine.approximate_size(&[], None).unwrap().is_some_and(|size| size > full));
    assert_eq!(engine.approximate_size(b"a", None).unwrap(), None);
    assert_eq!(get(&engine, &0_u32.to_be_bytes()), None);
}
