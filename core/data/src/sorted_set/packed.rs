//! A sorted set as a listpack: member, score, member, score, in order.

use std::cmp::Ordering;
use std::ops::Range;

use dredis_contract::Result;

use super::range::{self, SortedSetRange};
use super::{ScoredMember, score};
use crate::packed::{Element, Listpack, ListpackRef};

/// How many members there are.
pub(super) fn length(list: ListpackRef<'_>) -> u64 {
    list.count() as u64 / 2
}

/// A member's rank and score.
pub(super) fn find(list: ListpackRef<'_>, member: &[u8]) -> Result<Option<(usize, f64)>> {
    match list.pairs().enumerate().find(|(_, (own, _))| own.is(member)) {
        Some((rank, (_, score))) => Ok(Some((rank, score::from_packed(score)?))),
        None => Ok(None),
    }
}

/// All members in order.
pub(super) fn members(list: ListpackRef<'_>) -> Result<Vec<ScoredMember>> {
    members_at(list, 0..u64::MAX)
}

/// The members of these ranks.
pub(super) fn members_at(list: ListpackRef<'_>, ranks: Range<u64>) -> Result<Vec<ScoredMember>> {
    let skipped = usize::try_from(ranks.start).unwrap_or(usize::MAX);
    let taken = usize::try_from(ranks.end.saturating_sub(ranks.start)).unwrap_or(usize::MAX);
    let pairs = list.pairs().skip(skipped).take(taken);
    pairs
        .map(|(member, score)| {
            Ok(ScoredMember { member: member.to_vec(), score: score::from_packed(score)? })
        })
        .collect()
}

/// The ranks of a range. Like Redis's, a range by member is taken from the first member within its lower end up to the
/// one before the first beyond its upper end, and is empty if all members stand on one side of it by the look of the first
/// and the last: that only matters where scores differ.
pub(super) fn ranks(list: ListpackRef<'_>, range: &SortedSetRange) -> Result<Range<u64>> {
    let count = length(list);
    if let SortedSetRange::Members(low, high) = range {
        let (first, last) = (list.get(0), list.iter().rev().nth(1));
        let is_below = last.is_none_or(|last| low.is_after(&last.to_vec()));
        if is_below || first.is_none_or(|first| !high.is_after(&first.to_vec())) {
            return Ok(count..count);
        }
    }
    let (mut start, mut end) = (None, None);
    for (rank, (member, packed_score)) in (0..).zip(list.pairs()) {
        let (is_reached, is_passed) = match range {
            SortedSetRange::Ranks(ranks) => return Ok(ranks.start..ranks.end.min(count)),
            SortedSetRange::Scores(low, high) => {
                let score = score::from_packed(packed_score)?;
                (range::reaches(*low, score), range::passes(*high, score))
            }
            SortedSetRange::Members(low, high) => {
                let member = member.to_vec();
                (!low.is_after(&member), !high.is_after(&member))
            }
        };
        if is_reached && start.is_none() {
            start = Some(rank);
        }
        if is_passed && start.is_some() {
            end = Some(rank);
            break;
        }
    }
    Ok(start.unwrap_or(count)..end.unwrap_or(count))
}

/// Adds a member that is not there.
pub(super) fn insert(list: &mut Listpack, member: &[u8], own_score: f64) -> Result<()> {
    let mut rank = 0;
    for (other, other_score) in list.view().pairs() {
        let order = score::compare(score::from_packed(other_score)?, own_score);
        if order.then_with(|| compare(other, member)) == Ordering::Greater {
            break;
        }
        rank += 1;
    }
    list.insert(rank * 2, &[member, score::packed_text(own_score).as_bytes()]);
    Ok(())
}

/// Removes the members of these ranks.
pub(super) fn remove(list: &mut Listpack, ranks: Range<usize>) {
    list.remove(ranks.start * 2..ranks.end * 2);
}

/// A listpack of members in order.
pub(super) fn pack<'m>(members: impl IntoIterator<Item = &'m ScoredMember>) -> Listpack {
    let mut list = Listpack::default();
    for ScoredMember { member, score } in members {
        list.push_back(member);
        list.push_back(score::packed_text(*score).as_bytes());
    }
    list
}

fn compare(element: Element<'_>, member: &[u8]) -> Ordering {
    match element {
        Element::Bytes(own) => own.cmp(member),
        Element::Integer(_) => element.to_vec().as_slice().cmp(member),
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemberBound;
    use super::*;

    #[test]
    fn a_range_by_member_ends_before_it_begins() {
        let list = pack(&[ScoredMember { member: b"m".to_vec(), score: 1.0 }]);
        let range = SortedSetRange::Members(MemberBound::Highest, MemberBound::Lowest);
        let ranks = ranks(list.view(), &range).unwrap();
        assert!(ranks.is_empty());
    }
}
