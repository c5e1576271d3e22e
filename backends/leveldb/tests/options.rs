//! Every option: what it does where that can be seen, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::Path;
use std::process::{Command, Stdio};

use dredis_backend_leveldb::LevelDb;
use dredis_plugin::{Backend, ErrorKind, Open, OptionValue};
use support::*;

/// Commits, compacts and reopens with these options; the bytes of table files that result.
fn table_bytes_with(given: &[(&str, OptionValue)]) -> (u64, usize) {
    let dir = TestDir::new("option");
    let mut model = Model::new();
    {
        let db = open_with(dir.path(), given).unwrap();
        // Twice, so that the second compaction has something to merge, and writes files of the size asked for.
        for _ in 0..2 {
            for number in 0..40_000_u32 {
                let (key, value) = (format!("key of number {number:08}").into_bytes(), vec![b'v'; 100]);
                put(&db, &key, &value).unwrap();
                model.insert(key, value);
            }
            db.compact(&[], None).unwrap();
        }
        assert_holds(&db, &model);
    }
    assert_holds(&open_with(dir.path(), given).unwrap(), &model);
    files_of(dir.path(), "ldb")
}

fn files_of(dir: &Path, extension: &str) -> (u64, usize) {
    let files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|own| own == extension))
        .collect();
    (files.iter().map(|path| path.metadata().unwrap().len()).sum(), files.len())
}

#[test]
fn compression_filter_and_blocks_show_in_the_files() {
    let none = ("compression", text("none"));
    let (plain, _) = table_bytes_with(std::slice::from_ref(&none));
    let (packed, _) = table_bytes_with(&[("compression", text("snappy"))]);
    let (default, _) = table_bytes_with(&[("compression", OptionValue::Null)]);
    assert!(packed * 2 < plain, "snappy: {packed} bytes, none: {plain}");
    assert!(packed.abs_diff(default) < packed / 10, "null is the default: {default} bytes, not {packed}");

    let (unfiltered, _) = table_bytes_with(&[none.clone(), ("bloom_filter_bits", integer(0))]);
    // Ten bits for each of 40,000 keys.
    assert!((40_000..80_000).contains(&(plain - unfiltered)), "filter: {} bytes", plain - unfiltered);

    let (all_whole, _) = table_bytes_with(&[none.clone(), ("block_restart_interval", integer(1))]);
    assert!(all_whole > plain + 40_000, "keys whole: {all_whole} bytes, prefixes shared: {plain}");
    let (large_blocks, _) = table_bytes_with(&[none.clone(), ("block_size", integer(65_536))]);
    assert!(large_blocks < plain, "large blocks: {large_blocks} bytes, 4 KiB: {plain}");

    let (_, few) = table_bytes_with(std::slice::from_ref(&none));
    let (_, many) = table_bytes_with(&[none, ("max_file_size", integer(1 << 20))]);
    assert!(many > few, "files of 1 MiB: {many}, of 8 MiB: {few}");
}

#[test]
fn the_write_buffer_decides_when_tables_appear() {
    let tables = |bytes| {
        let dir = TestDir::new("buffer");
        let db = open_with(dir.path(), &[("write_buffer_size", integer(bytes))]).unwrap();
        for number in 0..10_000_u32 {
            put(&db, &number.to_be_bytes(), &[3; 100]).unwrap();
        }
        files_of(dir.path(), "ldb").1
    };
    assert!(tables(65_536) > 0);
    assert_eq!(tables(32 << 20), 0);
}

#[test]
fn the_cache_holds_no_more_than_it_may() {
    let memory_after_reading = |bytes| {
        let dir = TestDir::new("cache");
        let db =
            open_with(dir.path(), &[("lru_cache_size", integer(bytes)), ("max_open_files", integer(74))])
                .unwrap();
        for number in 0..20_000_u32 {
            put(&db, &number.to_be_bytes(), &[3; 100]).unwrap();
        }
        db.compact(&[], None).unwrap();
        let view = db.view().unwrap();
        for number in 0..20_000_u32 {
            assert!(get(&*view, &number.to_be_bytes()).is_some());
        }
        let stats = db.stats();
        stats.iter().find(|(name, _)| name == "memory_bytes").unwrap().1.parse::<u64>().unwrap()
    };
    let (with, without) = (memory_after_reading(64 << 20), memory_after_reading(0));
    assert!(with > without + 1_500_000, "with a cache {with} bytes, without {without}");
}

