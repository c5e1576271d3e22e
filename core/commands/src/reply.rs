//! What a command answers, before any protocol gives it bytes.

use std::borrow::Cow;

use crate::Protocol;

/// A reply. The encoder turns it into RESP2 or RESP3; where the two differ, the comment says how.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// `OK`.
    Ok,
    /// A simple string.
    Status(Cow<'static, str>),
    /// A simple string from a script, which may hold any bytes.
    Line(Vec<u8>),
    /// An error line, without its leading minus: its first word is the code. Bytes, because it may quote input.
    Error(Cow<'static, [u8]>),
    /// An integer.
    Integer(i64),
    /// A bulk string.
    Bulk(Vec<u8>),
    /// A bulk string that is part of the program.
    Text(&'static str),
    /// Absence where a bulk string was to be expected (RESP2: null bulk string; RESP3: null).
    Null,
    /// Absence where an array was to be expected (RESP2: null array; RESP3: null).
    NullArray,
    /// An array.
    Array(Vec<Reply>),
    /// A map (RESP2: an array of keys and values in turn).
    Map(Vec<(Reply, Reply)>),
    /// A set (RESP2: an array).
    Set(Vec<Reply>),
    /// A double (RESP2: a bulk string of the same digits).
    Double(f64),
    /// A boolean (RESP2: integer 1 or 0).
    Boolean(bool),
    /// A text for people with its format, `txt` or `mkd` (RESP2: a bulk string).
    Verbatim([u8; 3], Vec<u8>),
    /// Decimal digits of any length, from a script (RESP2: a bulk string).
    BigNumber(Vec<u8>),
    /// A push message (RESP2: an array).
    Push(Vec<Reply>),
    /// A reply in a protocol other than the one that holds when it is sent: HELLO changed it within EXEC.
    In(Protocol, Box<Reply>),
    /// Nothing at all is sent.
    Nothing,
}

impl Reply {
    /// A bulk string of this text.
    pub fn text(text: impl Into<String>) -> Reply {
        Reply::Bulk(text.into().into_bytes())
    }

    /// An integer of this count.
    pub fn count(count: usize) -> Reply {
        Reply::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The value as a bulk string, or null.
    pub fn bulk_or_null(value: Option<Vec<u8>>) -> Reply {
        value.map_or(Reply::Null, Reply::Bulk)
    }

    /// Whether this is an error.
    pub fn is_error(&self) -> bool {
        matches!(self, Reply::Error(_))
    }
}
