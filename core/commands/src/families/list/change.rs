//! Changes within lists: LINSERT, LREM, LSET and LTRIM.

use dredis_data::list::{End, Side};

use super::access;
use crate::errors::{self, fixed};
use crate::numbers;
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

const INDEX_OUT_OF_RANGE: CommandError = fixed("ERR index out of range");

/// `LINSERT key BEFORE | AFTER pivot element`.
pub fn linsert(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (key, pivot, element) = (arguments[1], arguments[3], arguments[4]);
    let side = if arguments[2].eq_ignore_ascii_case(b"AFTER") {
        Side::After
    } else if arguments[2].eq_ignore_ascii_case(b"BEFORE") {
        Side::Before
    } else {
        return Err(errors::SYNTAX);
    };
    let Some(stored) = access::load(context, key)? else { return Ok(Reply::Integer(0)) };
    let mut list = access::edit(context, key, Some(stored))?;
    if !list.insert(side, pivot, element)? {
        return Ok(Reply::Integer(-1));
    }
    Ok(Reply::Integer(list.finish()? as i64))
}

/// `LREM key count element`.
pub fn lrem(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (key, element) = (arguments[1], arguments[3]);
    let (from, count) = match numbers::integer(arguments[2])? {
        0 => (End::Head, u64::MAX),
        count if count < 0 => (End::Tail, count.unsigned_abs()),
        count => (End::Head, count.unsigned_abs()),
    };
    let Some(stored) = access::load(context, key)? else { return Ok(Reply::Integer(0)) };
    let mut list = access::edit(context, key, Some(stored))?;
    let removed = list.remove(from, element, count)?;
    list.finish()?;
    Ok(Reply::Integer(removed as i64))
}

/// `LSET key index element`.
pub fn lset(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (key, element) = (arguments[1], arguments[3]);
    let stored = access::load(context, key)?.ok_or(errors::NO_SUCH_KEY)?;
    let index = numbers::integer(arguments[2])?;
    let mut list = access::edit(context, key, Some(stored))?;
    let index = access::place(index, list.len()).ok_or(INDEX_OUT_OF_RANGE)?;
    if !list.set(index, element)? {
        return Err(INDEX_OUT_OF_RANGE);
    }
    list.finish()?;
    Ok(Reply::Ok)
}

/// `LTRIM key start stop`.
pub fn ltrim(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let key = arguments[1];
    let (start, stop) = (numbers::integer(arguments[2])?, numbers::integer(arguments[3])?);
    let Some(stored) = access::load(context, key)? else { return Ok(Reply::Ok) };
    let mut list = access::edit(context, key, Some(stored))?;
    let (start, count) = access::range(start, stop, list.len());
    list.trim(start, count)?;
    list.finish()?;
    Ok(Reply::Ok)
}
