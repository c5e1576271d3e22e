//! A sorted set changed in place, under one key.

use std::ops::Range;

use dredis_contract::{Direction, Error, Result};

use super::order::Order;
use super::range::Window;
use super::read::{Shape, SortedSet, Spread};
use super::{ScoredMember, packed, score};
use crate::codec::RecordKind;
use crate::elements::{Edit, ElementSet, ElementWriter};
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

    /// Gives a member a score.
    pub fn set(&mut self, txn: &mut Transaction<'_>, member: &[u8], score: f64) -> Result<()> {
        self.set_each(txn, &[member], |_, _| Ok::<_, Error>(Some(score)))
    }

    /// Shows `decide` each member's place among `members` and its score, if it is there, and gives it the score that is answered, if
    /// one is. One member after the other: one that comes twice is shown the score that it got. Few crossings to the engine.
    pub fn set_each<E: From<Error>>(
        &mut self,
        txn: &mut Transaction<'_>,
        members: &[&[u8]],
        mut decide: impl FnMut(usize, Option<f64>) -> Result<Option<f64>, E>,
    ) -> Result<(), E> {
        for (place, member) in members.iter().enumerate() {
            let State::Packed(list) = &self.state else {
                return self.set_spread(txn, &members[place..], |at, before| decide(place + at, before));
            };
            let found = packed::find(list.view(), member)?;
            let before = found.map(|(_, score)| score);
            if let Some(score) = decide(place, before)? {
                self.set_packed(txn, member, score, found.map(|(rank, _)| rank))?;
            }
        }
        Ok(())
    }

    /// Gives a member of a packed sorted set a score; `rank`: where it is, if it is there.
    fn set_packed(
        &mut self,
        txn: &mut Transaction<'_>,
        member: &[u8],
        score: f64,
        rank: Option<usize>,
    ) -> Result<()> {
        let State::Packed(list) = &mut self.state else { return Ok(()) };
        if let Some(rank) = rank {
            packed::remove(list, rank..rank + 1);
        } else if !fits(&self.limits, packed::length(list.view()) + 1, member.len(), list.len()) {
            self.spread(txn)?;
            return self.set_spread(txn, &[member], |_, _| Ok(Some(score)));
        }
        self.is_changed = true;
        packed::insert(list, member, score)
    }

    fn set_spread<E: From<Error>>(
        &mut self,
        txn: &mut Transaction<'_>,
        members: &[&[u8]],
        mut decide: impl FnMut(usize, Option<f64>) -> Result<Option<f64>, E>,
    ) -> Result<(), E> {
        let State::Spread(spread) = &mut self.state else { return Ok(()) };
        let mut changes = Vec::new();
        txn.edit_elements(spread.elements(), members, |at, payload| {
            let before = payload.map(score::from_payload).transpose()?;
            let Some(score) = decide(at, before)? else { return Ok::<_, E>(Edit::Keep) };
            changes.push((members[at], before, score));
            Ok(Edit::Put(score::to_payload(score)))
        })?;
        for (member, before, score) in changes {
            self.is_changed = true;
            if let Some(before) = before {
                txn.order_move(&mut spread.order, member, before, score)?;
            } else {
                spread.count += 1;
                txn.order_insert(&mut spread.order, member, score)?;
            }
        }
        Ok(())
    }

    /// Removes members. How many there were. Few crossings to the engine.
    pub fn remove_all(&mut self, txn: &mut Transaction<'_>, members: &[&[u8]]) -> Result<u64> {
        let mut removed = 0;
        match &mut self.state {
            State::Packed(list) => {
                for member in members {
                    if let Some((rank, _)) = packed::find(list.view(), member)? {
                        packed::remove(list, rank..rank + 1);
                        removed += 1;
                    }
                }
            }
            State::Spread(spread) => {
                let mut gone = Vec::new();
                txn.edit_elements(spread.elements(), members, |at, payload| {
                    if let Some(payload) = payload {
                        gone.push((members[at], score::from_payload(payload)?));
                    }
                    Ok::<_, Error>(Edit::<[u8; 0]>::Remove)
                })?;
                for (member, score) in gone {
                    txn.order_remove(spread.order, member, score)?;
                    spread.count -= 1;
                    removed += 1;
                }
            }
        }
        self.is_changed |= removed > 0;
        Ok(removed)
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
            State::Spread(spread) if removed > txn.store.bounds.removed_in_place => {
                *spread = spread.without(txn, ranks)?;
            }
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
        // As the reply, what is popped is in memory anyway; a copy of what stays only has to be the lesser work.
        let (going, staying) = (popped.len() as u64, length - popped.len() as u64);
        let is_copied = going > txn.store.bounds.removed_in_place && staying < going;
        match &mut self.state {
            State::Spread(spread) if staying > 0 && !is_copied => {
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
        let mut by_hash: Vec<(u64, &ScoredMember)> =
            members.iter().map(|own| (txn.element_hash(&own.member), own)).collect();
        by_hash.sort_unstable_by_key(|(hash, _)| *hash);
        let mut writer = ElementWriter::new(elements);
        for (hash, ScoredMember { member, score }) in by_hash {
            writer.add(txn, hash, member, &score::to_payload(*score))?;
            txn.order_append(object, member, *score);
        }
        writer.finish(txn);
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
        let names: Vec<&[u8]> = members.iter().map(|member| &*member.member).collect();
        txn.remove_elements(self.elements(), &names)?;
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
