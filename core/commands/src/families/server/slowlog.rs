//! SLOWLOG: requests that took long.

use crate::command::Flags;
use crate::families::server::{HELP, ROW};
use crate::grammar::integer;
use crate::help::help;
use crate::numbers::parse_integer;
use crate::{Arguments, Command, CommandResult, Context, Reply, SlowCall, errors};

/// How many entries SLOWLOG GET shows unless it is told.
const SHOWN: usize = 10;

pub(super) const COMMAND: Command = Command {
    name: "slowlog",
    summary: "Looks at requests that took long.",
    since: "2.2.12",
    complexity: "Depends on subcommand.",
    arity: -2,
    subcommands: SUBCOMMANDS,
    ..ROW
};

const SUB: Command =
    Command { since: "2.2.12", flags: Flags::ADMIN.or(Flags::LOADING).or(Flags::STALE), ..ROW };

const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "get",
        summary: "Shows the latest entries.",
        complexity: "O(N), N being the number of entries shown",
        history: &[("4.0.0", "The client's address, port and name.")],
        arity: -2,
        tips: &["request_policy:all_nodes", "nondeterministic_output"],
        arguments: &[integer("count").optional()],
        run: get,
        ..SUB
    },
    Command {
        name: "help",
        summary: "Shows this text.",
        since: "6.2.0",
        arity: 2,
        flags: HELP,
        run: help,
        ..SUB
    },
    Command {
        name: "len",
        summary: "Counts the entries.",
        arity: 2,
        tips: &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
        run: len,
        ..SUB
    },
    Command {
        name: "reset",
        summary: "Forgets all entries.",
        complexity: "O(N), N being the number of entries",
        arity: 2,
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        run: reset,
        ..SUB
    },
];

fn get(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let limit = match &arguments[2..] {
        [] => Some(SHOWN),
        [count] => match parse_integer(count) {
            Some(-1) => None,
            Some(count @ 0..) => Some(usize::try_from(count).unwrap_or(usize::MAX)),
            _ => return Err(errors::fixed("ERR count should be greater than or equal to -1")),
        },
        _ => return Err(errors::subcommand_syntax("slowlog", arguments[1])),
    };
    let calls = context.host.measurements().slow_calls(limit);
    Ok(Reply::Array(calls.into_iter().map(entry).collect()))
}

fn entry(call: SlowCall) -> Reply {
    let integer = |number: u64| Reply::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    Reply::Array(vec![
        integer(call.id),
        integer(call.at_s),
        integer(call.micros),
        Reply::Array(call.arguments.into_iter().map(Reply::Bulk).collect()),
        Reply::text(call.address),
        Reply::Bulk(call.client_name),
    ])
}

fn len(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    Ok(Reply::count(context.host.measurements().slow_call_count()))
}

fn reset(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    context.host.measurements().forget_slow_calls();
    Ok(Reply::Ok)
}
