//! What LevelDB's messages mean for the caller. LevelDB reports errors as text only, through its C API.

use std::path::Path;

use dredis_plugin::{Error, ErrorKind};

/// The error of an operation on an open database: `doing` says what was tried.
pub(crate) fn engine_error(doing: &str, message: &str) -> Error {
    let advice = match kind_of(message) {
        ErrorKind::NoSpace => ": free some space, then writes work again",
        ErrorKind::Corrupt => ": restore the directory from a copy",
        _ => "",
    };
    Error::new(kind_of(message), format!("LevelDB: {doing} failed: {}{advice}", one_line(message)))
}

/// The error of opening the database in `path`.
pub(crate) fn open_error(path: &Path, message: &str) -> Error {
    let path = path.display();
    let found = one_line(message);
    if message.contains("LOCK: ") && !message.contains("Permission denied") && !message.contains("No space") {
        return Error::invalid_input(format!(
            "the LevelDB directory {path} is in use ({found}): stop the other user, or choose another directory"
        ));
    }
    if message.contains("exists (error_if_exists is true)") {
        return Error::invalid_input(format!(
            "there is a LevelDB database in {path} already: drop the option error_if_exists, or choose another directory"
        ));
    }
    if message.contains("does not exist (create_if_missing is false)") {
        return no_database(path);
    }
    if message.starts_with("Invalid argument") || message.contains("Permission denied") {
        return Error::invalid_input(format!("the LevelDB directory {path} cannot be used: {found}"));
    }
    let kind = kind_of(message);
    let advice = match kind {
        ErrorKind::NoSpace => ": free some space and start again",
        ErrorKind::Corrupt => ": is this a LevelDB directory? If so, restore it from a copy",
        _ => "",
    };
    Error::new(kind, format!("opening the LevelDB directory {path} failed: {found}{advice}"))
}

/// The error of a missing database that must not be created.
pub(crate) fn no_database(path: impl std::fmt::Display) -> Error {
    Error::invalid_input(format!(
        "there is no LevelDB database in {path}: drop the option create_if_missing=false, or choose another directory"
    ))
}

/// An input or output error of this crate's own, told in full.
pub(crate) fn io_error(doing: &str, path: &Path, error: std::io::Error) -> Error {
    let kind = Error::from(std::io::Error::from(error.kind())).kind();
    Error::new(kind, format!("LevelDB: {doing} {} failed: {error}", path.display()))
}

fn kind_of(message: &str) -> ErrorKind {
    if message.contains("No space left on device") || message.contains("Disk quota exceeded") {
        ErrorKind::NoSpace
    } else if message.starts_with("Corruption") {
        ErrorKind::Corrupt
    } else {
        ErrorKind::Io
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_named_by_what_to_do() {
        let full = engine_error("a commit", "IO error: d/000003.log: No space left on device");
        assert_eq!(full.kind(), ErrorKind::NoSpace);
        assert_eq!(
            full.message(),
            "LevelDB: a commit failed: IO error: d/000003.log: No space left on device: free some space, then writes work again"
        );
        assert_eq!(engine_error("a read", "Corruption: bad block").kind(), ErrorKind::Corrupt);
        assert_eq!(engine_error("a read", "IO error: d: Input/output error").kind(), ErrorKind::Io);
    }

    #[test]
    fn a_held_lock_is_an_input_error() {
        for message in [
            "IO error: lock d/LOCK: Resource temporarily unavailable",
            "IO error: lock d/LOCK: already held by process",
        ] {
            assert_eq!(open_error(Path::new("d"), message).kind(), ErrorKind::InvalidInput, "{message}");
        }
        let full = open_error(Path::new("d"), "IO error: d/LOCK: No space left on device");
        assert_eq!(full.kind(), ErrorKind::NoSpace);
    }
}
