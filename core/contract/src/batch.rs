//! A batch: the finished, sorted changes of one commit.

use crate::Moment;

/// One change. Within a batch they stand in ascending order of their (start) keys, so that a B-tree meets its pages
/// in order and a log-structured engine its memtable; and no two touch the same key.
///
/// A range touches every key in it, whether or not it is there. So no put or delete stands within a range of the same
/// batch, and no other range begins in it: what would become of such a batch is not defined, and the host never makes
/// one. A range's end is not touched: the same batch may change that key. (Kit:
/// `a_batch_may_hold_every_kind_of_change`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    /// Sets the key, whether or not it exists. (Kit: `a_put_sets_whether_or_not_the_key_exists`.)
    Put {
        /// The key, non-empty.
        key: &'a [u8],
        /// Its new value.
        value: &'a [u8],
    },
    /// Removes the key; it is no error if there is none. (Kit: `a_delete_removes_the_key_if_there_is_one`.)
    Delete {
        /// The key, non-empty.
        key: &'a [u8],
    },
    /// Removes every key in `start..end` (start included, end not; kit:
    /// `a_range_delete_takes_its_start_and_spares_its_end`). If `start` is not less than `end`, it removes nothing,
    /// which is no error (kit: `an_empty_range_delete_takes_nothing`). Neither bound needs to be there, and the range
    /// may hold everything there is (kit: `a_range_delete_may_take_everything`). Both are within
    /// [`crate::Limits::key_bytes_max`].
    DeleteRange {
        /// First key that goes.
        start: &'a [u8],
        /// First key that stays.
        end: &'a [u8],
    },
}

/// All changes of one commit, and what they rest on.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    operations: &'a [Operation<'a>],
    basis: Option<Basis<'a>>,
}

/// What the changes of a batch were computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis<'a> {
    /// The moment of the view that was read.
    pub moment: Moment,
    /// The keys that were read in it, those included that were not there.
    pub reads: &'a [&'a [u8]],
}

impl<'a> Batch<'a> {
    /// A batch of `operations`, sorted as [`Operation`] says, which rests on nothing: it is applied to whatever is
    /// there, and never ends as [`crate::Commit::Conflict`]. (Kit: `a_commit_that_rests_on_nothing_is_done`.)
    pub fn new(operations: &'a [Operation<'a>]) -> Self {
        Batch { operations, basis: None }
    }

    /// The same, computed from what a view of this [`Moment`] showed under the keys `reads`. Several servers may
    /// share an engine ([`crate::Sharing::Shared`]); [`crate::Backend::commit`] says what it makes of this. Exclusive
    /// engines ignore it.
    ///
    /// Single keys are named, not ranges. Whoever relies on what a scan showed names a key that every change within
    /// the range changes, too.
    pub fn resting_on(self, moment: Moment, reads: &'a [&'a [u8]]) -> Self {
        Batch { basis: Some(Basis { moment, reads }), ..self }
    }

    /// The changes, in ascending key order.
    pub fn operations(&self) -> &'a [Operation<'a>] {
        self.operations
    }

    /// What the changes rest on; `None` if on nothing.
    pub fn basis(&self) -> Option<Basis<'a>> {
        self.basis
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
