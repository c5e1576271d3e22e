//! A set made as a whole: of whatever size, in bounded memory, in the smallest form that fits.

use dredis_contract::Result;

use super::walk::in_order;
use super::{PACKED_MEMBER_BYTES_MAX, PACKED_MEMBERS_MAX, intset_members_max, spread_elements};
use crate::building::Building;
use crate::elements::{ElementSet, ElementWriter, NamedElement};
use crate::meta::{Form, Head};
use crate::packed::{Intset, Listpack, PackedLimits, integer};
use crate::transaction::Transaction;

/// Takes members in the order of hash and name, each once.
pub struct SetBuilder {
    limits: PackedLimits,
    /// All members, until they are too many or too long to be packed.
    held: Vec<NamedElement>,
    has_integers_only: bool,
    has_short_only: bool,
    spread: Option<Spread>,
}

impl SetBuilder {
    /// A set without members.
    pub fn new(limits: PackedLimits) -> Self {
        SetBuilder { limits, held: Vec::new(), has_integers_only: true, has_short_only: true, spread: None }
    }

    /// Adds a member.
    pub fn add(&mut self, txn: &mut Transaction<'_>, element: NamedElement) -> Result<()> {
        if let Some(spread) = &mut self.spread {
            return spread.add(txn, &element);
        }
        self.has_integers_only &= integer(&element.name).is_some();
        self.has_short_only &= element.name.len() <= PACKED_MEMBER_BYTES_MAX;
        self.held.push(element);
        if !self.fits_intset() && !self.fits_listpack() {
            self.spread = Some(Spread::of(txn, std::mem::take(&mut self.held))?);
        }
        Ok(())
    }

    /// From now on this is no intset, whatever its members.
    pub fn refuse_intset(&mut self) {
        self.has_integers_only = false;
    }

    /// Makes this the value of a key, or removes the key if there is no member. `old` is what
    /// [`Transaction::find_for_write`] answered. How many members there are.
    pub fn finish(
        self,
        txn: &mut Transaction<'_>,
        (db, key): (u32, &[u8]),
        old: Option<Head>,
        expire_at_ms: Option<u64>,
    ) -> Result<u64> {
        let (fits_intset, fits_listpack) = (self.fits_intset(), self.fits_listpack());
        let count = self.held.len() as u64;
        let write = |txn: &mut Transaction<'_>, form, object, body: &[u8]| {
            txn.write_key(db, key, old, Head { form, expire_at_ms, object }, body)
        };
        if let Some(spread) = self.spread {
            let (elements, count) = spread.finish(txn);
            write(txn, Form::SetSpread, Some(elements.object), &count.to_be_bytes())?;
            return Ok(count);
        }
        if count == 0 {
            if let Some(old) = old {
                txn.remove_found(db, key, old)?;
            }
        } else if fits_intset {
            write(txn, Form::SetIntset, None, &intset(&self.held).into_bytes())?;
        } else if fits_listpack {
            let mut list = Listpack::default();
            self.held.iter().for_each(|element| list.push_back(&element.name));
            write(txn, Form::SetPacked, None, &list)?;
        } else {
            let (elements, count) = Spread::of(txn, self.held)?.finish(txn);
            write(txn, Form::SetSpread, Some(elements.object), &count.to_be_bytes())?;
        }
        Ok(count)
    }

    fn fits_intset(&self) -> bool {
        self.has_integers_only && self.held.len() as u64 <= intset_members_max(self.limits)
    }

    fn fits_listpack(&self) -> bool {
        self.has_short_only && self.held.len() as u64 <= PACKED_MEMBERS_MAX
    }
}

fn intset(elements: &[NamedElement]) -> Intset {
    let mut numbers: Vec<i64> = elements.iter().filter_map(|element| integer(&element.name)).collect();
    numbers.sort_unstable();
    Intset::from_ascending(&numbers)
}

/// Members on their way into records.
struct Spread {
    building: Building,
    writer: ElementWriter,
}

impl Spread {
    fn of(txn: &mut Transaction<'_>, elements: Vec<NamedElement>) -> Result<Spread> {
        let building = txn.build(Form::SetSpread)?;
        let writer = ElementWriter::new(spread_elements(building.object));
        let mut spread = Spread { building, writer };
        for element in elements {
            spread.add(txn, &element)?;
        }
        Ok(spread)
    }

    fn add(&mut self, txn: &mut Transaction<'_>, element: &NamedElement) -> Result<()> {
        self.writer.add(txn, element.hash, &element.name, b"")?;
        txn.bound_memory(&mut self.building)
    }

    fn finish(self, txn: &mut Transaction<'_>) -> (ElementSet, u64) {
        (spread_elements(self.building.object), self.writer.finish(txn))
    }
}

/// Writes members that are distinct, in any order, into records of a new object.
pub(super) fn spread(txn: &mut Transaction<'_>, members: Vec<Vec<u8>>) -> Result<(ElementSet, u64)> {
    let elements = in_order(txn, members);
    Ok(Spread::of(txn, elements)?.finish(txn))
}
