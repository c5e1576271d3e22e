//! What the tests share: opening with options, the copy that a crash leaves, numbered commits.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use dredis_backend_fjall::Fjall as Engine;
use dredis_conformance::Directory;
use dredis_plugin::{
    Backend, Batch, Commit, LogLevel, Logger, Open, OpenRequest, Operation, OptionValue, Options, Result,
};

/// A fresh directory, removed when dropped.
pub fn directory() -> Directory {
    Directory::fresh(None).unwrap()
}

/// A copy of a directory as it is now: what the death of the process that uses it would leave.
pub fn copy_of(other: &Path) -> Directory {
    let copy = directory();
    copy_files(other, copy.path());
    copy
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_files(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub fn open(dir: &Path) -> Engine {
    open_with(dir, &[]).expect("opens")
}

pub fn open_with(dir: &Path, given: &[(&str, OptionValue)]) -> Result<Engine> {
    open_logging(dir, given).0
}

/// Opens, and tells the warnings that it wrote to the log.
pub fn open_logging(dir: &Path, given: &[(&str, OptionValue)]) -> (Result<Engine>, Vec<String>) {
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let sink = warnings.clone();
    let log = Logger::new(move |level, line| {
        if level == LogLevel::Warning {
            sink.lock().unwrap().push(line.to_owned());
        }
    });
    let mut options = Options::new();
    given.iter().for_each(|(name, value)| options.set(name, value.clone()));
    let checked = options.check(&Engine::options()).map_err(Into::into);
    let opened = checked.and_then(|()| Engine::open(&OpenRequest { dir: dir.to_owned(), options, log }));
    let warnings = warnings.lock().unwrap().clone();
    (opened, warnings)
}

pub fn put<'a>(key: &'a [u8], value: &'a [u8]) -> Operation<'a> {
    Operation::Put { key, value }
}

pub fn commit(engine: &Engine, operations: &[Operation<'_>]) {
    assert_eq!(engine.commit(&Batch::new(operations)), Ok(Commit::Done));
}

/// The commit of this number: two records, so that half of it can be told from all of it.
pub fn commit_number(engine: &Engine, number: u8) {
    let value = vec![number; 300 * usize::from(number % 4)];
    commit(engine, &[put(&[b'a', number], &value), put(&[b'b', number], &value)]);
}

/// How many numbered commits are there, each of them whole and none after a missing one.
pub fn commits_found(engine: &Engine) -> u8 {
    let view = engine.view().unwrap();
    let is_there = |kind, number| view.get(&[kind, number]).unwrap().is_some();
    let found = (0..=u8::MAX).take_while(|number| is_there(b'a', *number)).count() as u8;
    for number in 0..=u8::MAX {
        for kind in *b"ab" {
            assert_eq!(is_there(kind, number), number < found, "commit {number} of {found}");
        }
    }
    found
}

pub fn get(engine: &Engine, key: &[u8]) -> Option<Vec<u8>> {
    engine.view().unwrap().get(key).unwrap().map(|value| value.into_vec())
}

pub fn stat(engine: &Engine, name: &str) -> u64 {
    let stats = engine.stats();
    let found = stats.iter().find(|(found, _)| found == name);
    found.unwrap_or_else(|| panic!("no figure {name} in {stats:?}")).1.parse().expect("a number")
}

pub fn integer(value: i64) -> OptionValue {
    OptionValue::Integer(value)
}
