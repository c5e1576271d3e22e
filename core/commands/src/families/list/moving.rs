//! LMOVE and RPOPLPUSH: from one list to another, or around within one.

use dredis_data::list::End;

use super::access;
use crate::{Arguments, CommandResult, Context, Reply};

/// `LMOVE source destination LEFT | RIGHT LEFT | RIGHT`.
pub fn lmove(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (from, to) = (access::end(arguments[3])?, access::end(arguments[4])?);
    move_element(context, (arguments[1], from), (arguments[2], to))
}

/// `RPOPLPUSH source destination`.
pub fn rpoplpush(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    move_element(context, (arguments[1], End::Tail), (arguments[2], End::Head))
}

fn move_element(
    context: &mut Context<'_, '_>,
    (source, from): (&[u8], End),
    (destination, to): (&[u8], End),
) -> CommandResult {
    let Some(stored) = access::load(context, source)? else { return Ok(Reply::Null) };
    if source == destination {
        let mut list = access::edit(context, source, Some(stored))?;
        let moved = list.pop(from)?;
        if let Some(element) = &moved {
            list.push(to, element)?;
        }
        list.finish()?;
        return Ok(Reply::bulk_or_null(moved));
    }
    let receiving = access::load(context, destination)?;
    let mut list = access::edit(context, source, Some(stored))?;
    let moved = list.pop(from)?;
    list.finish()?;
    if let Some(element) = &moved {
        let mut list = access::edit(context, destination, receiving)?;
        list.push(to, element)?;
        list.finish()?;
    }
    Ok(Reply::bulk_or_null(moved))
}
