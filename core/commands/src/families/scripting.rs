//! Scripts and functions: EVAL and its kin, SCRIPT, FUNCTION, FCALL.
//!
//! What they run may call any command, through the same table as a client's request. A script is part of the unit that its
//! command belongs to: all of its writes are in one commit, and so are those of one that failed half way.

mod admission;
mod answers;
mod evaluate;
mod function;
mod library;
mod payload;
mod run;
mod script;

pub use library::{SameName, add_library};

use crate::Command;
use crate::command::{Argument, BeginSearch, FindKeys, Flags, Group, KeySpec, Path};
use crate::grammar::{integer, key, text, word};

/// What rows of this family begin with.
const ROW: Command = Command { group: Group::Scripting, since: "7.0.0", ..Command::BLANK };
/// Flags of HELP.
const HELP: Flags = Flags::LOADING.or(Flags::STALE);

/// Flags of everything that runs a script.
const RUNS: Flags = Flags::NOSCRIPT
    .or(Flags::STALE)
    .or(Flags::SKIP_MONITOR)
    .or(Flags::NO_MANDATORY_KEYS)
    .or(Flags::MOVABLE_KEYS);

/// Keys after their number.
const fn counted(flags: &'static [&'static str]) -> KeySpec {
    KeySpec { flags, begin: BeginSearch::Index(2), find: FindKeys::Count { count_at: 0, first: 1, step: 1 } }
}

/// What a script does with its keys cannot be told, so the worst is said.
const WRITTEN: &[KeySpec] = &[counted(&["RW", "access", "update"])];
const READ: &[KeySpec] = &[counted(&["RO", "access"])];

/// What all of them take after what they run.
const fn takes(what: &'static str) -> [Argument; 4] {
    [text(what), integer("numkeys"), key("key", 0).optional().multiple(), text("arg").optional().multiple()]
}

/// What rows of commands that run a script begin with.
const RUN: Command = Command {
    complexity: "Depends on the script",
    arity: -3,
    flags: RUNS,
    categories: &["scripting"],
    keys: WRITTEN,
    path: Path::Write,
    ..ROW
};

/// The same for those that only read: they run beside everything else.
const RUN_READ: Command = Command { flags: RUNS.or(Flags::READONLY), keys: READ, path: Path::Read, ..RUN };

/// FLUSH's mode, of which both do the same here: it is bounded in memory, and nothing else depends on it.
const SYNC_OR_ASYNC: &[Argument] = &[word("async", "ASYNC"), word("sync", "SYNC")];

/// The table.
pub static TABLE: &[Command] = &[
    Command {
        name: "eval",
        summary: "Runs a script.",
        since: "2.6.0",
        arguments: &takes("script"),
        run: evaluate::eval,
        ..RUN
    },
    Command {
        name: "eval_ro",
        summary: "Runs a script that must not write.",
        arguments: &takes("script"),
        run: evaluate::eval_read_only,
        ..RUN_READ
    },
    Command {
        name: "evalsha",
        summary: "Runs a cached script.",
        since: "2.6.0",
        arguments: &takes("sha1"),
        run: evaluate::evalsha,
        ..RUN
    },
    Command {
        name: "evalsha_ro",
        summary: "Runs a cached script that must not write.",
        arguments: &takes("sha1"),
        run: evaluate::evalsha_read_only,
        ..RUN_READ
    },
    Command {
        name: "fcall",
        summary: "Calls a function.",
        complexity: "Depends on the function",
        arguments: &takes("function"),
        run: evaluate::fcall,
        ..RUN
    },
    Command {
        name: "fcall_ro",
        summary: "Calls a function that must not write.",
        complexity: "Depends on the function",
        arguments: &takes("function"),
        run: evaluate::fcall_read_only,
        ..RUN_READ
    },
    function::COMMAND,
    script::COMMAND,
];
