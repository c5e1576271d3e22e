//! A trivially correct backend for tests: a `BTreeMap` that checks what the core promises an engine.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::iter::Rev;
use std::ops::Bound;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use dredis_data::contract::{
    Backend, Batch, Capabilities, Commit, Cursor, Direction, Durability, Limits, Operation, Projection,
    Record, Result, Scan, Value, View,
};

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// The backend. Clones share their records.
#[derive(Clone)]
pub struct MapBackend {
    records: Arc<RwLock<Arc<Records>>>,
    key_bytes_max: u64,
    largest_batch: Arc<AtomicUsize>,
}

impl MapBackend {
    /// An empty one that takes keys of up to so many bytes.
    pub fn new(key_bytes_max: u64) -> Self {
        MapBackend { records: Arc::default(), key_bytes_max, largest_batch: Arc::default() }
    }

    /// Another backend with the same records.
    pub fn snapshot(&self) -> Self {
        let records = Arc::new(RwLock::new(self.records()));
        MapBackend { records, key_bytes_max: self.key_bytes_max, largest_batch: Arc::default() }
    }

    /// All records as they stand.
    pub fn records(&self) -> Arc<Records> {
        self.records.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes of keys and values in the largest commit so far.
    pub fn largest_batch(&self) -> usize {
        self.largest_batch.load(Ordering::Relaxed)
    }

    /// How many records begin with this byte.
    pub fn count(&self, kind: u8) -> usize {
        self.records().keys().filter(|key| key[0] == kind).count()
    }
}

impl Backend for MapBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities::exclusive(Durability::OnCommit)
            .with_limits(Limits::NONE.with_key_bytes_max(self.key_bytes_max))
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        Ok(Box::new(MapView(self.records())))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        let mut guard = self.records.write().unwrap_or_else(PoisonError::into_inner);
        let records = Arc::make_mut(&mut guard);
        let mut before: &[u8] = &[];
        let mut bytes = 0;
        for operation in batch.operations() {
            let (Operation::Put { key, .. }
            | Operation::Delete { key }
            | Operation::DeleteRange { start: key, .. }) = operation;
            assert!(*key > before, "operations are sorted, and no key comes twice or is empty");
            assert!(key.len() as u64 <= self.key_bytes_max, "a key of {} bytes is too long", key.len());
            before = key;
            match operation {
                Operation::Put { key, value } => {
                    bytes += key.len() + value.len();
                    records.insert(key.to_vec(), value.to_vec());
                }
                Operation::Delete { key } => {
                    records.remove(*key);
                }
                Operation::DeleteRange { start, end } => {
                    records.retain(|key, _| key.as_slice() < *start || key.as_slice() >= *end);
                }
            }
        }
        self.largest_batch.fetch_max(bytes, Ordering::Relaxed);
        Ok(Commit::Done)
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }
}

struct MapView(Arc<Records>);

impl View for MapView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        Ok(self.0.get(key).map(|value| Value::Borrowed(value)))
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        let end = scan.end.map_or(Bound::Unbounded, Bound::Excluded);
        assert!(scan.end.is_none_or(|end| scan.start <= end), "a range ends before it begins");
        let range = if scan.end == Some(scan.start) {
            self.0.range::<[u8], _>((Bound::Unbounded, Bound::Excluded(&[][..])))
        } else {
            self.0.range::<[u8], _>((Bound::Included(scan.start), end))
        };
        let range = match scan.direction {
            Direction::Forward => Either::Forward(range),
            Direction::Reverse => Either::Reverse(range.rev()),
        };
        Ok(Box::new(MapCursor { range, projection: scan.projection }))
    }
}

enum Either<'v> {
    Forward(Range<'v, Vec<u8>, Vec<u8>>),
    Reverse(Rev<Range<'v, Vec<u8>, Vec<u8>>>),
}

struct MapCursor<'v> {
    range: Either<'v>,
    projection: Projection,
}

impl Cursor for MapCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        let next = match &mut self.range {
            Either::Forward(range) => range.next(),
            Either::Reverse(range) => range.next(),
        };
        Ok(next.map(|(key, value)| Record {
            key,
            value: match self.projection {
                Projection::Keys => &[],
                Projection::Entries => value,
            },
        }))
    }
}
