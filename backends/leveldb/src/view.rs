//! A view as a LevelDB snapshot.

use std::sync::{Arc, Mutex, PoisonError};

use dredis_plugin::{Cursor, Result, Scan, Value, View};

use crate::binding::{Database, Snapshot};
use crate::cursor::LevelDbCursor;
use crate::error::engine_error;

/// Up to this many expected records, a scan is taken for one that may come again, and leaves its blocks in the cache.
/// Larger and unknown ones would push out what single reads need.
const CACHED_SCAN_RECORDS_MAX: usize = 1024;

/// The state of the database at one moment.
pub(crate) struct LevelDbView {
    snapshot: Arc<Snapshot>,
}

/// The newest snapshot, shared by all views between two commits: LevelDB takes its one lock to make a snapshot, and again
/// to give it back.
#[derive(Default)]
pub(crate) struct Newest(Mutex<Option<Arc<Snapshot>>>);

impl Newest {
    /// A view of everything that was committed before.
    pub(crate) fn view(&self, database: Arc<Database>) -> LevelDbView {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = newest.as_ref().filter(|snapshot| snapshot.is_of(&database));
        let snapshot = fitting.map(Arc::clone).unwrap_or_else(|| Arc::new(Snapshot::new(database)));
        *newest = Some(Arc::clone(&snapshot));
        LevelDbView { snapshot }
    }

    /// To be called after a commit, before it returns; and to let go of the database.
    pub(crate) fn forget(&self) {
        let snapshot = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(snapshot);
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
