//! Turns LMDB's errors into the contract's, by what the caller must do.

use std::io;

use dredis_plugin::{Error, ErrorKind};
use heed::MdbError;

/// `error` met while trying to do `what`, as one line.
pub(crate) fn while_trying(what: &str, error: heed::Error) -> Error {
    match error {
        heed::Error::Io(error) => from_io(what, &error),
        heed::Error::Mdb(MdbError::Other(code)) => from_io(what, &io::Error::from_raw_os_error(code)),
        heed::Error::Mdb(error) => {
            let (kind, advice) = advice(error);
            Error::new(kind, format!("LMDB could not {what}: {error}{advice}"))
        }
        heed::Error::EnvAlreadyOpened => {
            Error::invalid_input(format!("LMDB could not {what}: already in use by this process"))
        }
        other => Error::new(ErrorKind::Io, format!("LMDB could not {what}: {other}")),
    }
}

/// The same for errors of the operating system.
pub(crate) fn from_io(what: &str, error: &io::Error) -> Error {
    let kind = if out_of_space(error) { ErrorKind::NoSpace } else { ErrorKind::Io };
    let advice = if kind == ErrorKind::NoSpace { "; free space on that disk" } else { "" };
    Error::new(kind, format!("LMDB could not {what}: {error}{advice}"))
}

/// Whether the disk, or somebody's share of it, is full.
pub(crate) fn out_of_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether LMDB met the end of its map.
pub(crate) fn is_map_full(error: &heed::Error) -> bool {
    matches!(error, heed::Error::Mdb(MdbError::MapFull))
}

fn advice(error: MdbError) -> (ErrorKind, &'static str) {
    match error {
        MdbError::MapFull => (ErrorKind::NoSpace, "; delete something or give a larger map_size"),
        MdbError::ReadersFull => (ErrorKind::Retry, "; too many reads are open, or max_readers is too small"),
        MdbError::Invalid => (ErrorKind::Corrupt, "; move the file away, or point 'path' elsewhere"),
        MdbError::VersionMismatch => (ErrorKind::Corrupt, "; another LMDB wrote it: dump and load it again"),
        MdbError::Corrupted | MdbError::PageNotFound | MdbError::Incompatible => {
            (ErrorKind::Corrupt, "; restore a copy")
        }
        MdbError::Panic => (ErrorKind::Poisoned, "; an earlier write of its meta page failed: restart"),
        MdbError::BadValSize => (ErrorKind::InvalidInput, "; keys are 1 to 511 bytes long"),
        MdbError::TxnFull => (ErrorKind::InvalidInput, "; split the batch"),
        _ => (ErrorKind::Io, ""),
    }
}
