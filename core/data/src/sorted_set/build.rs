//! A sorted set made from nothing, of any size, in bounded memory.

use dredis_contract::Result;

use super::edit::fits;
use super::read::Spread;
use super::{ScoredMember, packed, score};
use crate::building::Building;
use crate::codec::RecordKind;
use crate::elements::ElementSet;
use crate::meta::{Form, Head};
use crate::packed::{Element, PackedLimits, check};
use crate::transaction::Transaction;

/// A new sorted set: members are added in any order, each once, and [`SortedSetBuilder::finish`] puts it under a key.
#[derive(Debug)]
pub struct SortedSetBuilder {
    limits: PackedLimits,
    state: State,
    /// Whether a member was added that had been added before.
    has_duplicate: bool,
}

#[derive(Debug)]
enum State {
    /// Small so far. The bytes of all members are counted.
    Waiting(Vec<ScoredMember>, usize),
    Building(Building, u64),
}

impl SortedSetBuilder {
    /// An empty one.
    pub fn new(limits: PackedLimits) -> SortedSetBuilder {
        SortedSetBuilder { limits, state: State::Waiting(Vec::new(), 0), has_duplicate: false }
    }

    /// Adds a member that was not added before. Scans of the caller's may have to begin anew.
    pub fn add(&mut self, txn: &mut Transaction<'_>, added: ScoredMember) -> Result<()> {
        if let State::Waiting(members, bytes) = &mut self.state {
            if fits(&self.limits, members.len() as u64 + 1, added.member.len(), *bytes) {
                // A score takes no more than 32 bytes, and two elements' frames much less.
                *bytes += added.member.len() + 64;
                members.push(added);
                return Ok(());
            }
            let mut building = txn.build(Form::SortedSetSpread)?;
            let count = members.len() as u64;
            for member in std::mem::take(members) {
                self.has_duplicate |= !write(txn, &mut building, &member)?;
            }
            self.state = State::Building(building, count);
        }
        if let State::Building(building, count) = &mut self.state {
            self.has_duplicate |= !write(txn, building, &added)?;
            *count += 1;
        }
        Ok(())
    }

    /// Whether all members are distinct, for callers who do not know it beforehand. If not, the sorted set must be [given
    /// up](SortedSetBuilder::give_up).
    pub(crate) fn is_distinct(&self) -> bool {
        let State::Waiting(members, _) = &self.state else { return !self.has_duplicate };
        let names = members.iter().map(|member| Element::Bytes(&member.member));
        check::are_distinct(names)
    }

    /// Whether members are known by now not to be distinct; costs nothing.
    pub(crate) fn has_duplicate(&self) -> bool {
        self.has_duplicate
    }

    /// Gives up what was written.
    pub(crate) fn give_up(self, txn: &mut Transaction<'_>) -> Result<()> {
        match self.state {
            State::Waiting(..) => Ok(()),
            State::Building(building, _) => txn.give_up(building),
        }
    }

    /// Puts the sorted set under a key, over whatever stands there, or removes that if there is no member. `old` is what
    /// [`Transaction::find_for_write`] answered. How many members there are.
    pub fn finish(self, txn: &mut Transaction<'_>, at: (u32, &[u8]), old: Option<Head>) -> Result<u64> {
        self.finish_expiring(txn, at, old, None)
    }

    /// The same with an expiry.
    pub(crate) fn finish_expiring(
        self,
        txn: &mut Transaction<'_>,
        (db, key): (u32, &[u8]),
        old: Option<Head>,
        expire_at_ms: Option<u64>,
    ) -> Result<u64> {
        match self.state {
            State::Waiting(members, _) if members.is_empty() => {
                if let Some(old) = old {
                    txn.remove_found(db, key, old)?;
                }
                Ok(0)
            }
            State::Waiting(mut members, _) => {
                members.sort_by(ScoredMember::order);
                let list = packed::pack(&members);
                let head = Head { expire_at_ms, ..Head::new(Form::SortedSetPacked) };
                txn.write_key(db, key, old, head, &list)?;
                Ok(members.len() as u64)
            }
            State::Building(mut building, count) => {
                let order = txn.order_build(building.object, |txn| txn.bound_memory(&mut building))?;
                let object = Some(order.object);
                let head = Head { expire_at_ms, object, ..Head::new(Form::SortedSetSpread) };
                txn.write_key(db, key, old, head, &Spread { order, count }.encode())?;
                Ok(count)
            }
        }
    }
}

/// Adds a member; whether it was not there before.
fn write(txn: &mut Transaction<'_>, building: &mut Building, added: &ScoredMember) -> Result<bool> {
    let elements = ElementSet { kind: RecordKind::SortedSetMember, object: building.object };
    let is_new = txn.add_element(elements, &added.member, &score::to_payload(added.score))?;
    if is_new {
        txn.order_append(building.object, &added.member, added.score);
        txn.bound_memory(building)?;
    }
    Ok(is_new)
}
