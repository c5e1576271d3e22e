//! fjall's errors as the contract's: by what the caller must do, in one line that says what that is.

use std::io;

use dredis_plugin::{Error, ErrorKind};
use fjall::LsmError;

/// `error` met while trying to do `what`.
pub(crate) fn while_trying(what: &str, error: fjall::Error) -> Error {
    use fjall::Error as Fjall;
    let (kind, found, advice) = match &error {
        Fjall::Io(error) | Fjall::Storage(LsmError::Io(error)) => return while_writing(what, error),
        Fjall::Locked => (
            ErrorKind::InvalidInput,
            "another process has it open".to_owned(),
            "stop that, or choose another --dir",
        ),
        Fjall::Poisoned => (
            ErrorKind::Poisoned,
            "it stopped after an earlier failure".to_owned(),
            "see the first error in the log, then restart the server",
        ),
        Fjall::InvalidVersion(_) | Fjall::Storage(LsmError::InvalidVersion(_)) => (
            ErrorKind::Corrupt,
            error.to_string(),
            "another version of fjall wrote the files: dump with that one, load here",
        ),
        _ => (ErrorKind::Corrupt, error.to_string(), "restore a copy, or start in an empty directory"),
    };
    Error::new(kind, line(what, &found, advice))
}

/// The same for errors of the operating system.
pub(crate) fn while_writing(what: &str, error: &io::Error) -> Error {
    let (kind, advice) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (ErrorKind::NoSpace, "free space on that disk, then restart the server")
        }
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            (ErrorKind::Corrupt, "restore a copy, or start in an empty directory")
        }
        io::ErrorKind::PermissionDenied => (ErrorKind::Io, "let the server read and write there"),
        _ => (ErrorKind::Io, "check the disk and its file system, then restart the server"),
    };
    Error::new(kind, line(what, &error.to_string(), advice))
}

fn line(what: &str, found: &str, advice: &str) -> String {
    format!("fjall could not {what}: {found}; {advice}")
}
