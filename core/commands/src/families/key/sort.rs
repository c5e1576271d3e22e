//! SORT and SORT_RO: the elements of a list, set or sorted set in the order of their numbers or texts, or of those that
//! other keys hold for them.
//!
//! Elements are read, looked up and written in pages. With STORE, neither what is sorted nor what comes out has to fit in
//! memory; without it, what is held is what may be answered: elements that LIMIT shuts out are dropped on the way.

mod order;
mod output;
mod pattern;
mod source;

use std::ops::Range;

use dredis_data::Transaction;
use dredis_data::list::{End, ListEditor};

use crate::errors;
use crate::key_positions::KeyPosition;
use crate::numbers;
use crate::{Arguments, CommandError, CommandResult, Context, Reply};
use order::Criterion;
use output::Output;
use pattern::Pattern;
use source::{Source, Window};

/// What a request asks for.
struct Options<'a> {
    is_descending: bool,
    is_alphabetic: bool,
    offset: i64,
    count: i64,
    by: Option<Pattern<'a>>,
    /// BY named something that is the same for all elements: they keep the order that they have.
    is_unsorted: bool,
    /// What to answer for each element; nothing: the element.
    get: Vec<Pattern<'a>>,
    destination: Option<&'a [u8]>,
}

/// `SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] [STORE destination]`.
pub fn sort(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let options = parse(&arguments[2..], true)?;
    let Some(destination) = options.destination else { return answer(context, arguments[1], &options) };
    let mut output = sorted(context, arguments[1], &options)?;
    let (db, limits) = (context.db(), context.host.packed_limits());
    let old = context.txn.find_for_write(db, destination)?;
    let mut list = ListEditor::replace(context.txn, (db, destination), old, &limits);
    loop {
        let values = next_values(&mut output, list.transaction(), db, &options)?;
        if values.is_empty() {
            break;
        }
        for value in values {
            list.push(End::Tail, &value.unwrap_or_default())?;
        }
    }
    let length = list.finish()?;
    output.give_up(context.txn)?;
    Ok(Reply::Integer(length as i64))
}

/// The same without STORE.
pub fn sort_ro(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    answer(context, arguments[1], &parse(&arguments[2..], false)?)
}

fn answer(context: &mut Context<'_, '_>, key: &[u8], options: &Options<'_>) -> CommandResult {
    let mut output = sorted(context, key, options)?;
    let db = context.db();
    let mut replies = Vec::new();
    loop {
        let values = next_values(&mut output, context.txn, db, options)?;
        if values.is_empty() {
            break;
        }
        replies.extend(values.into_iter().map(Reply::bulk_or_null));
    }
    output.give_up(context.txn)?;
    Ok(Reply::Array(replies))
}

fn parse<'a>(mut words: Arguments<'a>, may_store: bool) -> Result<Options<'a>, CommandError> {
    let mut options = Options {
        is_descending: false,
        is_alphabetic: false,
        offset: 0,
        count: -1,
        by: None,
        is_unsorted: false,
        get: Vec::new(),
        destination: None,
    };
    while let [word, rest @ ..] = words {
        let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
        words = match rest {
            _ if is(b"ASC") || is(b"DESC") => {
                options.is_descending = is(b"DESC");
                rest
            }
            _ if is(b"ALPHA") => {
                options.is_alphabetic = true;
                rest
            }
            [offset, count, rest @ ..] if is(b"LIMIT") => {
                (options.offset, options.count) = (numbers::integer(offset)?, numbers::integer(count)?);
                rest
            }
            [key, rest @ ..] if is(b"STORE") && may_store => {
                options.destination = Some(key);
                rest
            }
            [text, rest @ ..] if is(b"BY") => {
                options.is_unsorted |= !pattern::varies(text);
                options.by = Some(Pattern::new(text));
                rest
            }
            [text, rest @ ..] if is(b"GET") => {
                options.get.push(Pattern::new(text));
                rest
            }
            _ => return Err(errors::SYNTAX),
        };
    }
    Ok(options)
}

/// The elements that are wanted, in the order asked for.
fn sorted<'o>(
    context: &mut Context<'_, '_>,
    key: &[u8],
    options: &'o Options<'_>,
) -> Result<Output<'o>, CommandError> {
    let db = context.db();
    let source = match context.txn.find(db, key)? {
        Some(entry) => Source::new(&entry).ok_or(errors::WRONG_TYPE)?,
        None => return Ok(Output::nothing()),
    };
    // What is stored must not depend on the order in which a set happens to be kept.
    let is_set_stored = source.is_set() && options.is_unsorted && options.destination.is_some();
    let wanted = window(options, source.length()?);
    if options.is_unsorted && !is_set_stored {
        return Ok(Output::unsorted(source.walk(Window {
            start: wanted.start,
            count: wanted.end - wanted.start,
            is_reversed: options.is_descending,
        })));
    }
    let criterion = Criterion {
        by: options.by.as_ref().filter(|_| !is_set_stored),
        is_alphabetic: options.is_alphabetic || is_set_stored,
        is_descending: options.is_descending,
        // What is compared for a reader goes by C's rules for texts.
        ends_at_nul: options.destination.is_none(),
    };
    Output::sorted(context.txn, db, source, criterion, wanted, options.destination.is_some())
}

/// The elements that LIMIT lets through.
fn window(options: &Options<'_>, length: u64) -> Range<u64> {
    let start = u64::try_from(options.offset).unwrap_or(0).min(length);
    let end = match u64::try_from(options.count) {
        Ok(count) => start.saturating_add(count).min(length),
        Err(_) => length,
    };
    start..end
}

/// What is answered or stored for the next elements; nothing at the end.
fn next_values(
    output: &mut Output<'_>,
    txn: &Transaction<'_>,
    db: u32,
    options: &Options<'_>,
) -> Result<Vec<Option<Vec<u8>>>, CommandError> {
    let elements = output.next(txn)?;
    let bytes: usize = elements.iter().map(Vec::len).sum();
    if options.get.is_empty() {
        output.page_size().note(bytes);
        return Ok(elements.into_iter().map(Some).collect());
    }
    let mut columns = Vec::with_capacity(options.get.len());
    for pattern in &options.get {
        columns.push(pattern.values(txn, db, &elements)?.into_iter());
    }
    let mut values = Vec::with_capacity(columns.len() * elements.len());
    for _ in &elements {
        values.extend(columns.iter_mut().filter_map(Iterator::next));
    }
    output.page_size().note(bytes + values.iter().flatten().map(Vec::len).sum::<usize>());
    Ok(values)
}

/// Where STORE's key is: behind the last such word that is not itself an argument of LIMIT, GET or BY.
pub fn other_keys(arguments: Arguments<'_>, found: &mut Vec<KeyPosition>) {
    let mut destination = None;
    let mut index = 2;
    while let Some(word) = arguments.get(index) {
        index += 1;
        if word.eq_ignore_ascii_case(b"LIMIT") {
            index += 2;
        } else if word.eq_ignore_ascii_case(b"GET") || word.eq_ignore_ascii_case(b"BY") {
            index += 1;
        } else if word.eq_ignore_ascii_case(b"STORE") && index < arguments.len() {
            destination = Some(index);
        }
    }
    found.extend(destination.map(|index| KeyPosition { index, flags: &["OW", "update"] }));
}
