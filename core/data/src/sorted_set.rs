//! Sorted sets: members in the order of their scores under one key, members of the same score in the order of their
//! bytes.
//!
//! A small one is a listpack of members and scores in turn, in order. A large one stands in records twice: by the hash of
//! the member, to be found and walked (`elements.rs`), and in order, with counts by which a rank is
//! found in O(log n) reads (`order.rs`). Whatever a command asks for is turned into ranks where that saves reading.

mod algebra;
mod build;
mod edit;
mod order;
mod packed;
mod range;
mod read;
mod remainder;
mod sample;
pub(crate) mod score;
mod source;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

pub use algebra::{Aggregate, Algebra, Combination};
pub use build::SortedSetBuilder;
pub use edit::SortedSetEditor;
pub use range::{MemberBound, SortedSetRange, Window};
pub use read::SortedSet;
pub use score::score_text;
pub use source::Source;

pub use dredis_contract::Direction;

/// A member with its score.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredMember {
    /// The member.
    pub member: Vec<u8>,
    /// Its score; never NaN.
    pub score: f64,
}

impl ScoredMember {
    /// The order of sorted sets.
    pub fn order(&self, other: &ScoredMember) -> Ordering {
        score::compare(self.score, other.score).then_with(|| self.member.cmp(&other.member))
    }
}
