//! Strings looked up, with their type checked.

use dredis_data::string::Style;
use dredis_data::{Entry, Head, Kind, Stored};

use crate::Context;
use crate::errors::{self, CommandError};
use crate::families::typed;

/// The longest string, in bytes: Redis's `proto-max-bulk-len`.
pub const STRING_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// The live string at `key`, for reading.
pub fn find<'t>(context: &'t Context<'_, '_>, key: &[u8]) -> Result<Option<Entry<'t>>, CommandError> {
    typed::find(context, key, Kind::String)
}

/// The whole live string at `key`.
pub fn value(context: &Context<'_, '_>, key: &[u8]) -> Result<Option<Vec<u8>>, CommandError> {
    match find(context, key)? {
        Some(entry) => Ok(Some(context.txn.string_value(&entry)?)),
        None => Ok(None),
    }
}

/// The record of the live string at `key`, on the write path.
pub fn load(context: &mut Context<'_, '_>, key: &[u8]) -> Result<Option<Stored>, CommandError> {
    typed::load(context, key, Kind::String)
}

/// Sets `key` to a string as it came from a client.
pub fn write(
    context: &mut Context<'_, '_>,
    key: &[u8],
    old: Option<Head>,
    expire_at_ms: Option<u64>,
    value: &[u8],
) -> Result<(), CommandError> {
    let db = context.db();
    Ok(context.txn.write_string((db, key), old, expire_at_ms, value, Style::Plain)?)
}

/// Refuses a string of `offset` bytes and `count` more, if that is too long.
pub fn check_length(offset: u64, count: usize) -> Result<(), CommandError> {
    match offset.checked_add(count as u64) {
        Some(length) if length <= STRING_BYTES_MAX => Ok(()),
        _ => Err(errors::STRING_TOO_LONG),
    }
}
