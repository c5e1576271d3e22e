//! The options: what is refused, and what they do.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod support;

use dredis_plugin::{Backend, ErrorKind};
use support::*;

#[test]
fn what_redb_cannot_honour_is_refused() {
    let dir = directory();
    for (name, value) in [("cache_size", 1), ("journal_size", 0), ("journal_size", 1 << 40)] {
        let Err(error) = open_with(dir.path(), &[(name, integer(value))]) else {
            panic!("{name} was accepted")
        };
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().starts_with(&format!("option '{name}' takes a number from ")), "{error}");
    }
}

#[test]
fn the_cache_has_the_size_asked_for() {
    let dir = directory();
    let engine = open_with(dir.path(), &[("cache_size", integer(2 << 20))]).unwrap();
    assert_eq!(stat(&engine, "redb_cache_size"), 2 << 20);
}

#[test]
fn the_journals_size_decides_when_redb_commits_durably() {
    let durable_commits = |journal_bytes| {
        let dir = directory();
        let engine = open_with(dir.path(), &[("journal_size", integer(journal_bytes))]).unwrap();
        commit(&engine, &[put(b"k", b"old")]);
        // What a view shows stays, whatever becomes of the journal.
        let view = engine.view().unwrap();
        for number in 0..200 {
            commit(&engine, &[put(b"k", &[number; 1000])]);
        }
        assert_eq!(view.get(b"k").unwrap().as_deref(), Some(&b"old"[..]));
        engine.sync().unwrap();
        stat(&engine, "redb_durable_commits")
    };
    let (small, large) = (durable_commits(64 << 10), durable_commits(64 << 20));
    assert!(small > large, "durable commits with a small journal: {small}, with a large one: {large}");
}
