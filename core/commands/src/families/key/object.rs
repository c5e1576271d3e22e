//! OBJECT: what Redis would tell of a value's insides.
//!
//! Encodings follow from how a value came to be, as in Redis. Access times and frequencies are not stored:
//! every read would then be a write.

use dredis_data::{Entry, Form};

use crate::errors::fixed;
use crate::numbers;
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

const NO_FREQUENCIES: CommandError = fixed(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when \
     switching between policies at runtime LRU and LFU data will take some time to adjust.",
);
const NO_IDLE_TIMES: CommandError =
    fixed("ERR OBJECT IDLETIME is not available: dredis does not store when a key was last accessed");

/// The longest string that Redis embeds in its object, in bytes.
const EMBEDDED_BYTES_MAX: usize = 44;
/// Redis shares the objects of integers below this one.
const SHARED_INTEGERS: i64 = 10_000;
/// The count of references that shared objects show.
const SHARED_REFERENCES: i64 = i32::MAX as i64;

const ENCODING_INTEGER: &str = "int";
const ENCODING_EMBEDDED: &str = "embstr";
const ENCODING_RAW: &str = "raw";

/// `OBJECT ENCODING key`.
pub fn encoding(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let entry = context.txn.find(context.db(), arguments[2])?;
    Ok(entry.map_or(Reply::Null, |entry| Reply::Text(encoding_of(&entry))))
}

/// What OBJECT ENCODING answers for a value.
pub fn encoding_of(entry: &Entry<'_>) -> &'static str {
    match entry.head().form {
        Form::StringSegments | Form::StringInlineRaw => ENCODING_RAW,
        Form::StringInline if numbers::parse_integer(entry.body()).is_some() => ENCODING_INTEGER,
        Form::StringInline | Form::StringInlineText if entry.body().len() <= EMBEDDED_BYTES_MAX => {
            ENCODING_EMBEDDED
        }
        Form::StringInline | Form::StringInlineText => ENCODING_RAW,
        Form::HashPacked | Form::SortedSetPacked => "listpack",
        // Redis 7.0 packs sets of integers only.
        Form::HashSpread | Form::SetPacked | Form::SetSpread => "hashtable",
        Form::SetIntset => "intset",
        Form::SortedSetSpread => "skiplist",
        Form::ListPacked | Form::ListSpread => "quicklist",
    }
}

/// `OBJECT REFCOUNT key`. Redis shares small integers; a value is shared with nothing else here.
pub fn refcount(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let Some(entry) = context.txn.find(context.db(), arguments[2])? else { return Ok(Reply::Null) };
    let is_shared = encoding_of(&entry) == ENCODING_INTEGER
        && numbers::parse_integer(entry.body()).is_some_and(|value| (0..SHARED_INTEGERS).contains(&value));
    Ok(Reply::Integer(if is_shared { SHARED_REFERENCES } else { 1 }))
}

/// `OBJECT FREQ key`.
pub fn freq(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    refuse(context, arguments, NO_FREQUENCIES)
}

/// `OBJECT IDLETIME key`.
pub fn idletime(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    refuse(context, arguments, NO_IDLE_TIMES)
}

/// As in Redis, a key that is absent comes before any other complaint.
fn refuse(context: &Context<'_, '_>, arguments: Arguments<'_>, error: CommandError) -> CommandResult {
    if context.txn.exists(context.db(), arguments[2])? { Err(error) } else { Ok(Reply::Null) }
}
