//! FUNCTION: the libraries, and the function that runs.

use std::sync::Arc;

use dredis_data::{Function, Libraries, Library};
use dredis_lua::Flags as ScriptFlags;

use super::library::SameName;
use super::script::{check_mode, end};
use super::{HELP, ROW, SYNC_OR_ASYNC, library, payload};
use crate::command::{Flags, Path};
use crate::glob::{self, Case};
use crate::grammar::{one_of, text, word};
use crate::help::help;
use crate::{Arguments, Command, CommandError, CommandResult, Context, Reply, ScriptKind, errors};

pub(super) const COMMAND: Command = Command {
    name: "function",
    summary: "Looks after libraries of functions.",
    complexity: "Depends on subcommand.",
    arity: -2,
    subcommands: SUBCOMMANDS,
    ..ROW
};

const SUB: Command = Command { flags: Flags::NOSCRIPT, categories: &["scripting"], path: Path::Read, ..ROW };
const CHANGE: Command = Command {
    flags: Flags::NOSCRIPT.or(Flags::WRITE),
    path: Path::Write,
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    ..SUB
};

const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "delete",
        summary: "Removes a library.",
        arity: 3,
        arguments: &[text("library-name")],
        run: delete,
        ..CHANGE
    },
    Command {
        name: "dump",
        summary: "Shows all libraries in the form that FUNCTION RESTORE takes.",
        complexity: "O(N), N being the number of functions",
        arity: 2,
        run: dump,
        ..SUB
    },
    Command {
        name: "flush",
        summary: "Removes all libraries.",
        complexity: "O(N), N being the number of functions",
        arity: -2,
        arguments: &[one_of("async", SYNC_OR_ASYNC).optional()],
        run: flush,
        ..CHANGE
    },
    Command { name: "help", summary: "Shows this text.", arity: 2, flags: HELP, run: help, ..SUB },
    Command {
        name: "kill",
        summary: "Ends the function that runs.",
        arity: 2,
        flags: Flags::NOSCRIPT.or(Flags::ALLOW_BUSY),
        tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
        path: Path::Session,
        run: kill,
        ..SUB
    },
    Command {
        name: "list",
        summary: "Shows libraries and their functions.",
        complexity: "O(N), N being the number of functions",
        arity: -2,
        tips: &["nondeterministic_output_order"],
        arguments: &[
            text("library-name-pattern").after("LIBRARYNAME").optional(),
            word("withcode", "WITHCODE").optional(),
        ],
        run: list,
        ..SUB
    },
    Command {
        name: "load",
        summary: "Adds a library.",
        complexity: "O(1), but for what compiling its code takes",
        arity: -3,
        flags: Flags::NOSCRIPT.or(Flags::WRITE).or(Flags::DENYOOM),
        arguments: &[word("replace", "REPLACE").optional(), text("function-code")],
        run: load,
        ..CHANGE
    },
    Command {
        name: "restore",
        summary: "Adds the libraries that FUNCTION DUMP has shown.",
        complexity: "O(N), N being the number of functions",
        arity: -3,
        flags: Flags::NOSCRIPT.or(Flags::WRITE).or(Flags::DENYOOM),
        arguments: &[
            text("serialized-value"),
            one_of("policy", &[word("flush", "FLUSH"), word("append", "APPEND"), word("replace", "REPLACE")])
                .optional(),
        ],
        run: restore,
        ..CHANGE
    },
    Command {
        name: "stats",
        summary: "Tells what function runs, and how many there are.",
        arity: 2,
        flags: Flags::NOSCRIPT.or(Flags::ALLOW_BUSY),
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        run: stats,
        ..SUB
    },
];

fn load(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let [_, _, options @ .., code] = arguments else { return Err(errors::SYNTAX) };
    let unknown = options.iter().find(|option| !option.eq_ignore_ascii_case(b"REPLACE"));
    if let Some(option) = unknown {
        // Redis formats this one, and so loses the line ends at its end.
        let kept = option.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
        return Err(errors::quoting("ERR Unknown option given: ", &option[..kept], ""));
    }
    let mut libraries = Libraries::clone(&context.txn.libraries());
    let same_name = if options.is_empty() { SameName::Refuse } else { SameName::Replace };
    let name = library::add_library(context.host, context.txn, &mut libraries, code, same_name)?;
    context.txn.set_libraries(libraries)?;
    Ok(Reply::Bulk(name))
}

fn delete(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let mut libraries = Libraries::clone(&context.txn.libraries());
    if !libraries.remove(arguments[2]) {
        return Err(errors::fixed("ERR Library not found"));
    }
    context.txn.set_libraries(libraries)?;
    Ok(Reply::Ok)
}

fn flush(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    if arguments.len() > 3 {
        return Err(errors::subcommand_syntax("function", arguments[1]));
    }
    check_mode(arguments, errors::fixed("ERR FUNCTION FLUSH only supports SYNC|ASYNC option"))?;
    context.txn.set_libraries(Libraries::default())?;
    Ok(Reply::Ok)
}

