//! Hashes looked up, with their type checked.

use dredis_data::hash::HashEditor;
use dredis_data::{Entry, Kind};

use crate::Context;
use crate::errors::CommandError;
use crate::families::typed;

/// The live hash at `key`, for reading.
pub fn find<'t>(context: &'t Context<'_, '_>, key: &[u8]) -> Result<Option<Entry<'t>>, CommandError> {
    typed::find(context, key, Kind::Hash)
}

/// The live hash at `key`, or a new one, to be changed.
pub fn edit<'e, 'v>(
    context: &'e mut Context<'_, 'v>,
    key: &'e [u8],
) -> Result<HashEditor<'e, 'v>, CommandError> {
    let stored = typed::load(context, key, Kind::Hash)?;
    let (db, limits) = (context.db(), context.host.packed_limits());
    Ok(context.txn.edit_hash((db, key), stored, limits)?)
}
