//! Members taken from either end.

use dredis_data::contract::Direction;

use super::access::{self, Scores};
use crate::errors;
use crate::numbers;
use crate::{Arguments, CommandResult, Context, Reply};

/// `ZPOPMIN key [count]`.
pub fn zpopmin(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    pop(context, arguments, Direction::Forward)
}

/// `ZPOPMAX key [count]`.
pub fn zpopmax(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    pop(context, arguments, Direction::Reverse)
}

fn pop(context: &mut Context<'_, '_>, arguments: Arguments<'_>, direction: Direction) -> CommandResult {
    let key = arguments[1];
    let count = match arguments.get(2..) {
        Some([_, _, ..]) => return Err(errors::SYNTAX),
        Some([count]) => {
            let count = numbers::parse_integer(count).and_then(|count| u64::try_from(count).ok());
            Some(count.ok_or(errors::MUST_BE_POSITIVE)?)
        }
        _ => None,
    };
    let Some(stored) = access::load(context, key)? else { return Ok(Reply::Array(Vec::new())) };
    let mut editor = access::edit(context, key, Some(stored))?;
    let popped = editor.pop(context.txn, count.unwrap_or(1), direction)?;
    editor.finish(context.txn)?;
    Ok(match count {
        Some(_) => access::list(popped, Scores::Shown, context.session.protocol),
        None => access::flat(popped),
    })
}

/// `ZMPOP numkeys key [key ...] <MIN | MAX> [COUNT count]`.
pub fn zmpop(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let positive = |argument: &[u8]| {
        numbers::parse_integer(argument)
            .and_then(|number| u64::try_from(number).ok())
            .filter(|number| *number > 0)
    };
    let key_count = positive(arguments[1]).ok_or(errors::NUMKEYS_NOT_POSITIVE)?;
    let split = usize::try_from(key_count).ok().and_then(|count| arguments[2..].split_at_checked(count));
    let Some((keys, [end, rest @ ..])) = split else { return Err(errors::SYNTAX) };
    let direction = if end.eq_ignore_ascii_case(b"MIN") {
        Direction::Forward
    } else if end.eq_ignore_ascii_case(b"MAX") {
        Direction::Reverse
    } else {
        return Err(errors::SYNTAX);
    };
    let count = match rest {
        [] => 1,
        [word, count, after @ ..] if word.eq_ignore_ascii_case(b"COUNT") => {
            let count = positive(count).ok_or(errors::COUNT_NOT_POSITIVE)?;
            if !after.is_empty() {
                return Err(errors::SYNTAX);
            }
            count
        }
        _ => return Err(errors::SYNTAX),
    };
    for key in keys {
        let Some(stored) = access::load(context, key)? else { continue };
        let mut editor = access::edit(context, key, Some(stored))?;
        let popped = editor.pop(context.txn, count, direction)?;
        editor.finish(context.txn)?;
        return Ok(Reply::Array(vec![Reply::Bulk(key.to_vec()), access::pairs(popped)]));
    }
    Ok(Reply::NullArray)
}
