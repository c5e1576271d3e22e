//! The options: what is refused, what they do, and what is said of those that come too late.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod support;

use dredis_plugin::{ErrorKind, OptionValue};
use support::*;

#[test]
fn what_fjall_cannot_honour_is_refused() {
    let dir = directory();
    for (name, value) in [
        ("cache_size", -1),
        ("journal_size", 0),
        ("worker_threads", 0),
        ("max_open_files", 9),
        ("block_size", 0),
    ] {
        let Err(error) = open_with(dir.path(), &[(name, integer(value))]) else {
            panic!("{name} was accepted")
        };
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().starts_with(&format!("option '{name}' takes a number from ")), "{error}");
    }
    let zstd = OptionValue::Text("zstd".to_owned());
    let Err(error) = open_with(dir.path(), &[("compression", zstd)]) else { panic!("accepted") };
    assert_eq!(error.message(), "option 'compression' takes \"lz4\" or \"none\", not \"zstd\"");
}

#[test]
fn the_cache_has_the_size_asked_for() {
    let dir = directory();
    let engine = open_with(dir.path(), &[("cache_size", integer(2 << 20))]).unwrap();
    assert_eq!(stat(&engine, "fjall_cache_size"), 2 << 20);
}

#[test]
fn an_option_that_comes_too_late_is_told() {
    let dir = directory();
    let warnings_with = |memtable_bytes| {
        let (opened, warnings) = open_logging(dir.path(), &[("memtable_size", integer(memtable_bytes))]);
        drop(opened.unwrap());
        warnings
    };
    for _ in 0..2 {
        assert_eq!(warnings_with(1 << 20), Vec::<String>::new());
    }
    let told = "memtable_size=2097152 has no effect: the database was created with memtable_size=1048576 and keeps that";
    assert_eq!(warnings_with(2 << 20), [told]);
}
