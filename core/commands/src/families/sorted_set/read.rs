//! Single members, counts and walks.

use dredis_data::Kind;
use dredis_data::sorted_set::SortedSet;

use super::access;
use super::range::{self, By};
use crate::families::element_scan;
use crate::{Arguments, CommandResult, Context, Reply};

/// `ZCARD key`.
pub fn zcard(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let length = match access::find(context, arguments[1])? {
        Some(entry) => SortedSet::of(&entry)?.length(),
        None => 0,
    };
    Ok(Reply::Integer(length as i64))
}

/// `ZSCORE key member`.
pub fn zscore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let Some(entry) = access::find(context, arguments[1])? else { return Ok(Reply::Null) };
    let score = SortedSet::of(&entry)?.score(context.txn, arguments[2])?;
    Ok(score.map_or(Reply::Null, Reply::Double))
}

/// `ZMSCORE key member [member ...]`.
pub fn zmscore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let members = &arguments[2..];
    let Some(entry) = access::find(context, arguments[1])? else {
        return Ok(Reply::Array(vec![Reply::Null; members.len()]));
    };
    let set = SortedSet::of(&entry)?;
    let mut scores = Vec::with_capacity(members.len());
    for member in members {
        scores.push(set.score(context.txn, member)?.map_or(Reply::Null, Reply::Double));
    }
    Ok(Reply::Array(scores))
}

/// `ZRANK key member`.
pub fn zrank(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    rank(context, arguments, |rank, _| rank)
}

/// `ZREVRANK key member`.
pub fn zrevrank(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    rank(context, arguments, |rank, length| length - 1 - rank)
}

fn rank(
    context: &mut Context<'_, '_>,
    arguments: Arguments<'_>,
    shown: impl Fn(u64, u64) -> u64,
) -> CommandResult {
    let Some(entry) = access::find(context, arguments[1])? else { return Ok(Reply::Null) };
    let set = SortedSet::of(&entry)?;
    let rank = set.rank(context.txn, arguments[2])?;
    Ok(rank.map_or(Reply::Null, |rank| Reply::Integer(shown(rank, set.length()) as i64)))
}

/// `ZCOUNT key min max`.
pub fn zcount(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    count(context, arguments, By::Score)
}

/// `ZLEXCOUNT key min max`.
pub fn zlexcount(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    count(context, arguments, By::Member)
}

fn count(context: &mut Context<'_, '_>, arguments: Arguments<'_>, by: By) -> CommandResult {
    let ends = range::Ends::parse(by, arguments[2], arguments[3])?;
    let Some(entry) = access::find(context, arguments[1])? else { return Ok(Reply::Integer(0)) };
    let set = SortedSet::of(&entry)?;
    let ranks = set.ranks(context.txn, &ends.of(set.length()))?;
    Ok(Reply::Integer(ranks.end.saturating_sub(ranks.start) as i64))
}

/// `ZSCAN key cursor [MATCH pattern] [COUNT count]`.
pub fn zscan(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    element_scan::answer(
        context,
        arguments,
        Kind::SortedSet,
        |txn, entry, from, limit| SortedSet::of(entry)?.page(txn, from, limit),
        |element, found| {
            found.push(Reply::Bulk(element.name));
            found.push(Reply::Bulk(element.payload));
        },
    )
}
