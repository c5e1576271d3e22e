//! COMMAND DOCS: what commands are for, and the grammar of their arguments.

use super::info::subcommands;
use crate::command::Argument;
use crate::{Arguments, CommandId, CommandResult, Context, Registry, Reply};

pub(super) fn docs(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let [_, _, names @ ..] = arguments else { return Ok(Reply::Map(Vec::new())) };
    let documents = if names.is_empty() {
        Registry::get().top_level().map(|(id, _)| named(id)).collect()
    } else {
        names.iter().filter_map(|name| super::find(name)).map(named).collect()
    };
    Ok(Reply::Map(documents))
}

fn named(id: CommandId) -> (Reply, Reply) {
    (Reply::Text(&Registry::get().entry(id).full_name), document(id))
}

fn document(id: CommandId) -> Reply {
    let command = Registry::get().entry(id).command;
    let mut fields = vec![
        ("summary", Reply::Text(command.summary)),
        ("since", Reply::Text(command.since)),
        ("group", Reply::Text(command.group.name())),
    ];
    if !command.complexity.is_empty() {
        fields.push(("complexity", Reply::Text(command.complexity)));
    }
    let mut doc_flags = Vec::new();
    if command.deprecated.is_some() {
        doc_flags.push(Reply::Status("deprecated".into()));
    }
    if command.is_system {
        doc_flags.push(Reply::Status("syscmd".into()));
    }
    if !doc_flags.is_empty() {
        fields.push(("doc_flags", Reply::Set(doc_flags)));
    }
    if let Some(deprecated) = command.deprecated {
        fields.push(("deprecated_since", Reply::Text(deprecated.since)));
        fields.push(("replaced_by", Reply::Text(deprecated.replaced_by)));
    }
    if !command.history.is_empty() {
        let entries = command.history.iter();
        let entries = entries.map(|(since, what)| Reply::Array(vec![Reply::Text(since), Reply::Text(what)]));
        fields.push(("history", Reply::Set(entries.collect())));
    }
    if !command.arguments.is_empty() {
        fields.push(("arguments", Reply::Array(command.arguments.iter().map(argument).collect())));
    }
    if !command.subcommands.is_empty() {
        fields.push(("subcommands", Reply::Map(subcommands(id, command).map(named).collect())));
    }
    map(fields)
}

fn argument(argument: &Argument) -> Reply {
    let mut fields = vec![("name", Reply::Text(argument.name)), ("type", Reply::Text(argument.kind.name()))];
    if let Some(spec) = argument.key_spec {
        fields.push(("key_spec_index", Reply::Integer(spec.into())));
    }
    if let Some(token) = argument.token {
        fields.push(("token", Reply::Text(token)));
    }
    if let Some(since) = argument.since {
        fields.push(("since", Reply::Text(since)));
    }
    if let Some(since) = argument.deprecated_since {
        fields.push(("deprecated_since", Reply::Text(since)));
    }
    let flags = [
        (argument.optional, "optional"),
        (argument.multiple, "multiple"),
        (argument.multiple_token, "multiple_token"),
    ];
    let flags: Vec<Reply> =
        flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| Reply::Status(name.into())).collect();
    if !flags.is_empty() {
        fields.push(("flags", Reply::Set(flags)));
    }
    if !argument.parts.is_empty() {
        fields.push(("arguments", Reply::Array(argument.parts.iter().map(self::argument).collect())));
    }
    map(fields)
}

fn map(fields: Vec<(&'static str, Reply)>) -> Reply {
    Reply::Map(fields.into_iter().map(|(name, value)| (Reply::Text(name), value)).collect())
}
