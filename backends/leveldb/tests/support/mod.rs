//! What the tests of this backend share: a directory that goes away, a seeded generator, and opening.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use dredis_backend_leveldb::LevelDb;
use dredis_plugin::{
    Backend, Batch, Commit, Error, Logger, Open, OpenRequest, Operation, OptionValue, Options, Result, Scan,
    View,
};

pub type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// A directory of its own, removed at the end.
pub struct TestDir(PathBuf);

impl TestDir {
    pub fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("dredis-leveldb-{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        TestDir(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TestDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn integer(value: i64) -> OptionValue {
    OptionValue::Integer(value)
}

pub fn text(value: &str) -> OptionValue {
    OptionValue::Text(value.to_owned())
}

pub fn open_with(dir: &Path, given: &[(&str, OptionValue)]) -> Result<LevelDb> {
    let mut options = Options::new();
    for (name, value) in given {
        options.set(name, value.clone());
    }
    LevelDb::open(&OpenRequest { dir: dir.to_owned(), options, log: Logger::silent() })
}

pub fn open(dir: &Path) -> LevelDb {
    open_with(dir, &[]).unwrap()
}

/// The error of an opening that must fail.
pub fn refused(dir: &Path, given: &[(&str, OptionValue)]) -> Error {
    match open_with(dir, given) {
        Ok(_) => panic!("opening with {given:?} must fail"),
        Err(error) => {
            assert!(!error.message().contains('\n'), "one line: {error}");
            error
        }
    }
}

pub fn put(db: &LevelDb, key: &[u8], value: &[u8]) -> Result<()> {
    let outcome = db.commit(&Batch::new(&[Operation::Put { key, value }]))?;
    assert_eq!(outcome, Commit::Done);
    Ok(())
}

pub fn get(view: &dyn View, key: &[u8]) -> Option<Vec<u8>> {
    view.get(key).unwrap().map(|value| value.into_vec())
}

pub fn collect(view: &dyn View, scan: &Scan<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut cursor = view.scan(scan).unwrap();
    let mut records = Vec::new();
    while let Some(record) = cursor.next().unwrap() {
        records.push((record.key.to_vec(), record.value.to_vec()));
    }
    assert_eq!(cursor.next().unwrap(), None, "a cursor that has ended stays so");
    records
}

pub fn assert_holds(db: &LevelDb, model: &Model) {
    let view = db.view().unwrap();
    let found = collect(&*view, &Scan::all());
    assert_eq!(found.len(), model.len(), "number of records");
    for ((key, value), (found_key, found_value)) in model.iter().zip(&found) {
        assert!(
            key == found_key && value == found_value,
            "{:?} is not as committed",
            key.escape_ascii().to_string()
        );
    }
}

/// Marsaglia's xorshift64*: enough for tests, and the same everywhere.
pub struct Random(u64);

impl Random {
    /// Seeded from `DREDIS_TEST_SEED`, or else from the time; says which, so that a failure can be repeated.
    pub fn seeded(test: &str) -> Self {
        let from_clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed =
            std::env::var("DREDIS_TEST_SEED").map_or_else(|_| from_clock(), |seed| seed.parse().unwrap());
        println!("{test}: DREDIS_TEST_SEED={seed}");
        Random::new(seed)
    }

    pub fn new(seed: u64) -> Self {
        Random(seed | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Short, over few bytes with the extremes among them, so that keys collide and share prefixes.
    pub fn key(&mut self) -> Vec<u8> {
        let length = 1 + self.below(4);
        (0..length).map(|_| [0, 1, b'a', b'b', 0xff][self.below(5) as usize]).collect()
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}
