//! What the tests of the LMDB backend share: directories that vanish, a seeded generator, shorthand.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use dredis_backend_lmdb::Lmdb;
use dredis_plugin::{
    Backend, Batch, Commit, Logger, Open, OpenRequest, Operation, OptionValue, Options, Result, Scan, View,
};

pub type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// A directory of this test's own, removed at its end.
pub struct Dir(PathBuf);

impl Dir {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("dredis-lmdb-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Dir(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Xorshift: the same numbers for the same seed.
pub struct Random(u64);

impl Random {
    /// Seeded from `SEED`, or by the clock; the seed is printed, for a failure to be run again.
    pub fn from_environment() -> Self {
        let seed = match std::env::var("SEED") {
            Ok(seed) => seed.parse().expect("SEED is a number"),
            Err(_) => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .expect("after 1970")
                .as_nanos() as u64,
        };
        println!("SEED={seed}");
        Random::new(seed)
    }

    pub fn new(seed: u64) -> Self {
        Random(seed | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

pub fn flag(value: bool) -> OptionValue {
    OptionValue::Bool(value)
}

pub fn number(value: i64) -> OptionValue {
    OptionValue::Integer(value)
}

pub fn text(value: &str) -> OptionValue {
    OptionValue::Text(value.to_owned())
}

pub fn open_with(dir: &Path, given: &[(&str, OptionValue)]) -> Result<Lmdb> {
    let mut options = Options::new();
    for (name, value) in given {
        options.set(name, value.clone());
    }
    options.check(&Lmdb::options())?;
    Lmdb::open(&OpenRequest { dir: dir.to_owned(), options, log: Logger::silent() })
}

pub fn open(dir: &Path) -> Lmdb {
    open_with(dir, &[]).expect("opens")
}

pub fn put<'a>(key: &'a [u8], value: &'a [u8]) -> Operation<'a> {
    Operation::Put { key, value }
}

pub fn commit(lmdb: &Lmdb, operations: &[Operation<'_>]) -> Result<()> {
    let outcome = lmdb.commit(&Batch::new(operations))?;
    assert_eq!(outcome, Commit::Done);
    Ok(())
}

pub fn get(lmdb: &Lmdb, key: &[u8]) -> Option<Vec<u8>> {
    lmdb.view().unwrap().get(key).unwrap().map(|value| value.into_vec())
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

pub fn assert_same(lmdb: &Lmdb, model: &Model) {
    let view = lmdb.view().unwrap();
    let found = collect(&*view, &Scan::all());
    assert_eq!(found.len(), model.len());
    assert!(found.iter().map(|(k, v)| (k, v)).eq(model.iter()), "contents differ from the model");
}

pub fn stat(lmdb: &Lmdb, name: &str) -> u64 {
    let stats = lmdb.stats();
    let (_, value) = stats.iter().find(|(found, _)| found == name).expect("the figure is there");
    value.parse().expect("a number")
}
