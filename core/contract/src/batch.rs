//! A batch: the finished, sorted changes of one commit.

/// One change. Within a batch no two operations touch the same key, and they stand in ascending order of
/// their (start) keys, so that a B-tree meets its pages in order and a log-structured engine its memtable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    /// Sets the key, whether or not it exists.
    Put {
        /// The key, non-empty.
        key: &'a [u8],
        /// Its new value.
        value: &'a [u8],
    },
    /// Removes the key; it is no error if there is none.
    Delete {
        /// The key, non-empty.
        key: &'a [u8],
    },
    /// Removes every key in `start..end` (start included, end not).
    DeleteRange {
        /// First key that goes.
        start: &'a [u8],
        /// First key that stays.
        end: &'a [u8],
    },
}

/// All changes of one commit, and (for shared engines only) what they rest on.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    operations: &'a [Operation<'a>],
    reads: &'a [&'a [u8]],
}

impl<'a> Batch<'a> {
    /// A batch of `operations`, sorted as [`Operation`] says.
    pub fn new(operations: &'a [Operation<'a>]) -> Self {
        Batch { operations, reads: &[] }
    }

    /// The same with the keys that were read to compute it. A shared engine answers
    /// [`crate::Commit::Conflict`] if any of them changed since the view was taken; others ignore them.
    pub fn with_reads(self, reads: &'a [&'a [u8]]) -> Self {
        Batch { reads, ..self }
    }

    /// The changes, in ascending key order.
    pub fn operations(&self) -> &'a [Operation<'a>] {
        self.operations
    }

    /// The keys that were read; empty for exclusive engines.
    pub fn reads(&self) -> &'a [&'a [u8]] {
        self.reads
    }

    /// Keys and values together, in bytes; what [`crate::Limits::batch_bytes_max`] limits.
    pub fn bytes(&self) -> u64 {
        let size = |operation: &Operation<'_>| match operation {
            Operation::Put { key, value } => key.len() + value.len(),
            Operation::Delete { key } => key.len(),
            Operation::DeleteRange { start, end } => start.len() + end.len(),
        };
        self.operations.iter().map(|operation| size(operation) as u64).sum()
    }
}
