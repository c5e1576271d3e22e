//! Sorted sets read: by member, by rank and by range.

use std::ops::{Bound, Range};

use dredis_contract::{Direction, Error, Result};

use super::order::{Order, Place, Start};
use super::range::{MemberBound, SortedSetRange, Window};
use super::{ScoredMember, packed, score};
use crate::codec::RecordKind;
use crate::counted::searched_height;
use crate::elements::{ElementPage, ElementSet, NamedElement};
use crate::meta::{Entry, Form, Head, Stored};
use crate::packed::ListpackRef;
use crate::transaction::Transaction;

/// So many members are rather passed over than counted.
const PASSED_OVER_MAX: u64 = 32;

/// A sorted set to read. It does not change with what is written meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct SortedSet<'b>(pub(super) Shape<'b>);

#[derive(Clone, Copy, Debug)]
pub(super) enum Shape<'b> {
    Packed(ListpackRef<'b>),
    Spread(Spread),
}

/// What the meta record of a spread sorted set says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spread {
    pub order: Order,
    pub count: u64,
}

impl Spread {
    pub fn decode(object: u64, body: &[u8]) -> Result<Spread> {
        let split = || Some((u64::from_be_bytes(*body.first_chunk()?), *body.get(8)?));
        let (count, height) =
            split().ok_or_else(|| Error::corrupt("a spread sorted set's record does not decode"))?;
        Ok(Spread { order: Order { object, height }, count })
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut body = self.count.to_be_bytes().to_vec();
        body.push(self.order.height);
        body
    }

    /// The order, to be searched.
    fn searched(&self) -> Order {
        Order { height: searched_height(self.order.height, self.count), ..self.order }
    }

    /// The members' records.
    pub fn elements(&self) -> ElementSet {
        ElementSet { kind: RecordKind::SortedSetMember, object: self.order.object }
    }
}

impl<'b> SortedSet<'b> {
    /// The value of an entry of that type.
    pub fn of(entry: &'b Entry<'_>) -> Result<Self> {
        SortedSet::new(entry.head(), entry.body())
    }

    /// The value of a copied record of that type.
    pub fn of_stored(stored: &'b Stored) -> Result<Self> {
        SortedSet::new(stored.head, &stored.body)
    }

    fn new(head: Head, body: &'b [u8]) -> Result<Self> {
        match (head.form, head.object) {
            (Form::SortedSetPacked, _) => Ok(SortedSet(Shape::Packed(ListpackRef::new(body)?))),
            (Form::SortedSetSpread, Some(object)) => {
                Ok(SortedSet(Shape::Spread(Spread::decode(object, body)?)))
            }
            _ => Err(Error::corrupt("another value was taken for a sorted set")),
        }
    }

    /// How many members there are.
    pub fn length(&self) -> u64 {
        match self.0 {
            Shape::Packed(list) => packed::length(list),
            Shape::Spread(spread) => spread.count,
        }
    }

    /// A member's score.
    pub fn score(&self, txn: &Transaction<'_>, member: &[u8]) -> Result<Option<f64>> {
        match self.0 {
            Shape::Packed(list) => Ok(packed::find(list, member)?.map(|(_, score)| score)),
            Shape::Spread(spread) => {
                txn.look_at_element(spread.elements(), member, score::from_payload)?.transpose()
            }
        }
    }

    /// A member's rank from the lowest score.
    pub fn rank(&self, txn: &Transaction<'_>, member: &[u8]) -> Result<Option<u64>> {
        match self.0 {
            Shape::Packed(list) => Ok(packed::find(list, member)?.map(|(rank, _)| rank as u64)),
            Shape::Spread(spread) => {
                let Some(own) = self.score(txn, member)? else { return Ok(None) };
                let place =
                    Place { score: score::to_ordered(own), member: member.to_vec(), is_behind: false };
                txn.order_rank(spread.searched(), &place).map(Some)
            }
        }
    }

    /// The ranks of a range; empty, and anywhere, if nothing is in it.
    pub fn ranks(&self, txn: &Transaction<'_>, range: &SortedSetRange) -> Result<Range<u64>> {
        let spread = match (self.0, range) {
            (Shape::Packed(list), _) => return packed::ranks(list, range),
            (Shape::Spread(spread), SortedSetRange::Ranks(ranks)) => {
                return Ok(ranks.start..ranks.end.min(spread.count));
            }
            (Shape::Spread(spread), _) => spread,
        };
        let Some((start, end)) = self.places(txn, spread, range)? else { return Ok(0..0) };
        let start = match start {
            Some(place) => txn.order_rank(spread.searched(), &place)?,
            None => 0,
        };
        let end = match end {
            Some(place) => txn.order_rank(spread.searched(), &place)?,
            None => spread.count,
        };
        Ok(start..end)
    }

