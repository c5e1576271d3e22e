//! COMMAND: the command table, for clients and proxies that want to know it.

mod docs;
mod info;
mod keys;
mod list;

use crate::command::Flags;
use crate::families::server::ROW;
use crate::grammar::{one_of, pattern, text};
use crate::help::help;
use crate::{Arguments, Command, CommandId, CommandResult, Context, Registry, Reply};

const FLAGS: Flags = Flags::LOADING.or(Flags::STALE);
const SUB: Command = Command { flags: FLAGS, categories: &["connection"], ..ROW };

pub(super) const COMMAND: Command = Command {
    name: "command",
    summary: "Tells about all commands.",
    since: "2.8.13",
    complexity: "O(N), N being the number of commands",
    arity: -1,
    tips: &["nondeterministic_output_order"],
    subcommands: SUBCOMMANDS,
    run: info::all,
    ..SUB
};

const SUBCOMMANDS: &[Command] = &[
    Command { name: "count", summary: "Counts the commands.", since: "2.8.13", arity: 2, run: count, ..SUB },
    Command {
        name: "docs",
        summary: "Tells what commands are for, and what arguments they take.",
        since: "7.0.0",
        complexity: "O(N), N being the number of commands asked for",
        arity: -2,
        tips: &["nondeterministic_output_order"],
        arguments: &[text("command-name").optional().multiple()],
        run: docs::docs,
        ..SUB
    },
    Command {
        name: "getkeys",
        summary: "Finds the keys in a request.",
        since: "2.8.13",
        complexity: "O(N), N being the number of the request's arguments",
        arity: -4,
        run: keys::getkeys,
        ..SUB
    },
    Command {
        name: "getkeysandflags",
        summary: "Finds the keys in a request, and what it does to them.",
        since: "7.0.0",
        complexity: "O(N), N being the number of the request's arguments",
        arity: -4,
        run: keys::getkeysandflags,
        ..SUB
    },
    Command { name: "help", summary: "Shows this text.", since: "5.0.0", arity: 2, run: help, ..SUB },
    Command {
        name: "info",
        summary: "Tells how commands behave.",
        since: "2.8.13",
        complexity: "O(N), N being the number of commands asked for",
        history: &[("7.0.0", "Without a name, tells about all.")],
        arity: -2,
        tips: &["nondeterministic_output_order"],
        arguments: &[text("command-name").optional().multiple()],
        run: info::info,
        ..SUB
    },
    Command {
        name: "list",
        summary: "Names the commands, all or those of a kind.",
        since: "7.0.0",
        complexity: "O(N), N being the number of commands",
        arity: -2,
        tips: &["nondeterministic_output_order"],
        arguments: &[one_of(
            "filterby",
            &[
                text("module-name").after("MODULE"),
                text("category").after("ACLCAT"),
                pattern("pattern").after("PATTERN"),
            ],
        )
        .after("FILTERBY")
        .optional()],
        run: list::list,
        ..SUB
    },
];

fn count(_: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    Ok(Reply::count(Registry::get().top_level().count()))
}

/// The command of this full name, `config` or `config|get`, in any case of letters.
pub(super) fn find(name: &[u8]) -> Option<CommandId> {
    let mut parts = name.splitn(2, |byte| *byte == b'|');
    let registry = Registry::get();
    let id = registry.find_name(parts.next()?)?;
    let Some(sub) = parts.next() else { return Some(id) };
    let subcommands = registry.entry(id).command.subcommands;
    let at = subcommands.iter().position(|command| command.name.as_bytes().eq_ignore_ascii_case(sub))?;
    Some(id + 1 + at)
}
