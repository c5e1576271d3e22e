//! Hashes read as a whole, at once or in steps.

use dredis_data::{Element, Kind, Transaction, hash};

use super::access;
use crate::families::element_scan;
use crate::{Arguments, CommandResult, Context, Reply};

/// `HGETALL key`.
pub fn hgetall(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let Some(entry) = access::find(context, arguments[1])? else { return Ok(Reply::Map(Vec::new())) };
    let mut pairs = Vec::with_capacity(hash::count(&entry)? as usize);
    context.txn.each_hash_field(&entry, |field, value| pairs.push((bulk(field), bulk(value))))?;
    Ok(Reply::Map(pairs))
}

/// `HKEYS key`.
pub fn hkeys(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    list(context, arguments[1], |field, _| bulk(field))
}

/// `HVALS key`.
pub fn hvals(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    list(context, arguments[1], |_, value| bulk(value))
}

fn list(
    context: &Context<'_, '_>,
    key: &[u8],
    part: impl Fn(Element<'_>, Element<'_>) -> Reply,
) -> CommandResult {
    let Some(entry) = access::find(context, key)? else { return Ok(Reply::Array(Vec::new())) };
    let mut parts = Vec::with_capacity(hash::count(&entry)? as usize);
    context.txn.each_hash_field(&entry, |field, value| parts.push(part(field, value)))?;
    Ok(Reply::Array(parts))
}

fn bulk(element: Element<'_>) -> Reply {
    Reply::Bulk(element.to_vec())
}

/// `HSCAN key cursor [MATCH pattern] [COUNT count]`.
pub fn hscan(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    element_scan::answer(context, arguments, Kind::Hash, Transaction::hash_page, |element, found| {
        found.push(Reply::Bulk(element.name));
        found.push(Reply::Bulk(element.payload));
    })
}
