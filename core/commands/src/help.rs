//! HELP of commands with subcommands, written from their rows.

use crate::command::{Argument, ArgumentKind};
use crate::{Arguments, CommandResult, Context, Registry, Reply};

/// Answers HELP for the command that the request names.
pub(crate) fn help(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let registry = Registry::get();
    let id = arguments.first().and_then(|name| registry.find_name(name));
    let container = registry.entry(id.expect("a command that runs is in the registry")).command;
    let mut lines = vec![format!(
        "{} <subcommand> [<argument> ...], with these subcommands:",
        container.name.to_uppercase()
    )];
    for sub in container.subcommands {
        let mut usage = sub.name.to_uppercase();
        for argument in sub.arguments {
            usage.push(' ');
            usage.push_str(&shown(argument));
        }
        lines.push(usage);
        lines.push(format!("    {}", sub.summary));
    }
    Ok(of_lines(lines))
}

/// A help text of these lines.
pub(crate) fn of_lines(lines: impl IntoIterator<Item = String>) -> Reply {
    Reply::Array(lines.into_iter().map(|line| Reply::Status(line.into())).collect())
}

/// An argument as usage lines show it.
fn shown(argument: &Argument) -> String {
    let parts = |between: &str| argument.parts.iter().map(shown).collect::<Vec<_>>().join(between);
    let value = match argument.kind {
        ArgumentKind::PureToken => String::new(),
        ArgumentKind::OneOf if argument.optional => parts("|"),
        ArgumentKind::OneOf => format!("({})", parts("|")),
        ArgumentKind::Block => parts(" "),
        _ => format!("<{}>", argument.name),
    };
    let repeated = if argument.multiple { format!("{value} [{value} ...]") } else { value };
    let whole = match argument.token {
        None => repeated,
        Some(token) if repeated.is_empty() => token.to_owned(),
        Some(token) => format!("{token} {repeated}"),
    };
    if argument.optional { format!("[{whole}]") } else { whole }
}
