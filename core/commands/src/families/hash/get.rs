//! Fields of a hash read by name.

use dredis_data::hash;

use super::access;
use crate::{Arguments, CommandResult, Context, Reply};

/// `HGET key field`.
pub fn hget(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let Some(entry) = access::find(context, arguments[1])? else { return Ok(Reply::Null) };
    Ok(Reply::bulk_or_null(context.txn.hash_value(&entry, arguments[2])?))
}

/// `HMGET key field [field ...]`.
pub fn hmget(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let fields = &arguments[2..];
    let values = match access::find(context, arguments[1])? {
        Some(entry) => context.txn.hash_values(&entry, fields)?,
        None => vec![None; fields.len()],
    };
    Ok(Reply::Array(values.into_iter().map(Reply::bulk_or_null).collect()))
}

/// `HEXISTS key field`.
pub fn hexists(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let length = value_length(context, arguments)?;
    Ok(Reply::Integer(i64::from(length.is_some())))
}

/// `HSTRLEN key field`.
pub fn hstrlen(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    Ok(Reply::count(value_length(context, arguments)?.unwrap_or(0)))
}

fn value_length(
    context: &Context<'_, '_>,
    arguments: Arguments<'_>,
) -> Result<Option<usize>, crate::CommandError> {
    match access::find(context, arguments[1])? {
        Some(entry) => Ok(context.txn.hash_value_length(&entry, arguments[2])?),
        None => Ok(None),
    }
}

/// `HLEN key`.
pub fn hlen(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let count = match access::find(context, arguments[1])? {
        Some(entry) => hash::count(&entry)?,
        None => 0,
    };
    Ok(Reply::Integer(count as i64))
}
