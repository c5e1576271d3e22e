//! Views: fjall's snapshots, which cost next to nothing to take.

use std::ops::Bound;

use dredis_plugin::{Cursor, Result, Scan, Value, View};
use fjall::{Keyspace, Readable, Slice, Snapshot};

use crate::backend::KEY_BYTES_MAX;
use crate::cursor::FjallCursor;
use crate::error::while_trying;

/// A view of the records at one moment.
pub(crate) struct FjallView<'b> {
    snapshot: Snapshot,
    records: &'b Keyspace,
}

impl<'b> FjallView<'b> {
    pub(crate) fn new(snapshot: Snapshot, records: &'b Keyspace) -> Self {
        FjallView { snapshot, records }
    }
}

impl View for FjallView<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            // There can be none, and fjall panics when asked.
            return Ok(None);
        }
        let found = self.snapshot.get(self.records, key).map_err(|error| while_trying("read", error))?;
        // A slice shares the bytes of its block or memtable: nothing is copied here.
        Ok(found.map(|slice| Value::Held(Box::new(SliceValue(slice)))))
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        let range =
            bounds(scan.start, scan.end).map(|bounds| self.snapshot.range::<&[u8], _>(self.records, bounds));
        Ok(Box::new(FjallCursor::new(range, scan.direction, scan.projection)))
    }
}

type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// `start..end` as fjall can take it, which panics at longer bounds than its longest key; `None` if nothing is in it.
fn bounds<'a>(start: &'a [u8], end: Option<&'a [u8]>) -> Option<Bounds<'a>> {
    if end.is_some_and(|end| end <= start) {
        return None;
    }
    // A key that is no longer than the cut comes after the whole bound if and only if it comes after the cut one.
    let start = match start.get(..KEY_BYTES_MAX) {
        Some(cut) if start.len() > KEY_BYTES_MAX => Bound::Excluded(cut),
        _ => Bound::Included(start),
    };
    let end = match end {
        Some(end) if end.len() > KEY_BYTES_MAX => Bound::Included(&end[..KEY_BYTES_MAX]),
        Some(end) => Bound::Excluded(end),
        None => Bound::Unbounded,
    };
    // Two bounds that only differ behind the cut: no key is between them.
    match (start, end) {
        (Bound::Excluded(start), Bound::Included(end)) if end <= start => None,
        bounds => Some(bounds),
    }
}

/// A value that keeps what it lies in.
struct SliceValue(Slice);

impl AsRef<[u8]> for SliceValue {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
