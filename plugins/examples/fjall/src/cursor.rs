//! Cursors, on fjall's iterators.

use dredis_plugin::{Cursor, Direction, Projection, Record, Result};
use fjall::{Guard, Iter, Slice};

use crate::error::while_trying;

/// A scan under way.
pub(crate) struct FjallCursor {
    /// `None` if nothing can be in the range, or nothing is left in it.
    range: Option<Iter>,
    direction: Direction,
    projection: Projection,
    /// The record that was shown last.
    key: Slice,
    value: Slice,
}

impl FjallCursor {
    pub(crate) fn new(range: Option<Iter>, direction: Direction, projection: Projection) -> Self {
        FjallCursor { range, direction, projection, key: Slice::empty(), value: Slice::empty() }
    }

    fn step(&mut self) -> Option<Guard> {
        let range = self.range.as_mut()?;
        match self.direction {
            Direction::Forward => range.next(),
            Direction::Reverse => range.next_back(),
        }
    }
}

impl Cursor for FjallCursor {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        let Some(record) = self.step() else {
            // Whether fjall's iterators stay at their end is not said; without one there is no question.
            self.range = None;
            return Ok(None);
        };
        let failed = |error| while_trying("read on in a scan", error);
        match self.projection {
            Projection::Keys => self.key = record.key().map_err(failed)?,
            Projection::Entries => (self.key, self.value) = record.into_inner().map_err(failed)?,
        }
        Ok(Some(Record { key: &self.key, value: &self.value }))
    }
}
