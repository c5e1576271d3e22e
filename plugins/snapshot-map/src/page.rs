//! A page: some records of a scan, copied, so that the lock is held for no longer than that takes.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use dredis_plugin::{Projection, Record};

use crate::key::Key;
use crate::records::SMALL_VALUE_BYTES_MAX;

/// Most records of a page.
pub(crate) const RECORDS_MAX: usize = 64;

/// Most keys that are looked at for a page: more than its records, as old views see nothing of some.
const VISITED_MAX: usize = 4 * RECORDS_MAX;

/// A page is full when so many bytes are copied.
const COPIED_BYTES_MAX: usize = 16 * 1024;

/// Records that were read and not yet shown.
#[derive(Default)]
pub(crate) struct Page {
    entries: Vec<Entry>,
    shown: usize,
    visited: usize,
    /// What the entries' ranges are in.
    bytes: Vec<u8>,
}

struct Entry {
    key: Range<usize>,
    value: PageValue,
}

enum PageValue {
    Copied(Range<usize>),
    Shared(Arc<[u8]>),
}

impl Page {
    /// Empties it, keeping its memory.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.shown = 0;
        self.visited = 0;
        self.bytes.clear();
    }

    /// Takes in what a view sees of `key`, and breaks off if the page is full with it.
    pub(crate) fn push(
        &mut self,
        key: &Key,
        content: Option<&Arc<[u8]>>,
        projection: Projection,
        records_max: usize,
    ) -> ControlFlow<()> {
        self.visited += 1;
        if let Some(value) = content {
            let key = self.copy(key.as_slice());
            let value = match projection {
                Projection::Keys => PageValue::Copied(0..0),
                Projection::Entries if value.len() > SMALL_VALUE_BYTES_MAX => {
                    PageValue::Shared(value.clone())
                }
                Projection::Entries => PageValue::Copied(self.copy(value)),
            };
            self.entries.push(Entry { key, value });
        }
        let is_full = self.entries.len() >= records_max
            || self.visited >= VISITED_MAX
            || self.bytes.len() >= COPIED_BYTES_MAX;
        if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn copy(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    /// Whether all its records were shown.
    pub(crate) fn is_used_up(&self) -> bool {
        self.shown == self.entries.len()
    }

    /// The next record, without going past it.
    pub(crate) fn peek(&self) -> Option<Record<'_>> {
        self.entries.get(self.shown).map(|entry| self.record(entry))
    }

    /// Shows the next record.
    pub(crate) fn next(&mut self) -> Option<Record<'_>> {
        let at = self.shown;
        self.shown = (at + 1).min(self.entries.len());
        self.entries.get(at).map(|entry| self.record(entry))
    }

    fn record<'p>(&'p self, entry: &'p Entry) -> Record<'p> {
        let value = match &entry.value {
            PageValue::Copied(range) => &self.bytes[range.clone()],
            PageValue::Shared(value) => value,
        };
        Record { key: &self.bytes[entry.key.clone()], value }
    }
}
