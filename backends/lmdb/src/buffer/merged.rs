//! Reading: what the tables hold goes before what LMDB holds.

use std::cmp::Ordering;

use dredis_plugin::{Cursor, Direction, Projection, Record, Result, Scan, Value, View};
use dredis_snapshot_map::MapCursor;

use super::table::{self, TableView};
use crate::cursor::LmdbCursor;
use crate::view::LmdbView;

/// A view of tables and of LMDB, all of one moment.
pub(crate) struct MergedView {
    /// Those that are not empty, the youngest first; two at most.
    tables: Vec<TableView>,
    lmdb: LmdbView,
}

impl MergedView {
    pub(super) fn new(tables: Vec<TableView>, lmdb: LmdbView) -> Self {
        MergedView { tables, lmdb }
    }

    /// A position at the start of `scan`.
    pub(super) fn cursor(&self, scan: &Scan<'_>) -> Result<MergedCursor<'_>> {
        // Without their contents, keys do not tell whether they were deleted.
        let entries = Scan { projection: Projection::Entries, ..*scan };
        Ok(MergedCursor {
            tables: self.tables.iter().map(|table| table.cursor(&entries)).collect(),
            lmdb: self.lmdb.cursor(scan)?,
            head: None,
            is_begun: false,
            direction: scan.direction,
            projection: scan.projection,
        })
    }
}

impl View for MergedView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        match self.tables.iter().find_map(|table| table.find(key)) {
            Some(content) => Ok(table::into_value(content)),
            None => self.lmdb.get(key),
        }
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        if self.tables.is_empty() {
            return self.lmdb.scan(scan);
        }
        Ok(Box::new(self.cursor(scan)?))
    }
}

/// Several cursors as one.
pub(super) struct MergedCursor<'v> {
    tables: Vec<MapCursor<'v>>,
    lmdb: LmdbCursor<'v>,
    /// The record at which LMDB's cursor stands, once it is begun.
    head: Option<(&'v [u8], &'v [u8])>,
    is_begun: bool,
    direction: Direction,
    projection: Projection,
}

/// Which cursor has the next record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Table(usize),
    Lmdb,
}

impl MergedCursor<'_> {
    /// Finds the next key, goes past it in all cursors but the one that has the say, and tells which that is. `None`: the end.
    fn find(&mut self) -> Result<Option<Source>> {
        if !self.is_begun {
            self.is_begun = true;
            self.head = self.lmdb.next_pair()?;
        }
        let direction = self.direction;
        let compare = |left: &[u8], right: &[u8]| match direction {
            Direction::Forward => left.cmp(right),
            Direction::Reverse => right.cmp(left),
        };
        let mut first = self.head.map(|(key, _)| (key, Source::Lmdb));
        // From the oldest on, so that the youngest has the say.
        let mut passed = [false; 2];
        let mut is_lmdb_passed = false;
        for (index, cursor) in self.tables.iter_mut().enumerate().rev() {
            let Some(record) = cursor.peek() else { continue };
            let order = first.map_or(Ordering::Less, |(key, _)| compare(record.key, key));
            match (order, first) {
                (Ordering::Greater, _) => continue,
                (Ordering::Equal, Some((_, Source::Lmdb))) => is_lmdb_passed = true,
                (Ordering::Equal, Some((_, Source::Table(older)))) => passed[older] = true,
                _ => {
                    // What was equal before comes later than this one.
                    passed = [false; 2];
                    is_lmdb_passed = false;
                }
            }
            first = Some((record.key, Source::Table(index)));
        }
        let source = first.map(|(_, source)| source);
        for (index, _) in passed.into_iter().enumerate().filter(|&(_, is_passed)| is_passed) {
            self.tables[index].pass();
        }
        if is_lmdb_passed {
            self.head = self.lmdb.next_pair()?;
        }
        Ok(source)
    }
}

impl Cursor for MergedCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        loop {
            match self.find()? {
                None => return Ok(None),
                Some(Source::Lmdb) => {
                    let head = self.head.take();
                    self.head = self.lmdb.next_pair()?;
                    return Ok(head.map(|(key, value)| Record { key, value }));
                }
                Some(Source::Table(index)) => {
                    let is_there =
                        self.tables[index].peek().is_some_and(|record| table::value(record.value).is_some());
                    if is_there {
                        let keys_only = self.projection == Projection::Keys;
                        let record = self.tables[index].pass();
                        return Ok(record.map(|Record { key, value }| {
                            let value = table::value(value).filter(|_| !keys_only);
                            Record { key, value: value.unwrap_or_default() }
                        }));
                    }
                    self.tables[index].pass();
                }
            }
        }
    }
}
