//! DEBUG: what is harmless of it. It has no subcommands in the table, as in Redis.

use std::time::Duration;

use dredis_data::Digest;

use crate::families::key::object::encoding_of;
use crate::families::server::memory::SAMPLES_DEFAULT;
use crate::help::of_lines;
use crate::numbers::integer;
use crate::{Afterwards, Arguments, CommandResult, Context, ReloadFrom, Reply, errors};

/// The longest sleep; a client that mistypes should not wait for days.
const SLEEP_MAX: Duration = Duration::from_secs(24 * 3600);

const HELP: &[&str] = &[
    "DEBUG <subcommand> [<argument> ...], with these subcommands:",
    "DIGEST",
    "    Answers a digest of all keys, values, and whether they expire; Redis's own.",
    "DIGEST-VALUE <key> [<key> ...]",
    "    Answers a digest of each key's value.",
    "ERROR <line>",
    "    Answers this line as an error.",
    "OBJECT <key>",
    "    Tells how a key's value is kept.",
    "PROTOCOL <type>",
    "    Answers something of this type of reply.",
    "RELOAD [NOSAVE]",
    "    Saves all data into a file and puts what that holds in their place. NOSAVE: takes the",
    "    file that was saved last. Others go on reading the old data until the new are there.",
    "SET-ACTIVE-EXPIRE (0|1)",
    "    Says whether expired keys are removed before anyone asks for them.",
    "SLEEP <seconds>",
    "    Holds back this client's replies; others are served meanwhile.",
    "HELP",
    "    Shows this text.",
];

pub(super) fn debug(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let is = |word: &str| arguments[1].eq_ignore_ascii_case(word.as_bytes());
    match &arguments[2..] {
        [] if is("DIGEST") => Ok(Reply::Status(context.txn.digest()?.to_hex().into())),
        keys if is("DIGEST-VALUE") => digest_values(context, keys),
        options if is("RELOAD") => reload(context, options),
        [] if is("HELP") => Ok(of_lines(HELP.iter().map(|line| (*line).to_owned()))),
        [seconds] if is("SLEEP") => sleep(context, seconds),
        [key] if is("OBJECT") => object(context, key),
        [wanted] if is("SET-ACTIVE-EXPIRE") => {
            context.host.set_active_expiry(integer(wanted)? != 0);
            Ok(Reply::Ok)
        }
        [line] if is("ERROR") => Err(errors::quoting("", line, "")),
        [kind] if is("PROTOCOL") => protocol(kind),
        _ => Err(errors::subcommand_syntax("debug", arguments[1])),
    }
}

/// An absent key has a digest of zeros.
fn digest_values(context: &mut Context<'_, '_>, keys: Arguments<'_>) -> CommandResult {
    let mut digests = Vec::with_capacity(keys.len());
    for key in keys {
        let digest = match context.txn.find(context.db(), key)? {
            Some(entry) => context.txn.value_digest(&entry)?,
            None => Digest::default(),
        };
        digests.push(Reply::Status(digest.to_hex().into()));
    }
    Ok(Reply::Array(digests))
}

fn reload(context: &mut Context<'_, '_>, options: Arguments<'_>) -> CommandResult {
    let mut from = ReloadFrom::Data;
    for option in options {
        let is = |word: &str| option.eq_ignore_ascii_case(word.as_bytes());
        if is("NOSAVE") {
            from = ReloadFrom::LastSave;
        } else if is("MERGE") || is("NOFLUSH") {
            return Err(errors::fixed(
                "ERR DEBUG RELOAD puts what the file holds in place of all data, at once: MERGE and NOFLUSH are not supported",
            ));
        } else {
            return Err(errors::fixed(
                "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
            ));
        }
    }
    if context.host.is_readonly() {
        return Err(errors::fixed("READONLY You can't write against a read only replica."));
    }
    if context.session.is_in_exec {
        return Err(errors::fixed("ERR DEBUG RELOAD is not allowed inside a transaction"));
    }
    context.session.afterwards(Afterwards::Reload(from));
    Ok(Reply::Nothing)
}

fn sleep(context: &mut Context<'_, '_>, seconds: &[u8]) -> CommandResult {
    let seconds = std::str::from_utf8(seconds).ok().and_then(|text| text.parse::<f64>().ok());
    let seconds = seconds.filter(|seconds| *seconds >= 0.0).ok_or(errors::NOT_A_FLOAT)?;
    let asked_for = Duration::try_from_secs_f64(seconds).unwrap_or(SLEEP_MAX);
    context.session.pause = context.session.pause.saturating_add(asked_for).min(SLEEP_MAX);
    Ok(Reply::Ok)
}

/// Redis's fields, as far as they mean something here: there is no address, and no time of last access.
fn object(context: &mut Context<'_, '_>, key: &[u8]) -> CommandResult {
    let Some(entry) = context.txn.find(context.db(), key)? else { return Err(errors::NO_SUCH_KEY) };
    let encoding = encoding_of(&entry);
    let bytes = context.txn.stored_bytes(&entry, key, SAMPLES_DEFAULT)?;
    Ok(Reply::Status(format!("Value in:backend refcount:1 encoding:{encoding} storedlength:{bytes}").into()))
}

/// A reply of each type, for those who test their decoder. The values are those of Redis.
fn protocol(kind: &[u8]) -> CommandResult {
    let is = |word: &str| kind.eq_ignore_ascii_case(word.as_bytes());
    let three = || (0..3).map(Reply::Integer);
    Ok(match () {
        () if is("string") => Reply::Text("Hello World"),
        () if is("integer") => Reply::Integer(12_345),
        () if is("double") => Reply::Double(3141.0 / 1000.0),
        () if is("null") => Reply::Null,
        () if is("array") => Reply::Array(three().collect()),
        () if is("set") => Reply::Set(three().collect()),
        () if is("map") => Reply::Map(three().zip([false, true, false].map(Reply::Boolean)).collect()),
        () if is("push") => Reply::Push(vec![Reply::Text("server-cpu-usage"), Reply::Integer(42)]),
        () if is("verbatim") => Reply::Verbatim(*b"txt", b"This is a verbatim\nstring".to_vec()),
        () if is("true") => Reply::Boolean(true),
        () if is("false") => Reply::Boolean(false),
        () => {
            return Err(errors::fixed(
                "ERR Wrong protocol type name. Please use one of the following: string|integer|double|null|array|set|map|push|verbatim|true|false",
            ));
        }
    })
}
