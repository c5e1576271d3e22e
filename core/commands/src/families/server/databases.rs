//! Databases as wholes: DBSIZE, FLUSHDB, FLUSHALL, SWAPDB.

use dredis_data::DATABASES;

use crate::numbers::{self, parse_integer};
use crate::{Arguments, CommandError, CommandResult, Context, Reply, errors};

pub(super) fn dbsize(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let keys = context.txn.figures(context.db())?.keys;
    Ok(Reply::Integer(i64::try_from(keys).unwrap_or(i64::MAX)))
}

pub(super) fn flushdb(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    check_mode(arguments)?;
    context.txn.flush(context.db())?;
    Ok(Reply::Ok)
}

pub(super) fn flushall(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    check_mode(arguments)?;
    for db in 0..DATABASES {
        context.txn.flush(db)?;
    }
    Ok(Reply::Ok)
}

/// ASYNC and SYNC are the same here: keys are gone at once, and their space is swept in the background.
fn check_mode(arguments: Arguments<'_>) -> Result<(), CommandError> {
    match arguments {
        [_] => Ok(()),
        [_, mode] if mode.eq_ignore_ascii_case(b"ASYNC") || mode.eq_ignore_ascii_case(b"SYNC") => Ok(()),
        _ => Err(errors::SYNTAX),
    }
}

pub(super) fn swapdb(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let check = |argument: &[u8], error| match parse_integer(argument).map(i32::try_from) {
        Some(Ok(_)) => Ok(()),
        _ => Err(error),
    };
    check(arguments[1], errors::fixed("ERR invalid first DB index"))?;
    check(arguments[2], errors::fixed("ERR invalid second DB index"))?;
    let left = numbers::database(arguments[1])?;
    let right = numbers::database(arguments[2])?;
    context.txn.swap(left, right)?;
    Ok(Reply::Ok)
}
