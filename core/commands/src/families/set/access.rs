//! Sets looked up, with their type checked.

use dredis_data::set::SetEditor;
use dredis_data::{Entry, Kind, Stored};

use crate::Context;
use crate::errors::{self, CommandError};
use crate::families::typed;

/// The live set at `key`, for reading.
pub fn find<'t>(context: &'t Context<'_, '_>, key: &[u8]) -> Result<Option<Entry<'t>>, CommandError> {
    typed::find(context, key, Kind::Set)
}

/// The records of the live sets at these keys, for reading.
pub fn find_all(context: &Context<'_, '_>, keys: &[&[u8]]) -> Result<Vec<Option<Stored>>, CommandError> {
    let entries = context.txn.find_many(context.db(), keys)?;
    let sets = entries.into_iter().map(|entry| match entry {
        Some(entry) if entry.kind() != Kind::Set => Err(errors::WRONG_TYPE),
        entry => Ok(entry.map(|entry| entry.to_stored())),
    });
    sets.collect()
}

/// The record of the live set at `key`, on the write path.
pub fn load(context: &mut Context<'_, '_>, key: &[u8]) -> Result<Option<Stored>, CommandError> {
    typed::load(context, key, Kind::Set)
}

/// A set that was loaded, to be changed; nothing counts as empty.
pub fn edit<'k>(
    context: &Context<'_, '_>,
    key: &'k [u8],
    stored: Option<Stored>,
) -> Result<SetEditor<'k>, CommandError> {
    Ok(SetEditor::open((context.db(), key), stored, context.host.packed_limits())?)
}

/// The live set at `key`, to be changed.
pub fn load_to_edit<'k>(context: &mut Context<'_, '_>, key: &'k [u8]) -> Result<SetEditor<'k>, CommandError> {
    let stored = load(context, key)?;
    edit(context, key, stored)
}
