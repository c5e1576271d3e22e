//! What can be wrong with RDB data: what, where, and in the value of which key.

use std::borrow::Cow;
use std::fmt;

use dredis_contract::Error;

/// The kinds of what can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RdbErrorKind {
    /// Reading or writing failed.
    Io,
    /// The data end too early.
    Truncated,
    /// The data contradict themselves.
    Corrupt,
    /// The data are not those that the checksum was made of.
    Checksum,
    /// The data are sound as far as can be told, but of a kind that there is not here.
    Unsupported,
}

/// Why RDB data could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RdbError {
    /// Of which kind this is.
    pub kind: RdbErrorKind,
    /// What is wrong.
    pub message: Cow<'static, str>,
    /// Where, in bytes from the beginning of what was read or written.
    pub offset: u64,
    /// The key whose value this is about.
    pub key: Option<Vec<u8>>,
}

/// What reading and writing RDB data answers.
pub(super) type Result<T> = std::result::Result<T, RdbError>;

impl RdbError {
    pub(super) fn new(kind: RdbErrorKind, offset: u64, message: impl Into<Cow<'static, str>>) -> Self {
        RdbError { kind, message: message.into(), offset, key: None }
    }

    /// The same, said of the value of a key.
    pub(super) fn in_key(mut self, key: &[u8]) -> Self {
        self.key.get_or_insert_with(|| key.to_vec());
        self
    }
}

/// The most bytes of a key that a message shows.
const SHOWN_BYTES: usize = 64;

impl fmt::Display for RdbError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (at byte {}", self.message, self.offset)?;
        if let Some(key) = &self.key {
            let (shown, rest) = key.split_at(key.len().min(SHOWN_BYTES));
            let more = if rest.is_empty() { "" } else { "..." };
            write!(formatter, ", in the value of key \"{}{more}\"", shown.escape_ascii())?;
        }
        formatter.write_str(")")
    }
}

impl std::error::Error for RdbError {}

/// Why a value did not get from RDB data into records, or the other way.
#[derive(Clone, Debug, PartialEq)]
pub enum TransferError {
    /// The data.
    Rdb(RdbError),
    /// The engine.
    Storage(Error),
}

impl From<RdbError> for TransferError {
    fn from(error: RdbError) -> Self {
        TransferError::Rdb(error)
    }
}

impl From<Error> for TransferError {
    fn from(error: Error) -> Self {
        TransferError::Storage(error)
    }
}

impl fmt::Display for TransferError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransferError::Rdb(error) => error.fmt(formatter),
            TransferError::Storage(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for TransferError {}
