//! Numbers in strings, counted up and down. A counter keeps its expiry.

use dredis_data::Stored;
use dredis_data::string::{Style, stored_length};

use super::access;
use crate::errors;
use crate::long_double::LongDouble;
use crate::numbers;
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

/// The longest string that can be a number, in bytes; a longer one is not even read.
const NUMBER_BYTES_MAX: u64 = 5 * 1024;

/// `INCR key`.
pub fn incr(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    add(context, arguments[1], 1)
}

/// `DECR key`.
pub fn decr(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    add(context, arguments[1], -1)
}

/// `INCRBY key increment`.
pub fn incrby(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    add(context, arguments[1], numbers::integer(arguments[2])?)
}

/// `DECRBY key decrement`.
pub fn decrby(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let decrement = numbers::integer(arguments[2])?;
    add(context, arguments[1], decrement.checked_neg().ok_or(errors::DECREMENT_OVERFLOW)?)
}

fn add(context: &mut Context<'_, '_>, key: &[u8], increment: i64) -> CommandResult {
    let stored = access::load(context, key)?;
    let before = match number_text(&stored)? {
        Some(text) => numbers::parse_integer(text).ok_or(errors::NOT_AN_INTEGER)?,
        None => 0,
    };
    let after = before.checked_add(increment).ok_or(errors::OVERFLOW)?;
    write(context, key, stored, after.to_string().as_bytes(), Style::Plain)?;
    Ok(Reply::Integer(after))
}

/// `INCRBYFLOAT key increment`.
pub fn incrbyfloat(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let key = arguments[1];
    let stored = access::load(context, key)?;
    let before = match number_text(&stored)? {
        Some(text) => LongDouble::parse(text).ok_or(errors::NOT_A_FLOAT)?,
        None => LongDouble::ZERO,
    };
    let increment = LongDouble::parse(arguments[2]).ok_or(errors::NOT_A_FLOAT)?;
    let after = before.checked_add(increment).ok_or(errors::NOT_FINITE)?;
    let text = after.to_string().into_bytes();
    write(context, key, stored, &text, Style::Text)?;
    Ok(Reply::Bulk(text))
}

/// The text that may be a number; empty, and so none, if it is too long.
fn number_text(stored: &Option<Stored>) -> Result<Option<&[u8]>, CommandError> {
    match stored {
        Some(stored) if stored_length(stored)? > NUMBER_BYTES_MAX => Ok(Some(b"")),
        Some(stored) => Ok(Some(&stored.body)),
        None => Ok(None),
    }
}

fn write(
    context: &mut Context<'_, '_>,
    key: &[u8],
    stored: Option<Stored>,
    text: &[u8],
    style: Style,
) -> Result<(), CommandError> {
    let db = context.db();
    let old = stored.map(|stored| stored.head);
    let expire_at_ms = old.and_then(|head| head.expire_at_ms);
    Ok(context.txn.write_string((db, key), old, expire_at_ms, text, style)?)
}
