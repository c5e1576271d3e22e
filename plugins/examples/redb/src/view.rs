//! Views: a read transaction of redb's, shared by all who look between two commits.

use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use dredis_plugin::{Cursor, Result, Scan, Value, View};
use redb::{AccessGuard, Database, ReadOnlyTable, ReadableDatabase, ReadableTable};

use crate::backend::RECORDS;
use crate::cursor::RedbCursor;
use crate::error::while_trying;

/// The records as they were at one moment. It keeps its read transaction, and so its pages, until it is dropped.
pub(crate) type Snapshot = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The latest snapshot. Beginning a read transaction and finding the table in it costs a microsecond or two, so
/// views between two commits share one.
#[derive(Default)]
pub(crate) struct Snapshots {
    latest: Mutex<Option<Arc<Snapshot>>>,
}

impl Snapshots {
    /// A snapshot of everything committed before this call.
    pub(crate) fn current(&self, database: &Database) -> Result<Arc<Snapshot>> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(snapshot) = &*latest {
            return Ok(snapshot.clone());
        }
        // Under the lock, so that `renew` cannot come between the transaction and its being kept.
        let transaction = database.begin_read().map_err(|error| while_trying("begin to read", error))?;
        let table = transaction.open_table(RECORDS).map_err(|error| while_trying("begin to read", error))?;
        let snapshot = Arc::new(table);
        *latest = Some(snapshot.clone());
        Ok(snapshot)
    }

    /// Called when a commit is done: views from now on see it.
    pub(crate) fn renew(&self) {
        let outdated = self.latest.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Outside of the lock, since it may end a transaction.
        drop(outdated);
    }
}

/// A view, which keeps its snapshot.
pub(crate) struct RedbView {
    snapshot: Arc<Snapshot>,
}

impl RedbView {
    pub(crate) fn new(snapshot: Arc<Snapshot>) -> Self {
        RedbView { snapshot }
    }
}

impl View for RedbView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        let found = ReadableTable::get(&*self.snapshot, key).map_err(|error| while_trying("read", error))?;
        Ok(found.map(|page| Value::Held(Box::new(PageValue(page)))))
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        let end = match scan.end {
            // The contract calls a range empty that ends before it starts; redb does not say what it does with one.
            Some(end) => Bound::Excluded(end.max(scan.start)),
            None => Bound::Unbounded,
        };
        let range = ReadableTable::range::<&[u8]>(&*self.snapshot, (Bound::Included(scan.start), end))
            .map_err(|error| while_trying("begin a scan", error))?;
        Ok(Box::new(RedbCursor::new(range, scan.direction, scan.projection)))
    }
}

/// A value in one of redb's pages, which stays in memory as long as this does.
struct PageValue<'v>(AccessGuard<'v, &'static [u8]>);

impl AsRef<[u8]> for PageValue<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0.value()
    }
}
