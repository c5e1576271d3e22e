//! LPOS.

use dredis_data::list::{End, Search};

use super::access;
use crate::errors::{self, fixed};
use crate::numbers::{self, parse_integer};
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

const RANK_ZERO: CommandError = fixed(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to \
     start from the end of the list",
);
const COUNT_NEGATIVE: CommandError = fixed("ERR COUNT can't be negative");
const LENGTH_NEGATIVE: CommandError = fixed("ERR MAXLEN can't be negative");

/// The smallest rank overflows in Redis: no match is passed over then, and COUNT limits nothing.
const RANK_WITHOUT_OPPOSITE: u64 = i64::MIN.unsigned_abs() - 1;

/// `LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]`.
pub fn lpos(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (search, is_counted) = parse(arguments[2], &arguments[3..])?;
    let found = match access::find(context, arguments[1])? {
        Some(entry) => context.txn.list_indexes(&entry, &search)?,
        None => Vec::new(),
    };
    let mut indexes = found.into_iter().map(|index| Reply::Integer(index as i64));
    Ok(if is_counted { Reply::Array(indexes.collect()) } else { indexes.next().unwrap_or(Reply::Null) })
}

/// What to look for, and whether COUNT was given.
fn parse<'a>(element: &'a [u8], mut options: Arguments<'a>) -> Result<(Search<'a>, bool), CommandError> {
    let mut search = Search { element, from: End::Head, skipped: 0, matches_max: 1, looked_at_max: u64::MAX };
    let mut is_counted = false;
    while let [word, value, rest @ ..] = options {
        if word.eq_ignore_ascii_case(b"RANK") {
            let rank = numbers::integer(value)?;
            search.from = if rank < 0 { End::Tail } else { End::Head };
            search.skipped = rank.unsigned_abs().checked_sub(1).ok_or(RANK_ZERO)?;
        } else if word.eq_ignore_ascii_case(b"COUNT") {
            is_counted = true;
            search.matches_max = limit(value, COUNT_NEGATIVE)?;
        } else if word.eq_ignore_ascii_case(b"MAXLEN") {
            search.looked_at_max = limit(value, LENGTH_NEGATIVE)?;
        } else {
            return Err(errors::SYNTAX);
        }
        options = rest;
    }
    if !options.is_empty() {
        return Err(errors::SYNTAX);
    }
    if search.from == End::Tail && search.skipped == RANK_WITHOUT_OPPOSITE {
        search.skipped = 0;
        search.matches_max = u64::MAX;
    }
    Ok((search, is_counted))
}

/// A limit; 0 means none.
fn limit(argument: &[u8], error: CommandError) -> Result<u64, CommandError> {
    let number = parse_integer(argument).and_then(|number| u64::try_from(number).ok());
    Ok(match number.ok_or(error)? {
        0 => u64::MAX,
        number => number,
    })
}
