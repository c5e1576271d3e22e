//! Fields of a hash set and removed.

use super::access;
use crate::errors;
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

/// `HSET key field value [field value ...]`.
pub fn hset(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let added = set(context, arguments, "hset")?;
    Ok(Reply::Integer(added as i64))
}

/// `HMSET key field value [field value ...]`.
pub fn hmset(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    set(context, arguments, "hmset")?;
    Ok(Reply::Ok)
}

/// Sets fields; how many are new. As in Redis, a field without a value comes before the key's type.
fn set(context: &mut Context<'_, '_>, arguments: Arguments<'_>, command: &str) -> Result<u64, CommandError> {
    let (pairs, []) = arguments[2..].as_chunks() else { return Err(errors::wrong_arity(command)) };
    let mut hash = access::edit(context, arguments[1])?;
    let added = hash.set(pairs)?;
    hash.finish()?;
    Ok(added)
}

/// `HSETNX key field value`.
pub fn hsetnx(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (field, value) = (arguments[2], arguments[3]);
    let mut hash = access::edit(context, arguments[1])?;
    let is_new = hash.add(field, value)?;
    hash.finish()?;
    Ok(Reply::Integer(i64::from(is_new)))
}

/// `HDEL key field [field ...]`.
pub fn hdel(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let mut hash = access::edit(context, arguments[1])?;
    let removed = hash.remove(&arguments[2..])?;
    hash.finish()?;
    Ok(Reply::Integer(removed as i64))
}
