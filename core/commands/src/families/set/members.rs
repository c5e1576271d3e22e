//! Single members and whole sets.

use dredis_data::set::SetRef;

use super::access;
use crate::{Arguments, CommandResult, Context, Reply};

/// `SADD key member [member ...]`.
pub fn sadd(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let mut set = access::load_to_edit(context, arguments[1])?;
    let added = set.insert_all(context.txn, &arguments[2..])?;
    set.finish(context.txn)?;
    Ok(Reply::Integer(added as i64))
}

/// `SREM key member [member ...]`.
pub fn srem(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let mut set = access::load_to_edit(context, arguments[1])?;
    let removed = set.remove_all(context.txn, &arguments[2..])?;
    set.finish(context.txn)?;
    Ok(Reply::Integer(removed as i64))
}

/// `SMOVE source destination member`.
pub fn smove(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (source, destination, member) = (arguments[1], arguments[2], arguments[3]);
    let Some(from) = access::load(context, source)? else { return Ok(Reply::Integer(0)) };
    if source == destination {
        let is_member = SetRef::of_stored(&from)?.contains(context.txn, member)?;
        return Ok(Reply::Integer(i64::from(is_member)));
    }
    let mut to = access::load_to_edit(context, destination)?;
    let mut from = access::edit(context, source, Some(from))?;
    if !from.remove(context.txn, member)? {
        return Ok(Reply::Integer(0));
    }
    from.finish(context.txn)?;
    to.insert(context.txn, member)?;
    to.finish(context.txn)?;
    Ok(Reply::Integer(1))
}

/// `SCARD key`.
pub fn scard(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let Some(entry) = access::find(context, arguments[1])? else { return Ok(Reply::Integer(0)) };
    let count = SetRef::of(&entry)?.count();
    Ok(Reply::Integer(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// `SISMEMBER key member`.
pub fn sismember(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let Some(entry) = access::find(context, arguments[1])? else { return Ok(Reply::Integer(0)) };
    let is_member = SetRef::of(&entry)?.contains(context.txn, arguments[2])?;
    Ok(Reply::Integer(i64::from(is_member)))
}

/// `SMISMEMBER key member [member ...]`.
pub fn smismember(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let members = &arguments[2..];
    let Some(entry) = access::find(context, arguments[1])? else {
        return Ok(Reply::Array(vec![Reply::Integer(0); members.len()]));
    };
    let found = SetRef::of(&entry)?.contains_each(context.txn, members)?;
    Ok(Reply::Array(found.into_iter().map(|found| Reply::Integer(i64::from(found))).collect()))
}

/// `SMEMBERS key`.
pub fn smembers(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let Some(entry) = access::find(context, arguments[1])? else { return Ok(Reply::Set(Vec::new())) };
    let members = SetRef::of(&entry)?.members(context.txn)?;
    Ok(Reply::Set(members.into_iter().map(Reply::Bulk).collect()))
}
