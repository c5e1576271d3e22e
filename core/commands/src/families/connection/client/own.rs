//! CLIENT subcommands about the connection that asks.

use super::on_or_off;
use crate::families::connection::check_name;
use crate::{Arguments, ClientFilter, CommandError, CommandResult, Context, Reply, ReplyMode, errors};

pub(super) fn id(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    Ok(Reply::Integer(i64::try_from(context.session.id).unwrap_or(i64::MAX)))
}

pub(super) fn info(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let own = ClientFilter { ids: Some(vec![context.session.id]), ..ClientFilter::default() };
    Ok(Reply::Verbatim(*b"txt", context.host.clients().list(context.session, "client|info", &own)))
}

pub(super) fn getname(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let name = &context.session.name;
    Ok(if name.is_empty() { Reply::Null } else { Reply::Bulk(name.to_vec()) })
}

pub(super) fn setname(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    check_name(arguments[2])?;
    context.session.name = arguments[2].into();
    Ok(Reply::Ok)
}

pub(super) fn no_evict(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    context.session.no_evict = on_or_off(arguments[2])?;
    Ok(Reply::Ok)
}

pub(super) fn reply(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let mode = &mut context.session.reply_mode;
    if arguments[2].eq_ignore_ascii_case(b"ON") {
        *mode = ReplyMode::On;
        return Ok(Reply::Ok);
    }
    if arguments[2].eq_ignore_ascii_case(b"OFF") {
        *mode = ReplyMode::Off;
    } else if arguments[2].eq_ignore_ascii_case(b"SKIP") {
        if *mode != ReplyMode::Off {
            *mode = ReplyMode::SkipNext;
        }
    } else {
        return Err(errors::SYNTAX);
    }
    Ok(Reply::Nothing)
}

pub(super) fn caching(_: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    // True of every client, as none can turn tracking on.
    Err(errors::fixed(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
    ))
}

pub(super) fn tracking(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    check_tracking_options(&arguments[3..])?;
    if on_or_off(arguments[2])? {
        return Err(errors::fixed(
            "ERR CLIENT TRACKING ON is not supported: this server sends no messages about changed keys",
        ));
    }
    Ok(Reply::Ok)
}

fn check_tracking_options(mut options: Arguments<'_>) -> Result<(), CommandError> {
    while let [option, rest @ ..] = options {
        let is_one_of = |names: &[&[u8]]| names.iter().any(|name| option.eq_ignore_ascii_case(name));
        options = match rest {
            [_, rest @ ..] if is_one_of(&[b"REDIRECT", b"PREFIX"]) => rest,
            _ if is_one_of(&[b"BCAST", b"OPTIN", b"OPTOUT", b"NOLOOP"]) => rest,
            _ => return Err(errors::SYNTAX),
        };
    }
    Ok(())
}

pub(super) fn trackinginfo(_: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    Ok(Reply::Map(vec![
        (Reply::Text("flags"), Reply::Set(vec![Reply::Text("off")])),
        (Reply::Text("redirect"), Reply::Integer(-1)),
        (Reply::Text("prefixes"), Reply::Array(Vec::new())),
    ]))
}
