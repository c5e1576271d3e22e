//! A scan as a LevelDB iterator that stays within its range.

use dredis_plugin::{Cursor, Direction, Projection, Record, Result, Scan};

use crate::binding::Records;
use crate::error::engine_error;

/// A position in a scan.
pub(crate) struct LevelDbCursor<'v> {
    records: Records<'v>,
    direction: Direction,
    projection: Projection,
    /// Where the scan ends in its direction: the range's end going up, its start going down.
    bound: Option<Vec<u8>>,
    /// Where it begins, until it has begun.
    origin: Option<Origin>,
    ended: bool,
}

enum Origin {
    First,
    AtOrAfter(Vec<u8>),
    Before(Vec<u8>),
    Last,
}

impl<'v> LevelDbCursor<'v> {
    pub(crate) fn new(records: Records<'v>, scan: &Scan<'_>) -> Self {
        let (origin, bound) = match (scan.direction, scan.end) {
            (Direction::Forward, end) if scan.start.is_empty() => (Origin::First, end),
            (Direction::Forward, end) => (Origin::AtOrAfter(scan.start.to_vec()), end),
            (Direction::Reverse, Some(end)) => (Origin::Before(end.to_vec()), Some(scan.start)),
            (Direction::Reverse, None) => (Origin::Last, Some(scan.start)),
        };
        LevelDbCursor {
            records,
            direction: scan.direction,
            projection: scan.projection,
            bound: bound.map(<[u8]>::to_vec),
            origin: Some(origin),
            // A range that ends before it begins holds nothing, and must not be walked backwards.
            ended: scan.end.is_some_and(|end| end <= scan.start),
        }
    }

    fn advance(&mut self) -> std::result::Result<(), String> {
        let records = &mut self.records;
        match (self.origin.take(), self.direction) {
            (None, Direction::Forward) => records.step_forward(),
            (None, Direction::Reverse) => records.step_back(),
            (Some(Origin::First), _) => records.seek_to_first(),
            (Some(Origin::Last), _) => records.seek_to_last(),
            (Some(Origin::AtOrAfter(key)), _) => records.seek(&key),
            (Some(Origin::Before(key)), _) => {
                records.seek(&key);
                if records.key()?.is_some() {
                    records.step_back();
                } else {
                    records.seek_to_last();
                }
            }
        }
        Ok(())
    }

    fn within(&self, key: &[u8]) -> bool {
        match (&self.bound, self.direction) {
            (None, _) => true,
            (Some(end), Direction::Forward) => key < end.as_slice(),
            (Some(start), Direction::Reverse) => key >= start.as_slice(),
        }
    }
}

impl Cursor for LevelDbCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        let scan_error = |message: String| engine_error("a scan", &message);
        if self.ended {
            return Ok(None);
        }
        // Set until a record is found, so that an error leaves the cursor ended, too.
        self.ended = true;
        self.advance().map_err(scan_error)?;
        let Some(key) = self.records.key().map_err(scan_error)? else { return Ok(None) };
        if !self.within(key) {
            return Ok(None);
        }
        self.ended = false;
        let value = match self.projection {
            Projection::Keys => &[],
            Projection::Entries => self.records.value(),
        };
        Ok(Some(Record { key, value }))
    }
}
