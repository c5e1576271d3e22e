//! SET and its kin: writing a string whole.

use super::access;
use crate::errors;
use crate::expiry_options::{self, Notation};
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

/// What must hold for SET to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Absent,
    Present,
}

/// What becomes of the expiry.
#[derive(Clone, Copy)]
enum Expiry<'a> {
    Drop,
    Keep,
    Set(&'a [u8], Notation),
}

/// The options of SET.
struct Options<'a> {
    condition: Option<Condition>,
    answers_old: bool,
    expiry: Expiry<'a>,
}

/// SET reads its key only if it is to answer the old value.
pub fn key_flags(arguments: Arguments<'_>) -> &'static [&'static str] {
    let options = arguments.get(3..).unwrap_or_default();
    match options.iter().any(|option| option.eq_ignore_ascii_case(b"GET")) {
        true => &["RW", "access", "update"],
        false => &["OW", "update"],
    }
}

/// `SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT time | PXAT time | KEEPTTL]`.
pub fn set(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (key, value) = (arguments[1], arguments[2]);
    let options = parse_options(&arguments[3..])?;
    let expire_at_ms = match options.expiry {
        Expiry::Set(argument, notation) => {
            Some(expiry_options::positive_expiry(argument, notation, context.now_ms(), "set")?)
        }
        Expiry::Drop | Expiry::Keep => None,
    };
    let (old, before) = if options.answers_old {
        let stored = access::load(context, key)?;
        let before = stored.as_ref().map(|stored| context.txn.stored_string_value(stored)).transpose()?;
        (stored.map(|stored| stored.head), before)
    } else {
        let db = context.db();
        (context.txn.find_for_write(db, key)?, None)
    };
    let is_met = match options.condition {
        None => true,
        Some(Condition::Absent) => old.is_none(),
        Some(Condition::Present) => old.is_some(),
    };
    if is_met {
        let kept = match options.expiry {
            Expiry::Keep => old.and_then(|head| head.expire_at_ms),
            Expiry::Drop | Expiry::Set(..) => expire_at_ms,
        };
        access::write(context, key, old, kept, value)?;
    }
    Ok(match (options.answers_old, is_met) {
        (true, _) => Reply::bulk_or_null(before),
        (false, true) => Reply::Ok,
        (false, false) => Reply::Null,
    })
}

/// An option may come again, but not together with one that excludes it.
fn parse_options<'a>(mut words: &[&'a [u8]]) -> Result<Options<'a>, CommandError> {
    let mut options = Options { condition: None, answers_old: false, expiry: Expiry::Drop };
    while let [word, rest @ ..] = words {
        words = rest;
        if word.eq_ignore_ascii_case(b"NX") && options.condition != Some(Condition::Present) {
            options.condition = Some(Condition::Absent);
        } else if word.eq_ignore_ascii_case(b"XX") && options.condition != Some(Condition::Absent) {
            options.condition = Some(Condition::Present);
        } else if word.eq_ignore_ascii_case(b"GET") {
            options.answers_old = true;
        } else if word.eq_ignore_ascii_case(b"KEEPTTL") && !matches!(options.expiry, Expiry::Set(..)) {
            options.expiry = Expiry::Keep;
        } else {
            let (Some(notation), [argument, rest @ ..]) = (Notation::of_option(word), words) else {
                return Err(errors::SYNTAX);
            };
            match options.expiry {
                Expiry::Keep => return Err(errors::SYNTAX),
                Expiry::Set(_, earlier) if earlier != notation => return Err(errors::SYNTAX),
                _ => options.expiry = Expiry::Set(argument, notation),
            }
            words = rest;
        }
    }
    Ok(options)
}

/// `SETNX key value`.
pub fn setnx(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (key, value) = (arguments[1], arguments[2]);
    let db = context.db();
    if context.txn.find_for_write(db, key)?.is_some() {
        return Ok(Reply::Integer(0));
    }
    access::write(context, key, None, None, value)?;
    Ok(Reply::Integer(1))
}

/// `SETEX key seconds value`.
pub fn setex(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    set_expiring(context, arguments, Notation::SECONDS, "setex")
}

/// `PSETEX key milliseconds value`.
pub fn psetex(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    set_expiring(context, arguments, Notation::MILLISECONDS, "psetex")
}

fn set_expiring(
    context: &mut Context<'_, '_>,
    arguments: Arguments<'_>,
    notation: Notation,
    command: &str,
) -> CommandResult {
    let (key, time, value) = (arguments[1], arguments[2], arguments[3]);
    let at = expiry_options::positive_expiry(time, notation, context.now_ms(), command)?;
    let db = context.db();
    let old = context.txn.find_for_write(db, key)?;
    access::write(context, key, old, Some(at), value)?;
    Ok(Reply::Ok)
}

/// `MSET key value [key value ...]`.
pub fn mset(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    write_pairs(context, pairs(arguments, "mset")?)?;
    Ok(Reply::Ok)
}

/// `MSETNX key value [key value ...]`.
pub fn msetnx(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let pairs = pairs(arguments, "msetnx")?;
    let db = context.db();
    for [key, _] in pairs {
        if context.txn.find_for_write(db, key)?.is_some() {
            return Ok(Reply::Integer(0));
        }
    }
    write_pairs(context, pairs)?;
    Ok(Reply::Integer(1))
}

fn pairs<'a>(arguments: Arguments<'a>, command: &str) -> Result<&'a [[&'a [u8]; 2]], CommandError> {
    match arguments[1..].as_chunks() {
        (pairs, []) => Ok(pairs),
        _ => Err(errors::wrong_arity(command)),
    }
}

fn write_pairs(context: &mut Context<'_, '_>, pairs: &[[&[u8]; 2]]) -> Result<(), CommandError> {
    let db = context.db();
    context.txn.look_ahead(db, pairs.iter().map(|[key, _]| *key))?;
    for [key, value] in pairs {
        let old = context.txn.find_for_write(db, key)?;
        access::write(context, key, old, None, value)?;
    }
    Ok(())
}
