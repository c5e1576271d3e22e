//! What part of a sorted set is meant.

use std::cmp::Ordering;
use std::ops::{Bound, Range};

use dredis_contract::Direction;

use super::score;

/// An end of a range of members, as a place between two neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberBound {
    /// Before all members.
    Lowest,
    /// After all members.
    Highest,
    /// Before this member and all after it.
    Before(Vec<u8>),
    /// After this member.
    After(Vec<u8>),
}

impl MemberBound {
    /// Whether a member stands before this place.
    pub(super) fn is_after(&self, member: &[u8]) -> bool {
        match self {
            MemberBound::Lowest => false,
            MemberBound::Highest => true,
            MemberBound::Before(bound) => member < bound.as_slice(),
            MemberBound::After(bound) => member <= bound.as_slice(),
        }
    }
}

/// A part of a sorted set.
#[derive(Clone, Debug, PartialEq)]
pub enum SortedSetRange {
    /// By rank from the lowest score; may go beyond the end.
    Ranks(Range<u64>),
    /// By score; no end is NaN.
    Scores(Bound<f64>, Bound<f64>),
    /// By member, among members of the same score.
    Members(MemberBound, MemberBound),
}

/// Which members of a range are wanted, and from which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From the lowest score, or from the highest.
    pub direction: Direction,
    /// How many to pass over.
    pub offset: u64,
    /// How many to take at most.
    pub count: u64,
}

impl Window {
    /// A whole range.
    pub fn all(direction: Direction) -> Window {
        Window { direction, offset: 0, count: u64::MAX }
    }

    /// The ranks that the window shows of a range of ranks.
    pub fn within(&self, ranks: Range<u64>) -> Range<u64> {
        let Range { start, end } = ranks;
        if start >= end || self.offset >= end - start {
            return start..start;
        }
        match self.direction {
            Direction::Forward => {
                let start = start + self.offset;
                start..end.min(start.saturating_add(self.count))
            }
            Direction::Reverse => {
                let end = end - self.offset;
                start.max(end.saturating_sub(self.count))..end
            }
        }
    }
}

/// Whether a score is at or above the lower end of a range.
pub(super) fn reaches(low: Bound<f64>, own: f64) -> bool {
    match low {
        Bound::Unbounded => true,
        Bound::Included(low) => score::compare(own, low) != Ordering::Less,
        Bound::Excluded(low) => score::compare(own, low) == Ordering::Greater,
    }
}

/// Whether a score is above the upper end of a range.
pub(super) fn passes(high: Bound<f64>, own: f64) -> bool {
    match high {
        Bound::Unbounded => false,
        Bound::Included(high) => score::compare(own, high) == Ordering::Greater,
        Bound::Excluded(high) => score::compare(own, high) != Ordering::Less,
    }
}
