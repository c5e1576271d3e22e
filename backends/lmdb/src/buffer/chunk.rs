//! A chunk: records on their way into LMDB, in order, one transaction's worth.

use dredis_plugin::{Batch, Operation, Result};

use crate::engine::Engine;

/// Most records and bytes of a chunk: its transaction keeps direct commits and a moving map waiting, and the pages that it
/// frees can be used by the one after the next.
pub(super) const RECORDS_MAX: usize = 8 * 1024;
const BYTES_MAX: usize = 8 << 20;

/// Changes that wait for their transaction.
#[derive(Default)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    changes: Vec<Change>,
}

/// Where a key ends and its value, and whether there is one.
struct Change {
    key_end: usize,
    end: usize,
    is_put: bool,
}

impl Chunk {
    /// Adds a put, or without a value a delete, and commits the chunk if it is full. How many records were committed.
    pub(super) fn push(&mut self, key: &[u8], value: Option<&[u8]>, engine: &Engine) -> Result<usize> {
        self.bytes.extend_from_slice(key);
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.changes.push(Change { key_end, end: self.bytes.len(), is_put: value.is_some() });
        let records = self.changes.len();
        if records < RECORDS_MAX && self.bytes.len() < BYTES_MAX {
            return Ok(0);
        }
        self.commit(engine)?;
        Ok(records)
    }

    /// Commits what it holds.
    pub(super) fn commit(&mut self, engine: &Engine) -> Result<()> {
        let mut start = 0;
        let operation = |change: &Change| {
            let (key, value) = (&self.bytes[start..change.key_end], &self.bytes[change.key_end..change.end]);
            start = change.end;
            if change.is_put { Operation::Put { key, value } } else { Operation::Delete { key } }
        };
        let operations: Vec<_> = self.changes.iter().map(operation).collect();
        engine.commit(&Batch::new(&operations))?;
        drop(operations);
        self.bytes.clear();
        self.changes.clear();
        Ok(())
    }
}
