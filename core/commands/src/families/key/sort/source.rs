//! What is sorted: the elements of a list, set or sorted set.

use dredis_data::set::SetRef;
use dredis_data::sorted_set::{Direction, SortedSet};
use dredis_data::{Entry, Kind, Transaction, list};

use crate::errors::CommandError;

/// A value whose elements can be sorted.
pub struct Source<'e, 't>(&'e Entry<'t>);

/// Which elements are wanted, in the order that they have.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// How many to pass over.
    pub start: u64,
    /// How many to take.
    pub count: u64,
    /// From the last on; for a set, whose order means nothing, the same.
    pub is_reversed: bool,
}

impl<'e, 't> Source<'e, 't> {
    /// The elements of an entry, if it is of a type that has any to be sorted.
    pub fn new(entry: &'e Entry<'t>) -> Option<Self> {
        matches!(entry.kind(), Kind::List | Kind::Set | Kind::SortedSet).then_some(Source(entry))
    }

    /// Whether this is a set.
    pub fn is_set(&self) -> bool {
        self.0.kind() == Kind::Set
    }

    /// How many elements there are.
    pub fn length(&self) -> Result<u64, CommandError> {
        Ok(match self.0.kind() {
            Kind::Set => SetRef::of(self.0)?.count(),
            Kind::SortedSet => SortedSet::of(self.0)?.length(),
            _ => list::length(self.0)?,
        })
    }

    /// Elements in the order that they have.
    pub fn part(&self, txn: &Transaction<'_>, window: Window) -> Result<Vec<Vec<u8>>, CommandError> {
        let Window { start, count, is_reversed } = window;
        let end = start.saturating_add(count);
        // The same window counted from the first element on.
        let ranks = match is_reversed {
            true => {
                let length = self.length()?;
                length.saturating_sub(end)..length.saturating_sub(start)
            }
            false => start..end,
        };
        match self.0.kind() {
            Kind::Set => {
                let members = SetRef::of(self.0)?.members(txn)?.into_iter();
                let place = |index| usize::try_from(index).unwrap_or(usize::MAX);
                Ok(members.skip(place(start)).take(place(count)).collect())
            }
            Kind::SortedSet => {
                let direction = if is_reversed { Direction::Reverse } else { Direction::Forward };
                let members = SortedSet::of(self.0)?.members(txn, ranks, direction)?;
                Ok(members.into_iter().map(|scored| scored.member).collect())
            }
            _ => {
                let mut elements = txn.list_range(self.0, ranks.start, ranks.end - ranks.start)?;
                if is_reversed {
                    elements.reverse();
                }
                Ok(elements)
            }
        }
    }
}

/// The value of a hash's field.
pub fn field_of(
    txn: &Transaction<'_>,
    entry: &Entry<'_>,
    field: &[u8],
) -> Result<Option<Vec<u8>>, CommandError> {
    Ok(txn.hash_value(entry, field)?)
}
