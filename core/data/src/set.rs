//! Sets: distinct members under one key.
//!
//! Three forms. Integers alone stand in an intset, as in Redis; a few short members in a listpack; everything else in
//! records by hash (`elements.rs`). A set goes from the first of these to the last as it grows, and never back, but a
//! set that is made as a whole ([`SetBuilder`]) begins in the smallest that fits.
//!
//! All spread sets have their members in the order of the same hash. So two of them are compared by walking through
//! both, in bounded memory, however large they are.

mod build;
mod combine;
mod edit;
mod pick;
mod walk;

use dredis_contract::{Error, Result};

use crate::codec::RecordKind;
use crate::elements::{ElementPage, ElementSet, NamedElement};
use crate::meta::{Entry, Form, Head, Stored};
use crate::packed::{IntsetRef, ListpackRef, PACKED_BYTES_MAX, PackedLimits, integer};
use crate::transaction::Transaction;

pub use build::SetBuilder;
pub use combine::{Combination, SetOperation};
pub use edit::SetEditor;

/// A listpack holds up to so many members. Redis 7.0 has no such form of sets, and so no parameter for it.
pub const PACKED_MEMBERS_MAX: u64 = 128;
/// Bytes of a member in a listpack.
pub const PACKED_MEMBER_BYTES_MAX: usize = 64;

/// A set to read.
#[derive(Clone, Copy, Debug)]
pub struct SetRef<'b>(Shape<'b>);

#[derive(Clone, Copy, Debug)]
enum Shape<'b> {
    Intset(IntsetRef<'b>),
    Packed(ListpackRef<'b>),
    Spread { elements: ElementSet, count: u64 },
}

impl<'b> SetRef<'b> {
    /// The set in a record.
    pub fn of(entry: &'b Entry<'_>) -> Result<Self> {
        SetRef::new(entry.head(), entry.body())
    }

    /// The set in a record that was copied out.
    pub fn of_stored(stored: &'b Stored) -> Result<Self> {
        SetRef::new(stored.head, &stored.body)
    }

    fn new(head: Head, body: &'b [u8]) -> Result<Self> {
        let shape = match (head.form, head.object) {
            (Form::SetIntset, _) => Shape::Intset(IntsetRef::new(body)?),
            (Form::SetPacked, _) => Shape::Packed(ListpackRef::new(body)?),
            (Form::SetSpread, Some(object)) => {
                Shape::Spread { elements: spread_elements(object), count: crate::meta::body_count(body)? }
            }
            _ => return Err(Error::invalid_input("a value of another type was read as a set")),
        };
        Ok(SetRef(shape))
    }

    /// How many members there are.
    pub fn count(&self) -> u64 {
        match self.0 {
            Shape::Intset(set) => set.count() as u64,
            Shape::Packed(list) => list.count() as u64,
            Shape::Spread { count, .. } => count,
        }
    }

    /// Whether this is a member.
    pub fn contains(&self, txn: &Transaction<'_>, member: &[u8]) -> Result<bool> {
        match self.0 {
            Shape::Intset(set) => Ok(integer(member).is_some_and(|number| set.contains(number))),
            Shape::Packed(list) => Ok(list.iter().any(|own| own.is(member))),
            Shape::Spread { elements, .. } => txn.has_element(elements, member),
        }
    }

    /// Which of these are members, in the order asked.
    pub fn contains_each(&self, txn: &Transaction<'_>, members: &[&[u8]]) -> Result<Vec<bool>> {
        if let Shape::Spread { elements, .. } = self.0 {
            return Ok(txn.elements_many(elements, members)?.iter().map(Option::is_some).collect());
        }
        members.iter().map(|member| self.contains(txn, member)).collect()
    }

    /// All members: of an intset in ascending order.
    pub fn members(&self, txn: &Transaction<'_>) -> Result<Vec<Vec<u8>>> {
        let Shape::Spread { elements, .. } = self.0 else { return Ok(self.small().unwrap_or_default()) };
        let mut members = Vec::new();
        txn.each_element(elements, |name, _| members.push(name.to_vec()))?;
        Ok(members)
    }

    /// A part of a walk over the set: of a spread one, members from hash `from` on, at least `limit` or all that are left; of
    /// any other always all members, whose hashes are not told.
    pub fn page(&self, txn: &Transaction<'_>, from: u64, limit: usize) -> Result<ElementPage> {
        if let Shape::Spread { elements, .. } = self.0 {
            return txn.elements_page(elements, from, limit);
        }
        let named = |name| NamedElement { hash: 0, name, payload: Vec::new() };
        let elements = self.small().into_iter().flatten().map(named).collect();
        Ok(ElementPage { elements, next: None })
    }

    /// The members of a set that is not spread.
    fn small(&self) -> Option<Vec<Vec<u8>>> {
        match self.0 {
            Shape::Intset(set) => Some(set.iter().map(|number| number.to_string().into_bytes()).collect()),
            Shape::Packed(list) => Some(list.iter().map(|own| own.to_vec()).collect()),
            Shape::Spread { .. } => None,
        }
    }
}

impl Transaction<'_> {
    /// A part of a walk over a set: [`SetRef::page`].
    pub fn set_page(&self, entry: &Entry<'_>, from: u64, limit: usize) -> Result<ElementPage> {
        SetRef::of(entry)?.page(self, from, limit)
    }
}

/// The most members of an intset.
pub(crate) fn intset_members_max(limits: PackedLimits) -> u64 {
    limits.set_intset_entries.min((PACKED_BYTES_MAX / 8 - 1) as u64)
}

fn spread_elements(object: u64) -> ElementSet {
    ElementSet { kind: RecordKind::SetMember, object }
}
