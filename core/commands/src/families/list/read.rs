//! LINDEX, LLEN and LRANGE.

use dredis_data::list;

use super::access;
use crate::numbers;
use crate::{Arguments, CommandResult, Context, Reply};

/// `LINDEX key index`.
pub fn lindex(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let Some(entry) = access::find(context, arguments[1])? else { return Ok(Reply::Null) };
    let index = numbers::integer(arguments[2])?;
    let Some(index) = access::place(index, list::length(&entry)?) else { return Ok(Reply::Null) };
    Ok(Reply::bulk_or_null(context.txn.list_element(&entry, index)?))
}

/// `LLEN key`.
pub fn llen(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let length = match access::find(context, arguments[1])? {
        Some(entry) => list::length(&entry)?,
        None => 0,
    };
    Ok(Reply::Integer(length as i64))
}

/// `LRANGE key start stop`.
pub fn lrange(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (start, stop) = (numbers::integer(arguments[2])?, numbers::integer(arguments[3])?);
    let Some(entry) = access::find(context, arguments[1])? else { return Ok(Reply::Array(Vec::new())) };
    let (start, count) = access::range(start, stop, list::length(&entry)?);
    let elements = context.txn.list_range(&entry, start, count)?;
    Ok(Reply::Array(elements.into_iter().map(Reply::Bulk).collect()))
}
