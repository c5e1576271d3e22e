//! Members picked at random, each with the same probability, and taken away where asked.

use dredis_contract::Result;

use super::walk::Walk;
use super::{SetBuilder, SetEditor, SetRef, Shape};
use crate::elements::{Parts, Picks};
use crate::meta::{Form, Stored};
use crate::packed::{Intset, Listpack, PackedLimits, integer};
use crate::random::Random;
use crate::transaction::Transaction;

/// Where no more than a fifth of what is taken would be left, Redis makes a new set of it.
const NEW_SET_RATIO: u64 = 5;

impl SetRef<'_> {
    /// A member.
    pub fn random_member(&self, txn: &Transaction<'_>, random: &mut Random) -> Result<Option<Vec<u8>>> {
        match self.0 {
            Shape::Intset(set) => {
                let picked = set.get(random.below(set.count() as u64) as usize);
                Ok(picked.map(|number| number.to_string().into_bytes()))
            }
            Shape::Packed(list) => {
                Ok(list.get(random.below(list.count() as u64) as usize).map(|own| own.to_vec()))
            }
            Shape::Spread { elements, count } => {
                Ok(txn.random_element(elements, count, random)?.map(|element| element.name))
            }
        }
    }

    /// Members as wanted.
    pub fn random_members(
        &self,
        txn: &Transaction<'_>,
        picks: Picks,
        random: &mut Random,
    ) -> Result<Vec<Vec<u8>>> {
        if matches!(picks, Picks::Distinct(wanted) if wanted >= self.count()) {
            return self.members(txn);
        }
        if let Shape::Spread { elements, count } = self.0 {
            let picked = txn.random_elements(elements, count, picks, Parts::Names, random)?;
            return Ok(picked.into_iter().map(|element| element.name).collect());
        }
        let members = self.small().unwrap_or_default();
        let ranks = picks.ranks(members.len() as u64, random);
        Ok(ranks.into_iter().filter_map(|rank| members.get(rank as usize).cloned()).collect())
    }
}

impl Transaction<'_> {
    /// Takes a member of a live set away.
    pub fn pop_member(
        &mut self,
        (db, key): (u32, &[u8]),
        stored: Stored,
        limits: PackedLimits,
        random: &mut Random,
    ) -> Result<Option<Vec<u8>>> {
        let mut set = SetEditor::open((db, key), Some(stored), limits)?;
        let popped = set.pop(self, random)?;
        set.finish(self)?;
        Ok(popped)
    }

    /// Takes so many members of a live set away, or all.
    pub fn pop_members(
        &mut self,
        (db, key): (u32, &[u8]),
        stored: Stored,
        wanted: u64,
        limits: PackedLimits,
        random: &mut Random,
    ) -> Result<Vec<Vec<u8>>> {
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let set = SetRef::of_stored(&stored)?;
        let count = set.count();
        if wanted >= count {
            let members = set.members(self)?;
            self.remove_found(db, key, stored.head)?;
            return Ok(members);
        }
        let mut kept = SetBuilder::new(limits);
        if (count - wanted).saturating_mul(NEW_SET_RATIO) <= wanted {
            return self.pop_into_new_set((db, key), &stored, wanted, kept, random);
        }
        // What goes is in memory anyway, as the reply. Where it is much, and the lesser part stays, that is what is written.
        let is_much = wanted > self.store.bounds.removed_in_place && count - wanted < wanted;
        if is_much && stored.head.form == Form::SetSpread {
            // As for Redis, this is the same set with fewer members.
            kept.refuse_intset();
            return self.pop_into_new_set((db, key), &stored, wanted, kept, random);
        }
        if let Some(members) = set.small() {
            let (popped, kept) = divide(members, wanted, random);
            let body = match stored.head.form {
                Form::SetIntset => {
                    let numbers: Vec<i64> = kept.iter().filter_map(|kept| integer(kept)).collect();
                    Intset::from_ascending(&numbers).into_bytes()
                }
                _ => {
                    let mut list = Listpack::default();
                    kept.iter().for_each(|kept| list.push_back(kept));
                    list.into_bytes()
                }
            };
            self.write_key(db, key, Some(stored.head), stored.head, &body)?;
            return Ok(popped);
        }
        let popped = set.random_members(self, Picks::Distinct(wanted), random)?;
        let mut set = SetEditor::open((db, key), Some(stored), limits)?;
        for member in &popped {
            set.remove(self, member)?;
        }
        set.finish(self)?;
        Ok(popped)
    }

    /// Takes most members away: those that stay become a set of a new object, and are the only ones that are written.
    fn pop_into_new_set(
        &mut self,
        (db, key): (u32, &[u8]),
        stored: &Stored,
        wanted: u64,
        mut kept: SetBuilder,
        random: &mut Random,
    ) -> Result<Vec<Vec<u8>>> {
        let set = SetRef::of_stored(stored)?;
        let mut taken = Picks::Distinct(wanted).ranks(set.count(), random).into_iter().peekable();
        let mut popped = Vec::new();
        let mut walk = Walk::new(self, &set, 1);
        let mut rank = 0;
        while let Some(element) = walk.next(self)? {
            if taken.next_if_eq(&rank).is_some() {
                popped.push(element.name);
            } else {
                kept.add(self, element)?;
            }
            rank += 1;
        }
        kept.finish(self, (db, key), Some(stored.head), stored.head.expire_at_ms)?;
        Ok(popped)
    }
}

/// So many members, picked at random, and the others, both in their order.
fn divide(members: Vec<Vec<u8>>, wanted: u64, random: &mut Random) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let mut taken = Picks::Distinct(wanted).ranks(members.len() as u64, random).into_iter().peekable();
    let (mut picked, mut others) = (Vec::new(), Vec::new());
    for (rank, member) in (0..).zip(members) {
        if taken.next_if_eq(&rank).is_some() { picked.push(member) } else { others.push(member) }
    }
    (picked, others)
}
