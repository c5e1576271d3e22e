//! GET and its kin: reading a string whole, and what may happen to its key thereby.

use dredis_data::{Head, Kind, string};

use super::access;
use crate::errors;
use crate::expiry_options::{self, Notation};
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

/// `GET key`.
pub fn get(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    Ok(Reply::bulk_or_null(access::value(context, arguments[1])?))
}

/// `GETDEL key`.
pub fn getdel(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let key = arguments[1];
    let Some(stored) = access::load(context, key)? else { return Ok(Reply::Null) };
    let value = context.txn.stored_string_value(&stored)?;
    let db = context.db();
    context.txn.remove_found(db, key, stored.head)?;
    Ok(Reply::Bulk(value))
}

/// `GETSET key value`.
pub fn getset(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (key, value) = (arguments[1], arguments[2]);
    let stored = access::load(context, key)?;
    let before = stored.as_ref().map(|stored| context.txn.stored_string_value(stored)).transpose()?;
    access::write(context, key, stored.map(|stored| stored.head), None, value)?;
    Ok(Reply::bulk_or_null(before))
}

/// What GETEX does to the expiry.
enum Change<'a> {
    Nothing,
    Persist,
    Set(&'a [u8], Notation),
}

/// `GETEX key [EX seconds | PX milliseconds | EXAT time | PXAT time | PERSIST]`.
pub fn getex(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let key = arguments[1];
    let change = parse_change(&arguments[2..])?;
    let Some(stored) = access::load(context, key)? else { return Ok(Reply::Null) };
    let now_ms = context.now_ms();
    let expire_at_ms = match change {
        Change::Nothing => stored.head.expire_at_ms,
        Change::Persist => None,
        Change::Set(argument, notation) => {
            Some(expiry_options::positive_expiry(argument, notation, now_ms, "getex")?)
        }
    };
    let value = context.txn.stored_string_value(&stored)?;
    let (db, head) = (context.db(), stored.head);
    let is_set = matches!(change, Change::Set(..));
    if is_set && expire_at_ms.is_some_and(|at| at <= now_ms) {
        context.txn.remove_found(db, key, head)?;
    } else if is_set || expire_at_ms != head.expire_at_ms {
        context.txn.write_key(db, key, Some(head), Head { expire_at_ms, ..head }, &stored.body)?;
    }
    Ok(Reply::Bulk(value))
}

/// An option may come again, but not together with another.
fn parse_change<'a>(mut options: &[&'a [u8]]) -> Result<Change<'a>, CommandError> {
    let mut change = Change::Nothing;
    while let [word, rest @ ..] = options {
        if word.eq_ignore_ascii_case(b"PERSIST") && !matches!(change, Change::Set(..)) {
            change = Change::Persist;
            options = rest;
            continue;
        }
        let (Some(notation), [argument, rest @ ..]) = (Notation::of_option(word), rest) else {
            return Err(errors::SYNTAX);
        };
        match change {
            Change::Persist => return Err(errors::SYNTAX),
            Change::Set(_, earlier) if earlier != notation => return Err(errors::SYNTAX),
            _ => change = Change::Set(argument, notation),
        }
        options = rest;
    }
    Ok(change)
}

/// `MGET key [key ...]`. A key that holds no string counts as absent.
pub fn mget(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let keys = &arguments[1..];
    let mut values = Vec::with_capacity(keys.len());
    for entry in context.txn.find_many(context.db(), keys)? {
        values.push(match entry {
            Some(entry) if entry.kind() == Kind::String => Reply::Bulk(context.txn.string_value(&entry)?),
            _ => Reply::Null,
        });
    }
    Ok(Reply::Array(values))
}

/// `STRLEN key`.
pub fn strlen(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let length = match access::find(context, arguments[1])? {
        Some(entry) => string::length(&entry)?,
        None => 0,
    };
    Ok(Reply::Integer(length as i64))
}
