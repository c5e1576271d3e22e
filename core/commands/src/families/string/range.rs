//! Parts of strings. Only the segments that a part lies in are read or written.

use dredis_data::Stored;
use dredis_data::string::{self, Style, stored_length};

use super::access;
use crate::errors;
use crate::numbers;
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

/// `GETRANGE key start end`, once called SUBSTR.
pub fn getrange(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let start = numbers::integer(arguments[2])?;
    let end = numbers::integer(arguments[3])?;
    let Some(entry) = access::find(context, arguments[1])? else { return Ok(Reply::Text("")) };
    let length = string::length(&entry)?;
    let Some((first, last)) = places(start, end, length) else { return Ok(Reply::Text("")) };
    Ok(Reply::Bulk(context.txn.string_range(&entry, first, last - first + 1)?))
}

/// The first and last byte that `start` and `end` (negative: from the end) name; `None` if there is none between
/// them. An end before the string's beginning counts as its first byte.
fn places(start: i64, end: i64, length: u64) -> Option<(u64, u64)> {
    if length == 0 || (start < 0 && end < 0 && start > end) {
        return None;
    }
    let place = |index: i64| match u64::try_from(index) {
        Ok(index) => index,
        Err(_) => length.saturating_sub(index.unsigned_abs()),
    };
    let (first, last) = (place(start), place(end).min(length - 1));
    (first <= last).then_some((first, last))
}

/// `SETRANGE key offset value`.
pub fn setrange(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (key, value) = (arguments[1], arguments[3]);
    let offset = u64::try_from(numbers::integer(arguments[2])?).map_err(|_| errors::OFFSET_OUT_OF_RANGE)?;
    let stored = access::load(context, key)?;
    if value.is_empty() {
        return Ok(Reply::Integer(length(&stored)? as i64));
    }
    access::check_length(offset, value.len())?;
    patch(context, key, stored, offset, value)
}

/// `APPEND key value`.
pub fn append(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (key, value) = (arguments[1], arguments[2]);
    let stored = access::load(context, key)?;
    if stored.is_none() {
        let db = context.db();
        context.txn.write_string((db, key), None, None, value, Style::Plain)?;
        return Ok(Reply::count(value.len()));
    }
    let before = length(&stored)?;
    access::check_length(before, value.len())?;
    patch(context, key, stored, before, value)
}

fn length(stored: &Option<Stored>) -> Result<u64, CommandError> {
    Ok(stored.as_ref().map(stored_length).transpose()?.unwrap_or(0))
}

fn patch(
    context: &mut Context<'_, '_>,
    key: &[u8],
    stored: Option<Stored>,
    offset: u64,
    value: &[u8],
) -> CommandResult {
    let db = context.db();
    let length = context.txn.patch_string((db, key), stored, offset, value)?;
    Ok(Reply::Integer(length as i64))
}
