//! Whether keys exist, what they are, and their removal.

use std::borrow::Cow;

use crate::{Arguments, CommandResult, Context, Reply};

/// `DEL key [key ...]` and `UNLINK key [key ...]`.
pub fn del(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let db = context.db();
    let mut removed = 0;
    for key in &arguments[1..] {
        removed += i64::from(context.txn.remove(db, key)?);
    }
    Ok(Reply::Integer(removed))
}

/// `EXISTS key [key ...]` and `TOUCH key [key ...]`.
pub fn exists(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let db = context.db();
    let mut found = 0;
    for key in &arguments[1..] {
        found += i64::from(context.txn.exists(db, key)?);
    }
    Ok(Reply::Integer(found))
}

/// `TYPE key`.
pub fn r#type(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let entry = context.txn.find(context.db(), arguments[1])?;
    Ok(Reply::Status(Cow::Borrowed(entry.map_or("none", |entry| entry.kind().name()))))
}

/// `RANDOMKEY`.
pub fn randomkey(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let db = context.db();
    Ok(Reply::bulk_or_null(context.txn.random_key(db, context.random)?))
}
