//! LPUSH, RPUSH and those of their kin that make no list.

use dredis_data::list::End;

use super::access;
use crate::{Arguments, CommandResult, Context, Reply};

/// Whether a list is made where there is none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    IsMade,
    StaysAbsent,
}

/// `LPUSH key element [element ...]`.
pub fn lpush(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    push(context, arguments, End::Head, Absent::IsMade)
}

/// `RPUSH key element [element ...]`.
pub fn rpush(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    push(context, arguments, End::Tail, Absent::IsMade)
}

/// `LPUSHX key element [element ...]`.
pub fn lpushx(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    push(context, arguments, End::Head, Absent::StaysAbsent)
}

/// `RPUSHX key element [element ...]`.
pub fn rpushx(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    push(context, arguments, End::Tail, Absent::StaysAbsent)
}

fn push(context: &mut Context<'_, '_>, arguments: Arguments<'_>, end: End, absent: Absent) -> CommandResult {
    let (key, elements) = (arguments[1], &arguments[2..]);
    let stored = access::load(context, key)?;
    if stored.is_none() && absent == Absent::StaysAbsent {
        return Ok(Reply::Integer(0));
    }
    let mut list = access::edit(context, key, stored)?;
    for element in elements {
        list.push(end, element)?;
    }
    Ok(Reply::Integer(list.finish()? as i64))
}
