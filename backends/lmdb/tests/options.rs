//! Every option does what it says or is refused with a reason.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use common::*;
use dredis_plugin::{Backend, Durability, ErrorKind, Open, OptionValue};

type Given<'a> = [(&'a str, OptionValue)];

fn refused(given: &Given<'_>) -> String {
    let dir = Dir::new();
    let error = open_with(dir.path(), given).err().expect("is refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(!error.message().contains('\n'), "one line: {error}");
    error.message().to_owned()
}

fn assert_refused(given: &Given<'_>, parts: &[&str]) {
    let message = refused(given);
    for part in parts {
        assert!(message.contains(part), "'{message}' does not say '{part}'");
    }
}

fn works(lmdb: &dredis_backend_lmdb::Lmdb) {
    commit(lmdb, &[put(b"k", b"v")]).unwrap();
    assert_eq!(get(lmdb, b"k"), Some(b"v".to_vec()));
}

#[test]
fn the_schema_is_complete_and_its_defaults_fit() {
    let schema = dredis_backend_lmdb::Lmdb::options();
    let mut names: Vec<_> = schema.iter().map(|spec| spec.name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "create",
        "lock",
        "map_async",
        "map_size",
        "max_readers",
        "max_spare_txns",
        "meminit",
        "metasync",
        "mode",
        "path",
        "readahead",
        "readonly",
        "subdir",
        "sync",
        "write_buffer_size",
        "writemap",
    ];
    assert_eq!(names, expected);
    // Saying the defaults changes nothing.
    let given: Vec<_> = schema.iter().map(|spec| (spec.name.as_str(), spec.default.clone())).collect();
    let dir = Dir::new();
    works(&open_with(dir.path(), &given).unwrap());
    assert!(schema.iter().all(|spec| spec.kind.accepts(&spec.default) && !spec.help.contains('\n')));
}

#[test]
fn path_and_subdir_say_where_the_data_lies() {
    let dir = Dir::new();
    works(&open_with(dir.path(), &[("path", text("deep/inside"))]).unwrap());
    assert!(dir.path().join("deep/inside/data.mdb").is_file());
    assert!(dir.path().join("deep/inside/lock.mdb").is_file());
    let elsewhere = Dir::new();
    let absolute = elsewhere.path().join("file");
    let given = [("path", text(absolute.to_str().unwrap())), ("subdir", flag(false))];
    works(&open_with(dir.path(), &given).unwrap());
    assert!(absolute.is_file());
    assert!(elsewhere.path().join("file-lock").is_file());
    let plain = Dir::new();
    works(&open_with(plain.path(), &[("subdir", flag(false))]).unwrap());
    assert!(plain.path().join("data.mdb-lock").is_file());
    assert_eq!(get(&open(plain.path()), b"k"), Some(b"v".to_vec()));
    assert_refused(&[("path", text(""))], &["'path'", "empty"]);
    assert_refused(&[("path", text("a\0b"))], &["'path'", "zero byte"]);
}

#[test]
fn create_false_wants_data() {
    assert_refused(&[("create", flag(false))], &["no LMDB data", "create=false"]);
    let dir = Dir::new();
    works(&open(dir.path()));
    works(&open_with(dir.path(), &[("create", flag(false))]).unwrap());
}

#[test]
fn readonly_reads_and_refuses_commits() {
    assert_refused(&[("readonly", flag(true))], &["no LMDB data", "readonly=true"]);
    let dir = Dir::new();
    works(&open(dir.path()));
    let before = std::fs::metadata(dir.path().join("data.mdb")).unwrap();
    {
        let lmdb = open_with(dir.path(), &[("readonly", flag(true))]).unwrap();
        assert_eq!(get(&lmdb, b"k"), Some(b"v".to_vec()));
        let error = commit(&lmdb, &[put(b"k", b"w")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        lmdb.sync().unwrap();
        let copy = Dir::new();
        lmdb.checkpoint(copy.path()).unwrap();
        assert_eq!(get(&open(copy.path()), b"k"), Some(b"v".to_vec()));
    }
    let after = std::fs::metadata(dir.path().join("data.mdb")).unwrap();
    assert_eq!((before.len(), before.modified().unwrap()), (after.len(), after.modified().unwrap()));
    for name in ["writemap", "create", "sync", "map_async", "metasync", "meminit"] {
        assert_refused(&[("readonly", flag(true)), (name, flag(true))], &[name, "readonly"]);
    }
    assert_refused(&[("readonly", flag(true)), ("map_size", number(1 << 30))], &["map_size", "readonly"]);
    assert_refused(&[("readonly", flag(true)), ("mode", number(0o600))], &["mode", "readonly"]);
}

#[test]
fn mode_is_that_of_created_files() {
    let dir = Dir::new();
    works(&open_with(dir.path(), &[("mode", number(0o640))]).unwrap());
    for file in ["data.mdb", "lock.mdb"] {
        let mode = std::fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "{file}");
    }
    assert_refused(&[("mode", number(-1))], &["'mode'", "between"]);
    assert_refused(&[("mode", number(0o1000))], &["'mode'", "between"]);
    assert_refused(&[("mode", number(0o400))], &["'mode'", "octal 400"]);
    assert_refused(&[("mode", number(644))], &["'mode'", "octal 1204"]);
}

#[test]
fn map_size_is_a_limit_of_the_file() {
    let dir = Dir::new();
    let lmdb = open_with(dir.path(), &[("map_size", number((4 << 20) + 12_345))]).unwrap();
    works(&lmdb);
    assert!(stat(&lmdb, "map_bytes") <= 4 << 20);
    drop(lmdb);
    for size in [0, -5, (1 << 20) - 1, i64::MAX] {
        assert_refused(&[("map_size", number(size))], &["'map_size'", "from 1048576 to"]);
    }
    let lmdb = open(dir.path());
    commit(&lmdb, &[put(b"big", &vec![1; 3 << 20])]).unwrap();
    drop(lmdb);
    let error = open_with(dir.path(), &[("map_size", number(1 << 20))]).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("map_size"), "{error}");
    assert!(get(&open(dir.path()), b"big").is_some());
}

#[test]
fn what_commits_wait_for() {
    let durability = |given: &Given<'_>| {
        let dir = Dir::new();
        let lmdb = open_with(dir.path(), given).unwrap();
        works(&lmdb);
        lmdb.sync().unwrap();
        lmdb.capabilities().durability
    };
    assert_eq!(durability(&[]), Durability::OnSync);
    assert_eq!(durability(&[("map_async", flag(true))]), Durability::OnSync);
    assert_eq!(durability(&[("sync", flag(false)), ("metasync", flag(false))]), Durability::OnSync);
    assert_eq!(durability(&[("sync", flag(true))]), Durability::OnCommit);
    assert_eq!(durability(&[("map_async", flag(false))]), Durability::OnCommit);
    assert_eq!(durability(&[("metasync", flag(true))]), Durability::OnCommit);
    assert_eq!(durability(&[("sync", flag(true)), ("metasync", flag(false))]), Durability::OnSync);
    assert_eq!(durability(&[("sync", flag(true)), ("writemap", flag(false))]), Durability::OnCommit);
    let writemap = ("writemap", flag(false));
    assert_refused(&[("map_async", flag(true)), writemap], &["map_async", "writemap=false"]);
    assert_refused(&[("map_async", flag(true)), ("sync", flag(true))], &["map_async", "sync"]);
    assert_refused(&[("map_async", flag(true)), ("metasync", flag(true))], &["map_async", "metasync"]);
    assert_refused(&[("map_async", flag(false)), ("sync", flag(false))], &["sync", "map_async=false"]);
    assert_refused(&[("metasync", flag(true)), ("sync", flag(false))], &["sync", "metasync=true"]);
}

