//! A sorted set changed in place, under one key.

use std::ops::Range;

use dredis_contract::{Direction, Result};

use super::order::Order;
use super::range::Window;
use super::read::{Shape, SortedSet, Spread};
use super::{ScoredMember, packed, score};
use crate::codec::RecordKind;
use crate::elements::ElementSet;
use crate::meta::{Form, Head, Stored};
use crate::packed::{Listpack, PACKED_BYTES_MAX, PackedLimits};
use crate::transaction::Transaction;

/// How many members are removed at a time.
const PAGE: u64 = 1000;

/// A sorted set to change: opened on what [`Transaction::load_for_write`] found, and written by
/// [`SortedSetEditor::finish`].
#[derive(Debug)]
pub struct SortedSetEditor<'k> {
    db: u32,
    key: &'k [u8],
    old: Option<Head>,
    limits: PackedLimits,
    state: State,
    is_changed: bool,
    /// The meta record as it stands, for spread ones.
    recorded: Option<Spread>,
}

#[derive(Debug)]
enum State {
    Packed(Listpack),
    Spread(Spread),
}

impl<'k> SortedSetEditor<'k> {
    /// Opens the sorted set under a key; an absent one is empty.
    pub fn open(
        (db, key): (u32, &'k [u8]),
        stored: Option<Stored>,
        limits: PackedLimits,
    ) -> Result<SortedSetEditor<'k>> {
        let old = stored.as_ref().map(|stored| stored.head);
        let (state, recorded) = match stored {
            None => (State::Packed(Listpack::default()), None),
            Some(stored) => match SortedSet::of_stored(&stored)?.0 {
                Shape::Spread(spread) => (State::Spread(spread), Some(spread)),
                Shape::Packed(_) => (State::Packed(Listpack::from_bytes(stored.body)?), None),
            },
        };
        Ok(SortedSetEditor { db, key, old, limits, state, is_changed: false, recorded })
    }

