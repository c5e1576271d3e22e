//! Cursors, on redb's range iterators.

use dredis_plugin::{Cursor, Direction, Projection, Record, Result};
use redb::{AccessGuard, Range};

use crate::error::while_trying;

type Bytes = &'static [u8];

/// A scan under way.
pub(crate) struct RedbCursor<'v> {
    range: Range<'v, Bytes, Bytes>,
    direction: Direction,
    projection: Projection,
    /// The page of the record that was shown last, which borrows from it.
    shown: Option<(AccessGuard<'v, Bytes>, AccessGuard<'v, Bytes>)>,
}

impl<'v> RedbCursor<'v> {
    pub(crate) fn new(range: Range<'v, Bytes, Bytes>, direction: Direction, projection: Projection) -> Self {
        RedbCursor { range, direction, projection, shown: None }
    }
}

impl Cursor for RedbCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        let step = match self.direction {
            Direction::Forward => self.range.next(),
            Direction::Reverse => self.range.next_back(),
        };
        self.shown = step.transpose().map_err(|error| while_trying("read on in a scan", error))?;
        Ok(self.shown.as_ref().map(|(key, value)| Record {
            key: key.value(),
            value: if self.projection == Projection::Keys { &[] } else { value.value() },
        }))
    }
}
