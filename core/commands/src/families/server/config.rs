//! CONFIG: parameters of the running server.

use crate::families::server::{ADMIN, HELP, ROW};
use crate::glob::{self, Case};
use crate::grammar::{block, text};
use crate::help::help;
use crate::{Arguments, Command, CommandError, CommandResult, Context, Reply, SettingRefused, errors};

pub(super) const COMMAND: Command = Command {
    name: "config",
    summary: "Looks at and changes parameters of the server.",
    since: "2.0.0",
    complexity: "Depends on subcommand.",
    arity: -2,
    subcommands: SUBCOMMANDS,
    ..ROW
};

const SUB: Command = Command { since: "2.0.0", flags: ADMIN, ..ROW };

const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "get",
        summary: "Tells the values of parameters.",
        complexity: "O(N), N being the number of parameters asked for",
        history: &[("7.0.0", "Several patterns at once.")],
        arity: -3,
        arguments: &[block("parameter", &[text("parameter")]).multiple()],
        run: get,
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
        name: "resetstat",
        summary: "Sets all statistics back to zero.",
        arity: 2,
        run: resetstat,
        ..SUB
    },
    Command {
        name: "rewrite",
        summary: "Writes the parameters into the configuration file; this server has none, so it is refused.",
        since: "2.8.0",
        arity: 2,
        run: rewrite,
        ..SUB
    },
    Command {
        name: "set",
        summary: "Sets parameters, all of those given or none.",
        complexity: "O(N), N being the number of parameters given",
        history: &[("7.0.0", "Several parameters at once.")],
        arity: -4,
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        arguments: &[block("parameter_value", &[text("parameter"), text("value")]).multiple()],
        run: set,
        ..SUB
    },
];

fn get(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let configuration = context.host.configuration();
    let mut found: Vec<(&str, Reply, Vec<u8>)> = Vec::new();
    for pattern in &arguments[2..] {
        if pattern.iter().any(|byte| matches!(byte, b'*' | b'?' | b'[')) {
            for (name, value) in configuration.all() {
                if glob::matches(pattern, name.as_bytes(), Case::Insensitive)
                    && !found.iter().any(|(known, ..)| *known == name)
                {
                    found.push((name, Reply::Text(name), value));
                }
            }
        } else if let Some((name, value)) = configuration.get(pattern)
            && !found.iter().any(|(known, ..)| *known == name)
        {
            // A name without wildcards comes back as it was written.
            found.push((name, Reply::Bulk(pattern.to_vec()), value));
        }
    }
    Ok(Reply::Map(found.into_iter().map(|(_, shown, value)| (shown, Reply::Bulk(value))).collect()))
}

fn set(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (pairs, rest) = arguments[2..].as_chunks::<2>();
    if !rest.is_empty() {
        return Err(errors::SYNTAX);
    }
    let pairs: Vec<(&[u8], &[u8])> = pairs.iter().map(|[name, value]| (*name, *value)).collect();
    context.host.configuration().set(&pairs).map_err(refusal)?;
    Ok(Reply::Ok)
}

fn refusal(refused: SettingRefused) -> CommandError {
    match refused {
        SettingRefused::Unknown(name) => {
            errors::quoting("ERR Unknown option or number of arguments for CONFIG SET - '", &name, "'")
        }
        SettingRefused::Value { name, reason } => CommandError::reply(format!(
            "ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}"
        )),
    }
}

fn resetstat(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    context.host.measurements().reset_statistics();
    Ok(Reply::Ok)
}

fn rewrite(_: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    Err(errors::fixed("ERR The server is running without a config file"))
}
