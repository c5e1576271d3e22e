//! A table: what some commits changed, in memory and in order, and the segments of the log that hold the same.
//!
//! Under each key lies a *content*: the value and a last byte, or that byte alone where the key was deleted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use dredis_plugin::{Batch, Operation, Scan, Value};
use dredis_snapshot_map::{MapBuilder, MapCursor, MapView, SnapshotMap};

use super::filter::Filter;
use super::log::Segment;
use crate::demand::Pending;
use crate::snapshots::unpoisoned;

/// Last byte of a content: the bytes before it are the value, or there is no record under the key.
pub(super) const PRESENT: u8 = 1;
pub(super) const ABSENT: u8 = 0;

/// What a record takes in memory beside its key and value, about, in bytes.
pub(super) const RECORD_BYTES: u64 = 64;

/// What most records are counted as, at least, in bytes.
const TYPICAL_RECORD_BYTES: u64 = 128;

/// Changes that are younger than what LMDB holds.
pub(super) struct Table {
    pub(super) number: u64,
    map: Arc<SnapshotMap>,
    filter: Filter,
    /// What its changes were counted as: a record that changed twice counts twice.
    records: AtomicU64,
    bytes: AtomicU64,
    first_change: OnceLock<Instant>,
    segments: Mutex<Vec<Arc<Segment>>>,
}

impl Table {
    /// An empty table that is to be frozen when it is counted as so many bytes.
    pub(super) fn new(number: u64, bytes_max: u64) -> Table {
        Table {
            number,
            map: Arc::default(),
            filter: Filter::new(bytes_max / TYPICAL_RECORD_BYTES),
            records: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            first_change: OnceLock::new(),
            segments: Mutex::default(),
        }
    }

    /// Makes changes, puts of contents, which count as so much.
    pub(super) fn commit(&self, batch: &Batch<'_>, changes: Pending) {
        // Before they are made: who finds nothing counted need not look.
        self.count(changes);
        for operation in batch.operations() {
            if let Operation::Put { key, .. } = operation {
                self.filter.add(key);
            }
        }
        self.map.commit(batch);
    }

    fn count(&self, changes: Pending) {
        self.first_change.get_or_init(Instant::now);
        self.records.fetch_add(changes.records, Ordering::SeqCst);
        self.bytes.fetch_add(changes.bytes, Ordering::SeqCst);
    }

    /// How long ago its first change was made; `None` if there is none.
    pub(super) fn age(&self) -> Option<Duration> {
        self.first_change.get().map(Instant::elapsed)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }

    pub(super) fn pending(&self) -> Pending {
        Pending { records: self.records.load(Ordering::SeqCst), bytes: self.bytes() }
    }

    /// A view of it, unless it is empty.
    pub(super) fn view(self: &Arc<Self>) -> Option<TableView> {
        (self.bytes() > 0)
            .then(|| TableView { map: MapView::open(Arc::clone(&self.map)), table: Arc::clone(self) })
    }

    pub(super) fn add_segments(&self, segments: impl IntoIterator<Item = Arc<Segment>>) {
        unpoisoned(&self.segments).extend(segments);
    }

    pub(super) fn segments(&self) -> Vec<Arc<Segment>> {
        unpoisoned(&self.segments).clone()
    }
}

/// A table to be, of changes that were committed before.
pub(super) struct TableBuilder {
    table: Table,
    map: MapBuilder,
    changes: Pending,
}

impl TableBuilder {
    /// Like [`Table::new`].
    pub(super) fn new(number: u64, bytes_max: u64) -> TableBuilder {
        let table = Table::new(number, bytes_max);
        TableBuilder { table, map: MapBuilder::default(), changes: Pending::default() }
    }

    /// Adds a put of a content, the latest so far.
    pub(super) fn put(&mut self, key: &[u8], content: &[u8]) {
        let bytes = (key.len() + content.len()) as u64 + RECORD_BYTES;
        self.changes = self.changes.and(Pending { records: 1, bytes });
        self.table.filter.add(key);
        self.map.put(key, content);
    }

    /// Adds a segment of the log that holds some of them.
    pub(super) fn add_segment(&mut self, segment: Arc<Segment>) {
        self.table.add_segments([segment]);
    }

    /// The table.
    pub(super) fn build(self) -> Table {
        if self.changes.records > 0 {
            self.table.count(self.changes);
        }
        Table { map: Arc::new(self.map.build()), ..self.table }
    }
}

/// A table as it was at some moment.
pub(super) struct TableView {
    map: MapView<Arc<SnapshotMap>>,
    table: Arc<Table>,
}

impl TableView {
    /// The content of `key`.
    pub(super) fn find<'v>(&self, key: &[u8]) -> Option<Value<'v>> {
        if self.table.filter.may_hold(key) { self.map.find(key) } else { None }
    }

    /// A position at the start of `scan`, among contents.
    pub(super) fn cursor(&self, scan: &Scan<'_>) -> MapCursor<'_> {
        self.map.cursor(scan)
    }
}

/// The value in a content; `None` if the key was deleted.
pub(super) fn value(content: &[u8]) -> Option<&[u8]> {
    match content.split_last() {
        Some((&PRESENT, value)) => Some(value),
        _ => None,
    }
}

/// The same of a content that is the caller's.
pub(super) fn into_value<'v>(content: Value<'v>) -> Option<Value<'v>> {
    value(&content)?;
    Some(match content {
        Value::Owned(mut bytes) => {
            bytes.pop();
            Value::Owned(bytes)
        }
        other => Value::Held(Box::new(Content(other))),
    })
}

/// A content that is shown without its last byte.
struct Content<'v>(Value<'v>);

impl AsRef<[u8]> for Content<'_> {
    fn as_ref(&self) -> &[u8] {
        value(&self.0).unwrap_or_default()
    }
}
