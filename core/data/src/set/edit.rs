//! Members added to a set and taken from it.

use dredis_contract::Result;

use super::{PACKED_MEMBER_BYTES_MAX, PACKED_MEMBERS_MAX, SetRef, Shape, build, intset_members_max};
use crate::elements::ElementSet;
use crate::meta::{Form, Head, Stored};
use crate::packed::{Intset, Listpack, PackedLimits, integer};
use crate::random::Random;
use crate::transaction::Transaction;

/// A key's set, to be changed. Nothing stands in the key's record before [`SetEditor::finish`].
pub struct SetEditor<'k> {
    db: u32,
    key: &'k [u8],
    old: Option<Head>,
    members: Members,
    limits: PackedLimits,
    is_changed: bool,
}

enum Members {
    Intset(Intset),
    Packed(Listpack),
    Spread { elements: ElementSet, count: u64 },
}

impl<'k> SetEditor<'k> {
    /// Opens what [`Transaction::load_for_write`] answered: a set, or nothing, which is a set without members.
    pub fn open((db, key): (u32, &'k [u8]), stored: Option<Stored>, limits: PackedLimits) -> Result<Self> {
        let old = stored.as_ref().map(|stored| stored.head);
        let members = match stored {
            None => Members::Intset(Intset::default()),
            Some(stored) => match SetRef::of_stored(&stored)?.0 {
                Shape::Spread { elements, count } => Members::Spread { elements, count },
                Shape::Intset(_) => Members::Intset(Intset::from_bytes(stored.body)?),
                Shape::Packed(_) => Members::Packed(Listpack::from_bytes(stored.body)?),
            },
        };
        Ok(SetEditor { db, key, old, members, limits, is_changed: false })
    }

    /// Adds a member; whether it was none before.
    pub fn insert(&mut self, txn: &mut Transaction<'_>, member: &[u8]) -> Result<bool> {
        let is_new = match (&mut self.members, integer(member)) {
            (Members::Intset(set), Some(number)) => set.insert(number),
            (Members::Intset(_), None) => self.insert_into_larger(txn, member)?,
            (Members::Packed(list), _) => {
                let is_new = !list.view().iter().any(|own| own.is(member));
                if is_new && fits_listpack(list.view().count() + 1, member.len()) {
                    list.push_back(member);
                } else if is_new {
                    self.insert_into_larger(txn, member)?;
                }
                is_new
            }
            (Members::Spread { elements, count }, _) => {
                let added = txn.add_elements(*elements, &[member])?;
                *count += added;
                added > 0
            }
        };
        self.is_changed |= is_new;
        if is_new
            && let Members::Intset(set) = &self.members
            && set.view().count() as u64 > intset_members_max(self.limits)
        {
            self.grow(txn, 0)?;
        }
        Ok(is_new)
    }

    /// Adds members; how many were none before. Few crossings to the engine.
    pub fn insert_all(&mut self, txn: &mut Transaction<'_>, members: &[&[u8]]) -> Result<u64> {
        let mut added = 0;
        for (place, member) in members.iter().enumerate() {
            if let Members::Spread { elements, count } = &mut self.members {
                let new = txn.add_elements(*elements, &members[place..])?;
                *count += new;
                self.is_changed |= new > 0;
                return Ok(added + new);
            }
            added += u64::from(self.insert(txn, member)?);
        }
        Ok(added)
    }

    /// Takes a member picked at random away, each with the same probability; `None` if there is none.
    pub(super) fn pop(&mut self, txn: &mut Transaction<'_>, random: &mut Random) -> Result<Option<Vec<u8>>> {
        let popped = match &mut self.members {
            Members::Intset(set) => {
                let picked = set.view().get(random.below(set.view().count() as u64) as usize);
                picked.inspect(|number| _ = set.remove(*number)).map(|number| number.to_string().into_bytes())
            }
            Members::Packed(list) => {
                let index = random.below(list.view().count() as u64) as usize;
                let picked = list.view().get(index).map(|own| own.to_vec());
                picked.inspect(|_| list.remove(index..index + 1))
            }
            Members::Spread { elements, count } => {
                let popped = txn.take_random_element(*elements, *count, random)?;
                *count = count.saturating_sub(u64::from(popped.is_some()));
                popped
            }
        };
        self.is_changed |= popped.is_some();
        Ok(popped)
    }

    /// Takes a member away; whether it was one.
    pub fn remove(&mut self, txn: &mut Transaction<'_>, member: &[u8]) -> Result<bool> {
        let was_member = match &mut self.members {
            Members::Intset(set) => integer(member).is_some_and(|number| set.remove(number)),
            Members::Packed(list) => {
                let index = list.view().iter().position(|own| own.is(member));
                index.map(|index| list.remove(index..index + 1)).is_some()
            }
            Members::Spread { elements, count } => {
                let removed = txn.remove_elements(*elements, &[member])?;
                *count = count.saturating_sub(removed);
                removed > 0
            }
        };
        self.is_changed |= was_member;
        Ok(was_member)
    }

    /// Takes members away; how many were there. Few crossings to the engine.
    pub fn remove_all(&mut self, txn: &mut Transaction<'_>, members: &[&[u8]]) -> Result<u64> {
        if let Members::Spread { elements, count } = &mut self.members {
            let removed = txn.remove_elements(*elements, members)?;
            *count = count.saturating_sub(removed);
            self.is_changed |= removed > 0;
            return Ok(removed);
        }
        let mut removed = 0;
        for member in members {
            removed += u64::from(self.remove(txn, member)?);
        }
        Ok(removed)
    }

    /// Writes the key's record, or removes the key if no member is left. Writes nothing if nothing has changed.
    pub fn finish(self, txn: &mut Transaction<'_>) -> Result<()> {
        if !self.is_changed {
            return Ok(());
        }
        let (form, object, body, count) = match self.members {
            Members::Intset(set) => {
                let count = set.view().count() as u64;
                (Form::SetIntset, None, set.into_bytes(), count)
            }
            Members::Packed(list) => {
                let count = list.view().count() as u64;
                (Form::SetPacked, None, list.into_bytes(), count)
            }
            Members::Spread { elements, count } => {
                (Form::SetSpread, Some(elements.object), count.to_be_bytes().to_vec(), count)
            }
        };
        match self.old {
            Some(old) if count == 0 => txn.remove_found(self.db, self.key, old),
            None if count == 0 => Ok(()),
            old => {
                let expire_at_ms = old.and_then(|old| old.expire_at_ms);
                txn.write_key(self.db, self.key, old, Head { form, expire_at_ms, object }, &body)
            }
        }
    }

    /// Adds a new member to the next larger form that has room for it.
    fn insert_into_larger(&mut self, txn: &mut Transaction<'_>, member: &[u8]) -> Result<bool> {
        self.grow(txn, member.len())?;
        self.insert(txn, member)
    }

    /// Changes the form to one that has room for one member more, of this many bytes.
    fn grow(&mut self, txn: &mut Transaction<'_>, member_bytes: usize) -> Result<()> {
        let members: Vec<Vec<u8>> = match &self.members {
            Members::Intset(set) => set.view().iter().map(|number| number.to_string().into_bytes()).collect(),
            Members::Packed(list) => list.view().iter().map(|own| own.to_vec()).collect(),
            Members::Spread { .. } => return Ok(()),
        };
        let was_intset = matches!(self.members, Members::Intset(_));
        self.members = if was_intset && fits_listpack(members.len() + 1, member_bytes) {
            let mut list = Listpack::default();
            members.iter().for_each(|member| list.push_back(member));
            Members::Packed(list)
        } else {
            let (elements, count) = build::spread(txn, members)?;
            Members::Spread { elements, count }
        };
        Ok(())
    }
}

fn fits_listpack(members: usize, member_bytes: usize) -> bool {
    members as u64 <= PACKED_MEMBERS_MAX && member_bytes <= PACKED_MEMBER_BYTES_MAX
}
