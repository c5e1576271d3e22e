//! Walks over all keys of a database: SCAN and KEYS.
//!
//! Keys stand in order, so a pattern that begins with plain bytes is looked for among the keys that begin
//! with them, and nowhere else; a pattern of plain bytes alone is one look-up. A cursor is a number for a
//! position that the server keeps: a key that is there from the walk's beginning to its end is always met.

use dredis_data::{KeyPosition, Kind};

use crate::errors::{self, fixed};
use crate::glob::{self, Case, Literal};
use crate::numbers;
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

const UNKNOWN_CURSOR: CommandError = fixed(
    "ERR invalid cursor: this number is from before a restart or was given out too long ago; \
     start again from cursor 0",
);

/// How many keys a step of SCAN looks at unless COUNT says otherwise.
const COUNT_DEFAULT: usize = 10;
/// How many keys are read at a time, however many are wanted.
const PAGE: usize = 512;

/// `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]`.
pub fn scan(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let cursor = parse_cursor(arguments[1])?;
    let options = parse_options(&arguments[2..])?;
    let position = match cursor {
        0 => None,
        number => Some(context.host.cursor(number).ok_or(UNKNOWN_CURSOR)?),
    };
    let mut found = Vec::new();
    let is_wanted =
        |kind: Kind| options.kind.is_none_or(|name| kind.name().as_bytes().eq_ignore_ascii_case(name));
    let next = walk(context, &options.filter, position, options.count, |key, kind| {
        if is_wanted(kind) {
            found.push(Reply::Bulk(key));
        }
    })?;
    let number = next.map_or(0, |position| context.host.open_cursor(position, cursor));
    Ok(Reply::Array(vec![Reply::text(number.to_string()), Reply::Array(found)]))
}

/// `KEYS pattern`.
pub fn keys(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let filter = Filter::new(arguments[1]);
    let mut found = Vec::new();
    walk(context, &filter, None, usize::MAX, |key, _| found.push(Reply::Bulk(key)))?;
    Ok(Reply::Array(found))
}

/// Shows `visit` the live keys that the filter lets through, among the next `count` from `position` on. Where to
/// go on, if there is more.
fn walk(
    context: &Context<'_, '_>,
    filter: &Filter<'_>,
    mut position: Option<KeyPosition>,
    count: usize,
    mut visit: impl FnMut(Vec<u8>, Kind),
) -> Result<Option<KeyPosition>, CommandError> {
    let db = context.db();
    if filter.literal.is_whole {
        let key = &filter.literal.prefix;
        if let Some(entry) = context.txn.find(db, key)? {
            visit(key.clone(), entry.kind());
        }
        return Ok(None);
    }
    let mut left = count;
    while left > 0 {
        let limit = left.min(PAGE);
        let page = context.txn.keys_page(db, &filter.literal.prefix, position.as_ref(), limit)?;
        for (key, head) in page.keys {
            if filter.lets_through(&key) {
                visit(key, head.form.kind());
            }
        }
        position = page.next;
        if position.is_none() {
            break;
        }
        left -= limit;
    }
    Ok(position)
}

/// Which keys a walk is after.
struct Filter<'a> {
    /// `None` lets everything through.
    pattern: Option<&'a [u8]>,
    literal: Literal,
}

impl<'a> Filter<'a> {
    fn new(pattern: &'a [u8]) -> Self {
        // A single star also finds the empty key, which no star matches.
        let is_everything = pattern == b"*";
        Filter { pattern: (!is_everything).then_some(pattern), literal: glob::literal(pattern) }
    }

    fn lets_through(&self, key: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, key, Case::Sensitive))
    }
}

struct Options<'a> {
    filter: Filter<'a>,
    count: usize,
    /// The name of a type; one that no type bears finds nothing.
    kind: Option<&'a [u8]>,
}

fn parse_options<'a>(mut words: &[&'a [u8]]) -> Result<Options<'a>, CommandError> {
    let mut options = Options { filter: Filter::new(b"*"), count: COUNT_DEFAULT, kind: None };
    while let [word, argument, rest @ ..] = words {
        if word.eq_ignore_ascii_case(b"COUNT") {
            let count = numbers::integer(argument)?;
            options.count = usize::try_from(count).ok().filter(|count| *count > 0).ok_or(errors::SYNTAX)?;
        } else if word.eq_ignore_ascii_case(b"MATCH") {
            options.filter = Filter::new(argument);
        } else if word.eq_ignore_ascii_case(b"TYPE") {
            options.kind = Some(argument);
        } else {
            return Err(errors::SYNTAX);
        }
        words = rest;
    }
    if words.is_empty() { Ok(options) } else { Err(errors::SYNTAX) }
}

/// A cursor as C's `strtoul` reads it: nothing at all is 0, and a minus sign counts down from 2^64.
pub(in crate::families) fn parse_cursor(argument: &[u8]) -> Result<u64, CommandError> {
    let (is_negative, digits) = match argument {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() && !argument.is_empty() {
        return Err(errors::INVALID_CURSOR);
    }
    let value = digits.iter().try_fold(0_u64, |value, byte| match byte {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    });
    let value = value.ok_or(errors::INVALID_CURSOR)?;
    Ok(if is_negative { value.wrapping_neg() } else { value })
}