#[test]
fn reader_options() {
    let dir = Dir::new();
    let lmdb = open_with(dir.path(), &[("max_readers", number(3)), ("max_spare_txns", number(0))]).unwrap();
    works(&lmdb);
    assert_eq!(stat(&lmdb, "reader_slots_max"), 3);
    let views: Vec<_> = (0..3).map(|_| lmdb.view().unwrap()).collect();
    let error = lmdb.view().err().expect("no slot is left");
    assert_eq!(error.kind(), ErrorKind::Retry, "{error}");
    assert!(error.message().contains("max_readers"), "{error}");
    drop(views);
    assert_eq!(get(&lmdb, b"k"), Some(b"v".to_vec()));
    assert_eq!(stat(&lmdb, "open_snapshots"), 0, "no spare is kept");
    drop(lmdb);
    let lmdb = open_with(dir.path(), &[("max_spare_txns", number(1))]).unwrap();
    let views: Vec<_> = (0..1000).map(|_| lmdb.view().unwrap()).collect();
    assert_eq!(stat(&lmdb, "open_snapshots"), 1, "views of one moment share");
    drop(views);
    assert_eq!(stat(&lmdb, "open_snapshots"), 1, "one spare is kept");
    for readers in [0, -1, 65_537] {
        assert_refused(&[("max_readers", number(readers))], &["'max_readers'", "from 1 to 65536"]);
    }
    for spare in [-1, 65] {
        assert_refused(&[("max_spare_txns", number(spare))], &["'max_spare_txns'", "from 0 to 64"]);
    }
}

