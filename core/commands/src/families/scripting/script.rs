//! SCRIPT: the cache of scripts, and the script that runs.

use super::evaluate::compiled;
use super::{HELP, ROW, SYNC_OR_ASYNC};
use crate::command::Flags;
use crate::grammar::{one_of, text, word};
use crate::help::help;
use crate::host::Origin;
use crate::{Arguments, Command, CommandError, CommandResult, Context, Killing, Reply, ScriptKind, errors};

pub(super) const COMMAND: Command = Command {
    name: "script",
    summary: "Looks after scripts.",
    since: "2.6.0",
    complexity: "Depends on subcommand.",
    arity: -2,
    subcommands: SUBCOMMANDS,
    ..ROW
};

const SUB: Command = Command { since: "2.6.0", flags: Flags::NOSCRIPT, categories: &["scripting"], ..ROW };

const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "debug",
        summary: "Says whether scripts are debugged, which this server cannot do.",
        since: "3.2.0",
        arity: 3,
        arguments: &[one_of("mode", &[word("yes", "YES"), word("sync", "SYNC"), word("no", "NO")])],
        run: debug,
        ..SUB
    },
    Command {
        name: "exists",
        summary: "Tells which scripts are cached.",
        complexity: "O(N), N being the number of scripts asked for",
        arity: -3,
        tips: &["request_policy:all_shards", "response_policy:agg_logical_and"],
        arguments: &[text("sha1").multiple()],
        run: exists,
        ..SUB
    },
    Command {
        name: "flush",
        summary: "Forgets all cached scripts.",
        complexity: "O(N), N being the number of cached scripts",
        history: &[("6.2.0", "Modifiers ASYNC and SYNC.")],
        arity: -2,
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        arguments: &[one_of("async", SYNC_OR_ASYNC).since("6.2.0").optional()],
        run: flush,
        ..SUB
    },
    Command {
        name: "help",
        summary: "Shows this text.",
        since: "5.0.0",
        arity: 2,
        flags: HELP,
        run: help,
        ..SUB
    },
    Command {
        name: "kill",
        summary: "Ends the script that runs.",
        arity: 2,
        flags: Flags::NOSCRIPT.or(Flags::ALLOW_BUSY),
        tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
        run: kill,
        ..SUB
    },
    Command {
        name: "load",
        summary: "Caches a script without running it.",
        complexity: "O(N), N being the length of the script",
        arity: 3,
        flags: Flags::NOSCRIPT.or(Flags::STALE),
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        arguments: &[text("script")],
        run: load,
        ..SUB
    },
];

fn debug(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let is = |mode: &str| arguments[2].eq_ignore_ascii_case(mode.as_bytes());
    if is("NO") {
        Ok(Reply::Ok)
    } else if is("YES") || is("SYNC") {
        Err(errors::fixed("ERR SCRIPT DEBUG is not supported: this server has no debugger for scripts"))
    } else {
        Err(errors::fixed("ERR Use SCRIPT DEBUG YES/SYNC/NO"))
    }
}

fn exists(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let scripts = context.host.scripts();
    let is_cached = |sha: &&[u8]| scripts.script(&sha.to_ascii_lowercase()).is_some();
    Ok(Reply::Array(arguments[2..].iter().map(|sha| Reply::Integer(is_cached(sha).into())).collect()))
}

fn flush(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    check_mode(arguments, errors::fixed("ERR SCRIPT FLUSH only support SYNC|ASYNC option"))?;
    context.host.scripts().forget_scripts();
    Ok(Reply::Ok)
}

/// Both modes do the same: what is forgotten is small, and goes at once.
pub(super) fn check_mode(arguments: Arguments<'_>, refusal: CommandError) -> Result<(), CommandError> {
    match arguments {
        [_, _] => Ok(()),
        [_, _, mode] if mode.eq_ignore_ascii_case(b"SYNC") || mode.eq_ignore_ascii_case(b"ASYNC") => Ok(()),
        _ => Err(refusal),
    }
}

fn load(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let sha = compiled(context, arguments[2], Origin::Loaded)?;
    Ok(Reply::text(sha))
}

fn kill(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    end(context, ScriptKind::Script)
}

/// Ends what runs and is of this kind.
pub(super) fn end(context: &mut Context<'_, '_>, kind: ScriptKind) -> CommandResult {
    match context.host.scripts().kill(kind) {
        Killing::Done => Ok(Reply::Ok),
        Killing::NothingRuns => Err(errors::fixed("NOTBUSY No scripts in execution right now.")),
        Killing::HasWritten => Err(errors::fixed(
            "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the \
             script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.",
        )),
        Killing::OtherKind => Err(errors::busy(match kind {
            ScriptKind::Script => ScriptKind::Function,
            ScriptKind::Function => ScriptKind::Script,
        })),
    }
}
