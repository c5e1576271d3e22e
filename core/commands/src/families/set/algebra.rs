//! Union, intersection and difference, answered, counted or stored.

use dredis_data::set::{Combination, SetOperation};

use super::{access, members};
use crate::errors;
use crate::numbers::{self, parse_integer};
use crate::{Arguments, CommandResult, Context, Reply};

/// `SUNION key [key ...]`.
pub fn sunion(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    combine(context, arguments, SetOperation::Union)
}

/// `SINTER key [key ...]`.
pub fn sinter(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    combine(context, arguments, SetOperation::Intersection)
}

/// `SDIFF key [key ...]`.
pub fn sdiff(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    combine(context, arguments, SetOperation::Difference)
}

/// `SUNIONSTORE destination key [key ...]`.
pub fn sunionstore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    store(context, arguments, SetOperation::Union)
}

/// `SINTERSTORE destination key [key ...]`.
pub fn sinterstore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    store(context, arguments, SetOperation::Intersection)
}

/// `SDIFFSTORE destination key [key ...]`.
pub fn sdiffstore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    store(context, arguments, SetOperation::Difference)
}

/// `SINTERCARD numkeys key [key ...] [LIMIT limit]`.
pub fn sintercard(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let numkeys =
        parse_integer(arguments[1]).filter(|count| *count > 0).ok_or(errors::NUMKEYS_NOT_POSITIVE)?;
    let after = usize::try_from(numkeys).ok().and_then(|numkeys| arguments[2..].split_at_checked(numkeys));
    let (keys, mut words) = after.ok_or(errors::NUMKEYS_TOO_LARGE)?;
    let mut limit = 0;
    while let [word, rest @ ..] = words {
        let [argument, rest @ ..] = rest else { return Err(errors::SYNTAX) };
        if !word.eq_ignore_ascii_case(b"LIMIT") {
            return Err(errors::SYNTAX);
        }
        limit = numbers::integer(argument).map_err(|_| errors::LIMIT_NEGATIVE)?;
        if limit < 0 {
            return Err(errors::LIMIT_NEGATIVE);
        }
        words = rest;
    }
    let sets = access::find_all(context, keys)?;
    let mut shared = Combination::new(context.txn, SetOperation::Intersection, &sets)?;
    let mut count = 0;
    while (limit == 0 || count < limit) && shared.next(context.txn)?.is_some() {
        count += 1;
    }
    Ok(Reply::Integer(count))
}

fn combine(
    context: &mut Context<'_, '_>,
    arguments: Arguments<'_>,
    operation: SetOperation,
) -> CommandResult {
    if arguments.len() == 2 {
        return members::smembers(context, arguments);
    }
    let sets = access::find_all(context, &arguments[1..])?;
    let combination = Combination::new(context.txn, operation, &sets)?;
    let members = combination.collect(context.txn, context.host.packed_limits())?;
    Ok(Reply::Set(members.into_iter().map(Reply::Bulk).collect()))
}

fn store(context: &mut Context<'_, '_>, arguments: Arguments<'_>, operation: SetOperation) -> CommandResult {
    let db = context.db();
    let limits = context.host.packed_limits();
    let sets = access::find_all(context, &arguments[2..])?;
    let count = context.txn.store_combination((db, arguments[1]), operation, &sets, limits)?;
    Ok(Reply::Integer(i64::try_from(count).unwrap_or(i64::MAX)))
}
