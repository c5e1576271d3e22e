//! Members picked at random: SPOP and SRANDMEMBER.

use dredis_data::Picks;
use dredis_data::set::SetRef;

use super::access;
use crate::errors;
use crate::numbers::{self, parse_integer};
use crate::{Arguments, CommandResult, Context, Reply};

/// The most memory that repeated picks may take, in bytes.
const REPLY_BYTES_MAX: usize = 1 << 30;
/// So many picks are made at a time, before their size is looked at.
const PICKS: u64 = 1 << 12;
/// What a member takes beside its own bytes: its reply, and about what the allocator needs.
const MEMBER_BYTES: usize = size_of::<Reply>() + 16;

/// `SPOP key [count]`.
pub fn spop(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (db, key) = (context.db(), arguments[1]);
    let limits = context.host.packed_limits();
    let count = match &arguments[2..] {
        [] => {
            let Some(stored) = access::load(context, key)? else { return Ok(Reply::Null) };
            let popped = context.txn.pop_member((db, key), stored, limits, context.random)?;
            return Ok(Reply::bulk_or_null(popped));
        }
        [count] => {
            let count = parse_integer(count).and_then(|count| u64::try_from(count).ok());
            count.ok_or(errors::MUST_BE_POSITIVE)?
        }
        _ => return Err(errors::SYNTAX),
    };
    let Some(stored) = access::load(context, key)? else { return Ok(Reply::Set(Vec::new())) };
    let popped = context.txn.pop_members((db, key), stored, count, limits, context.random)?;
    Ok(Reply::Set(popped.into_iter().map(Reply::Bulk).collect()))
}

/// `SRANDMEMBER key [count]`. A negative count may bring a member several times.
pub fn srandmember(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let count = match &arguments[2..] {
        [] => None,
        [count] => match numbers::integer(count)? {
            i64::MIN => return Err(errors::COUNT_OUT_OF_RANGE),
            count => Some(count),
        },
        _ => return Err(errors::SYNTAX),
    };
    let stored = access::find(context, arguments[1])?.map(|entry| entry.to_stored());
    let Some(count) = count else {
        let Some(stored) = stored else { return Ok(Reply::Null) };
        let picked = SetRef::of_stored(&stored)?.random_member(context.txn, context.random)?;
        return Ok(Reply::bulk_or_null(picked));
    };
    let Some(stored) = stored else { return Ok(Reply::Array(Vec::new())) };
    let set = SetRef::of_stored(&stored)?;
    if count < 0 {
        return repeated(context, &set, count.unsigned_abs());
    }
    let picked = set.random_members(context.txn, Picks::Distinct(count.unsigned_abs()), context.random)?;
    Ok(Reply::Array(picked.into_iter().map(Reply::Bulk).collect()))
}

/// So many members, each picked from all. A request of a few bytes may ask for more than any memory holds.
fn repeated(context: &mut Context<'_, '_>, set: &SetRef<'_>, count: u64) -> CommandResult {
    if count > (REPLY_BYTES_MAX / MEMBER_BYTES) as u64 {
        return Err(errors::REPLY_TOO_LARGE);
    }
    let (mut replies, mut bytes, mut left) = (Vec::new(), 0, count);
    while left > 0 {
        let picked = set.random_members(context.txn, Picks::Repeated(left.min(PICKS)), context.random)?;
        if picked.is_empty() {
            break;
        }
        left = left.saturating_sub(picked.len() as u64);
        bytes += picked.iter().map(|member| MEMBER_BYTES + member.len()).sum::<usize>();
        if bytes > REPLY_BYTES_MAX {
            return Err(errors::REPLY_TOO_LARGE);
        }
        replies.extend(picked.into_iter().map(Reply::Bulk));
    }
    Ok(Reply::Array(replies))
}