#[test]
fn values_that_leveldb_cannot_honour_are_refused() {
    let dir = TestDir::new("refused");
    let refused_integers = [
        ("write_buffer_size", [-1, 0, 65_535, (1 << 30) + 1]),
        ("max_open_files", [-1, 0, 73, 50_001]),
        ("lru_cache_size", [-1, -4096, (1 << 40) + 1, i64::MAX]),
        ("block_size", [-1, 0, 1023, (4 << 20) + 1]),
        ("block_restart_interval", [-1, 0, 1025, i64::MAX]),
        ("max_file_size", [-1, 0, (1 << 20) - 1, (1 << 30) + 1]),
        ("bloom_filter_bits", [-1, 44, 1 << 31, i64::MIN]),
    ];
    for (name, values) in refused_integers {
        for value in values {
            let error = refused(dir.path(), &[(name, integer(value))]);
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let message = error.message();
            assert!(message.contains(name) && message.contains(&value.to_string()), "{message}");
        }
    }
    for (name, value) in [
        ("compression", text("zstd")),
        ("compression", text("")),
        ("name", text("")),
        ("name", text("nul\0byte")),
        ("paranoid_checks", integer(1)),
        ("block_size", text("4096")),
        ("blok_size", integer(4096)),
    ] {
        let error = refused(dir.path(), &[(name, value)]);
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}: {error}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "a refusal leaves nothing behind");
}

#[test]
fn the_schema_names_every_option_with_a_default_that_is_accepted() {
    let schema = LevelDb::options();
    let names: Vec<&str> = schema.iter().map(|option| option.name.as_str()).collect();
    for name in [
        "name",
        "create_if_missing",
        "error_if_exists",
        "paranoid_checks",
        "write_buffer_size",
        "max_open_files",
        "lru_cache_size",
        "block_size",
        "block_restart_interval",
        "max_file_size",
        "compression",
        "bloom_filter_bits",
    ] {
        assert!(names.contains(&name), "{name} is missing");
    }
    assert_eq!(names.len(), 12);
    let dir = TestDir::new("schema");
    let defaults: Vec<(&str, OptionValue)> =
        schema.iter().map(|option| (option.name.as_str(), option.default.clone())).collect();
    open_with(dir.path(), &defaults).unwrap();
}

#[test]
fn name_is_the_directory() {
    let dir = TestDir::new("name");
    let elsewhere = dir.path().join("deep/elsewhere");
    let given = [("name", text(elsewhere.to_str().unwrap()))];
    put(&open_with(dir.path(), &given).unwrap(), b"key", b"value").unwrap();
    assert!(elsewhere.join("CURRENT").is_file() && !dir.path().join("CURRENT").exists());
    assert_eq!(get(&*open(&elsewhere).view().unwrap(), b"key").as_deref(), Some(b"value".as_slice()));
}

#[test]
fn foreign_and_missing_directories_are_refused() {
    let dir = TestDir::new("foreign");
    std::fs::write(dir.path().join("letters.txt"), "dear").unwrap();
    let name = ("name", text(dir.path().to_str().unwrap()));
    let error = refused(dir.path(), std::slice::from_ref(&name));
    assert!(error.kind() == ErrorKind::InvalidInput && error.message().contains("letters.txt"), "{error}");

    let file = ("name", text(dir.path().join("letters.txt").to_str().unwrap()));
    assert_eq!(refused(dir.path(), &[file]).kind(), ErrorKind::InvalidInput);

    let missing = ("create_if_missing", OptionValue::Bool(false));
    let nowhere = dir.path().join("nowhere");
    let error = refused(dir.path(), &[("name", text(nowhere.to_str().unwrap())), missing.clone()]);
    assert!(error.kind() == ErrorKind::InvalidInput && !nowhere.exists(), "{error}");
    let error = refused(dir.path(), &[missing]);
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "a refusal leaves nothing behind");

    let damaged = TestDir::new("damaged");
    std::fs::write(damaged.path().join("CURRENT"), "MANIFEST-000001\n").unwrap();
    std::fs::write(damaged.path().join("MANIFEST-000001"), "this is no manifest of anything at all").unwrap();
    assert_eq!(refused(damaged.path(), &[]).kind(), ErrorKind::Corrupt);
}

