//! HSCAN, SSCAN and ZSCAN: walks over the elements of one collection.
//!
//! A cursor needs no memory on the server: it is the hash at which the walk goes on, and elements stand in the order of
//! their hashes. An element that is there from the walk's beginning to its end is always met, and met once. A
//! packed collection is answered at once and whole, whatever the cursor, as Redis does.
//!
//! A family's command is one call:
//!
//! ```ignore
//! pub fn sscan(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
//!     element_scan::answer(context, arguments, Kind::Set, Transaction::set_page, |element, found| {
//!         found.push(Reply::Bulk(element.name));
//!     })
//! }
//! ```

use dredis_data::contract::Result as DataResult;
use dredis_data::{ElementPage, Entry, Kind, NamedElement, Transaction};

use super::key::scan::parse_cursor;
use super::typed;
use crate::errors::{self, CommandError};
use crate::glob::{self, Case};
use crate::numbers;
use crate::{Arguments, CommandResult, Context, Reply};

/// How many elements a step looks at unless COUNT says otherwise.
const COUNT_DEFAULT: usize = 10;
/// How many elements are read at a time, however many are wanted: those that MATCH does not want cost no memory.
const PAGE: usize = 512;

/// The whole of `xSCAN key cursor [MATCH pattern] [COUNT count]` on a key of type `kind`.
///
/// `page` answers a page of the collection: for a spread one, elements from a hash on, at least so many, in the order of
/// hashes ([`ElementPage`]); for a packed one, always all of them, with no `next`. `show` adds what is to be said of an
/// element to the reply. Errors come in Redis's order: cursor, absent key (an empty answer), type, options.
pub fn answer<'v>(
    context: &Context<'_, 'v>,
    arguments: Arguments<'_>,
    kind: Kind,
    page: impl Fn(&Transaction<'v>, &Entry<'_>, u64, usize) -> DataResult<ElementPage>,
    show: impl Fn(NamedElement, &mut Vec<Reply>),
) -> CommandResult {
    let cursor = parse_cursor(arguments[2])?;
    let Some(entry) = typed::find(context, arguments[1], kind)? else {
        return Ok(step(None, Vec::new()));
    };
    let options = parse_options(&arguments[3..])?;
    let mut found = Vec::new();
    let mut left = options.count;
    let mut from = cursor;
    loop {
        let part = page(context.txn, &entry, from, left.min(PAGE))?;
        left = left.saturating_sub(part.elements.len());
        for element in part.elements {
            if options.lets_through(&element.name) {
                show(element, &mut found);
            }
        }
        match part.next {
            Some(next) if left > 0 => from = next,
            next => return Ok(step(next, found)),
        }
    }
}

/// A step's reply. A walk never goes on at hash 0, because a page that does not end it holds an element.
fn step(next: Option<u64>, found: Vec<Reply>) -> Reply {
    Reply::Array(vec![Reply::text(next.unwrap_or(0).to_string()), Reply::Array(found)])
}

struct Options<'a> {
    /// `None` lets everything through.
    pattern: Option<&'a [u8]>,
    /// How many elements to look at; at least 1.
    count: usize,
}

impl Options<'_> {
    fn lets_through(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, name, Case::Sensitive))
    }
}

/// The last of several MATCH or COUNT counts.
fn parse_options<'a>(mut words: &[&'a [u8]]) -> Result<Options<'a>, CommandError> {
    let mut options = Options { pattern: None, count: COUNT_DEFAULT };
    while let [word, argument, rest @ ..] = words {
        if word.eq_ignore_ascii_case(b"COUNT") {
            let count = numbers::integer(argument)?;
            options.count = usize::try_from(count).ok().filter(|count| *count > 0).ok_or(errors::SYNTAX)?;
        } else if word.eq_ignore_ascii_case(b"MATCH") {
            // A single star also finds the empty name, which no star matches.
            options.pattern = (*argument != b"*").then_some(*argument);
        } else {
            return Err(errors::SYNTAX);
        }
        words = rest;
    }
    if words.is_empty() { Ok(options) } else { Err(errors::SYNTAX) }
}
