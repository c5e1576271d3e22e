//! A view as a LevelDB snapshot.

use std::sync::Arc;

use dredis_plugin::{Cursor, Result, Scan, Value, View};

use crate::binding::{Database, Snapshot};
use crate::cursor::LevelDbCursor;
use crate::error::engine_error;

/// Up to this many expected records, a scan is taken for one that may come again, and leaves its blocks in the cache.
/// Larger and unknown ones would push out what single reads need.
const CACHED_SCAN_RECORDS_MAX: usize = 1024;

/// The state of the database at one moment.
pub(crate) struct LevelDbView {
    snapshot: Snapshot,
}

impl LevelDbView {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        LevelDbView { snapshot: Snapshot::new(database) }
    }
}

impl View for LevelDbView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        let found = self.snapshot.get(key).map_err(|message| engine_error("a read", &message))?;
        Ok(found.map(|bytes| Value::Held(Box::new(bytes))))
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        let fill_cache = (1..=CACHED_SCAN_RECORDS_MAX).contains(&scan.expected);
        Ok(Box::new(LevelDbCursor::new(self.snapshot.records(fill_cache), scan)))
    }
}
