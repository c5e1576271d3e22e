//! A scan: page by page, each found anew from where the last one ended.
//!
//! Commits may run between two pages. What the view sees does not change by that.

use std::ops::{Bound, ControlFlow};

use dredis_plugin::{Cursor, Direction, Projection, Record, Result, Scan};
use parking_lot::RwLock;

use crate::key::Key;
use crate::page::{self, Page};
use crate::records::Records;
use crate::registry::Sequence;

/// Records of the first page if nobody says how many will be taken.
const FIRST_PAGE_RECORDS: usize = 8;

/// A position in a range.
pub struct MapCursor<'v> {
    records: &'v RwLock<Records>,
    sequence: Sequence,
    start: Key,
    end: Option<Key>,
    direction: Direction,
    projection: Projection,
    /// The last key that was looked at.
    reached: Option<Key>,
    /// Whether the range has been gone through.
    finished: bool,
    page: Page,
    page_records: usize,
}

impl<'v> MapCursor<'v> {
    pub(crate) fn new(records: &'v RwLock<Records>, sequence: Sequence, scan: &Scan<'_>) -> Self {
        let page_records = if scan.expected == 0 { FIRST_PAGE_RECORDS } else { scan.expected };
        MapCursor {
            records,
            sequence,
            start: Key::new(scan.start),
            end: scan.end.map(Key::new),
            direction: scan.direction,
            projection: scan.projection,
            reached: None,
            finished: scan.end.is_some_and(|end| end <= scan.start),
            page: Page::default(),
            page_records: page_records.min(page::RECORDS_MAX),
        }
    }

    fn fill(&mut self) {
        let MapCursor { page, projection, page_records, .. } = self;
        let (projection, page_records) = (*projection, *page_records);
        page.clear();
        // Not for elegance: comparing with an empty slice, which points nowhere, takes modern processors ten times as
        // long as with any other.
        let start = if self.start.as_slice().is_empty() {
            Bound::Unbounded
        } else {
            Bound::Included(self.start.as_slice())
        };
        let end = self.end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded(end.as_slice()));
        let range = match (&self.reached, self.direction) {
            (None, _) => (start, end),
            (Some(reached), Direction::Forward) => (Bound::Excluded(reached.as_slice()), end),
            (Some(reached), Direction::Reverse) => (start, Bound::Excluded(reached.as_slice())),
        };
        let mut reached = None;
        let records = self.records.read();
        let broken_off = records.visit(range, self.direction, self.sequence, |key, content| {
            let filled = page.push(key, content, projection, page_records);
            if filled.is_break() {
                reached = Some(key.clone());
            }
            filled
        });
        drop(records);
        self.reached = reached;
        self.finished = broken_off == ControlFlow::Continue(());
        self.page_records = (4 * page_records).min(page::RECORDS_MAX);
    }

    /// The record that [`MapCursor::pass`] goes past.
    pub fn peek(&mut self) -> Option<Record<'_>> {
        // A page may hold nothing that the view sees, and not be the last.
        while self.page.is_used_up() && !self.finished {
            self.fill();
        }
        self.page.peek()
    }

    /// Goes past the next record and returns it.
    pub fn pass(&mut self) -> Option<Record<'_>> {
        self.peek();
        self.page.next()
    }
}

impl Cursor for MapCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        Ok(self.pass())
    }
}