    /// The sorted set as it stands now.
    pub fn view(&self) -> SortedSet<'_> {
        SortedSet(match &self.state {
            State::Packed(list) => Shape::Packed(list.view()),
            State::Spread(spread) => Shape::Spread(*spread),
        })
    }

    /// Gives a member a score. `before`: the score that it has now, if it is there.
    pub fn set(
        &mut self,
        txn: &mut Transaction<'_>,
        member: &[u8],
        new: f64,
        before: Option<f64>,
    ) -> Result<()> {
        self.is_changed = true;
        if let State::Packed(list) = &self.state
            && before.is_none()
            && !fits(&self.limits, packed::length(list.view()) + 1, member.len(), list.len())
        {
            self.spread(txn)?;
        }
        match &mut self.state {
            State::Packed(list) => {
                if before.is_some()
                    && let Some((rank, _)) = packed::find(list.view(), member)?
                {
                    packed::remove(list, rank..rank + 1);
                }
                packed::insert(list, member, new)
            }
            State::Spread(spread) => {
                txn.put_element(spread.elements(), member, &score::to_payload(new))?;
                match before {
                    Some(before) => txn.order_remove(spread.order, member, before)?,
                    None => spread.count += 1,
                }
                txn.order_insert(&mut spread.order, member, new)
            }
        }
    }

    /// Removes a member; whether it was there.
    pub fn remove(&mut self, txn: &mut Transaction<'_>, member: &[u8]) -> Result<bool> {
        match &mut self.state {
            State::Packed(list) => {
                let Some((rank, _)) = packed::find(list.view(), member)? else { return Ok(false) };
                packed::remove(list, rank..rank + 1);
            }
            State::Spread(spread) => {
                let Some(payload) = txn.remove_element(spread.elements(), member)? else {
                    return Ok(false);
                };
                txn.order_remove(spread.order, member, score::from_payload(&payload)?)?;
                spread.count -= 1;
            }
        }
        self.is_changed = true;
        Ok(true)
    }

    /// Removes the members of these ranks. How many there were.
    pub fn remove_ranks(&mut self, txn: &mut Transaction<'_>, ranks: Range<u64>) -> Result<u64> {
        let length = self.view().length();
        let ranks = ranks.start..ranks.end.min(length);
        if ranks.is_empty() {
            return Ok(0);
        }
        self.is_changed = true;
        let removed = ranks.end - ranks.start;
        match &mut self.state {
            State::Packed(list) => packed::remove(list, ranks.start as usize..ranks.end as usize),
            // The whole becomes garbage with its key.
            State::Spread(spread) if removed == length => spread.count = 0,
            State::Spread(spread) => {
                // From the end, so that what is gone does not have to be passed by again.
                let mut end = ranks.end;
                while end > ranks.start {
                    let start = end.saturating_sub(PAGE).max(ranks.start);
                    let set = SortedSet(Shape::Spread(*spread));
                    let members = set.members(txn, start..end, Direction::Forward)?;
                    spread.remove_run(txn, &members)?;
                    end = start;
                }
            }
        }
        Ok(removed)
    }

    /// Removes up to so many members from one end, and answers them, the outermost first.
    pub fn pop(
        &mut self,
        txn: &mut Transaction<'_>,
        count: u64,
        direction: Direction,
    ) -> Result<Vec<ScoredMember>> {
        let length = self.view().length();
        let ranks = Window { direction, offset: 0, count }.within(0..length);
        let mut popped = self.view().members(txn, ranks.clone(), direction)?;
        let is_reversed = direction == Direction::Reverse;
        if is_reversed {
            popped.reverse();
        }
        match &mut self.state {
            State::Spread(spread) if (popped.len() as u64) < length => {
                self.is_changed |= !popped.is_empty();
                spread.remove_run(txn, &popped)?;
            }
            _ => {
                self.remove_ranks(txn, ranks)?;
            }
        }
        if is_reversed {
            popped.reverse();
        }
        Ok(popped)
    }

    /// Writes the record, if anything has changed. An empty sorted set takes its key with it.
    pub fn finish(self, txn: &mut Transaction<'_>) -> Result<()> {
        if !self.is_changed {
            return Ok(());
        }
        let (db, key) = (self.db, self.key);
        if self.view().length() == 0 {
            return match self.old {
                Some(old) => txn.remove_found(db, key, old),
                None => Ok(()),
            };
        }
        let expire_at_ms = self.old.and_then(|old| old.expire_at_ms);
        match self.state {
            State::Packed(list) => {
                let head = Head { expire_at_ms, ..Head::new(Form::SortedSetPacked) };
                txn.write_key(db, key, self.old, head, &list)
            }
            State::Spread(spread) if self.recorded == Some(spread) => txn.elements_changed(db, key),
            State::Spread(spread) => {
                let object = Some(spread.order.object);
                let head = Head { expire_at_ms, object, ..Head::new(Form::SortedSetSpread) };
                txn.write_key(db, key, self.old, head, &spread.encode())
            }
        }
    }

    /// Goes over from the packed form.
    fn spread(&mut self, txn: &mut Transaction<'_>) -> Result<()> {
        let State::Packed(list) = &self.state else { return Ok(()) };
        let members = packed::members(list.view())?;
        let object = txn.next_object()?;
        let elements = ElementSet { kind: RecordKind::SortedSetMember, object };
        for ScoredMember { member, score } in &members {
            txn.put_element(elements, member, &score::to_payload(*score))?;
            txn.order_append(object, member, *score);
        }
        let order = match members.is_empty() {
            true => Order { object, height: 0 },
            false => txn.order_build(object, |_| Ok(()))?,
        };
        self.state = State::Spread(Spread { order, count: members.len() as u64 });
        Ok(())
    }
}

impl Spread {
    /// Removes members that stand next to each other, given in order.
    fn remove_run(&mut self, txn: &mut Transaction<'_>, members: &[ScoredMember]) -> Result<()> {
        for ScoredMember { member, .. } in members {
            txn.remove_element(self.elements(), member)?;
        }
        txn.order_remove_run(self.order, members)?;
        self.count -= members.len() as u64;
        Ok(())
    }
}

/// Whether a packed sorted set may have so many members, the longest of them so long, having so many bytes before.
pub(super) fn fits(limits: &PackedLimits, count: u64, longest: usize, bytes: usize) -> bool {
    count <= limits.zset_entries
        && longest as u64 <= limits.zset_value_bytes
        && bytes.saturating_add(longest) < PACKED_BYTES_MAX
}
