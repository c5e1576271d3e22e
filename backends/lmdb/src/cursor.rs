//! Cursors over a range, on heed's range iterators.

use std::ops::Bound;

use dredis_plugin::{Cursor, Direction, Projection, Record, Result, Scan};
use heed::types::Bytes;
use heed::{RoRange, RoRevRange};

use crate::error;
use crate::snapshots::{Snapshot, Table};

type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// A scan under way. It borrows its snapshot, so the pages under it stay.
pub(crate) struct LmdbCursor<'v> {
    walk: Walk<'v>,
    projection: Projection,
}

enum Walk<'v> {
    Forward(RoRange<'v, Bytes, Bytes>),
    Reverse(RoRevRange<'v, Bytes, Bytes>),
    Finished,
}

// SAFETY: the iterators hold an MDB_cursor, a block of memory that belongs to nobody but this value. LMDB ties
// neither it nor, under MDB_NOTLS, its read transaction to a thread, and read-only cursors are on no list of the
// transaction's, so that using and freeing one on another thread touches nothing shared.
#[expect(unsafe_code, reason = "heed does not say that its read-only iterators may move between threads")]
unsafe impl Send for LmdbCursor<'_> {}

impl<'v> LmdbCursor<'v> {
    /// A cursor at the start of `scan`.
    pub(crate) fn new(snapshot: &'v Snapshot, table: Table, scan: &Scan<'_>) -> Result<Self> {
        let walk = match (bounds(scan.start, scan.end), scan.direction) {
            (None, _) => Walk::Finished,
            (Some(bounds), Direction::Forward) => {
                let range = table.range(snapshot.txn(), &bounds);
                Walk::Forward(range.map_err(|error| error::while_trying("begin a scan", error))?)
            }
            (Some(bounds), Direction::Reverse) => {
                let range = table.rev_range(snapshot.txn(), &bounds);
                Walk::Reverse(range.map_err(|error| error::while_trying("begin a scan", error))?)
            }
        };
        Ok(LmdbCursor { walk, projection: scan.projection })
    }
}

impl<'v> LmdbCursor<'v> {
    /// The next record. It stays where it is for as long as the snapshot does.
    pub(crate) fn next_pair(&mut self) -> Result<Option<(&'v [u8], &'v [u8])>> {
        let step = match &mut self.walk {
            Walk::Forward(range) => range.next(),
            Walk::Reverse(range) => range.next(),
            Walk::Finished => None,
        };
        match step {
            Some(Ok((key, value))) => {
                let value = if self.projection == Projection::Keys { &[] } else { value };
                Ok(Some((key, value)))
            }
            Some(Err(error)) => {
                self.walk = Walk::Finished;
                Err(error::while_trying("read on in a scan", error))
            }
            None => {
                self.walk = Walk::Finished;
                Ok(None)
            }
        }
    }
}

impl Cursor for LmdbCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        Ok(self.next_pair()?.map(|(key, value)| Record { key, value }))
    }
}

/// `start..end` as LMDB can take it, which knows no empty keys; `None` if no key can lie in it.
pub(crate) fn bounds<'a>(start: &'a [u8], end: Option<&'a [u8]>) -> Option<Bounds<'a>> {
    if end.is_some_and(|end| end <= start) {
        return None;
    }
    let first = if start.is_empty() { Bound::Unbounded } else { Bound::Included(start) };
    Some((first, end.map_or(Bound::Unbounded, Bound::Excluded)))
}
