//! What the death of the process leaves: the directory is copied while the engine is open, and the copy is opened.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod common;

use std::fs::{self, OpenOptions};

use common::*;
use dredis_plugin::{Backend, ErrorKind};

#[test]
fn every_commit_that_returned_is_there() {
    let mut random = Random::from_environment();
    let dir = Dir::new();
    let engine = open(dir.path());
    let mut model = Model::new();
    for round in 0..200 {
        commit_changes(&engine, &mut model, &random.batch());
        if round == 100 {
            // From here on, some of it is in tables and the rest in the journal.
            engine.compact(&[], None).unwrap();
        }
        if round % 20 == 7 {
            let copy = Dir::copy_of(&dir);
            let survivor = open(copy.path());
            assert_same(&*survivor.view().unwrap(), &model);
            // It goes on from there, and dies once more.
            let mut own = model.clone();
            commit_changes(&survivor, &mut own, &random.batch());
            let again = Dir::copy_of(&copy);
            drop(survivor);
            assert_same(&*open(again.path()).view().unwrap(), &own);
            assert_same(&*open(copy.path()).view().unwrap(), &own);
        }
    }
    assert!(stat(&engine, "fjall_tables") > 0, "nothing was ever written out");
}

#[test]
fn a_commit_is_there_whole_or_not_at_all() {
    let mut random = Random::from_environment();
    let dir = Dir::new();
    let engine = open(dir.path());
    let journal = fs::read_dir(dir.path().join("data")).unwrap().map(|entry| entry.unwrap().file_name());
    let journal: Vec<_> = journal.filter(|name| name.to_string_lossy().ends_with(".jnl")).collect();
    assert_eq!(journal.len(), 1, "{journal:?}");
    let length_of = |dir: &Dir| fs::metadata(dir.path().join("data").join(&journal[0])).unwrap().len();
    let (mut model, mut states) = (Model::new(), Vec::new());
    for _ in 0..12 {
        states.push((length_of(&dir), model.clone()));
        commit_changes(&engine, &mut model, &random.batch());
    }
    let (first, end) = (states[0].0, length_of(&dir));
    assert!(end > first, "the journal does not grow: {first} to {end}");
    for _ in 0..40 {
        let length = first + random.below((end - first) as usize) as u64;
        let copy = Dir::copy_of(&dir);
        let cut = copy.path().join("data").join(&journal[0]);
        OpenOptions::new().write(true).open(cut).unwrap().set_len(length).unwrap();
        let (_, whole) = states.iter().rev().find(|(start, _)| *start <= length).unwrap();
        assert_same(&*open(copy.path()).view().unwrap(), whole);
    }
}

#[test]
fn a_creation_that_was_cut_off_is_begun_again() {
    let dir = Dir::new();
    fs::create_dir(dir.path().join("data.new")).unwrap();
    fs::write(dir.path().join("data.new/0.jnl"), b"half").unwrap();
    let engine = open(dir.path());
    commit(&engine, &[put(b"k", b"v")]).unwrap();
    engine.sync().unwrap();
    drop(engine);
    assert_eq!(get(&open(dir.path()), b"k"), Some(b"v".to_vec()));
}

#[test]
fn files_that_are_no_database_are_refused_in_one_line() {
    let dir = Dir::new();
    fs::create_dir(dir.path().join("data")).unwrap();
    fs::write(dir.path().join("data/version"), b"not a version").unwrap();
    let Err(error) = open_with(dir.path(), &[]) else { panic!("opened") };
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.message().contains("; ") && !error.message().contains('\n'), "{error}");
}
