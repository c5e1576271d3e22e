//! The garbage queue: objects and spaces that nothing points to any more, and the sweep that removes them in
//! bounded steps. What waits here survives a restart.
//!
//! What a load under way writes waits here, too, until it is done (`loading.rs`): the sweep leaves alone what is claimed.

use dredis_contract::{Error, Result, Scan, Value};

use crate::codec::{self, META_HEADER_BYTES, RecordKey, RecordKind, read_u64};
use crate::meta::{Entry, Form};
use crate::transaction::Transaction;

/// Byte 1 of a garbage record's key: an object's elements.
const DEAD_OBJECT: u8 = 0;
/// Byte 1 of a garbage record's key: a whole space.
const DEAD_SPACE: u8 = 1;

/// What one step of the garbage sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GarbageSweep {
    /// Records removed.
    pub removed: usize,
    /// Whether anything is left in the queue.
    pub more: bool,
}

/// The garbage record of an object kept in this form.
pub(crate) fn dead_object(id: u64, form: Form) -> (RecordKey, Vec<u8>) {
    (codec::garbage(DEAD_OBJECT, id), vec![form as u8])
}

/// The garbage record of a space.
pub(crate) fn dead_space(space: u32) -> (RecordKey, Vec<u8>) {
    (codec::garbage(DEAD_SPACE, u64::from(space)), Vec::new())
}

impl Transaction<'_> {
    /// How many objects and spaces wait in the queue, counted up to `limit`.
    pub fn garbage_waiting(&self, limit: usize) -> Result<usize> {
        let mut records = self.scan(&queue().keys())?;
        let mut waiting = 0;
        while waiting < limit && records.next()?.is_some() {
            waiting += 1;
        }
        Ok(waiting)
    }

    /// Removes up to about `limit` records that are garbage.
    pub fn sweep_garbage(&mut self, limit: usize) -> Result<GarbageSweep> {
        let mut sweep = GarbageSweep::default();
        while sweep.removed < limit {
            let Some((record, value)) = self.first_dead()? else { return Ok(sweep) };
            let left = limit - sweep.removed;
            let tag = record.get(1).copied();
            let id =
                read_u64(&record, 2).ok_or_else(|| Error::corrupt("a garbage record does not decode"))?;
            let removed = if tag == Some(DEAD_SPACE) {
                let space =
                    u32::try_from(id).map_err(|_| Error::corrupt("a garbage record names no space"))?;
                self.sweep_space(space, left)?
            } else {
                self.sweep_object(id, value.first().copied().unwrap_or_default(), left)?
            };
            sweep.removed += removed;
            if removed < left {
                self.delete(&record);
                sweep.removed += 1;
            }
        }
        sweep.more = self.first_dead()?.is_some();
        Ok(sweep)
    }

    /// The first record of the queue whose object or space is nobody's.
    fn first_dead(&self) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
        let mut records = self.scan(&queue().expecting(1))?;
        while let Some(record) = records.next()? {
            let id = read_u64(record.key, 2);
            let is_claimed = match (record.key.get(1), id) {
                (Some(&DEAD_SPACE), Some(space)) => self.store.claims.has_space(space),
                (_, Some(object)) => self.store.claims.has_object(object),
                _ => false,
            };
            if !is_claimed {
                return Ok(Some((record.key.to_vec(), record.value.to_vec())));
            }
        }
        Ok(None)
    }

    fn sweep_object(&mut self, id: u64, form: u8, limit: usize) -> Result<usize> {
        let mut removed = 0;
        for kind in Form::decode(form)?.element_records() {
            removed += self.delete_prefix(&codec::object(*kind, id), limit - removed)?;
        }
        Ok(removed)
    }

    /// Removes keys of a dead space, and then its samples.
    fn sweep_space(&mut self, space: u32, limit: usize) -> Result<usize> {
        let prefix = codec::meta_space(space);
        let mut dead = Vec::new();
        let (start, end) = (self.swept_within(&prefix)?, codec::successor(&prefix));
        if end.as_ref().is_none_or(|end| start < *end) {
            let scan = Scan { start: &start, end: end.as_deref(), ..Scan::all() };
            let mut records = self.scan(&scan.expecting(limit))?;
            while dead.len() < limit
                && let Some(record) = records.next()?
            {
                let entry = Entry::decode(Value::Borrowed(record.value))?;
                let expiry = entry.head().expire_at_ms.map(|at| {
                    let key = entry.long_key().unwrap_or(&record.key[META_HEADER_BYTES..]);
                    self.store.codec.expiry(at, space, key)
                });
                dead.push((record.key.to_vec(), entry.head(), expiry));
            }
        }
        let removed = dead.len();
        self.note_swept(dead.last().map(|(record, ..)| record.as_slice()))?;
        for (record, head, expiry) in dead {
            self.delete(&record);
            if let Some(expiry) = expiry {
                self.delete(&expiry);
            }
            self.discard(head);
        }
        Ok(removed + self.delete_prefix(&codec::sample_space(space), limit - removed)?)
    }

    fn delete_prefix(&mut self, prefix: &[u8], limit: usize) -> Result<usize> {
        let mut dead = Vec::new();
        {
            let (start, end) = (self.swept_within(prefix)?, codec::successor(prefix));
            if end.as_ref().is_some_and(|end| *end <= start) {
                return Ok(0);
            }
            let scan = Scan { start: &start, end: end.as_deref(), ..Scan::all() };
            let mut records = self.scan(&scan.keys().expecting(limit))?;
            while dead.len() < limit
                && let Some(record) = records.next()?
            {
                dead.push(record.key.to_vec());
            }
        }
        for record in &dead {
            self.delete(record);
        }
        self.note_swept(dead.last().map(Vec::as_slice))?;
        Ok(dead.len())
    }

    /// Where records may be left among those of one kind of what is being swept, if any are. An engine that only marks what is
    /// removed would pass over everything that has been swept, at each step again.
    fn swept_within(&mut self, prefix: &[u8]) -> Result<RecordKey> {
        let swept_to = self.swept_to(codec::object_of(prefix).is_some())?;
        // Kinds are swept in ascending order.
        let is_same = swept_to.get(1..prefix.len()) == prefix.get(1..);
        Ok(RecordKey::from_slice(if is_same { prefix.max(swept_to) } else { prefix }))
    }

    fn note_swept(&mut self, last: Option<&[u8]>) -> Result<()> {
        if let Some(last) = last {
            *self.swept_to(codec::object_of(last).is_some())? = RecordKey::from_slice(last);
        }
        Ok(())
    }
}

fn queue() -> Scan<'static> {
    Scan::range(&[RecordKind::Garbage as u8], &[RecordKind::Garbage as u8 + 1])
}
