//! An empty view, for what certainly is not in the engine.

use dredis_contract::{Cursor, Record, Result, Scan, Value, View};

/// What an engine shows of an object that it has nothing of.
pub(crate) struct NoRecords;

impl View for NoRecords {
    fn get(&self, _: &[u8]) -> Result<Option<Value<'_>>> {
        Ok(None)
    }

    fn scan(&self, _: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        Ok(Box::new(NoRecords))
    }
}

impl Cursor for NoRecords {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        Ok(None)
    }
}
