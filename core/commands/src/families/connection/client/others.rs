//! CLIENT subcommands about all connections.

use crate::errors::{self, CommandError};
use crate::numbers::{self, parse_integer};
use crate::{Arguments, ClientFilter, ClientKind, CommandResult, Context, PauseScope, Reply, UnblockWith};

pub(super) fn list(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let mut filter = ClientFilter::default();
    match &arguments[2..] {
        [] => {}
        [option, name] if option.eq_ignore_ascii_case(b"TYPE") => filter.kind = Some(kind(name)?),
        [option, ids @ ..] if option.eq_ignore_ascii_case(b"ID") && !ids.is_empty() => {
            let number = |id: &&[u8]| parse_integer(id).ok_or(errors::fixed("ERR Invalid client ID"));
            let ids = ids.iter().map(number).collect::<Result<Vec<_>, _>>()?;
            // No client has a negative number.
            filter.ids = Some(ids.into_iter().filter_map(|id| u64::try_from(id).ok()).collect());
        }
        _ => return Err(errors::SYNTAX),
    }
    Ok(Reply::Verbatim(*b"txt", context.host.clients().list(context.session, "client|list", &filter)))
}

pub(super) fn kill(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    if let [_, _, address] = arguments {
        let filter = ClientFilter { address: Some(address.to_vec()), ..ClientFilter::default() };
        if kill_picked(context, &filter) == 0 {
            return Err(errors::fixed("ERR No such client"));
        }
        return Ok(Reply::Ok);
    }
    let filter = kill_filter(context.session.id, &arguments[2..])?;
    Ok(Reply::count(kill_picked(context, &filter)))
}

fn kill_picked(context: &mut Context<'_, '_>, filter: &ClientFilter) -> usize {
    let killed = context.host.clients().kill(context.session, filter);
    context.session.closing |= killed.current;
    killed.count
}

fn kill_filter(current: u64, mut options: Arguments<'_>) -> Result<ClientFilter, CommandError> {
    let mut filter = ClientFilter { except: Some(current), ..ClientFilter::default() };
    while let [option, rest @ ..] = options {
        let [value, rest @ ..] = rest else { return Err(errors::SYNTAX) };
        options = rest;
        if option.eq_ignore_ascii_case(b"ID") {
            let id = parse_integer(value).and_then(|id| u64::try_from(id).ok()).filter(|id| *id > 0);
            let id = id.ok_or(errors::fixed("ERR client-id should be greater than 0"))?;
            filter.ids = Some(vec![id]);
        } else if option.eq_ignore_ascii_case(b"TYPE") {
            filter.kind = Some(kind(value)?);
        } else if option.eq_ignore_ascii_case(b"ADDR") {
            filter.address = Some(value.to_vec());
        } else if option.eq_ignore_ascii_case(b"LADDR") {
            filter.local_address = Some(value.to_vec());
        } else if option.eq_ignore_ascii_case(b"USER") {
            // Every client is the default user.
            if *value != b"default" {
                return Err(errors::quoting("ERR No such user '", value, "'"));
            }
        } else if option.eq_ignore_ascii_case(b"SKIPME") && value.eq_ignore_ascii_case(b"YES") {
            filter.except = Some(current);
        } else if option.eq_ignore_ascii_case(b"SKIPME") && value.eq_ignore_ascii_case(b"NO") {
            filter.except = None;
        } else {
            return Err(errors::SYNTAX);
        }
    }
    Ok(filter)
}

fn kind(name: &[u8]) -> Result<ClientKind, CommandError> {
    let kinds: [(&[u8], ClientKind); 5] = [
        (b"normal", ClientKind::Normal),
        (b"master", ClientKind::Master),
        (b"replica", ClientKind::Replica),
        (b"slave", ClientKind::Replica),
        (b"pubsub", ClientKind::PubSub),
    ];
    let found = kinds.into_iter().find(|(word, _)| name.eq_ignore_ascii_case(word));
    found.map(|(_, kind)| kind).ok_or_else(|| errors::quoting("ERR Unknown client type '", name, "'"))
}

pub(super) fn pause(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let scope = match &arguments[3..] {
        [] => PauseScope::All,
        [mode] if mode.eq_ignore_ascii_case(b"ALL") => PauseScope::All,
        [mode] if mode.eq_ignore_ascii_case(b"WRITE") => PauseScope::Writes,
        [_] => return Err(errors::fixed("ERR CLIENT PAUSE mode must be WRITE or ALL")),
        _ => return Err(errors::subcommand_syntax("client", arguments[1])),
    };
    let ms = parse_integer(arguments[2]);
    let ms = ms.ok_or(errors::fixed("ERR timeout is not an integer or out of range"))?;
    let ms = u64::try_from(ms).map_err(|_| errors::fixed("ERR timeout is negative"))?;
    context.host.clients().pause(ms, scope);
    Ok(Reply::Ok)
}

pub(super) fn unpause(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    context.host.clients().unpause();
    Ok(Reply::Ok)
}

pub(super) fn unblock(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let with = match &arguments[3..] {
        [] => UnblockWith::Timeout,
        [reason] if reason.eq_ignore_ascii_case(b"TIMEOUT") => UnblockWith::Timeout,
        [reason] if reason.eq_ignore_ascii_case(b"ERROR") => UnblockWith::Error,
        [_] => return Err(errors::fixed("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
        _ => return Err(errors::subcommand_syntax("client", arguments[1])),
    };
    let id = numbers::integer(arguments[2])?;
    let woken = u64::try_from(id).is_ok_and(|id| context.host.clients().unblock(id, with));
    Ok(Reply::Integer(i64::from(woken)))
}
