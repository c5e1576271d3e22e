//! A view: a snapshot of its own, which nobody changes.

use std::ops::Bound;

use dredis_plugin::{Cursor, Result, Scan, Value, View};

use crate::backend::Records;
use crate::cursor::MemoryCursor;

/// The map as it was when the view was taken.
pub(crate) struct MemoryView {
    records: Records,
}

impl MemoryView {
    pub(crate) fn new(records: Records) -> Self {
        MemoryView { records }
    }
}

impl View for MemoryView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        Ok(self.records.get(key).map(|value| Value::Borrowed(value)))
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        // Not for elegance: comparing with an empty slice, which points nowhere, takes modern processors ten times as long
        // as with any other.
        let start = if scan.start.is_empty() { Bound::Unbounded } else { Bound::Included(scan.start) };
        let end = match scan.end {
            // Nothing lies in an empty or inverted range, so its end is as good as its start.
            Some(end) => Bound::Excluded(end.max(scan.start)),
            None => Bound::Unbounded,
        };
        let range = self.records.range::<_, [u8]>((start, end));
        Ok(Box::new(MemoryCursor::new(range, scan.direction, scan.projection)))
    }
}
