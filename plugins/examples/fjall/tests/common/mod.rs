//! What the tests share: directories that vanish, a seeded generator, a `BTreeMap` to compare with.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use dredis_backend_fjall::Fjall as Engine;
use dredis_plugin::{
    Backend, Batch, Commit, Direction, Logger, Open, OpenRequest, Operation, OptionValue, Options,
    Projection, Result, Scan, View,
};

pub type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// A directory of this test's own, removed at its end.
pub struct Dir(PathBuf);

impl Dir {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("dredis-fjall-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Dir(path)
    }

    /// A copy of another one as it is now: what the death of the process that uses that would leave.
    pub fn copy_of(other: &Dir) -> Self {
        let copy = Dir::new();
        copy_files(&other.0, &copy.0);
        copy
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
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

impl Drop for Dir {
    fn drop(&mut self) {
        // A directory that stays behind spoils no test.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// SplitMix64: the same numbers for the same seed.
pub struct Random(u64);

impl Random {
    /// Seeded from `SEED`, or by the clock; the seed is printed, for a failure to be run again.
    pub fn from_environment() -> Self {
        let seed = match std::env::var("SEED") {
            Ok(seed) => seed.parse().expect("SEED is a number"),
            Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64,
        };
        println!("SEED={seed}");
        Random(seed)
    }

    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.below(256) as u8).collect()
    }

    /// Few enough to collide, of one byte, a few, and many; with the lowest and highest bytes in them.
    pub fn key(&mut self) -> Vec<u8> {
        let length = [1, 1, 2, 3, 9, 300, 1024][self.below(7)];
        let mut key = vec![b'k'; length];
        key[0] = [0, b'a', b'k', 255][self.below(4)];
        key[length - 1] = [0, 1, b'a', b'k', b'z', 255][self.below(6)];
        key
    }

    /// From empty to some pages.
    pub fn value(&mut self) -> Vec<u8> {
        let length = [0, 1, 20, 100, 100, 100, 3000, 20_000][self.below(8)];
        self.bytes(length)
    }

    /// A sorted batch in which nothing is touched twice.
    pub fn batch(&mut self) -> Vec<Change> {
        let mut keys: Vec<_> = (0..1 + self.below(30)).map(|_| self.key()).collect();
        keys.sort();
        keys.dedup();
        let mut keys = keys.into_iter();
        let mut changes = Vec::new();
        while let Some(key) = keys.next() {
            changes.push(match self.below(10) {
                0 => match keys.next() {
                    Some(end) => Change::DeleteRange(key, end),
                    None => Change::Delete(key),
                },
                1..3 => Change::Delete(key),
                _ => Change::Put(key, self.value()),
            });
        }
        changes
    }
}

/// An operation that owns its bytes.
#[derive(Clone, Debug)]
pub enum Change {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    DeleteRange(Vec<u8>, Vec<u8>),
}

impl Change {
    fn operation(&self) -> Operation<'_> {
        match self {
            Change::Put(key, value) => Operation::Put { key, value },
            Change::Delete(key) => Operation::Delete { key },
            Change::DeleteRange(start, end) => Operation::DeleteRange { start, end },
        }
    }

    pub fn apply(&self, model: &mut Model) {
        match self {
            Change::Put(key, value) => drop(model.insert(key.clone(), value.clone())),
            Change::Delete(key) => drop(model.remove(key)),
            Change::DeleteRange(start, end) => model.retain(|key, _| key < start || key >= end),
        }
    }
}

pub fn put<'a>(key: &'a [u8], value: &'a [u8]) -> Operation<'a> {
    Operation::Put { key, value }
}

pub fn commit(engine: &Engine, operations: &[Operation<'_>]) -> Result<()> {
    assert_eq!(engine.commit(&Batch::new(operations))?, Commit::Done);
    Ok(())
}

/// Commits `changes` to both.
pub fn commit_changes(engine: &Engine, model: &mut Model, changes: &[Change]) {
    let operations: Vec<_> = changes.iter().map(Change::operation).collect();
    commit(engine, &operations).unwrap();
    changes.iter().for_each(|change| change.apply(model));
}

pub fn open_with(dir: &Path, given: &[(&str, OptionValue)]) -> Result<Engine> {
    open_logging(dir, given, Logger::silent())
}

pub fn open_logging(dir: &Path, given: &[(&str, OptionValue)], log: Logger) -> Result<Engine> {
    let mut options = Options::new();
    given.iter().for_each(|(name, value)| options.set(name, value.clone()));
    options.check(&Engine::options())?;
    Engine::open(&OpenRequest { dir: dir.to_owned(), options, log })
}

pub fn open(dir: &Path) -> Engine {
    open_with(dir, &[]).expect("opens")
}

pub fn get(engine: &Engine, key: &[u8]) -> Option<Vec<u8>> {
    engine.view().unwrap().get(key).unwrap().map(|value| value.into_vec())
}

/// Everything that a scan brings.
pub fn collect(view: &dyn View, scan: &Scan<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut cursor = view.scan(scan).unwrap();
    let mut records = Vec::new();
    while let Some(record) = cursor.next().unwrap() {
        records.push((record.key.to_vec(), record.value.to_vec()));
    }
    assert!(cursor.next().unwrap().is_none(), "a cursor at its end stays there");
    records
}

/// The same from the model, in the most naive way.
pub fn expected(model: &Model, scan: &Scan<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let end = scan.end.map_or(Bound::Unbounded, |end| Bound::Excluded(end.max(scan.start)));
    let values = scan.projection == Projection::Entries;
    let range = model.range::<[u8], _>((Bound::Included(scan.start), end));
    let records = range.map(|(key, value)| (key.clone(), if values { value.clone() } else { Vec::new() }));
    match scan.direction {
        Direction::Forward => records.collect(),
        Direction::Reverse => records.rev().collect(),
    }
}

pub fn assert_same(view: &dyn View, model: &Model) {
    for scan in [Scan::all(), Scan::all().reverse()] {
        let (found, wanted) = (collect(view, &scan), expected(model, &scan));
        assert_eq!(found.len(), wanted.len());
        assert!(found == wanted, "contents differ from the model");
    }
}

pub fn stat(engine: &Engine, name: &str) -> u64 {
    let stats = engine.stats();
    let found = stats.iter().find(|(found, _)| found == name);
    found.unwrap_or_else(|| panic!("no figure {name} in {stats:?}")).1.parse().expect("a number")
}

pub fn integer(value: i64) -> OptionValue {
    OptionValue::Integer(value)
}
