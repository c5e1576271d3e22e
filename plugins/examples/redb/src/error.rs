//! redb's errors as the contract's: by what the caller must do, in one line that says what that is.

use std::io;

use dredis_plugin::{Error, ErrorKind};

/// The result of calls of redb's, until somebody can say what they were for.
pub(crate) type Attempt<T> = std::result::Result<T, redb::Error>;

/// `error` met while trying to do `what`.
pub(crate) fn while_trying(what: &str, error: impl Into<redb::Error>) -> Error {
    use redb::Error as Redb;
    let error = error.into();
    let (kind, advice) = match &error {
        Redb::Io(error) => return while_writing(what, error),
        Redb::Corrupted(_) => (ErrorKind::Corrupt, "restore a copy, or start in an empty directory"),
        Redb::UpgradeRequired(_) => {
            (ErrorKind::Corrupt, "another redb wrote the file: dump with that one, load here")
        }
        Redb::TableTypeMismatch { .. } | Redb::TableIsMultimap(_) | Redb::TableDoesNotExist(_) => {
            (ErrorKind::Corrupt, "the file is not dredis's: choose another --dir")
        }
        Redb::DatabaseAlreadyOpen | Redb::LockProtocolMismatch => {
            (ErrorKind::InvalidInput, "stop the other process, or choose another --dir")
        }
        Redb::ValueTooLarge(_) => (ErrorKind::InvalidInput, "store less under one key"),
        Redb::PreviousIo | Redb::DatabaseClosed | Redb::LockPoisoned(_) => {
            (ErrorKind::Poisoned, "see the first error in the log, then restart the server")
        }
        _ => (ErrorKind::Io, "see the log, then restart the server"),
    };
    Error::new(kind, line(what, &error.to_string(), advice))
}

/// The same for errors of the operating system.
pub(crate) fn while_writing(what: &str, error: &io::Error) -> Error {
    let (kind, advice) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (ErrorKind::NoSpace, "free space on that disk")
        }
        io::ErrorKind::InvalidData => {
            (ErrorKind::Corrupt, "restore a copy, or move the file away to start empty")
        }
        io::ErrorKind::PermissionDenied => (ErrorKind::Io, "let the server read and write there"),
        _ => (ErrorKind::Io, "check the disk and its file system"),
    };
    Error::new(kind, line(what, &error.to_string(), advice))
}

fn line(what: &str, found: &str, advice: &str) -> String {
    format!("redb could not {what}: {found}; {advice}")
}