fn dump(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let libraries = context.txn.libraries();
    Ok(Reply::Bulk(payload::dumped(libraries.iter().map(|library| &*library.code))?))
}

/// What RESTORE does with libraries that are there already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    Flush,
    Append,
    Replace,
}

fn restore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    if arguments.len() > 4 {
        return Err(errors::subcommand_syntax("function", arguments[1]));
    }
    let policy = match arguments.get(3) {
        None => Policy::Append,
        Some(word) if word.eq_ignore_ascii_case(b"APPEND") => Policy::Append,
        Some(word) if word.eq_ignore_ascii_case(b"REPLACE") => Policy::Replace,
        Some(word) if word.eq_ignore_ascii_case(b"FLUSH") => Policy::Flush,
        Some(_) => {
            return Err(errors::fixed(
                "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            ));
        }
    };
    let restored = restored(context, arguments[2])?;
    let mut libraries = match policy {
        Policy::Flush => Libraries::default(),
        Policy::Append | Policy::Replace => Libraries::clone(&context.txn.libraries()),
    };
    for library in restored.iter() {
        if libraries.remove(&library.name) && policy == Policy::Append {
            return Err(errors::quoting("ERR Library ", &library.name, " already exists"));
        }
    }
    for library in restored.iter() {
        library::add(&mut libraries, Arc::clone(library))?;
    }
    context.txn.set_libraries(libraries)?;
    Ok(Reply::Ok)
}

/// The libraries in a payload, each of which must do alone and beside the others.
fn restored(context: &Context<'_, '_>, payload: &[u8]) -> Result<Libraries, CommandError> {
    let mut libraries = Libraries::default();
    let mut rest = payload::checked(payload)?;
    while let Some(code) = payload::next_code(&mut rest)? {
        library::add_library(context.host, context.txn, &mut libraries, &code, SameName::Refuse)?;
    }
    Ok(libraries)
}

fn list(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (mut with_code, mut pattern) = (false, None);
    let mut options = arguments[2..].iter();
    while let Some(option) = options.next() {
        if !with_code && option.eq_ignore_ascii_case(b"WITHCODE") {
            with_code = true;
        } else if pattern.is_none() && option.eq_ignore_ascii_case(b"LIBRARYNAME") {
            let given = options.next().ok_or(errors::fixed("ERR library name argument was not given"))?;
            pattern = Some(*given);
        } else {
            return Err(errors::quoting("ERR Unknown argument ", option, ""));
        }
    }
    let libraries = context.txn.libraries();
    let is_wanted = |library: &&Arc<Library>| {
        pattern.is_none_or(|pattern| glob::matches(pattern, &library.name, Case::Insensitive))
    };
    Ok(Reply::Array(
        libraries.iter().filter(is_wanted).map(|library| described(library, with_code)).collect(),
    ))
}

fn described(library: &Library, with_code: bool) -> Reply {
    let mut fields = vec![
        (Reply::Text("library_name"), Reply::Bulk(library.name.to_vec())),
        (Reply::Text("engine"), Reply::Text("LUA")),
        (Reply::Text("functions"), Reply::Array(library.functions.iter().map(described_function).collect())),
    ];
    if with_code {
        fields.push((Reply::Text("library_code"), Reply::Bulk(library.code.to_vec())));
    }
    Reply::Map(fields)
}

fn described_function(function: &Function) -> Reply {
    let flags = ScriptFlags::from_bits(function.flags).names();
    let description = function.description.as_ref().map(|text| text.to_vec());
    Reply::Map(vec![
        (Reply::Text("name"), Reply::Bulk(function.name.to_vec())),
        (Reply::Text("description"), Reply::bulk_or_null(description)),
        (Reply::Text("flags"), Reply::Set(flags.map(|name| Reply::Status(name.into())).collect())),
    ])
}

fn kill(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    end(context, ScriptKind::Function)
}

fn stats(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    if context.busy == Some(ScriptKind::Script) {
        return Err(errors::busy(ScriptKind::Script));
    }
    let running = context.host.scripts().running().filter(|run| run.kind == ScriptKind::Function);
    let running = running.map_or(Reply::Null, |run| {
        let ms = context.host.monotonic_us().saturating_sub(run.started_us) / 1000;
        Reply::Map(vec![
            (Reply::Text("name"), Reply::Bulk(run.name.clone())),
            (Reply::Text("command"), Reply::Array(run.command.iter().cloned().map(Reply::Bulk).collect())),
            (Reply::Text("duration_ms"), Reply::Integer(i64::try_from(ms).unwrap_or(i64::MAX))),
        ])
    });
    let libraries = context.txn.libraries();
    let counts = Reply::Map(vec![
        (Reply::Text("libraries_count"), Reply::count(libraries.len())),
        (Reply::Text("functions_count"), Reply::count(libraries.function_count())),
    ]);
    Ok(Reply::Map(vec![
        (Reply::Text("running_script"), running),
        (Reply::Text("engines"), Reply::Map(vec![(Reply::Text("LUA"), counts)])),
    ]))
}
