//! Walks over a part of the order, in either direction, with clusters put right.

use dredis_contract::{Direction, Result, Scan};

use super::super::{ScoredMember, score};
use super::{Order, Place};
use crate::codec::{self, LEVEL_HEADER_BYTES, RecordKey};
use crate::transaction::Transaction;

/// The most records that a scan announces to the engine.
const EXPECTED_MAX: u64 = 1000;

/// Where a walk begins.
pub(in crate::sorted_set) enum Start {
    /// With the member of this rank.
    Rank(u64),
    /// With the member next to this place, in the walk's direction.
    Place(Place),
}

/// What a walk has found so far.
struct Walk<W> {
    place: Place,
    direction: Direction,
    limit: u64,
    wanted: W,
    found: Vec<ScoredMember>,
    /// Members of one cluster, held back until the cluster ends, and what their keys begin with.
    held: Vec<ScoredMember>,
    cluster: Vec<u8>,
    is_over: bool,
}

impl Transaction<'_> {
    /// Up to `limit` members from `start` on, until one is not `wanted`.
    pub(in crate::sorted_set) fn order_walk(
        &self,
        order: Order,
        start: Start,
        direction: Direction,
        limit: u64,
        wanted: impl Fn(&ScoredMember) -> bool,
    ) -> Result<Vec<ScoredMember>> {
        let place = match start {
            Start::Place(place) => place,
            Start::Rank(rank) => match self.order_at(order, rank)? {
                // In reverse a walk begins before its place.
                Some(ScoredMember { member, score }) => Place {
                    score: score::to_ordered(score),
                    member,
                    is_behind: direction == Direction::Reverse,
                },
                None => return Ok(Vec::new()),
            },
        };
        let (start, end) = self.walked_range(order, &place, direction);
        let scan = Scan { start: &start, end: end.as_deref(), direction, ..Scan::all() };
        let mut records = self.scan(&scan.expecting(limit.min(EXPECTED_MAX) as usize))?;
        let is_over = limit == 0;
        let (found, held, cluster) = (Vec::new(), Vec::new(), Vec::new());
        let mut walk = Walk { place, direction, limit, wanted, found, held, cluster, is_over };
        while !walk.is_over
            && let Some(record) = records.next()?
        {
            let member = self.order_decode(record.key, record.value)?;
            let key = record.key.get(LEVEL_HEADER_BYTES..).unwrap_or_default();
            walk.meet(member, self.cluster(key));
        }
        walk.release();
        Ok(walk.found)
    }

    /// Where the records of a walk that begins at a place stand; a cluster around the place belongs to them as a whole.
    fn walked_range(
        &self,
        order: Order,
        place: &Place,
        direction: Direction,
    ) -> (RecordKey, Option<RecordKey>) {
        let index = order.index();
        let level = codec::level(index.kind, order.object, 0);
        let key = place.key();
        let cluster = self.cluster(&key);
        let at = index.record(0, cluster.unwrap_or(&key));
        match direction {
            Direction::Forward => (at, codec::successor(&level)),
            Direction::Reverse if cluster.is_some() => (level, codec::successor(&at)),
            Direction::Reverse => (level, Some(at)),
        }
    }
}

impl<W: Fn(&ScoredMember) -> bool> Walk<W> {
    /// The next member in the order of keys, and its cluster.
    fn meet(&mut self, member: ScoredMember, cluster: Option<&[u8]>) {
        if cluster != Some(&self.cluster) {
            self.release();
        }
        match cluster {
            Some(cluster) => {
                cluster.clone_into(&mut self.cluster);
                self.held.push(member);
            }
            None => self.take(member),
        }
    }

    /// Takes what was held back.
    fn release(&mut self) {
        let mut held = std::mem::take(&mut self.held);
        held.sort_by(ScoredMember::order);
        if self.direction == Direction::Reverse {
            held.reverse();
        }
        held.into_iter().for_each(|member| self.take(member));
    }

    /// The next member in order.
    fn take(&mut self, member: ScoredMember) {
        let is_passed_over = match self.direction {
            Direction::Forward => self.place.is_after(&member),
            Direction::Reverse => !self.place.is_after(&member),
        };
        if self.is_over || is_passed_over {
            return;
        }
        if (self.wanted)(&member) {
            self.found.push(member);
            self.is_over = self.found.len() as u64 >= self.limit;
        } else {
            self.is_over = true;
        }
    }
}
