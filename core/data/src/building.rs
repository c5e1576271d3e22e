//! Objects larger than a commit should be: written in several commits under an id that nothing points to, and made visible
//! by the commit that writes their key.
//!
//! The first of those commits also queues the object as garbage, and the last one takes it off the queue again. So one
//! that is never finished (the command failed, the process died) is swept like any other.

use dredis_contract::Result;

use crate::codec;
use crate::garbage;
use crate::meta::Form;
use crate::transaction::Transaction;

/// An object that is being built: made by [`Transaction::build`].
#[derive(Debug)]
pub struct Building {
    /// Its id.
    pub object: u64,
    form: Form,
    is_queued: bool,
    /// Bytes that waited in the transaction when this object last had none among them.
    others_bytes: usize,
}

impl Transaction<'_> {
    /// Begins an object that will be kept in this form.
    pub fn build(&mut self, form: Form) -> Result<Building> {
        let others_bytes = self.pending_bytes();
        Ok(Building { object: self.next_object()?, form, is_queued: false, others_bytes })
    }

    /// To be called now and then while an object's elements are written: keeps memory bounded. Positions of scans of the
    /// caller's must be looked up again.
    pub fn bound_memory(&mut self, building: &mut Building) -> Result<()> {
        if self.pending_bytes() < building.others_bytes + self.store.bounds.waiting_bytes {
            return Ok(());
        }
        self.write_ahead(building)
    }

    /// Commits what waits of an object that is being built. Nothing of it is held in memory afterwards.
    pub(crate) fn write_ahead(&mut self, building: &mut Building) -> Result<()> {
        let mut records = Vec::new();
        for kind in building.form.element_records() {
            let prefix = codec::object(*kind, building.object);
            let end = codec::successor(&prefix);
            records.append(&mut self.overlay.take_range(&prefix, end.as_deref()));
        }
        building.others_bytes = self.pending_bytes();
        if records.is_empty() {
            return Ok(());
        }
        let (queue_key, queue_value) = garbage::dead_object(building.object, building.form);
        if !building.is_queued {
            // The queue stands before all elements in the order of keys.
            records.insert(0, (Box::from(&queue_key[..]), Some(queue_value)));
        }
        self.commit_ahead(records)?;
        if !building.is_queued {
            building.is_queued = true;
            self.delete(&queue_key);
        }
        Ok(())
    }

    /// Gives up an object that will not be kept after all, and what was written of it.
    pub fn give_up(&mut self, building: Building) -> Result<()> {
        for kind in building.form.element_records() {
            let prefix = codec::object(*kind, building.object);
            let end = codec::successor(&prefix);
            self.overlay.take_range(&prefix, end.as_deref());
        }
        if building.is_queued {
            let (key, value) = garbage::dead_object(building.object, building.form);
            self.put(&key, value);
        }
        Ok(())
    }
}
