//! A view: the number of the last commit that it sees, on record until it is dropped.

use std::sync::Arc;

use dredis_plugin::{Cursor, Result, Scan, Value, View};

use crate::backend::MemoryBackend;
use crate::cursor::MemoryCursor;
use crate::records::SMALL_VALUE_BYTES_MAX;
use crate::registry::Sequence;

/// How many keys are looked up before a waiting commit gets its turn.
const LOOKUPS_PER_HOLD: usize = 64;

/// The map as it was when the view was taken.
pub(crate) struct MemoryView<'b> {
    backend: &'b MemoryBackend,
    sequence: Sequence,
}

impl<'b> MemoryView<'b> {
    pub(crate) fn open(backend: &'b MemoryBackend) -> Self {
        MemoryView { backend, sequence: backend.registry.open() }
    }
}

impl Drop for MemoryView<'_> {
    fn drop(&mut self) {
        self.backend.close_view(self.sequence);
    }
}

impl View for MemoryView<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        Ok(self.backend.records.read().get(key, self.sequence).map(value))
    }

    fn get_many<'v>(&'v self, keys: &[&[u8]]) -> Result<Vec<Option<Value<'v>>>> {
        let mut values = Vec::with_capacity(keys.len());
        for keys in keys.chunks(LOOKUPS_PER_HOLD) {
            let records = self.backend.records.read();
            values.extend(keys.iter().map(|key| records.get(key, self.sequence).map(value)));
        }
        Ok(values)
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        Ok(Box::new(MemoryCursor::new(&self.backend.records, self.sequence, scan)))
    }
}

/// Nothing is borrowed: the lock is released before the value is looked at.
fn value<'v>(bytes: &Arc<[u8]>) -> Value<'v> {
    if bytes.len() > SMALL_VALUE_BYTES_MAX {
        Value::Held(Box::new(bytes.clone()))
    } else {
        Value::Owned(bytes.to_vec())
    }
}
