//! Members added to a set and taken from it.

use dredis_contract::Result;

use super::{PACKED_MEMBER_BYTES_MAX, PACKED_MEMBERS_MAX, SetRef, Shape, build, intset_members_max};
use crate::codec;
use crate::elements::{ElementSet, ElementWriter};
use crate::meta::{Form, Head, Stored};
use crate::packed::{Intset, Listpack, PackedLimits, integer};
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
                let is_new = add_element(txn, *elements, member)?;
                *count += u64::from(is_new);
                is_new
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

    /// Takes a member away; whether it was one.
    pub fn remove(&mut self, txn: &mut Transaction<'_>, member: &[u8]) -> Result<bool> {
        let was_member = match &mut self.members {
            Members::Intset(set) => integer(member).is_some_and(|number| set.remove(number)),
            Members::Packed(list) => {
                let index = list.view().iter().position(|own| own.is(member));
                index.map(|index| list.remove(index..index + 1)).is_some()
            }
            Members::Spread { elements, count } => {
                let was_member = txn.remove_element(*elements, member)?.is_some();
                *count = count.saturating_sub(u64::from(was_member));
                was_member
            }
        };
        self.is_changed |= was_member;
        Ok(was_member)
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

/// Adds an element unless it is there; whether it was not. One read where nothing has its hash, which is nearly always.
fn add_element(txn: &mut Transaction<'_>, set: ElementSet, name: &[u8]) -> Result<bool> {
    let hash = txn.element_hash(name);
    if txn.get(&codec::element(set.kind, set.object, hash))?.is_none() {
        let mut writer = ElementWriter::new(set);
        writer.add(txn, hash, name, b"")?;
        writer.finish(txn);
        return Ok(true);
    }
    if txn.has_element(set, name)? {
        return Ok(false);
    }
    txn.put_element(set, name, b"")?;
    Ok(true)
}
