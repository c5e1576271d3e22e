//! Lists looked up, with their type checked, and words that several commands have in their arguments.

use dredis_data::list::{End, ListEditor};
use dredis_data::{Entry, Kind, Stored};

use crate::Context;
use crate::errors::{self, CommandError};
use crate::families::typed;

/// The live list at `key`, for reading.
pub fn find<'t>(context: &'t Context<'_, '_>, key: &[u8]) -> Result<Option<Entry<'t>>, CommandError> {
    typed::find(context, key, Kind::List)
}

/// The record of the live list at `key`, on the write path.
pub fn load(context: &mut Context<'_, '_>, key: &[u8]) -> Result<Option<Stored>, CommandError> {
    typed::load(context, key, Kind::List)
}

/// Begins to change the list at `key`, or a new one there.
pub fn edit<'t, 'v>(
    context: &'t mut Context<'_, 'v>,
    key: &'t [u8],
    stored: Option<Stored>,
) -> Result<ListEditor<'t, 'v>, CommandError> {
    let (db, limits) = (context.db(), context.host.packed_limits());
    Ok(ListEditor::open(context.txn, (db, key), stored, &limits)?)
}

/// `LEFT` or `RIGHT`.
pub fn end(word: &[u8]) -> Result<End, CommandError> {
    if word.eq_ignore_ascii_case(b"LEFT") {
        Ok(End::Head)
    } else if word.eq_ignore_ascii_case(b"RIGHT") {
        Ok(End::Tail)
    } else {
        Err(errors::SYNTAX)
    }
}

/// The element that an index (negative: from the end) names, whether or not there is one; `None` if it would stand
/// before the first.
pub fn place(index: i64, length: u64) -> Option<u64> {
    match u64::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => length.checked_sub(index.unsigned_abs()),
    }
}

/// Where the elements from index `start` to index `stop` (negative: from the end) begin, and how many there are.
pub fn range(start: i64, stop: i64, length: u64) -> (u64, u64) {
    let first = place(start, length).unwrap_or(0);
    let behind = place(stop, length).map_or(0, |stop| stop.saturating_add(1).min(length));
    (first, behind.saturating_sub(first))
}
