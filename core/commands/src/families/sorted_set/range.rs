//! Ranges by rank, score and member: read, stored and removed.

use std::ops::Bound;

use dredis_data::contract::Direction;
use dredis_data::sorted_set::{MemberBound, SortedSet, SortedSetBuilder, SortedSetRange, Window};

use super::access::{self, Scores};
use super::number;
use crate::errors::{self, CommandError, fixed};
use crate::numbers;
use crate::{Arguments, CommandResult, Context, Reply};

const LIMIT_BY_RANK: CommandError =
    fixed("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
const SCORES_BY_MEMBER: CommandError =
    fixed("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
const NO_SCORE_RANGE: CommandError = fixed("ERR min or max is not a float");
const NO_MEMBER_RANGE: CommandError = fixed("ERR min or max not valid string range item");

/// How many members are copied at a time.
const PAGE: u64 = 1000;

/// What a range's ends are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Rank,
    Score,
    Member,
}

/// The ends of a range as they were given.
#[derive(Clone, Debug)]
pub enum Ends {
    /// First and last; negative ones count from the end.
    Ranks(i64, i64),
    /// Anything that does not depend on how many members there are.
    Fixed(SortedSetRange),
}

impl Ends {
    /// Reads the lower and the upper end.
    pub fn parse(by: By, low: &[u8], high: &[u8]) -> Result<Ends, CommandError> {
        Ok(match by {
            By::Rank => Ends::Ranks(numbers::integer(low)?, numbers::integer(high)?),
            By::Score => Ends::Fixed(SortedSetRange::Scores(score_end(low)?, score_end(high)?)),
            By::Member => Ends::Fixed(SortedSetRange::Members(
                member_end(low, MemberBound::Before, MemberBound::After)?,
                member_end(high, MemberBound::After, MemberBound::Before)?,
            )),
        })
    }

    /// The range among so many members, ranks counted from the lowest score.
    pub fn of(self, length: u64) -> SortedSetRange {
        match self {
            Ends::Ranks(first, last) => {
                let at = |rank: i64| {
                    if rank < 0 { length.checked_sub(rank.unsigned_abs()) } else { Some(rank as u64) }
                };
                let end = at(last).map_or(0, |last| last.saturating_add(1)).min(length);
                let start = at(first).unwrap_or(0).min(end);
                SortedSetRange::Ranks(start..end)
            }
            Ends::Fixed(range) => range,
        }
    }

    /// The same with ranks counted in this direction.
    fn towards(self, direction: Direction, length: u64) -> SortedSetRange {
        match (direction, self.of(length)) {
            (Direction::Reverse, SortedSetRange::Ranks(ranks)) => {
                SortedSetRange::Ranks(length - ranks.end..length - ranks.start)
            }
            (_, range) => range,
        }
    }
}

fn score_end(argument: &[u8]) -> Result<Bound<f64>, CommandError> {
    let (number, is_excluded) = match argument {
        [b'(', number @ ..] => (number, true),
        number => (number, false),
    };
    let score = number::parse_limit(number).ok_or(NO_SCORE_RANGE)?;
    Ok(if is_excluded { Bound::Excluded(score) } else { Bound::Included(score) })
}

fn member_end(
    argument: &[u8],
    included: fn(Vec<u8>) -> MemberBound,
    excluded: fn(Vec<u8>) -> MemberBound,
) -> Result<MemberBound, CommandError> {
    match argument {
        // As in Redis, a sign may be followed by a zero byte and anything.
        [b'-'] | [b'-', 0, ..] => Ok(MemberBound::Lowest),
        [b'+'] | [b'+', 0, ..] => Ok(MemberBound::Highest),
        [b'[', member @ ..] => Ok(included(member.to_vec())),
        [b'(', member @ ..] => Ok(excluded(member.to_vec())),
        _ => Err(NO_MEMBER_RANGE),
    }
}

/// What a command of this family takes for granted, and so does not take as an option.
#[derive(Clone, Copy)]
struct Style {
    by: Option<By>,
    direction: Option<Direction>,
    may_show_scores: bool,
}

/// A range with its options.
struct Query {
    ends: Ends,
    window: Window,
    scores: Scores,
}

/// `ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]`.
pub fn zrange(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    answer(context, arguments, Style { by: None, direction: None, may_show_scores: true })
}

/// `ZREVRANGE key start stop [WITHSCORES]`.
pub fn zrevrange(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    answer(context, arguments, old_style(By::Rank, Direction::Reverse))
}

/// `ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]`.
pub fn zrangebyscore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    answer(context, arguments, old_style(By::Score, Direction::Forward))
}

/// `ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]`.
pub fn zrevrangebyscore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    answer(context, arguments, old_style(By::Score, Direction::Reverse))
}

/// `ZRANGEBYLEX key min max [LIMIT offset count]`.
pub fn zrangebylex(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    answer(context, arguments, old_style(By::Member, Direction::Forward))
}

