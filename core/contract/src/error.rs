//! Errors, named by what the caller must do about them.

use std::fmt;

/// The result of everything that an engine may fail at.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the caller must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Try again later, unchanged: the engine is busy, nothing is wrong.
    Retry,
    /// Free space first: the disk or the engine's map is full. Nothing of the batch was applied; reads go on.
    NoSpace,
    /// Fix the input: a bad option, path or argument.
    InvalidInput,
    /// The engine does not offer this.
    Unsupported,
    /// The stored data cannot be read as what it should be.
    Corrupt,
    /// Input or output failed.
    Io,
    /// Stop using this backend: it panicked or is beyond repair.
    Poisoned,
}

/// What was tried, what was found, and (by its kind) what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    /// An error of this kind; the message is one line without a full stop. What would break the line (line ends and other
    /// control characters, which the messages of engines are full of) becomes a space.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        let message = if message.contains(char::is_control) { on_one_line(&message) } else { message };
        Error { kind, message }
    }

    /// The same with what was tried in front: `create its file: no space left on device`. [`Context`] does this to results.
    pub fn context(self, tried: impl fmt::Display) -> Self {
        Error::new(self.kind, format!("{tried}: {}", self.message))
    }

    /// Shorthand for [`ErrorKind::InvalidInput`].
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// Shorthand for [`ErrorKind::Unsupported`]: `what` is not offered by this engine.
    pub fn unsupported(what: &str) -> Self {
        Self::new(ErrorKind::Unsupported, format!("this backend does not support {what}"))
    }

    pub(crate) fn unsupported_limit(what: &str, most: u64, least: u64) -> Self {
        let message = format!(
            "its limits allow {what} of {most} bytes at most, and dredis needs {least}; its author has to raise them"
        );
        Self::new(ErrorKind::Unsupported, message)
    }

    /// Shorthand for [`ErrorKind::Corrupt`].
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    /// What the caller must do.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// One line for a person.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Says what was tried, in front of whatever went wrong with it.
///
/// ```
/// use dredis_contract::{Context, Result};
///
/// fn read(path: &std::path::Path) -> Result<Vec<u8>> {
///     std::fs::read(path).context(format_args!("the shelf could not read {}", path.display()))
/// }
/// let error = read("/nowhere".as_ref()).unwrap_err();
/// assert!(error.message().starts_with("the shelf could not read /nowhere: "), "{error}");
/// ```
pub trait Context<T> {
    /// The error with `tried` and a colon in front; its kind stays.
    fn context(self, tried: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, tried: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.into().context(tried))
    }
}

/// The words of `text`, in one line.
fn on_one_line(text: &str) -> String {
    let parts: Vec<&str> =
        text.split(char::is_control).map(str::trim).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => ErrorKind::NoSpace,
            _ => ErrorKind::Io,
        };
        Error::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_whatever_is_put_into_it() {
        let error = Error::corrupt("bad block:\r\n  at 12\n\tin file\0x\n");
        assert_eq!(error.message(), "bad block: at 12 in file x");
        assert_eq!(error.context("read\nit").message(), "read it: bad block: at 12 in file x");
    }

    #[test]
    fn context_keeps_the_kind() {
        let full: std::result::Result<(), _> = Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        let error = full.context("write").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSpace);
        assert!(error.message().starts_with("write: "), "{error}");
    }
}
