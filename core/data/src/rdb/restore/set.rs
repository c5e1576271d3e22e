//! A set put under a key: an intset if all members are integers and there are few enough, else a listpack, else spread.

use std::io::Read;

use super::spread::SpreadElements;
use super::{Restored, Result, Target, bytes_of, misplaced, twice};
use crate::codec::RecordKind;
use crate::meta::{Form, Head};
use crate::packed::{Element, Intset, ListpackWriter, PackedLimits, check, integer};
use crate::rdb::value::{Packed, Piece, ValueReader};
use crate::set::{PACKED_MEMBER_BYTES_MAX, PACKED_MEMBERS_MAX, intset_members_max};
use crate::transaction::Transaction;

pub(super) fn restore<R: Read>(
    txn: &mut Transaction<'_>,
    target: Target<'_>,
    limits: &PackedLimits,
    value: &mut ValueReader<'_, R>,
) -> Result<Restored> {
    let mut members = Members { limits, held: Held::default(), spread: None };
    match value.take_packed() {
        Some(Packed::Intset(set)) => {
            if set.view().count() as u64 <= intset_members_max(*limits) {
                return target.write(txn, Head::new(Form::SetIntset), &set.into_bytes());
            }
            // A set that is no intset any more, as Redis sees it, and never becomes one again.
            members.held.has_others = true;
            let filled = set.view().iter().try_for_each(|number| {
                members.add(txn, number.to_string().as_bytes()).and_then(|is_new| expect_new(is_new, value))
            });
            members.end(txn, target, value, filled)
        }
        Some(Packed::Elements(list)) => {
            let mut text = Vec::new();
            let mut filled = Ok(());
            for element in list.view().iter() {
                let added = members.add(txn, bytes_of(element, &mut text));
                filled = added.and_then(|is_new| expect_new(is_new, value));
                if filled.is_err() {
                    break;
                }
            }
            members.end(txn, target, value, filled)
        }
        Some(_) => Err(misplaced(value)),
        None => {
            let filled = members.fill(txn, value);
            members.end(txn, target, value, filled)
        }
    }
}

fn expect_new<R: Read>(is_new: bool, value: &ValueReader<'_, R>) -> Result<()> {
    if is_new { Ok(()) } else { Err(twice(value).into()) }
}

struct Members<'l> {
    limits: &'l PackedLimits,
    held: Held,
    spread: Option<SpreadElements>,
}

/// Members that may yet be packed.
#[derive(Default)]
struct Held {
    members: Vec<Vec<u8>>,
    /// Whether there are others than integers.
    has_others: bool,
    /// Whether there are longer ones than a listpack takes.
    has_long: bool,
}

impl Held {
    fn fits_intset(&self, limits: &PackedLimits) -> bool {
        !self.has_others && self.members.len() as u64 <= intset_members_max(*limits)
    }

    fn fits_listpack(&self) -> bool {
        !self.has_long && self.members.len() as u64 <= PACKED_MEMBERS_MAX
    }
}

impl Members<'_> {
    fn fill<R: Read>(&mut self, txn: &mut Transaction<'_>, value: &mut ValueReader<'_, R>) -> Result<()> {
        let mut text = Vec::new();
        while let Some(piece) = value.next()? {
            let Piece::Element(member) = piece else { return Err(misplaced(value)) };
            let is_new = self.add(txn, bytes_of(member, &mut text))?;
            expect_new(is_new, value)?;
        }
        Ok(())
    }

    /// Adds a member; `false` if it is known to have been added before.
    fn add(&mut self, txn: &mut Transaction<'_>, member: &[u8]) -> Result<bool> {
        if let Some(spread) = &mut self.spread {
            return spread.add(txn, member, b"");
        }
        self.held.has_others |= integer(member).is_none();
        self.held.has_long |= member.len() > PACKED_MEMBER_BYTES_MAX;
        self.held.members.push(member.to_vec());
        if self.held.fits_intset(self.limits) || self.held.fits_listpack() {
            return Ok(true);
        }
        self.spread_out(txn)
    }

    fn spread_out(&mut self, txn: &mut Transaction<'_>) -> Result<bool> {
        let spread = SpreadElements::new(txn, Form::SetSpread, RecordKind::SetMember)?;
        let spread = self.spread.insert(spread);
        for member in std::mem::take(&mut self.held.members) {
            if !spread.add(txn, &member, b"")? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn end<R: Read>(
        self,
        txn: &mut Transaction<'_>,
        target: Target<'_>,
        value: &ValueReader<'_, R>,
        filled: Result<()>,
    ) -> Result<Restored> {
        if let Some(spread) = self.spread {
            return spread.end(txn, target, filled);
        }
        filled?;
        let members = &self.held.members;
        if members.is_empty() {
            return Ok(Restored::Empty);
        }
        if self.held.fits_intset(self.limits) {
            let mut numbers: Vec<i64> = members.iter().filter_map(|member| integer(member)).collect();
            numbers.sort_unstable();
            if !numbers.is_sorted_by(|left, right| left < right) {
                return Err(twice(value).into());
            }
            let set = Intset::from_ascending(&numbers);
            return target.write(txn, Head::new(Form::SetIntset), &set.into_bytes());
        }
        if !check::are_distinct(members.iter().map(|member| Element::Bytes(member))) {
            return Err(twice(value).into());
        }
        let mut list = ListpackWriter::with_capacity(0);
        members.iter().for_each(|member| list.push(member));
        target.write(txn, Head::new(Form::SetPacked), &list.finish())
    }
}
