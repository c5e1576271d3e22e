//! Keys under other names and in other databases: COPY, MOVE, RENAME.

use crate::errors;
use crate::numbers;
use crate::{Arguments, CommandResult, Context, Reply};

/// `COPY source destination [DB destination-db] [REPLACE]`.
pub fn copy(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (source, destination) = (arguments[1], arguments[2]);
    let source_db = context.db();
    let mut destination_db = source_db;
    let mut replaces = false;
    let mut words = &arguments[3..];
    while let [word, rest @ ..] = words {
        words = rest;
        if word.eq_ignore_ascii_case(b"REPLACE") {
            replaces = true;
        } else if word.eq_ignore_ascii_case(b"DB")
            && let [number, rest @ ..] = words
        {
            destination_db = numbers::database(number)?;
            words = rest;
        } else {
            return Err(errors::SYNTAX);
        }
    }
    if source_db == destination_db && source == destination {
        return Err(errors::SAME_OBJECT);
    }
    if context.txn.find_for_write(source_db, source)?.is_none() {
        return Ok(Reply::Integer(0));
    }
    if !replaces && context.txn.find_for_write(destination_db, destination)?.is_some() {
        return Ok(Reply::Integer(0));
    }
    let copied = context.txn.copy((source_db, source), (destination_db, destination))?;
    Ok(Reply::Integer(i64::from(copied)))
}

/// `MOVE key db`.
pub fn r#move(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let key = arguments[1];
    let source_db = context.db();
    let destination_db = numbers::database(arguments[2])?;
    if source_db == destination_db {
        return Err(errors::SAME_OBJECT);
    }
    if context.txn.find_for_write(source_db, key)?.is_none()
        || context.txn.find_for_write(destination_db, key)?.is_some()
    {
        return Ok(Reply::Integer(0));
    }
    let moved = context.txn.rename((source_db, key), (destination_db, key))?;
    Ok(Reply::Integer(i64::from(moved)))
}

/// `RENAME key newkey`.
pub fn rename(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (db, from, to) = (context.db(), arguments[1], arguments[2]);
    if context.txn.find_for_write(db, from)?.is_none() {
        return Err(errors::NO_SUCH_KEY);
    }
    if from != to {
        context.txn.rename((db, from), (db, to))?;
    }
    Ok(Reply::Ok)
}

/// `RENAMENX key newkey`.
pub fn renamenx(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (db, from, to) = (context.db(), arguments[1], arguments[2]);
    if context.txn.find_for_write(db, from)?.is_none() {
        return Err(errors::NO_SUCH_KEY);
    }
    if context.txn.find_for_write(db, to)?.is_some() {
        return Ok(Reply::Integer(0));
    }
    context.txn.rename((db, from), (db, to))?;
    Ok(Reply::Integer(1))
}
