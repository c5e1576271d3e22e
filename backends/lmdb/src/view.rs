//! A view: a share in a snapshot.

use std::sync::Arc;

use dredis_plugin::{Cursor, Result, Scan, Value, View};

use crate::cursor::LmdbCursor;
use crate::error;
use crate::snapshots::{Snapshot, Table};

/// Reads of one snapshot. Values point into the map: nothing is copied or allocated.
pub(crate) struct LmdbView {
    snapshot: Arc<Snapshot>,
    table: Table,
}

impl LmdbView {
    pub(crate) fn new(snapshot: Arc<Snapshot>, table: Table) -> Self {
        LmdbView { snapshot, table }
    }

    /// A position at the start of `scan`.
    pub(crate) fn cursor(&self, scan: &Scan<'_>) -> Result<LmdbCursor<'_>> {
        LmdbCursor::new(&self.snapshot, self.table, scan)
    }
}

impl View for LmdbView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        match self.table.get(self.snapshot.txn(), key) {
            Ok(value) => Ok(value.map(Value::Borrowed)),
            Err(error) => Err(error::while_trying("read a key", error)),
        }
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        Ok(Box::new(self.cursor(scan)?))
    }
}
