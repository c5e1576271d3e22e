//! Numbers in fields, counted up and down.

use super::access;
use crate::errors::{self, CommandError, fixed};
use crate::long_double::LongDouble;
use crate::numbers;
use crate::{Arguments, CommandResult, Context, Reply};

const VALUE_NOT_AN_INTEGER: CommandError = fixed("ERR hash value is not an integer");
const VALUE_NOT_A_FLOAT: CommandError = fixed("ERR hash value is not a float");
const INCREMENT_NOT_FINITE: CommandError = fixed("ERR value is NaN or Infinity");

/// `HINCRBY key field increment`.
pub fn hincrby(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let field = arguments[2];
    let increment = numbers::integer(arguments[3])?;
    let mut hash = access::edit(context, arguments[1])?;
    let mut after = 0;
    hash.update(field, |text| {
        let before = match text {
            Some(text) => numbers::parse_integer(text).ok_or(VALUE_NOT_AN_INTEGER)?,
            None => 0,
        };
        after = before.checked_add(increment).ok_or(errors::OVERFLOW)?;
        Ok::<_, CommandError>(after.to_string().into_bytes())
    })?;
    hash.finish()?;
    Ok(Reply::Integer(after))
}

/// `HINCRBYFLOAT key field increment`. Unlike INCRBYFLOAT, it refuses an infinite increment before it looks at the key.
pub fn hincrbyfloat(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let field = arguments[2];
    let increment = LongDouble::parse(arguments[3]).ok_or(errors::NOT_A_FLOAT)?;
    let increment = LongDouble::ZERO.checked_add(increment).ok_or(INCREMENT_NOT_FINITE)?;
    let mut hash = access::edit(context, arguments[1])?;
    let text = hash.update(field, |text| {
        let before = match text {
            Some(text) => LongDouble::parse(text).ok_or(VALUE_NOT_A_FLOAT)?,
            None => LongDouble::ZERO,
        };
        let after = before.checked_add(increment).ok_or(errors::NOT_FINITE)?;
        Ok::<_, CommandError>(after.to_string().into_bytes())
    })?;
    hash.finish()?;
    Ok(Reply::Bulk(text))
}