#[test]
fn the_rest() {
    let dir = Dir::new();
    works(&open_with(dir.path(), &[("readahead", flag(true)), ("meminit", flag(true))]).unwrap());
    works(&open_with(dir.path(), &[("meminit", flag(false)), ("writemap", flag(false))]).unwrap());
    for written in [("writemap", flag(true)), ("write_buffer_size", number(0)), ("map_async", flag(true))] {
        assert_refused(&[("meminit", flag(false)), written], &["meminit", "writemap"]);
    }
    for synced in [("sync", flag(true)), ("metasync", flag(true)), ("map_async", flag(false))] {
        works(&open_with(dir.path(), &[("write_buffer_size", number(0)), synced.clone()]).unwrap());
        assert_refused(
            &[("write_buffer_size", number(1)), synced],
            &["write_buffer_size", "wait for the disk"],
        );
    }
    works(&open_with(dir.path(), &[("lock", flag(true))]).unwrap());
    assert_refused(&[("lock", flag(false))], &["lock", "must be true"]);
}

#[test]
fn a_second_opening_is_refused() {
    if let Ok(dir) = std::env::var("DREDIS_LMDB_SECOND") {
        match open_with(std::path::Path::new(&dir), &[]) {
            Ok(_) => println!("opened"),
            Err(error) => println!("refused: {:?}: {error}", error.kind()),
        }
        return;
    }
    let dir = Dir::new();
    let other_process = || {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_second_opening_is_refused", "--nocapture"])
            .env("DREDIS_LMDB_SECOND", dir.path())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let lmdb = open(dir.path());
    works(&lmdb);
    for given in [&[][..], &[("subdir", flag(false))], &[("readonly", flag(true))]] {
        let error = open_with(dir.path(), given).err().expect("is in use");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains("already in use"), "{error}");
    }
    let said = other_process();
    assert!(said.contains("refused: InvalidInput") && said.contains("already in use"), "{said}");
    works(&lmdb);
    drop(lmdb);
    assert!(other_process().contains("opened"));
    works(&open(dir.path()));
}

#[test]
fn files_that_are_not_lmdb_are_left_alone() {
    let contents = [b"not a database".repeat(10_000), b"short".to_vec(), vec![0; 8192]];
    for content in contents {
        let dir = Dir::new();
        let file = dir.path().join("data.mdb");
        std::fs::write(&file, &content).unwrap();
        let error = open_with(dir.path(), &[]).err().expect("is refused");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.message().contains("data.mdb"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), content, "untouched");
    }
}

#[test]
fn a_file_cut_short_is_refused_and_left_alone() {
    let dir = Dir::new();
    let lmdb = open(dir.path());
    commit(&lmdb, &[put(b"big", &vec![1; 1 << 20])]).unwrap();
    drop(lmdb);
    let file = dir.path().join("data.mdb");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let error = open_with(dir.path(), &[]).err().expect("is refused");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!(std::fs::metadata(&file).unwrap().len(), whole.len() as u64 / 2);
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(get(&open(dir.path()), b"big"), Some(vec![1; 1 << 20]));
}
