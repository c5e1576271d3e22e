//! Keys looked up with their type checked.

use dredis_data::{Entry, Kind, Stored};

use crate::Context;
use crate::errors::{self, CommandError};

/// The live key, for reading, if it is of this type.
pub fn find<'t>(
    context: &'t Context<'_, '_>,
    key: &[u8],
    kind: Kind,
) -> Result<Option<Entry<'t>>, CommandError> {
    let entry = context.txn.find(context.db(), key)?;
    match &entry {
        Some(entry) if entry.kind() != kind => Err(errors::WRONG_TYPE),
        _ => Ok(entry),
    }
}

/// The record of the live key, on the write path, if it is of this type.
pub fn load(context: &mut Context<'_, '_>, key: &[u8], kind: Kind) -> Result<Option<Stored>, CommandError> {
    let db = context.db();
    let stored = context.txn.load_for_write(db, key)?;
    match &stored {
        Some(stored) if stored.head.form.kind() != kind => Err(errors::WRONG_TYPE),
        _ => Ok(stored),
    }
}
