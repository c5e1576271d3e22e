//! HRANDFIELD.

use dredis_data::{Kind, Parts, Picks};

use crate::errors::{self, CommandError};
use crate::numbers;
use crate::{Arguments, CommandResult, Context, Protocol, Reply};

/// The most picks with repetition. Redis sets no limit and dies of what does not fit its memory.
const REPEATED_MAX: u64 = 1 << 22;

/// `HRANDFIELD key [count [WITHVALUES]]`. With a count, fields differ; with a negative one, they may come again.
pub fn hrandfield(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (picks, parts) = match arguments[2..] {
        [] => (None, Parts::Names),
        [count, ref options @ ..] => {
            let count = numbers::integer(count)?;
            if count == i64::MIN {
                return Err(errors::COUNT_OUT_OF_RANGE);
            }
            let parts = parse_options(options, count)?;
            (Some(picks(count)), parts)
        }
    };
    let absent = if picks.is_some() { Reply::Array(Vec::new()) } else { Reply::Null };
    let entry = match context.txn.find(context.db(), arguments[1])? {
        Some(entry) if entry.kind() != Kind::Hash => return Err(errors::WRONG_TYPE),
        Some(entry) => entry,
        None => return Ok(absent),
    };
    if matches!(picks, Some(Picks::Repeated(total)) if total > REPEATED_MAX) {
        return Err(errors::OUT_OF_RANGE);
    }
    let one = Picks::Repeated(1);
    let found = context.txn.random_hash_fields(&entry, picks.unwrap_or(one), parts, context.random)?;
    let mut elements = found.into_iter();
    if picks.is_none() {
        return Ok(elements.next().map_or(absent, |element| Reply::Bulk(element.name)));
    }
    Ok(Reply::Array(match (parts, context.session.protocol) {
        (Parts::Names, _) => elements.map(|element| Reply::Bulk(element.name)).collect(),
        (Parts::NamesAndPayloads, Protocol::Resp2) => {
            elements.flat_map(|element| [Reply::Bulk(element.name), Reply::Bulk(element.payload)]).collect()
        }
        (Parts::NamesAndPayloads, Protocol::Resp3) => elements
            .map(|element| Reply::Array(vec![Reply::Bulk(element.name), Reply::Bulk(element.payload)]))
            .collect(),
    }))
}

fn parse_options(options: &[&[u8]], count: i64) -> Result<Parts, CommandError> {
    match options {
        [] => Ok(Parts::Names),
        [word] if word.eq_ignore_ascii_case(b"WITHVALUES") => {
            // Fields and values together have to be countable.
            let is_countable = (-(i64::MAX / 2)..=i64::MAX / 2).contains(&count);
            if is_countable { Ok(Parts::NamesAndPayloads) } else { Err(errors::OUT_OF_RANGE) }
        }
        _ => Err(errors::SYNTAX),
    }
}

fn picks(count: i64) -> Picks {
    let total = count.unsigned_abs();
    if count < 0 { Picks::Repeated(total) } else { Picks::Distinct(total) }
}
