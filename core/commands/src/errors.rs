//! Every error text of Redis that commands answer, quoted exactly, and the type that carries them.

use std::borrow::Cow;

use dredis_data::contract::{Error, ErrorKind};

use crate::{Reply, ScriptKind};

/// What a command function returns.
pub type CommandResult = Result<Reply, CommandError>;

/// Why a command did not do what it was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum CommandError {
    /// The user's doing: this line is the reply.
    Reply(Cow<'static, [u8]>),
    /// The same, and it has been counted where it arose: a command within a script failed, and the script with it.
    Counted(Vec<u8>),
    /// The engine failed. The command's writes are rolled back.
    Storage(Error),
}

impl CommandError {
    /// An error reply made at run time; it begins with its code.
    pub fn reply(line: impl Into<Vec<u8>>) -> Self {
        CommandError::Reply(Cow::Owned(line.into()))
    }

    /// The reply line for this error, without its leading minus.
    pub fn into_line(self) -> Cow<'static, [u8]> {
        match self {
            CommandError::Reply(line) => line,
            CommandError::Counted(line) => Cow::Owned(line),
            CommandError::Storage(error) => Cow::Owned(storage_error_line(&error).into_bytes()),
        }
    }
}

/// How an engine's failure reads on the wire. `MISCONF` is the code by which clients know that Redis
/// cannot write to its disk.
pub fn storage_error_line(error: &Error) -> String {
    let text = error.message().replace(['\r', '\n'], " ");
    match error.kind() {
        ErrorKind::NoSpace => format!("MISCONF No space left in the backend: {text}"),
        ErrorKind::Retry => format!("TRYAGAIN The backend is busy: {text}"),
        _ => format!("ERR backend error: {text}"),
    }
}

impl From<Error> for CommandError {
    fn from(error: Error) -> Self {
        CommandError::Storage(error)
    }
}

/// A fixed error line.
pub const fn fixed(line: &'static str) -> CommandError {
    CommandError::Reply(Cow::Borrowed(line.as_bytes()))
}

/// The key holds another type.
pub const WRONG_TYPE: CommandError =
    fixed("WRONGTYPE Operation against a key holding the wrong kind of value");
/// Options that do not fit together or make no sense.
pub const SYNTAX: CommandError = fixed("ERR syntax error");
/// Not a signed 64-bit integer.
pub const NOT_AN_INTEGER: CommandError = fixed("ERR value is not an integer or out of range");
/// Not a floating point number.
pub const NOT_A_FLOAT: CommandError = fixed("ERR value is not a valid float");
/// A write to a server that only reads.
pub const READONLY: CommandError = fixed("READONLY You can't write against a read only replica.");
/// The key is absent.
pub const NO_SUCH_KEY: CommandError = fixed("ERR no such key");
/// A result that would pass 64 bits.
pub const OVERFLOW: CommandError = fixed("ERR increment or decrement would overflow");

/// DECRBY by the one number that has no opposite.
pub const DECREMENT_OVERFLOW: CommandError = fixed("ERR decrement would overflow");
/// INCRBYFLOAT to something that is no number.
pub const NOT_FINITE: CommandError = fixed("ERR increment would produce NaN or Infinity");
/// A string beyond the limit of 512 MB.
pub const STRING_TOO_LONG: CommandError =
    fixed("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
/// A negative offset.
pub const OFFSET_OUT_OF_RANGE: CommandError = fixed("ERR offset is out of range");
/// There is no database of this number.
pub const NO_SUCH_DATABASE: CommandError = fixed("ERR DB index is out of range");
/// An integer that does not fit 32 bits, where Redis keeps it in so many.
pub const NOT_32_BITS: CommandError =
    fixed("ERR value is out of range, value must between -2147483648 and 2147483647");
/// A count of which a command cannot do so many.
pub const OUT_OF_RANGE: CommandError = fixed("ERR value is out of range");
/// COPY and MOVE from a key to itself.
pub const SAME_OBJECT: CommandError = fixed("ERR source and destination objects are the same");
/// A count that is negative, or no integer.
pub const MUST_BE_POSITIVE: CommandError = fixed("ERR value is out of range, must be positive");
/// A count whose opposite does not fit 64 bits.
pub const COUNT_OUT_OF_RANGE: CommandError =
    fixed("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
/// A count that has to be at least 1.
pub const COUNT_NOT_POSITIVE: CommandError = fixed("ERR count should be greater than 0");
/// A number of keys that is none, or not positive.
pub const NUMKEYS_NOT_POSITIVE: CommandError = fixed("ERR numkeys should be greater than 0");
/// A number of keys beyond the end of the request.
pub const NUMKEYS_TOO_LARGE: CommandError = fixed("ERR Number of keys can't be greater than number of args");
/// A LIMIT that is no count.
pub const LIMIT_NEGATIVE: CommandError = fixed("ERR LIMIT can't be negative");
/// A reply that would take more memory than any one may. Redis has no such bound, and dies of such requests.
pub const REPLY_TOO_LARGE: CommandError = fixed("ERR the reply would be larger than 1 GB");
/// SCAN from something that is no cursor.
pub const INVALID_CURSOR: CommandError = fixed("ERR invalid cursor");

/// A script holds the writer's turn.
pub fn busy(kind: ScriptKind) -> CommandError {
    match kind {
        ScriptKind::Script => {
            fixed("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")
        }
        ScriptKind::Function => {
            fixed("BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.")
        }
    }
}

/// An expiry time that is not positive, or overflows; the command's name in lower case.
pub fn invalid_expire_time(command: &str) -> CommandError {
    CommandError::reply(format!("ERR invalid expire time in '{command}' command"))
}

/// The wrong number of arguments for the command of this (lower-case) name.
pub fn wrong_arity(name: &str) -> CommandError {
    CommandError::reply(format!("ERR wrong number of arguments for '{name}' command"))
}

/// An option that EXPIRE does not know. As in Redis, it is shown up to its first zero byte.
pub fn unsupported_option(option: &[u8]) -> CommandError {
    let option = option.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut line = b"ERR Unsupported option ".to_vec();
    line.extend(option.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
    CommandError::reply(line)
}

/// A subcommand in a form that its container does not know.
pub(crate) fn subcommand_syntax(container: &str, sub: &[u8]) -> CommandError {
    let after = format!("'. Try {} HELP.", container.to_uppercase());
    quoting("ERR unknown subcommand or wrong number of arguments for '", sub, &after)
}

/// A line that quotes what a client sent, its line ends turned into blanks.
pub(crate) fn quoting(before: &str, input: &[u8], after: &str) -> CommandError {
    let mut line = before.as_bytes().to_vec();
    let shown = up_to_nul(input).iter();
    line.extend(shown.map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
    line.extend_from_slice(after.as_bytes());
    CommandError::reply(line)
}

/// What Redis shows of bytes that it quotes: it prints them as a C string.
pub(crate) fn up_to_nul(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}