    /// The members of these ranks, in this direction.
    pub fn members(
        &self,
        txn: &Transaction<'_>,
        ranks: Range<u64>,
        direction: Direction,
    ) -> Result<Vec<ScoredMember>> {
        let ranks = ranks.start..ranks.end.min(self.length());
        if ranks.is_empty() {
            return Ok(Vec::new());
        }
        let spread = match self.0 {
            Shape::Packed(list) => {
                let mut members = packed::members_at(list, ranks)?;
                if direction == Direction::Reverse {
                    members.reverse();
                }
                return Ok(members);
            }
            Shape::Spread(spread) => spread,
        };
        let (start, limit) = (ranks.start, ranks.end - ranks.start);
        // Both ends of the whole are found without counting.
        let start = match direction {
            Direction::Forward if start == 0 => Start::Place(lowest()),
            Direction::Forward => Start::Rank(start),
            Direction::Reverse if ranks.end == spread.count => Start::Place(highest()),
            Direction::Reverse => Start::Rank(ranks.end - 1),
        };
        txn.order_walk(spread.searched(), start, direction, limit, |_| true)
    }

    /// The members that a window shows of a range, in the window's direction.
    pub fn window(
        &self,
        txn: &Transaction<'_>,
        range: &SortedSetRange,
        window: Window,
    ) -> Result<Vec<ScoredMember>> {
        let is_near = window.offset <= PASSED_OVER_MAX;
        let spread = match (self.0, range) {
            (Shape::Spread(spread), SortedSetRange::Scores(..) | SortedSetRange::Members(..)) if is_near => {
                spread
            }
            _ => {
                let ranks = window.within(self.ranks(txn, range)?);
                return self.members(txn, ranks, window.direction);
            }
        };
        let Some((low, high)) = self.places(txn, spread, range)? else { return Ok(Vec::new()) };
        let (low, high) = (low.unwrap_or_else(lowest), high.unwrap_or_else(highest));
        let (start, stop) = match window.direction {
            Direction::Forward => (low, high),
            Direction::Reverse => (high, low),
        };
        let is_before_stop = |member: &ScoredMember| match window.direction {
            Direction::Forward => stop.is_after(member),
            Direction::Reverse => !stop.is_after(member),
        };
        let limit = window.offset.saturating_add(window.count);
        let limit = if window.count == 0 { 0 } else { limit };
        let mut found =
            txn.order_walk(spread.order, Start::Place(start), window.direction, limit, is_before_stop)?;
        found.drain(..found.len().min(window.offset as usize));
        Ok(found)
    }

    /// The places where a range of scores or members begins and ends; `None`: with the whole. Nothing at all if no
    /// member can be in it.
    fn places(
        &self,
        txn: &Transaction<'_>,
        spread: Spread,
        range: &SortedSetRange,
    ) -> Result<Option<(Option<Place>, Option<Place>)>> {
        let before_score = |score: u64| Some(Place { score, member: Vec::new(), is_behind: false });
        let (start, end) = match range {
            SortedSetRange::Ranks(_) => (None, None),
            SortedSetRange::Scores(low, high) => {
                let start = match *low {
                    Bound::Included(low) => before_score(score::to_ordered(low)),
                    Bound::Excluded(low) => before_score(score::to_ordered(low) + 1),
                    Bound::Unbounded => None,
                };
                let end = match *high {
                    Bound::Included(high) => before_score(score::to_ordered(high) + 1),
                    Bound::Excluded(high) => before_score(score::to_ordered(high)),
                    Bound::Unbounded => None,
                };
                (start, end)
            }
            SortedSetRange::Members(low, high) => {
                // The range is meant for members that all have one score; which one, the first tells.
                let first =
                    txn.order_walk(spread.order, Start::Place(lowest()), Direction::Forward, 1, |_| true)?;
                let Some(first) = first.first() else { return Ok(None) };
                let score = score::to_ordered(first.score);
                let place = |member: &[u8], is_behind| Place { score, member: member.to_vec(), is_behind };
                let start = match low {
                    MemberBound::Lowest => None,
                    MemberBound::Highest => return Ok(None),
                    MemberBound::Before(member) => Some(place(member, false)),
                    MemberBound::After(member) => Some(place(member, true)),
                };
                let end = match high {
                    MemberBound::Lowest => return Ok(None),
                    MemberBound::Highest => None,
                    MemberBound::Before(member) => Some(place(member, false)),
                    MemberBound::After(member) => Some(place(member, true)),
                };
                (start, end)
            }
        };
        let is_empty = match (&start, &end) {
            (Some(start), Some(end)) => start.key() >= end.key(),
            _ => false,
        };
        Ok((!is_empty).then_some((start, end)))
    }

    /// A page of a walk in the order of hashes, each member with its score as text; all at once if packed.
    pub fn page(&self, txn: &Transaction<'_>, from: u64, limit: usize) -> Result<ElementPage> {
        match self.0 {
            Shape::Packed(list) => {
                let elements = list.pairs().map(|(member, score)| {
                    let name = member.to_vec();
                    NamedElement { hash: txn.element_hash(&name), name, payload: score.to_vec() }
                });
                Ok(ElementPage { elements: elements.collect(), next: None })
            }
            Shape::Spread(spread) => {
                let mut page = txn.elements_page(spread.elements(), from, limit)?;
                for element in &mut page.elements {
                    element.payload = score::score_text(score::from_payload(&element.payload)?).into_bytes();
                }
                Ok(page)
            }
        }
    }
}

/// Before all members.
fn lowest() -> Place {
    Place { score: 0, member: Vec::new(), is_behind: false }
}

/// After all members.
fn highest() -> Place {
    Place { score: u64::MAX, member: Vec::new(), is_behind: false }
}
