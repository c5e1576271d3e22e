//! Every error text of Redis that commands answer, quoted exactly, and the type that carries them.

use std::borrow::Cow;

use dredis_data::contract::{Error, ErrorKind};

use crate::Reply;

/// What a command function returns.
pub type CommandResult = Result<Reply, CommandError>;

/// Why a command did not do what it was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum CommandError {
    /// The user's doing: this line is the reply.
    Reply(Cow<'static, [u8]>),
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
/// The key is absent.
pub const NO_SUCH_KEY: CommandError = fixed("ERR no such key");
/// A result that would pass 64 bits.
pub const OVERFLOW: CommandError = fixed("ERR increment or decrement would overflow");

/// The wrong number of arguments for the command of this (lower-case) name.
pub fn wrong_arity(name: &str) -> CommandError {
    CommandError::reply(format!("ERR wrong number of arguments for '{name}' command"))
}
