//! Most of a sorted set removed, or more of it than one commit should: what stays is copied under a new object, in
//! commits of bounded size, and the old object becomes garbage as a whole.

use std::cmp::Ordering;
use std::ops::Range;

use dredis_contract::{Direction, Error, Result};

use super::order::Order;
use super::read::{Shape, SortedSet, Spread};
use super::{ScoredMember, score};
use crate::codec::RecordKind;
use crate::elements::{ElementSet, ElementWriter};
use crate::meta::Form;
use crate::transaction::Transaction;

/// Members of a page at first, and at most.
const PAGE_MIN: usize = 16;
const PAGE_MAX: usize = 512;
/// Pages of more bytes than this are followed by smaller ones.
const PAGE_BYTES: usize = 256 << 10;

impl Spread {
    /// What stays without the members of these ranks, of which there are some, under an object of its own.
    pub(super) fn without(&self, txn: &mut Transaction<'_>, ranks: Range<u64>) -> Result<Spread> {
        let first = self.member_at(txn, ranks.start)?;
        let last = self.member_at(txn, ranks.end.saturating_sub(1))?;
        let mut building = txn.build(Form::SortedSetSpread)?;
        let object = building.object;
        let mut writer = ElementWriter::new(ElementSet { kind: RecordKind::SortedSetMember, object });
        let (mut from, mut limit) = (Some(0), PAGE_MIN);
        while let Some(hash) = from {
            let page = txn.elements_page(self.elements(), hash, limit)?;
            let bytes: usize = page.elements.iter().map(|element| element.name.len()).sum();
            limit = if bytes > PAGE_BYTES { (limit / 2).max(1) } else { (limit * 2).min(PAGE_MAX) };
            from = page.next;
            for element in page.elements {
                let own =
                    ScoredMember { score: score::from_payload(&element.payload)?, member: element.name };
                if own.order(&first) == Ordering::Less || own.order(&last) == Ordering::Greater {
                    writer.add(txn, element.hash, &own.member, &element.payload)?;
                    txn.order_append(object, &own.member, own.score);
                    txn.bound_memory(&mut building)?;
                }
            }
        }
        let count = writer.finish(txn);
        let order = match count {
            0 => Order { object, height: 0 },
            _ => txn.order_build(object, |txn| txn.bound_memory(&mut building))?,
        };
        Ok(Spread { order, count })
    }

    fn member_at(&self, txn: &Transaction<'_>, rank: u64) -> Result<ScoredMember> {
        let found =
            SortedSet(Shape::Spread(*self)).members(txn, rank..rank.saturating_add(1), Direction::Forward)?;
        found
            .into_iter()
            .next()
            .ok_or_else(|| Error::corrupt("a sorted set has fewer members than it counts"))
    }
}
