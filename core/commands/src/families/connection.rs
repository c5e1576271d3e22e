//! The connection: who the client is, what it speaks, and which database it sees. Nothing here touches data.

mod client;
mod handshake;

use crate::command::{Argument, Flags, Group};
use crate::errors;
use crate::grammar::{block, integer, text};
use crate::numbers;
use crate::{Arguments, Command, CommandError, CommandResult, Context, Protocol, Reply, ReplyMode};

/// What may run at any time, even before a client has said who it is.
const ALWAYS: Flags = Flags::NOSCRIPT
    .or(Flags::LOADING)
    .or(Flags::STALE)
    .or(Flags::FAST)
    .or(Flags::NO_AUTH)
    .or(Flags::ALLOW_BUSY);
const LOADING_FAST: Flags = Flags::LOADING.or(Flags::STALE).or(Flags::FAST);

const ROW: Command = Command { group: Group::Connection, categories: &["connection"], ..Command::BLANK };

const LOGIN: &[Argument] = &[text("username"), text("password")];

/// The table.
pub static TABLE: &[Command] = &[
    Command {
        name: "auth",
        summary: "Says who the client is.",
        complexity: "O(N), N being the number of the user's passwords",
        history: &[("6.0.0", "A user name may stand before the password.")],
        arity: -2,
        flags: ALWAYS,
        arguments: &[text("username").since("6.0.0").optional(), text("password")],
        run: handshake::auth,
        ..ROW
    },
    client::COMMAND,
    Command {
        name: "echo",
        summary: "Answers what it was given.",
        arity: 2,
        flags: LOADING_FAST,
        arguments: &[text("message")],
        run: echo,
        ..ROW
    },
    Command {
        name: "hello",
        summary: "Agrees on a protocol, and tells about the server.",
        since: "6.0.0",
        history: &[("6.2.0", "The protocol's version may be left out.")],
        arity: -1,
        flags: ALWAYS,
        arguments: &[block(
            "arguments",
            &[
                integer("protover"),
                block("username_password", LOGIN).after("AUTH").optional(),
                text("clientname").after("SETNAME").optional(),
            ],
        )
        .optional()],
        run: handshake::hello,
        ..ROW
    },
    Command {
        name: "ping",
        summary: "Answers, to show that the server is there.",
        arity: -1,
        flags: Flags::FAST,
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        arguments: &[text("message").optional()],
        run: ping,
        ..ROW
    },
    Command { name: "quit", summary: "Ends the connection.", arity: -1, flags: ALWAYS, run: quit, ..ROW },
    Command {
        name: "reset",
        summary: "Makes the connection as if it were new.",
        since: "6.2.0",
        flags: ALWAYS,
        run: reset,
        ..ROW
    },
    Command {
        name: "select",
        summary: "Picks the database that later commands work on.",
        arity: 2,
        flags: LOADING_FAST,
        arguments: &[integer("index")],
        run: select,
        ..ROW
    },
];

fn echo(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    Ok(Reply::Bulk(arguments[1].to_vec()))
}

fn ping(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    match arguments {
        [_] => Ok(Reply::Status("PONG".into())),
        [_, message] => Ok(Reply::Bulk(message.to_vec())),
        _ => Err(errors::wrong_arity("ping")),
    }
}

fn quit(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    context.session.closing = true;
    Ok(Reply::Ok)
}

fn reset(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let session = &mut *context.session;
    session.multi = None;
    if std::mem::take(&mut session.watching) {
        context.host.unwatch(session.id);
    }
    session.db = 0;
    session.protocol = Protocol::Resp2;
    session.authenticated = !context.host.requires_password();
    session.name = [].into();
    session.reply_mode = ReplyMode::On;
    Ok(Reply::Status("RESET".into()))
}

fn select(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    context.session.db = numbers::database(arguments[1])?;
    Ok(Reply::Ok)
}

/// A connection's name; `None` if it has characters that CLIENT LIST could not show.
fn check_name(name: &[u8]) -> Result<(), CommandError> {
    if name.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        return Ok(());
    }
    Err(errors::fixed("ERR Client names cannot contain spaces, newlines or special characters."))
}
