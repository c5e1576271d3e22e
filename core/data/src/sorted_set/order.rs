//! The order of a spread sorted set: an index of scores with members, counted so that ranks are cheap.
//!
//! A key of the index is a score (8 bytes, in the order of scores) and the member. Its value on level 0 is empty, or one
//! byte for the score -0, which has the same place as 0. A key that would be too long keeps its longest prefix and
//! ends in a hash, as all record keys do; then the value is that byte, or another, and the full member. Such keys stand in the order of hashes
//! among those with the same prefix: a *cluster*, nearly always a single key. Clusters are put right when they are
//! read, which costs as much as the cluster is long; shorter members never pay for it.

mod levels;
mod walk;

use std::cmp::Ordering;

use dredis_contract::{Error, Result, Scan};

use super::{ScoredMember, score};
use crate::codec::{self, HASH_BYTES, LEVEL_HEADER_BYTES, RecordKind, read_u64};
use crate::counted::CountedIndex;
use crate::transaction::Transaction;

pub(super) use walk::Start;

/// First byte of the value of a key whose score is -0, and of others whose value is not empty.
const MINUS_ZERO: u8 = b'-';
const PLAIN: u8 = b'+';
/// Bytes of the score in a key.
const SCORE_BYTES: usize = 8;

/// The index of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub object: u64,
    /// How many levels stand above level 0.
    pub height: u8,
}

/// A place between two neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// A score, or the number after it, as [`score::to_ordered`] gives it.
    pub score: u64,
    /// Before this member and all after it; empty: before all members of the score.
    pub member: Vec<u8>,
    /// Behind the member instead of before it.
    pub is_behind: bool,
}

impl Order {
    fn index(&self) -> CountedIndex {
        CountedIndex { kind: RecordKind::SortedSetOrder, object: self.object }
    }
}

impl Place {
    pub fn key(&self) -> Vec<u8> {
        let mut key = self.score.to_be_bytes().to_vec();
        key.extend_from_slice(&self.member);
        if self.is_behind {
            key.push(0);
        }
        key
    }

    pub fn is_after(&self, found: &ScoredMember) -> bool {
        let by_score = score::to_ordered(found.score).cmp(&self.score);
        match by_score.then_with(|| found.member.cmp(&self.member)) {
            Ordering::Less => true,
            Ordering::Equal => self.is_behind,
            Ordering::Greater => false,
        }
    }
}

impl Transaction<'_> {
    /// Adds a member that is not there.
    pub(super) fn order_insert(&mut self, order: &mut Order, member: &[u8], own_score: f64) -> Result<()> {
        let (key, value) = self.order_entry(member, own_score);
        self.counted_insert(order.index(), &key, value, 1, &mut order.height)
    }

    /// Removes a member that is there with this score.
    pub(super) fn order_remove(&mut self, order: Order, member: &[u8], own_score: f64) -> Result<()> {
        let (key, _) = self.order_entry(member, own_score);
        self.counted_remove(order.index(), &key, 1, order.height)
    }

    /// Gives a member that is there with the score `before` another one.
    pub(super) fn order_move(
        &mut self,
        order: &mut Order,
        member: &[u8],
        before: f64,
        own_score: f64,
    ) -> Result<()> {
        let (from, _) = self.order_entry(member, before);
        let (to, value) = self.order_entry(member, own_score);
        self.counted_move(order.index(), [&from, &to], value, &mut order.height)
    }

    /// Adds a member to an index whose levels are made later, by [`Transaction::order_build`].
    pub(super) fn order_append(&mut self, object: u64, member: &[u8], own_score: f64) {
        let (key, value) = self.order_entry(member, own_score);
        let index = CountedIndex { kind: RecordKind::SortedSetOrder, object };
        self.put(&index.record(0, &key), value);
    }

    /// How many members stand before a place.
    pub(super) fn order_rank(&self, order: Order, place: &Place) -> Result<u64> {
        let key = place.key();
        let Some(cluster) = self.cluster(&key) else {
            return self.counted_rank(order.index(), &key, order.height);
        };
        let before = self.counted_rank(order.index(), cluster, order.height)?;
        let members = self.cluster_members(order, cluster)?;
        Ok(before + members.iter().filter(|member| place.is_after(member)).count() as u64)
    }

    /// The member of a rank.
    fn order_at(&self, order: Order, rank: u64) -> Result<Option<ScoredMember>> {
        let Some((key, _)) = self.counted_at(order.index(), rank, order.height)? else { return Ok(None) };
        let Some(cluster) = self.cluster(&key) else {
            return self.order_decode(&order.index().record(0, &key), &[]).map(Some);
        };
        let first = self.counted_rank(order.index(), cluster, order.height)?;
        let mut members = self.cluster_members(order, cluster)?;
        members.sort_by(ScoredMember::order);
        Ok(members.into_iter().nth((rank - first) as usize))
    }

    /// The members whose keys begin with these bytes.
    fn cluster_members(&self, order: Order, cluster: &[u8]) -> Result<Vec<ScoredMember>> {
        let start = order.index().record(0, cluster);
        let end = codec::successor(&start);
        let mut records = self.scan(&Scan { start: &start, end: end.as_deref(), ..Scan::all() })?;
        let mut members = Vec::new();
        while let Some(record) = records.next()? {
            members.push(self.order_decode(record.key, record.value)?);
        }
        Ok(members)
    }

    /// What a key shares with all of its cluster, if it is long enough to be in one.
    fn cluster<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        let whole = self.store.codec.key_bytes_max - HASH_BYTES - LEVEL_HEADER_BYTES;
        if key.len() > whole { key.get(..whole) } else { None }
    }

    /// A member's key and its value on level 0.
    fn order_entry(&self, member: &[u8], own_score: f64) -> (Vec<u8>, Vec<u8>) {
        let index = CountedIndex { kind: RecordKind::SortedSetOrder, object: 0 };
        let header = index.record(0, &score::to_ordered(own_score).to_be_bytes());
        let record = self.store.codec.finish(header, member);
        let is_minus_zero = own_score == 0.0 && own_score.is_sign_negative();
        let mut value = if is_minus_zero { vec![MINUS_ZERO] } else { Vec::new() };
        if self.store.codec.is_shortened(&record) {
            value.resize(1, PLAIN);
            value.extend_from_slice(member);
        }
        (record[LEVEL_HEADER_BYTES..].to_vec(), value)
    }

    fn order_decode(&self, record: &[u8], value: &[u8]) -> Result<ScoredMember> {
        let ordered = read_u64(record, LEVEL_HEADER_BYTES)
            .ok_or_else(|| Error::corrupt("a record of a sorted set's order has no score"))?;
        let own_score = score::from_ordered(ordered);
        let (sign, rest) = value.split_first().map_or((PLAIN, value), |(sign, rest)| (*sign, rest));
        let is_shortened = self.store.codec.is_shortened(record);
        let member = if is_shortened { rest } else { &record[LEVEL_HEADER_BYTES + SCORE_BYTES..] };
        let score = if sign == MINUS_ZERO { -own_score } else { own_score };
        Ok(ScoredMember { member: member.to_vec(), score })
    }
}
