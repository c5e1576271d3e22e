//! COMMAND GETKEYS and COMMAND GETKEYSANDFLAGS.

use crate::key_positions::{self, KeyPosition};
use crate::{Arguments, CommandError, CommandResult, Context, Registry, Reply, errors};

pub(super) fn getkeys(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let request = &arguments[2..];
    Ok(Reply::Array(keys(request)?.iter().map(|key| Reply::Bulk(request[key.index].to_vec())).collect()))
}

pub(super) fn getkeysandflags(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let request = &arguments[2..];
    let with_flags = |key: &KeyPosition| {
        let flags = key.flags.iter().map(|flag| Reply::Status((*flag).into())).collect();
        Reply::Array(vec![Reply::Bulk(request[key.index].to_vec()), Reply::Set(flags)])
    };
    Ok(Reply::Array(keys(request)?.iter().map(with_flags).collect()))
}

fn keys(request: Arguments<'_>) -> Result<Vec<KeyPosition>, CommandError> {
    let registry = Registry::get();
    let command = registry.find(request).map(|id| registry.entry(id).command);
    // A container stands for a subcommand that does not exist.
    let command = command.filter(|command| command.subcommands.is_empty() || request.len() == 1);
    let command = command.ok_or(errors::fixed("ERR Invalid command specified"))?;
    if command.keys.is_empty() {
        return Err(errors::fixed("ERR The command has no key arguments"));
    }
    if !command.accepts_count(request.len()) {
        return Err(errors::fixed("ERR Invalid number of arguments specified for command"));
    }
    let keys = key_positions::find(command, request).ok();
    if command.flags.contains(crate::Flags::NO_MANDATORY_KEYS) {
        return Ok(keys.unwrap_or_default());
    }
    keys.filter(|keys| !keys.is_empty()).ok_or(errors::fixed("ERR Invalid arguments specified for command"))
}
