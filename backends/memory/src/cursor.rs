//! A scan: the map's own iterator, taken from one end or the other.

use std::sync::Arc;

use dredis_plugin::{Cursor, Direction, Projection, Record, Result};
use imbl::ordmap::RangedIter;
use imbl::shared_ptr::DefaultSharedPtr;

type Range<'v> = RangedIter<'v, Arc<[u8]>, Arc<[u8]>, DefaultSharedPtr>;

/// A position in a range.
pub(crate) struct MemoryCursor<'v> {
    range: Range<'v>,
    direction: Direction,
    projection: Projection,
}

impl<'v> MemoryCursor<'v> {
    pub(crate) fn new(range: Range<'v>, direction: Direction, projection: Projection) -> Self {
        MemoryCursor { range, direction, projection }
    }
}

impl Cursor for MemoryCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        let found = match self.direction {
            Direction::Forward => self.range.next(),
            Direction::Reverse => self.range.next_back(),
        };
        Ok(found.map(|(key, value)| match self.projection {
            Projection::Keys => Record { key, value: &[] },
            Projection::Entries => Record { key, value },
        }))
    }
}
