//! Object ids and spaces, handed out once each. Object ids are reserved in blocks, so that handing one out
//! costs no write; what was reserved and not used when the process died is skipped. A load gets blocks of its own.

use std::ops::Range;

use dredis_contract::{Error, Result, View};

use crate::codec::{RecordKind, read_u32, read_u64};
use crate::databases::DATABASES;

/// How many object ids one write reserves.
const BLOCK: u64 = 1 << 20;

/// The writer's supply of ids. On disk: end of the reserved object ids (8), next space (4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ids {
    next_object: u64,
    /// Where the block ends that ids are taken from. Blocks of others may follow it.
    block_end: u64,
    reserved_end: u64,
    next_space: u32,
    changed: bool,
}

/// The record's key.
pub(crate) const RECORD_KEY: &[u8] = &[RecordKind::Ids as u8];

impl Ids {
    pub fn read(view: &dyn View) -> Result<Ids> {
        let (object, space) = match view.get(RECORD_KEY)? {
            None => (1, DATABASES),
            Some(record) => read_u64(&record, 0)
                .zip(read_u32(&record, 8))
                .ok_or_else(|| Error::corrupt("the record of reserved ids does not decode"))?,
        };
        Ok(Ids {
            next_object: object,
            block_end: object,
            reserved_end: object,
            next_space: space,
            changed: false,
        })
    }

    /// A supply of these object ids and no spaces, for a load.
    pub fn of_block(block: &Range<u64>) -> Ids {
        Ids {
            next_object: block.start,
            block_end: block.end,
            reserved_end: block.end,
            next_space: u32::MAX,
            changed: false,
        }
    }

    pub fn next_object(&mut self) -> u64 {
        if self.is_used_up() {
            let block = self.take_block();
            (self.next_object, self.block_end) = (block.start, block.end);
        }
        self.next_object += 1;
        self.next_object - 1
    }

    /// The object that will be handed out next.
    pub fn upcoming_object(&self) -> u64 {
        self.next_object
    }

    /// Whether the next object id needs a block that is not reserved yet.
    pub fn is_used_up(&self) -> bool {
        self.next_object == self.block_end
    }

    /// Reserves a block of object ids for someone else.
    pub fn take_block(&mut self) -> Range<u64> {
        let start = self.reserved_end;
        self.reserved_end += BLOCK;
        self.changed = true;
        start..self.reserved_end
    }

    pub fn next_space(&mut self) -> Result<u32> {
        let space = self.next_space;
        self.next_space = space.checked_add(1).ok_or_else(|| Error::unsupported("more than 2^32 flushes"))?;
        self.changed = true;
        Ok(space)
    }

    /// The record to write, if it has changed.
    pub fn record(&self) -> Option<Vec<u8>> {
        self.changed.then(|| {
            let mut record = self.reserved_end.to_be_bytes().to_vec();
            record.extend_from_slice(&self.next_space.to_be_bytes());
            record
        })
    }

    /// The record has been written.
    pub fn written(&mut self) {
        self.changed = false;
    }
}
