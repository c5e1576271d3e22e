//! Members picked at random.

use dredis_data::contract::Direction;
use dredis_data::sorted_set::{ScoredMember, SortedSet};
use dredis_data::{Kind, Random, Transaction};

use super::access::{self, Scores};
use crate::errors::{self, CommandError};
use crate::numbers;
use crate::{Arguments, CommandResult, Context, Reply};

/// The most memory that repeated picks may take, in bytes.
const REPLY_BYTES_MAX: usize = 1 << 30;
/// So many picks are made at a time, before their size is looked at.
const PICKS: u64 = 1 << 12;
/// What a member takes beside its own bytes: its reply, a score's reply, and about what the allocator needs.
const MEMBER_BYTES: usize = 2 * size_of::<Reply>() + 16;

/// `ZRANDMEMBER key [count [WITHSCORES]]`.
pub fn zrandmember(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let Some(([count], options)) = arguments.get(2..).and_then(|rest| rest.split_at_checked(1)) else {
        return one(context, arguments[1]);
    };
    let count = numbers::integer(count)?;
    if count == i64::MIN {
        return Err(errors::COUNT_OUT_OF_RANGE);
    }
    let scores = match options {
        [] => Scores::Hidden,
        [word] if word.eq_ignore_ascii_case(b"WITHSCORES") => Scores::Shown,
        _ => return Err(errors::SYNTAX),
    };
    // With scores the reply has twice as many elements.
    if scores == Scores::Shown && count.unsigned_abs() > i64::MAX.unsigned_abs() / 2 {
        return Err(errors::OUT_OF_RANGE);
    }
    let entry = context.txn.find(context.session.db, arguments[1])?;
    let Some(entry) = entry else { return Ok(Reply::Array(Vec::new())) };
    if entry.kind() != Kind::SortedSet {
        return Err(errors::WRONG_TYPE);
    }
    let set = SortedSet::of(&entry)?;
    let wanted = count.unsigned_abs();
    let members = if count < 0 {
        repeated(context.txn, context.random, &set, wanted)?
    } else if wanted >= set.length() {
        // Redis answers all of them from the highest score down.
        set.members(context.txn, 0..set.length(), Direction::Reverse)?
    } else {
        set.random_members(context.txn, wanted, context.random)?
    };
    Ok(access::list(members, scores, context.session.protocol))
}

/// So many members, each picked from all. A request of a few bytes may ask for more than any memory holds.
fn repeated(
    txn: &Transaction<'_>,
    random: &mut Random,
    set: &SortedSet<'_>,
    count: u64,
) -> Result<Vec<ScoredMember>, CommandError> {
    if count > (REPLY_BYTES_MAX / MEMBER_BYTES) as u64 {
        return Err(errors::REPLY_TOO_LARGE);
    }
    let (mut members, mut bytes, mut left) = (Vec::new(), 0, count);
    while left > 0 {
        let picked = set.random_picks(txn, left.min(PICKS), random)?;
        left -= left.min(PICKS);
        bytes += picked.iter().map(|member| MEMBER_BYTES + member.member.len()).sum::<usize>();
        if bytes > REPLY_BYTES_MAX {
            return Err(errors::REPLY_TOO_LARGE);
        }
        members.extend(picked);
    }
    Ok(members)
}

fn one(context: &mut Context<'_, '_>, key: &[u8]) -> CommandResult {
    let entry = context.txn.find(context.session.db, key)?;
    let Some(entry) = entry else { return Ok(Reply::Null) };
    if entry.kind() != Kind::SortedSet {
        return Err(errors::WRONG_TYPE);
    }
    let member = SortedSet::of(&entry)?.random_member(context.txn, context.random)?;
    Ok(Reply::bulk_or_null(member.map(|member| member.member)))
}
