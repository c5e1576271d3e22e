//! A transaction's own writes, in key order: read before the view, and handed to the engine as one batch.

use std::cell::RefCell;
use std::collections::{BTreeMap, btree_map};
use std::ops::Bound;

use dredis_contract::Operation;

use crate::gaps::Gaps;

/// A record's key, and what to write: `None` for a delete.
pub(crate) type Write = (Box<[u8]>, Option<Vec<u8>>);

/// Pending writes. `None` stands for a delete.
#[derive(Default)]
pub(crate) struct Overlay {
    records: BTreeMap<Box<[u8]>, Option<Vec<u8>>>,
    bytes: usize,
    /// Where neither the overlay nor what lies under it holds a record, as far as scans have found that out.
    pub gaps: RefCell<Gaps>,
}

/// Pending writes of a range, in key order from either end.
pub(crate) type Pending<'o> = btree_map::Range<'o, Box<[u8]>, Option<Vec<u8>>>;

impl Overlay {
    /// What was written to `key`: nothing (`None`), a delete (`Some(None)`) or a value.
    pub fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        if self.records.is_empty() {
            return None;
        }
        self.records.get(key).map(|value| value.as_deref())
    }

    pub fn put(&mut self, key: &[u8], value: Vec<u8>) {
        self.gaps.get_mut().fill(key);
        self.bytes += key.len() + value.len();
        if let Some(before) = self.records.insert(key.into(), Some(value)) {
            self.bytes -= key.len() + before.map_or(0, |before| before.len());
        }
    }

    pub fn delete(&mut self, key: &[u8]) {
        self.bytes += key.len();
        if let Some(before) = self.records.insert(key.into(), None) {
            self.bytes -= key.len() + before.map_or(0, |before| before.len());
        }
    }

    /// Takes the pending writes in `start..end` out, in key order.
    pub fn take_range(&mut self, start: &[u8], end: Option<&[u8]>) -> Vec<Write> {
        // Where deletes are taken out, it is their taker who knows whether something is there again.
        self.gaps.get_mut().clear();
        let mut tail = self.records.split_off(start);
        if let Some(end) = end {
            self.records.append(&mut tail.split_off(end));
        }
        for (key, value) in &tail {
            self.bytes -= key.len() + value.as_ref().map_or(0, Vec::len);
        }
        tail.into_iter().collect()
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// About how many bytes wait here.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The batch, in key order.
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let mut operations = Vec::with_capacity(self.records.len());
        operations.extend(self.records.iter().map(|(key, value)| match value {
            Some(value) => Operation::Put { key, value },
            None => Operation::Delete { key },
        }));
        operations
    }

    /// Pending writes in `start..end`; deletes are `None`.
    pub fn range(&self, start: &[u8], end: Option<&[u8]>) -> Pending<'_> {
        let end = end.map_or(Bound::Unbounded, |end| Bound::Excluded(end.max(start)));
        self.records.range::<[u8], _>((Bound::Included(start), end))
    }
}
