//! LPOP, RPOP and LMPOP.

use dredis_data::list::End;

use super::access;
use crate::errors;
use crate::numbers::parse_integer;
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

/// `LPOP key [count]`.
pub fn lpop(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    pop(context, arguments, End::Head)
}

/// `RPOP key [count]`.
pub fn rpop(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    pop(context, arguments, End::Tail)
}

fn pop(context: &mut Context<'_, '_>, arguments: Arguments<'_>, end: End) -> CommandResult {
    let (key, count) = match arguments {
        [_, key] => (*key, None),
        [_, key, count] => {
            let count = parse_integer(count).and_then(|count| u64::try_from(count).ok());
            (*key, Some(count.ok_or(errors::MUST_BE_POSITIVE)?))
        }
        _ => return Err(errors::wrong_arity(name(end))),
    };
    let Some(stored) = access::load(context, key)? else {
        return Ok(if count.is_some() { Reply::NullArray } else { Reply::Null });
    };
    let mut list = access::edit(context, key, Some(stored))?;
    let reply = match count {
        None => Reply::bulk_or_null(list.pop(end)?),
        Some(count) => elements(list.pop_many(end, count)?),
    };
    list.finish()?;
    Ok(reply)
}

fn name(end: End) -> &'static str {
    match end {
        End::Head => "lpop",
        End::Tail => "rpop",
    }
}

/// `LMPOP numkeys key [key ...] LEFT | RIGHT [COUNT count]`.
pub fn lmpop(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let keys = positive(arguments[1], errors::NUMKEYS_NOT_POSITIVE)?;
    let (keys, rest) = arguments[2..].split_at_checked(keys).ok_or(errors::SYNTAX)?;
    let (end, count) = match rest {
        [end] => (access::end(end)?, 1),
        [end, word, count, after @ ..] => {
            let end = access::end(end)?;
            if !word.eq_ignore_ascii_case(b"COUNT") {
                return Err(errors::SYNTAX);
            }
            let count = positive(count, errors::COUNT_NOT_POSITIVE)?;
            if !after.is_empty() {
                return Err(errors::SYNTAX);
            }
            (end, count)
        }
        _ => return Err(errors::SYNTAX),
    };
    for key in keys {
        let Some(stored) = access::load(context, key)? else { continue };
        let mut list = access::edit(context, key, Some(stored))?;
        let popped = list.pop_many(end, count as u64)?;
        list.finish()?;
        return Ok(Reply::Array(vec![Reply::Bulk(key.to_vec()), elements(popped)]));
    }
    Ok(Reply::NullArray)
}

fn positive(argument: &[u8], error: CommandError) -> Result<usize, CommandError> {
    let number = parse_integer(argument).and_then(|number| usize::try_from(number).ok());
    number.filter(|number| *number > 0).ok_or(error)
}

fn elements(popped: Vec<Vec<u8>>) -> Reply {
    Reply::Array(popped.into_iter().map(Reply::Bulk).collect())
}
