//! Counts what is asked of an engine, behind the public contract.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dredis_data::contract::{
    Backend, Batch, Capabilities, Commit, Cursor, Operation, Record, Result, Scan, Value, View,
};

use super::backend::MapBackend;

/// What was asked.
#[derive(Default)]
pub struct Counts {
    gets: AtomicU64,
    batches: AtomicU64,
    batched: AtomicU64,
    seeks: AtomicU64,
    steps: AtomicU64,
    writes: AtomicU64,
    commit_bytes_max: AtomicU64,
}

/// The same at one moment; shown as `1 get, 1 batch of 3, 1 seek, 12 steps, 2 writes`, without what is 0.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    pub gets: u64,
    /// Crossings that read several records, and how many those were.
    pub batches: u64,
    pub batched: u64,
    pub seeks: u64,
    pub steps: u64,
    pub writes: u64,
}

impl Counts {
    /// What was asked since the last time.
    pub fn take(&self) -> Cost {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        Cost {
            gets: take(&self.gets),
            batches: take(&self.batches),
            batched: take(&self.batched),
            seeks: take(&self.seeks),
            steps: take(&self.steps),
            writes: take(&self.writes),
        }
    }

    /// Bytes of keys and values in the largest commit since the last time.
    pub fn take_commit_bytes_max(&self) -> u64 {
        self.commit_bytes_max.swap(0, Ordering::Relaxed)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |count: u64, [one, many]: [&str; 2]| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {many}")),
        };
        let batches = named(self.batches, ["batch", "batches"]);
        let parts = [
            named(self.gets, ["get", "gets"]),
            batches.map(|batches| format!("{batches} of {}", self.batched)),
            named(self.seeks, ["seek", "seeks"]),
            named(self.steps, ["step", "steps"]),
            named(self.writes, ["write", "writes"]),
        ];
        let shown: Vec<String> = parts.into_iter().flatten().collect();
        formatter.write_str(&if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") })
    }
}

/// A backend that counts.
pub struct Counting {
    pub backend: MapBackend,
    pub counts: Arc<Counts>,
}

impl Backend for Counting {
    fn capabilities(&self) -> Capabilities {
        self.backend.capabilities()
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        Ok(Box::new(CountingView { view: self.backend.view()?, counts: &self.counts }))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        let writes = batch.operations().len() as u64;
        // What a range delete costs depends on the engine; commands have no need of it.
        assert!(!batch.operations().iter().any(|one| matches!(one, Operation::DeleteRange { .. })));
        self.counts.writes.fetch_add(writes, Ordering::Relaxed);
        let bytes = |operation: &Operation<'_>| match operation {
            Operation::Put { key, value } => key.len() + value.len(),
            Operation::Delete { key } | Operation::DeleteRange { start: key, .. } => key.len(),
        };
        let bytes: usize = batch.operations().iter().map(bytes).sum();
        self.counts.commit_bytes_max.fetch_max(bytes as u64, Ordering::Relaxed);
        self.backend.commit(batch)
    }

    fn sync(&self) -> Result<()> {
        self.backend.sync()
    }
}

struct CountingView<'b> {
    view: Box<dyn View + 'b>,
    counts: &'b Counts,
}

impl View for CountingView<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        self.counts.gets.fetch_add(1, Ordering::Relaxed);
        self.view.get(key)
    }

    fn get_many<'v>(&'v self, keys: &[&[u8]]) -> Result<Vec<Option<Value<'v>>>> {
        self.counts.batches.fetch_add(1, Ordering::Relaxed);
        self.counts.batched.fetch_add(keys.len() as u64, Ordering::Relaxed);
        self.view.get_many(keys)
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        self.counts.seeks.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(CountingCursor { cursor: self.view.scan(scan)?, counts: self.counts }))
    }
}

struct CountingCursor<'v> {
    cursor: Box<dyn Cursor + 'v>,
    counts: &'v Counts,
}

impl Cursor for CountingCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        self.counts.steps.fetch_add(1, Ordering::Relaxed);
        self.cursor.next()
    }
}
