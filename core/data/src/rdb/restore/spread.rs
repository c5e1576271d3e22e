//! Elements by hash, written under a new object in the order in which they come.

use super::{Restored, Result, Target};
use crate::building::Building;
use crate::codec::RecordKind;
use crate::elements::ElementSet;
use crate::meta::{Form, Head};
use crate::transaction::Transaction;

/// An object being filled.
pub(super) struct SpreadElements {
    building: Building,
    form: Form,
    set: ElementSet,
    count: u64,
}

impl SpreadElements {
    /// An empty one.
    pub fn new(txn: &mut Transaction<'_>, form: Form, kind: RecordKind) -> Result<Self> {
        let building = txn.build(form)?;
        let set = ElementSet { kind, object: building.object };
        Ok(SpreadElements { building, form, set, count: 0 })
    }

    /// Adds an element; whether none of its name was added before.
    pub fn add(&mut self, txn: &mut Transaction<'_>, name: &[u8], payload: &[u8]) -> Result<bool> {
        self.count += 1;
        let is_new = txn.add_element(self.set, name, payload)?;
        txn.bound_memory(&mut self.building)?;
        Ok(is_new)
    }

    /// Writes the key's record if all elements were added without an error; else gives up what was written.
    pub fn end(self, txn: &mut Transaction<'_>, target: Target<'_>, filled: Result<()>) -> Result<Restored> {
        if filled.is_err() || target.is_trial {
            txn.give_up(self.building)?;
            return filled.map(|()| Restored::Written);
        }
        let head = Head { object: Some(self.set.object), ..Head::new(self.form) };
        target.write(txn, head, &self.count.to_be_bytes())
    }
}
