//! The server: its configuration, its measurements, its databases as wholes, and its end.

mod command;
mod config;
mod databases;
mod debug;
mod info;
mod latency;
mod lolwut;
mod memory;
mod process;
mod saving;
mod slowlog;

use crate::Command;
use crate::command::{Argument, Flags, Group, Path};
use crate::grammar::{integer, one_of, text, word};

/// What rows of this family begin with.
const ROW: Command = Command { group: Group::Server, ..Command::BLANK };

/// Flags of what only administrators do.
const ADMIN: Flags = Flags::ADMIN.or(Flags::NOSCRIPT).or(Flags::LOADING).or(Flags::STALE);
/// Flags of what writes files.
const SAVING: Flags = Flags::ADMIN.or(Flags::NOSCRIPT).or(Flags::NO_ASYNC_LOADING);
/// Flags of HELP.
const HELP: Flags = Flags::LOADING.or(Flags::STALE);

const ON_ALL_SHARDS: &[&str] = &["request_policy:all_shards", "response_policy:all_succeeded"];
const FLUSH_HISTORY: &[(&str, &str)] = &[("4.0.0", "Modifier ASYNC."), ("6.2.0", "Modifier SYNC.")];
const FLUSH_MODE: &[Argument] =
    &[one_of("async", &[word("async", "ASYNC").since("4.0.0"), word("sync", "SYNC").since("6.2.0")])
        .optional()];

/// The table.
pub static TABLE: &[Command] = &[
    Command {
        name: "bgsave",
        summary: "Begins to write all data into an RDB file; nobody waits for it.",
        complexity: "O(1), and O(N) beside other clients' work",
        history: &[("3.2.2", "Option SCHEDULE.")],
        arity: -1,
        flags: SAVING,
        arguments: &[word("schedule", "SCHEDULE").since("3.2.2").optional()],
        run: saving::bgsave,
        ..ROW
    },
    command::COMMAND,
    config::COMMAND,
    Command {
        name: "dbsize",
        summary: "Counts the keys of the selected database.",
        flags: Flags::READONLY.or(Flags::FAST),
        categories: &["keyspace"],
        tips: &["request_policy:all_shards", "response_policy:agg_sum"],
        path: Path::Read,
        run: databases::dbsize,
        ..ROW
    },
    Command {
        name: "debug",
        summary: "Helps in looking for faults.",
        complexity: "Depends on subcommand.",
        is_system: true,
        arity: -2,
        flags: ADMIN,
        path: Path::Read,
        run: debug::debug,
        ..ROW
    },
    Command {
        name: "flushall",
        summary: "Removes all keys of all databases.",
        complexity: "O(1): what was removed is swept up later",
        history: FLUSH_HISTORY,
        arity: -1,
        flags: Flags::WRITE,
        categories: &["keyspace", "dangerous"],
        tips: ON_ALL_SHARDS,
        arguments: FLUSH_MODE,
        path: Path::Write,
        run: databases::flushall,
        ..ROW
    },
    Command {
        name: "flushdb",
        summary: "Removes all keys of the selected database.",
        complexity: "O(1): what was removed is swept up later",
        history: FLUSH_HISTORY,
        arity: -1,
        flags: Flags::WRITE,
        categories: &["keyspace", "dangerous"],
        tips: ON_ALL_SHARDS,
        arguments: FLUSH_MODE,
        path: Path::Write,
        run: databases::flushdb,
        ..ROW
    },
    Command {
        name: "info",
        summary: "Tells how the server is.",
        history: &[("7.0.0", "Several sections at once.")],
        arity: -1,
        flags: Flags::LOADING.or(Flags::STALE),
        categories: &["dangerous"],
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        arguments: &[text("section").optional().multiple()],
        path: Path::Read,
        run: info::info,
        ..ROW
    },
    Command {
        name: "lastsave",
        summary: "Tells when data were last saved into an RDB file.",
        flags: Flags::LOADING.or(Flags::STALE).or(Flags::FAST),
        categories: &["admin", "dangerous"],
        tips: &["nondeterministic_output"],
        run: saving::lastsave,
        ..ROW
    },
    latency::COMMAND,
    Command {
        name: "lolwut",
        summary: "Draws something, and tells the version.",
        since: "5.0.0",
        complexity: "",
        arity: -1,
        flags: Flags::READONLY.or(Flags::FAST),
        arguments: &[integer("version").after("VERSION").optional()],
        run: lolwut::lolwut,
        ..ROW
    },
    memory::COMMAND,
    Command {
        name: "role",
        summary: "Tells whether the server is a master or a replica.",
        since: "2.8.12",
        flags: Flags::NOSCRIPT.or(Flags::LOADING).or(Flags::STALE).or(Flags::FAST),
        categories: &["admin", "dangerous"],
        run: process::role,
        ..ROW
    },
    Command {
        name: "save",
        summary: "Writes all data into an RDB file, and answers when that is done. Other clients go on.",
        complexity: "O(N) where N is the total number of keys in all databases",
        flags: SAVING.or(Flags::NO_MULTI),
        run: saving::save,
        ..ROW
    },
    Command {
        name: "shutdown",
        summary: "Makes all writes durable and ends the server.",
        complexity: "O(N), N being the writes that are not on the disk yet",
        history: &[("7.0.0", "Modifiers NOW, FORCE and ABORT.")],
        arity: -1,
        flags: ADMIN.or(Flags::NO_MULTI).or(Flags::ALLOW_BUSY),
        arguments: &[
            one_of("nosave_save", &[word("nosave", "NOSAVE"), word("save", "SAVE")]).optional(),
            word("now", "NOW").since("7.0.0").optional(),
            word("force", "FORCE").since("7.0.0").optional(),
            word("abort", "ABORT").since("7.0.0").optional(),
        ],
        run: process::shutdown,
        ..ROW
    },
    slowlog::COMMAND,
    Command {
        name: "swapdb",
        summary: "Exchanges two databases.",
        since: "4.0.0",
        complexity: "O(N), N being the number of clients that watch keys of either",
        arity: 3,
        flags: Flags::WRITE.or(Flags::FAST),
        categories: &["keyspace", "dangerous"],
        arguments: &[integer("index1"), integer("index2")],
        path: Path::Write,
        run: databases::swapdb,
        ..ROW
    },
    Command {
        name: "time",
        summary: "Tells the time.",
        since: "2.6.0",
        flags: Flags::LOADING.or(Flags::STALE).or(Flags::FAST),
        tips: &["nondeterministic_output"],
        run: process::time,
        ..ROW
    },
];
