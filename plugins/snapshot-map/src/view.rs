//! A view: the number of the last commit that it sees, on record until it is dropped.

use std::ops::Deref;
use std::sync::Arc;

use dredis_plugin::{Cursor, Result, Scan, Value, View};

use crate::cursor::MapCursor;
use crate::map::SnapshotMap;
use crate::records::SMALL_VALUE_BYTES_MAX;
use crate::registry::Sequence;

/// How many keys are looked up before a waiting commit gets its turn.
const LOOKUPS_PER_HOLD: usize = 64;

/// The map as it was when the view was opened. `M` borrows the map or owns a share in it.
pub struct MapView<M: Deref<Target = SnapshotMap>> {
    map: M,
    sequence: Sequence,
}

impl<M: Deref<Target = SnapshotMap>> MapView<M> {
    /// A view of everything committed so far.
    pub fn open(map: M) -> Self {
        let sequence = map.registry.open();
        MapView { map, sequence }
    }

    /// The value of `key`; nothing of the map is borrowed.
    pub fn find<'v>(&self, key: &[u8]) -> Option<Value<'v>> {
        self.map.records.read().get(key, self.sequence).map(value)
    }

    /// A position at the start of `scan`.
    pub fn cursor(&self, scan: &Scan<'_>) -> MapCursor<'_> {
        MapCursor::new(&self.map.records, self.sequence, scan)
    }
}

impl<M: Deref<Target = SnapshotMap>> Drop for MapView<M> {
    fn drop(&mut self) {
        self.map.close_view(self.sequence);
    }
}

impl<M: Deref<Target = SnapshotMap> + Send + Sync> View for MapView<M> {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        Ok(self.find(key))
    }

    fn get_many<'v>(&'v self, keys: &[&[u8]]) -> Result<Vec<Option<Value<'v>>>> {
        let mut values = Vec::with_capacity(keys.len());
        for keys in keys.chunks(LOOKUPS_PER_HOLD) {
            let records = self.map.records.read();
            values.extend(keys.iter().map(|key| records.get(key, self.sequence).map(value)));
        }
        Ok(values)
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        Ok(Box::new(self.cursor(scan)))
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
