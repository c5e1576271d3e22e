//! EXPIRE and TTL, each with their kin.

use dredis_data::{Head, Stored};

use crate::errors::{self, fixed};
use crate::expiry_options::{self, Notation};
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

const NX_WITH_OTHERS: CommandError =
    fixed("ERR NX and XX, GT or LT options at the same time are not compatible");
const GT_WITH_LT: CommandError = fixed("ERR GT and LT options at the same time are not compatible");

/// `EXPIRE key seconds [NX | XX | GT | LT]`.
pub fn expire(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    set(context, arguments, Notation::SECONDS, "expire")
}

/// `PEXPIRE key milliseconds [NX | XX | GT | LT]`.
pub fn pexpire(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    set(context, arguments, Notation::MILLISECONDS, "pexpire")
}

/// `EXPIREAT key unix-time-seconds [NX | XX | GT | LT]`.
pub fn expireat(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    set(context, arguments, Notation::UNIX_SECONDS, "expireat")
}

/// `PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]`.
pub fn pexpireat(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    set(context, arguments, Notation::UNIX_MILLISECONDS, "pexpireat")
}

fn set(
    context: &mut Context<'_, '_>,
    arguments: Arguments<'_>,
    notation: Notation,
    command: &str,
) -> CommandResult {
    let key = arguments[1];
    let conditions = Conditions::parse(&arguments[3..])?;
    let now_ms = context.now_ms();
    let at = expiry_options::any_expiry(arguments[2], notation, now_ms, command)?;
    let db = context.db();
    let Some(Stored { head, body }) = context.txn.load_for_write(db, key)? else {
        return Ok(Reply::Integer(0));
    };
    if !conditions.allow(head.expire_at_ms, at) {
        return Ok(Reply::Integer(0));
    }
    // A time in the past removes the key at once.
    match u64::try_from(at) {
        Ok(at) if at > now_ms => {
            let new = Head { expire_at_ms: Some(at), ..head };
            context.txn.write_key(db, key, Some(head), new, &body)?;
        }
        _ => context.txn.remove_found(db, key, head)?,
    }
    Ok(Reply::Integer(1))
}

/// What must hold for an expiry to be set.
#[derive(Default)]
struct Conditions {
    absent: bool,
    present: bool,
    later: bool,
    earlier: bool,
}

impl Conditions {
    fn parse(words: &[&[u8]]) -> Result<Conditions, CommandError> {
        let mut conditions = Conditions::default();
        for word in words {
            let condition = match word.to_ascii_uppercase().as_slice() {
                b"NX" => &mut conditions.absent,
                b"XX" => &mut conditions.present,
                b"GT" => &mut conditions.later,
                b"LT" => &mut conditions.earlier,
                _ => return Err(errors::unsupported_option(word)),
            };
            *condition = true;
        }
        if conditions.absent && (conditions.present || conditions.later || conditions.earlier) {
            return Err(NX_WITH_OTHERS);
        }
        if conditions.later && conditions.earlier {
            return Err(GT_WITH_LT);
        }
        Ok(conditions)
    }

    /// A key without expiry counts as one that expires last.
    fn allow(&self, current: Option<u64>, at: i64) -> bool {
        let current_or_never = current.map_or(i128::MAX, i128::from);
        let at = i128::from(at);
        !(self.absent && current.is_some()
            || self.present && current.is_none()
            || self.later && at <= current_or_never
            || self.earlier && at >= current_or_never)
    }
}

/// `PERSIST key`.
pub fn persist(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (db, key) = (context.db(), arguments[1]);
    match context.txn.load_for_write(db, key)? {
        Some(Stored { head, body }) if head.expire_at_ms.is_some() => {
            context.txn.write_key(db, key, Some(head), Head { expire_at_ms: None, ..head }, &body)?;
            Ok(Reply::Integer(1))
        }
        _ => Ok(Reply::Integer(0)),
    }
}

/// `TTL key`.
pub fn ttl(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let now_ms = context.now_ms();
    ask(context, arguments, |at| to_seconds(at.saturating_sub(now_ms)))
}

/// `PTTL key`.
pub fn pttl(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let now_ms = context.now_ms();
    ask(context, arguments, |at| at.saturating_sub(now_ms))
}

/// `EXPIRETIME key`.
pub fn expiretime(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    ask(context, arguments, to_seconds)
}

/// `PEXPIRETIME key`.
pub fn pexpiretime(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    ask(context, arguments, |at| at)
}

fn to_seconds(ms: u64) -> u64 {
    (ms + 500) / 1000
}

/// The expiry as `shown`; -1 for a key without, -2 for no key.
fn ask(context: &Context<'_, '_>, arguments: Arguments<'_>, shown: impl Fn(u64) -> u64) -> CommandResult {
    let entry = context.txn.find(context.db(), arguments[1])?;
    Ok(Reply::Integer(match entry.map(|entry| entry.head().expire_at_ms) {
        None => -2,
        Some(None) => -1,
        Some(Some(at)) => i64::try_from(shown(at)).unwrap_or(i64::MAX),
    }))
}