/// `ZREVRANGEBYLEX key max min [LIMIT offset count]`.
pub fn zrevrangebylex(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    answer(context, arguments, old_style(By::Member, Direction::Reverse))
}

fn old_style(by: By, direction: Direction) -> Style {
    Style { by: Some(by), direction: Some(direction), may_show_scores: true }
}

/// `ZRANGESTORE dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]`.
pub fn zrangestore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (destination, source) = (arguments[1], arguments[2]);
    let style = Style { by: None, direction: None, may_show_scores: false };
    let query = parse(&arguments[3..], style)?;
    let stored = access::load(context, source)?;
    let db = context.db();
    let mut builder = SortedSetBuilder::new(context.host.packed_limits());
    if let Some(stored) = &stored {
        let set = SortedSet::of_stored(stored)?;
        let range = query.ends.towards(query.window.direction, set.length());
        let mut ranks = query.window.within(set.ranks(context.txn, &range)?);
        while !ranks.is_empty() {
            let end = ranks.end.min(ranks.start.saturating_add(PAGE));
            for member in set.members(context.txn, ranks.start..end, Direction::Forward)? {
                builder.add(context.txn, member)?;
            }
            ranks.start = end;
        }
    }
    let old = context.txn.find_for_write(db, destination)?;
    let count = builder.finish(context.txn, (db, destination), old)?;
    Ok(Reply::Integer(count as i64))
}

/// `ZREMRANGEBYRANK key start stop`.
pub fn zremrangebyrank(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    remove(context, arguments, By::Rank)
}

/// `ZREMRANGEBYSCORE key min max`.
pub fn zremrangebyscore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    remove(context, arguments, By::Score)
}

/// `ZREMRANGEBYLEX key min max`.
pub fn zremrangebylex(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    remove(context, arguments, By::Member)
}

fn remove(context: &mut Context<'_, '_>, arguments: Arguments<'_>, by: By) -> CommandResult {
    let key = arguments[1];
    let ends = Ends::parse(by, arguments[2], arguments[3])?;
    let Some(stored) = access::load(context, key)? else { return Ok(Reply::Integer(0)) };
    let mut editor = access::edit(context, key, Some(stored))?;
    let set = editor.view();
    let ranks = set.ranks(context.txn, &ends.of(set.length()))?;
    let removed = editor.remove_ranks(context.txn, ranks)?;
    editor.finish(context.txn)?;
    Ok(Reply::Integer(removed as i64))
}

fn answer(context: &mut Context<'_, '_>, arguments: Arguments<'_>, style: Style) -> CommandResult {
    let query = parse(&arguments[2..], style)?;
    let Some(entry) = access::find(context, arguments[1])? else { return Ok(Reply::Array(Vec::new())) };
    let set = SortedSet::of(&entry)?;
    let range = query.ends.towards(query.window.direction, set.length());
    let members = set.window(context.txn, &range, query.window)?;
    Ok(access::list(members, query.scores, context.session.protocol))
}

/// Reads both ends and what follows them.
fn parse(words: &[&[u8]], style: Style) -> Result<Query, CommandError> {
    let (mut by, mut direction) = (style.by, style.direction);
    let (mut scores, mut limit) = (Scores::Hidden, None);
    let mut rest = &words[2..];
    while let [word, after @ ..] = rest {
        rest = after;
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if style.may_show_scores && is("WITHSCORES") {
            scores = Scores::Shown;
        } else if is("LIMIT")
            && let [offset, count, after @ ..] = rest
        {
            limit = Some((numbers::integer(offset)?, numbers::integer(count)?));
            rest = after;
        } else if direction.is_none() && is("REV") {
            direction = Some(Direction::Reverse);
        } else if by.is_none() && is("BYLEX") {
            by = Some(By::Member);
        } else if by.is_none() && is("BYSCORE") {
            by = Some(By::Score);
        } else {
            return Err(errors::SYNTAX);
        }
    }
    let (by, direction) = (by.unwrap_or(By::Rank), direction.unwrap_or(Direction::Forward));
    match by {
        By::Rank if limit.is_some_and(|(_, count)| count != -1) => return Err(LIMIT_BY_RANK),
        By::Member if scores == Scores::Shown => return Err(SCORES_BY_MEMBER),
        _ => {}
    }
    let is_upside_down = direction == Direction::Reverse && by != By::Rank;
    let (low, high) = if is_upside_down { (words[1], words[0]) } else { (words[0], words[1]) };
    let ends = Ends::parse(by, low, high)?;
    let window = match limit {
        Some((offset, count)) if by != By::Rank => Window {
            direction,
            // Nothing is left behind a negative offset; a negative count is no limit.
            offset: u64::try_from(offset).unwrap_or(u64::MAX),
            count: u64::try_from(count).unwrap_or(u64::MAX),
        },
        _ => Window::all(direction),
    };
    Ok(Query { ends, window, scores })
}