#[test]
fn error_if_exists_lets_a_database_be_new_only() {
    let dir = TestDir::new("exists");
    let given = [("error_if_exists", OptionValue::Bool(true))];
    drop(open_with(dir.path(), &given).unwrap());
    let error = refused(dir.path(), &given);
    assert!(
        error.kind() == ErrorKind::InvalidInput && error.message().contains("error_if_exists"),
        "{error}"
    );
}

#[test]
fn paranoid_checks_find_a_damaged_log_and_a_damaged_table() {
    // Two records that span several blocks of the log, and damage in the first: without paranoia it is left out.
    let dir = TestDir::new("paranoid");
    let db = open(dir.path());
    put(&db, b"a", &[1; 100_000]).unwrap();
    put(&db, b"b", &[2; 100_000]).unwrap();
    drop(db);
    damage(dir.path(), "log", 50_000);
    let copy = TestDir::new("paranoid-copy");
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    let paranoid = [("paranoid_checks", OptionValue::Bool(true)), ("compression", text("none"))];
    assert_eq!(refused(dir.path(), &paranoid).kind(), ErrorKind::Corrupt);
    let db = open(copy.path());
    assert_eq!(get(&*db.view().unwrap(), b"a"), None);
    assert_eq!(get(&*db.view().unwrap(), b"b").map(|value| value.len()), Some(100_000));

    let dir = TestDir::new("paranoid-table");
    let db = open_with(dir.path(), &paranoid).unwrap();
    put(&db, b"a", &[1; 100_000]).unwrap();
    db.compact(&[], None).unwrap();
    drop(db);
    damage(dir.path(), "ldb", 50_000);
    let db = open_with(dir.path(), &paranoid).unwrap();
    let view = db.view().unwrap();
    assert_eq!(view.get(b"a").unwrap_err().kind(), ErrorKind::Corrupt);
    let mut cursor = view.scan(&dredis_plugin::Scan::all()).unwrap();
    assert_eq!(cursor.next().unwrap_err().kind(), ErrorKind::Corrupt);
}

fn damage(dir: &Path, extension: &str, offset: usize) {
    let path = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.extension().is_some_and(|own| own == extension) && path.metadata().unwrap().len() > 0
        })
        .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[offset] ^= 0xff;
    std::fs::write(&path, bytes).unwrap();
}

#[test]
fn a_directory_in_use_by_this_process_is_refused() {
    let dir = TestDir::new("in-use");
    let db = open(dir.path());
    // By another spelling of the same name, too, which LevelDB alone would take for another directory.
    let respelt = dir.path().join("..").join(dir.path().file_name().unwrap());
    for path in [dir.path(), &respelt] {
        let error = refused(path, &[]);
        assert!(error.kind() == ErrorKind::InvalidInput && error.message().contains("in use"), "{error}");
    }
    put(&db, b"key", b"value").unwrap();
    drop(db);
    open(dir.path());
}

#[test]
fn a_directory_in_use_by_another_process_is_refused() {
    const CHILD: &str = "DREDIS_TEST_HOLD_DIRECTORY";
    if let Ok(dir) = std::env::var(CHILD) {
        let _held = open(Path::new(&dir));
        println!("\nheld");
        // Until the parent closes its end.
        let _ = std::io::stdin().read_line(&mut String::new());
        return;
    }
    let dir = TestDir::new("in-use-elsewhere");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "a_directory_in_use_by_another_process_is_refused"])
        .env(CHILD, dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert!(lines.any(|line| line.unwrap() == "held"), "the child did not open the directory");
    let error = refused(dir.path(), &[]);
    assert!(error.kind() == ErrorKind::InvalidInput && error.message().contains("in use"), "{error}");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    open(dir.path());
}
