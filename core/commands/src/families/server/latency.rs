//! LATENCY: events that took long, and how long commands take.

mod events;
mod histogram;

use crate::families::server::{ADMIN, HELP, ROW};
use crate::grammar::text;
use crate::help::help;
use crate::{Argument, Command};

pub(super) const COMMAND: Command = Command {
    name: "latency",
    summary: "Looks at what took long.",
    since: "2.8.13",
    complexity: "Depends on subcommand.",
    arity: -2,
    subcommands: SUBCOMMANDS,
    ..ROW
};

const REPORT: &[&str] = &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];
const SUB: Command = Command { since: "2.8.13", arity: 2, flags: ADMIN, tips: REPORT, ..ROW };
const EVENT: &[Argument] = &[text("event")];
const NO_TIPS: &[&str] = &[];

const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "doctor",
        summary: "Says what took long, and what may help.",
        run: events::doctor,
        ..SUB
    },
    Command {
        name: "graph",
        summary: "Draws the samples of an event.",
        arity: 3,
        arguments: EVENT,
        run: events::graph,
        ..SUB
    },
    Command { name: "help", summary: "Shows this text.", flags: HELP, tips: NO_TIPS, run: help, ..SUB },
    Command {
        name: "histogram",
        summary: "Tells how often commands took how long.",
        since: "7.0.0",
        complexity: "O(N), N being the number of commands told about",
        arity: -2,
        arguments: &[text("command").optional().multiple()],
        run: histogram::histogram,
        ..SUB
    },
    Command {
        name: "history",
        summary: "Tells the samples of an event.",
        arity: 3,
        arguments: EVENT,
        run: events::history,
        ..SUB
    },
    Command {
        name: "latest",
        summary: "Tells the latest sample of every event.",
        run: events::latest,
        ..SUB
    },
    Command {
        name: "reset",
        summary: "Forgets the samples of some events, or of all.",
        arity: -2,
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        arguments: &[text("event").optional().multiple()],
        run: events::reset,
        ..SUB
    },
];
