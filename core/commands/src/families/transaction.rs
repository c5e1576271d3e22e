//! Transactions: MULTI, EXEC, DISCARD, WATCH, UNWATCH.
//!
//! Queueing itself happens in dispatch. EXEC is one unit: the executor runs it in one turn of the writer and
//! in one commit, so that all of it is there or none, in memory and on disk.

use crate::command::{Argument, ArgumentKind, Flags, Group, KeySpec, Path};
use crate::dispatch;
use crate::errors::{self, CommandError};
use crate::{Arguments, Command, CommandResult, Context, Multi, Registry, Reply};

const COMMON: Flags = Flags::NOSCRIPT.or(Flags::LOADING).or(Flags::STALE);
const QUICK: Flags = COMMON.or(Flags::FAST).or(Flags::ALLOW_BUSY);

/// The table.
pub static TABLE: &[Command] = &[
    Command {
        name: "multi",
        summary: "Opens a transaction: the commands that follow wait for EXEC.",
        since: "1.2.0",
        group: Group::Transactions,
        flags: QUICK,
        categories: &["transaction"],
        run: multi,
        ..Command::BLANK
    },
    Command {
        name: "exec",
        summary: "Runs all commands that wait since MULTI, as one unit.",
        since: "1.2.0",
        group: Group::Transactions,
        complexity: "Depends on commands in the transaction",
        flags: COMMON.or(Flags::SKIP_SLOWLOG),
        categories: &["transaction"],
        path: Path::Write,
        run: exec,
        ..Command::BLANK
    },
    Command {
        name: "discard",
        summary: "Drops all commands that wait since MULTI.",
        since: "2.0.0",
        group: Group::Transactions,
        complexity: "O(N), when N is the number of queued commands",
        flags: QUICK,
        categories: &["transaction"],
        run: discard,
        ..Command::BLANK
    },
    Command {
        name: "watch",
        summary: "Makes the next EXEC depend on these keys staying as they are.",
        since: "2.2.0",
        group: Group::Transactions,
        complexity: "O(1) for every key.",
        arity: -2,
        flags: QUICK,
        categories: &["transaction"],
        keys: &[KeySpec::range(&["RO"], 1, -1, 1)],
        arguments: &[Argument {
            name: "key",
            kind: ArgumentKind::Key,
            multiple: true,
            key_spec: Some(0),
            ..Argument::BLANK
        }],
        // In the writer's turn: what is watched must be neither older nor newer than the changes it can miss.
        path: Path::Write,
        run: watch,
        ..Command::BLANK
    },
    Command {
        name: "unwatch",
        summary: "Lets go of all watched keys.",
        since: "2.2.0",
        group: Group::Transactions,
        flags: QUICK,
        categories: &["transaction"],
        run: unwatch,
        ..Command::BLANK
    },
];

fn multi(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    if context.session.multi.is_some() {
        return Err(errors::fixed("ERR MULTI calls can not be nested"));
    }
    context.session.multi = Some(Multi::default());
    Ok(Reply::Ok)
}

fn discard(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    if context.session.multi.take().is_none() {
        return Err(errors::fixed("ERR DISCARD without MULTI"));
    }
    forget_watched(context);
    Ok(Reply::Ok)
}

fn exec(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let Some(multi) = context.session.multi.take() else {
        return Err(errors::fixed("ERR EXEC without MULTI"));
    };
    let changed = watched_changed(context)?;
    forget_watched(context);
    if multi.aborted {
        return Err(errors::fixed("EXECABORT Transaction discarded because of previous errors."));
    }
    if changed {
        return Ok(Reply::NullArray);
    }
    let mut replies = Vec::with_capacity(multi.queued.len());
    for request in multi.queued.iter() {
        let arguments: Vec<&[u8]> = request.iter().map(Vec::as_slice).collect();
        let id = Registry::get().find(&arguments).expect("only known commands are queued");
        context.session.is_in_exec = true;
        let reply = dispatch::call(context, id, &arguments);
        context.session.is_in_exec = false;
        let reply = reply?;
        replies.push((context.session.protocol, reply));
    }
    let protocol = context.session.protocol;
    let spoken = replies
        .into_iter()
        .map(|(spoken, reply)| if spoken == protocol { reply } else { Reply::In(spoken, Box::new(reply)) });
    Ok(Reply::Array(spoken.collect()))
}

/// Ends the transaction of an EXEC that was refused; the error that it answers.
pub(crate) fn abort_exec(context: &mut Context<'_, '_>, refused: CommandError) -> CommandError {
    context.session.multi = None;
    forget_watched(context);
    let line = refused.into_line();
    let reason = line.strip_prefix(b"ERR ").unwrap_or(&line);
    CommandError::reply([b"EXECABORT Transaction discarded because of: ", reason].concat())
}

fn watch(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    if context.session.multi.is_some() {
        return Err(errors::fixed("ERR WATCH inside MULTI is not allowed"));
    }
    if !context.txn.is_writable() {
        // A script holds the writer's turn. What it has done to these keys already cannot be told from what it will do.
        context.session.watching = true;
        context.session.watch_lost = true;
        return Ok(Reply::Ok);
    }
    for key in &arguments[1..] {
        let db = context.db();
        let expired = context.txn.is_expired(db, key)?;
        context.host.watch(context.session.id, db, key, expired);
    }
    context.session.watching = true;
    Ok(Reply::Ok)
}

fn unwatch(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    forget_watched(context);
    Ok(Reply::Ok)
}

/// Lets go of all that the session watches.
pub(crate) fn forget_watched(context: &mut Context<'_, '_>) {
    if std::mem::take(&mut context.session.watching) {
        context.session.watch_lost = false;
        context.host.unwatch(context.session.id);
    }
}

/// Whether a watched key was touched, or has expired since without anybody noticing.
fn watched_changed(context: &Context<'_, '_>) -> Result<bool, CommandError> {
    if !context.session.watching {
        return Ok(false);
    }
    if context.session.watch_lost {
        return Ok(true);
    }
    let watched = context.host.watched(context.session.id);
    if watched.touched {
        return Ok(true);
    }
    for (db, key) in &watched.live {
        if context.txn.is_expired(*db, key)? {
            return Ok(true);
        }
    }
    Ok(false)
}
