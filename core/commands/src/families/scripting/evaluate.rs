//! EVAL, EVALSHA and FCALL, and their read-only forms.

use dredis_lua::{Flags as ScriptFlags, ScriptError, script_shebang, sha1_hex};

use super::run::{self, Program};
use crate::host::Origin;
use crate::numbers::{self, parse_integer};
use crate::{Arguments, CommandError, CommandResult, Context, ScriptKind, errors};

/// What a command allows its script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Any,
    /// The command's name ends in `_RO`.
    ReadOnly,
}

pub(super) fn eval(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    evaluate(context, arguments, Form::Any)
}

pub(super) fn eval_read_only(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    evaluate(context, arguments, Form::ReadOnly)
}

pub(super) fn evalsha(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    evaluate_cached(context, arguments, Form::Any)
}

pub(super) fn evalsha_read_only(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    evaluate_cached(context, arguments, Form::ReadOnly)
}

pub(super) fn fcall(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    call_function(context, arguments, Form::Any)
}

pub(super) fn fcall_read_only(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    call_function(context, arguments, Form::ReadOnly)
}

const NO_SCRIPT: CommandError = errors::fixed("NOSCRIPT No matching script. Please use EVAL.");

/// Compiles a script and keeps it; its SHA-1.
pub(super) fn compiled(
    context: &Context<'_, '_>,
    source: &[u8],
    origin: Origin,
) -> Result<String, CommandError> {
    let scripts = context.host.scripts();
    let sha = sha1_hex(source);
    script_shebang(source).map_err(refused)?;
    let seat = run::seat(context.txn);
    let mut interpreter = run::interpreter(scripts, seat)?;
    let compiled = interpreter.compile(&sha, source);
    scripts.give_back(seat, interpreter);
    compiled.map_err(refused)?;
    // A script that is only run once does so without being kept, too.
    if !scripts.keep_script(sha.as_bytes(), source, origin) && origin == Origin::Loaded {
        return Err(errors::fixed(
            "OOM the cache of scripts is full of loaded ones: SCRIPT FLUSH empties it",
        ));
    }
    Ok(sha)
}

fn evaluate(context: &mut Context<'_, '_>, arguments: Arguments<'_>, form: Form) -> CommandResult {
    let [_, source, count, rest @ ..] = arguments else { return Err(errors::SYNTAX) };
    let given = split(rest, numbers::integer(count)?)?;
    let sha = sha1_hex(source);
    if context.host.scripts().script(sha.as_bytes()).is_none() {
        compiled(context, source, Origin::Run)?;
    }
    run_script(context, arguments, form, &sha, source, given)
}

fn evaluate_cached(context: &mut Context<'_, '_>, arguments: Arguments<'_>, form: Form) -> CommandResult {
    let [_, sha, count, rest @ ..] = arguments else { return Err(errors::SYNTAX) };
    const SHA_BYTES: usize = 40;
    if sha.len() != SHA_BYTES {
        return Err(NO_SCRIPT);
    }
    let given = split(rest, numbers::integer(count)?)?;
    let sha = String::from_utf8(sha.to_ascii_lowercase()).map_err(|_| NO_SCRIPT)?;
    let source = context.host.scripts().script(sha.as_bytes()).ok_or(NO_SCRIPT)?;
    run_script(context, arguments, form, &sha, &source, given)
}

fn run_script(
    context: &mut Context<'_, '_>,
    command: Arguments<'_>,
    form: Form,
    sha: &str,
    source: &[u8],
    (keys, rest): (Arguments<'_>, Arguments<'_>),
) -> CommandResult {
    let flags = script_shebang(source).map_err(refused)?.map(|shebang| shebang.flags);
    let is_read_only = prepare(context, form, flags)?;
    let program = Program { kind: ScriptKind::Script, name: sha.as_bytes(), command, is_read_only };
    run::run(context, &program, |interpreter, around| interpreter.run(sha, source, keys, rest, around))
}

fn call_function(context: &mut Context<'_, '_>, arguments: Arguments<'_>, form: Form) -> CommandResult {
    let [_, name, count, rest @ ..] = arguments else { return Err(errors::SYNTAX) };
    let libraries = context.txn.libraries();
    let (library, function) = libraries.function(name).ok_or(errors::fixed("ERR Function not found"))?;
    let count = parse_integer(count).ok_or(errors::fixed("ERR Bad number of keys provided"))?;
    let (keys, rest) = split(rest, count)?;
    let is_read_only = prepare(context, form, Some(ScriptFlags::from_bits(function.flags)))?;
    let program =
        Program { kind: ScriptKind::Function, name: &function.name, command: arguments, is_read_only };
    run::run(context, &program, |interpreter, around| {
        interpreter.call_function(super::library::shown(library), &function.name, keys, rest, around)
    })
}

/// Keys, and the arguments after them.
fn split(rest: Arguments<'_>, count: i64) -> Result<(Arguments<'_>, Arguments<'_>), CommandError> {
    let count = usize::try_from(count).map_err(|_| errors::fixed("ERR Number of keys can't be negative"))?;
    rest.split_at_checked(count).ok_or(errors::NUMKEYS_TOO_LARGE)
}

/// What has to hold before a script begins, by what it says of itself (`scriptPrepareForRun` in Redis's `script.c`). One that says
/// nothing may try anything. Whether it must not write.
fn prepare(context: &Context<'_, '_>, form: Form, flags: Option<ScriptFlags>) -> Result<bool, CommandError> {
    let Some(flags) = flags else { return Ok(form == Form::ReadOnly) };
    if flags.contains(ScriptFlags::NO_WRITES) {
        return Ok(true);
    }
    if context.host.is_readonly() {
        return Err(errors::fixed("READONLY You can not run script with write flag on readonly replica."));
    }
    if form == Form::ReadOnly {
        return Err(errors::fixed("ERR Can not execute a script with write flag using *_ro command."));
    }
    Ok(false)
}

/// The reply for a script that cannot even begin.
pub(super) fn refused(error: ScriptError) -> CommandError {
    CommandError::reply(error.message)
}
