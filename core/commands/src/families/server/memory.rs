//! MEMORY: what keys take on disk, and the process in memory.
//!
//! The data does not live in memory here, so MEMORY USAGE answers what a key takes in the backend: the bytes of
//! its records, without the engine's own overhead.

use dredis_data::DATABASES;

use crate::command::{Flags, KeySpec, Path};
use crate::families::server::{HELP, ON_ALL_SHARDS, ROW};
use crate::grammar::{integer, key};
use crate::help::help;
use crate::numbers;
use crate::{Arguments, Command, CommandResult, Context, Reply, errors};

/// How many records of a large value are measured, unless SAMPLES says otherwise.
pub(super) const SAMPLES_DEFAULT: usize = 5;

pub(super) const COMMAND: Command = Command {
    name: "memory",
    summary: "Looks at what things take.",
    since: "4.0.0",
    complexity: "Depends on subcommand.",
    arity: -2,
    subcommands: SUBCOMMANDS,
    ..ROW
};

const SUB: Command = Command { since: "4.0.0", arity: 2, ..ROW };
const REPORT: &[&str] = &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];

const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "doctor",
        summary: "Says what seems wrong with the process's memory.",
        tips: REPORT,
        run: doctor,
        ..SUB
    },
    Command { name: "help", summary: "Shows this text.", flags: HELP, run: help, ..SUB },
    Command {
        name: "malloc-stats",
        summary: "Shows the allocator's own statistics, as far as it tells any.",
        complexity: "Depends on how much memory is allocated.",
        tips: REPORT,
        run: malloc_stats,
        ..SUB
    },
    Command {
        name: "purge",
        summary: "Asks the allocator to give memory back; it does so by itself.",
        complexity: "Depends on how much memory is allocated.",
        tips: ON_ALL_SHARDS,
        ..SUB
    },
    Command {
        name: "stats",
        summary: "Tells what the process takes in memory.",
        tips: REPORT,
        path: Path::Read,
        run: stats,
        ..SUB
    },
    Command {
        name: "usage",
        summary: "Tells how many bytes a key and its value take in the backend.",
        complexity: "O(1)",
        arity: -3,
        flags: Flags::READONLY,
        keys: &[KeySpec::range(&["RO"], 2, 0, 1)],
        arguments: &[key("key", 0), integer("count").after("SAMPLES").optional()],
        path: Path::Read,
        run: usage,
        ..SUB
    },
];

fn usage(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let samples = match &arguments[3..] {
        [] => SAMPLES_DEFAULT,
        [option, count] if option.eq_ignore_ascii_case(b"SAMPLES") => {
            usize::try_from(numbers::integer(count)?).map_err(|_| errors::SYNTAX)?
        }
        _ => return Err(errors::SYNTAX),
    };
    let key = arguments[2];
    let Some(entry) = context.txn.find(context.db(), key)? else { return Ok(Reply::Null) };
    let bytes = context.txn.stored_bytes(&entry, key, samples)?;
    Ok(Reply::Integer(i64::try_from(bytes).unwrap_or(i64::MAX)))
}

fn stats(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let memory = context.host.measurements().memory();
    let mut keys = 0;
    for db in 0..DATABASES {
        keys += context.txn.figures(db)?.keys;
    }
    let integer = |number: u64| Reply::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let share = 100.0 * memory.resident as f64 / memory.peak.max(1) as f64;
    Ok(Reply::Map(vec![
        (Reply::Text("peak.allocated"), integer(memory.peak)),
        (Reply::Text("total.allocated"), integer(memory.resident)),
        (Reply::Text("startup.allocated"), integer(memory.at_start)),
        (Reply::Text("clients.normal"), integer(memory.clients)),
        (Reply::Text("keys.count"), integer(keys)),
        (Reply::Text("peak.percentage"), Reply::Double(share)),
    ]))
}

fn doctor(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let memory = context.host.measurements().memory();
    let mut report = format!(
        "The process takes {} bytes of memory, {} of them for buffers of clients; at most it took {} bytes. Keys \
         and values are in the backend, whose own cache is part of this.\n",
        memory.resident, memory.clients, memory.peak
    );
    if memory.clients > memory.resident / 4 {
        report.push_str(
            "Buffers of clients are more than a quarter of it: look for clients with large qbuf or omem in CLIENT LIST.\n",
        );
    }
    if memory.peak > memory.resident.saturating_mul(2) {
        report.push_str("It once took more than twice as much: a large request, reply or scan may be why.\n");
    }
    Ok(Reply::Verbatim(*b"txt", report.into_bytes()))
}

fn malloc_stats(_: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    Ok(Reply::Verbatim(*b"txt", b"This server's allocator tells no statistics\n".to_vec()))
}
