//! The data directory: whose it is, and that one server at a time has it.
//!
//! A marker file says which backend and format the directory is of. It is written before an engine opens the
//! directory for the first time and checked before any engine opens it, so that two engines never mix their
//! files; and it is locked as long as the server runs. What is in the engine's files is not looked at here.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use dredis_contract::Durability;
use dredis_data::FORMAT_VERSION;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::log;

/// The marker's name.
pub const MARKER_NAME: &str = "dredis.json";
/// A marker is a line; whatever is longer is none.
const MARKER_BYTES_MAX: u64 = 64 * 1024;

/// A data directory that is ours as long as this lives.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// Holds the lock.
    marker: File,
    /// Whether the marker was made by this process and goes again unless [`Directory::settle`] keeps it.
    is_provisional: bool,
    is_temporary: bool,
    /// Whether this process made it, and whether all that is in it was made by this process.
    is_made: bool,
    was_empty: bool,
    is_undone: bool,
}

impl Directory {
    /// Takes the directory `path`, which is made if it is not there, for this backend. `None`: a fresh temporary one.
    pub fn take(path: Option<&Path>, backend: &str) -> Result<Directory, Failure> {
        let is_made = path.is_none_or(|path| !path.exists());
        let (path, is_temporary) = match path {
            Some(path) => (existing(path)?, false),
            None => (fresh_temporary()?, true),
        };
        let was_empty = fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none());
        let marker_path = path.join(MARKER_NAME);
        if !marker_path.exists() {
            look_around(&path)?;
        }
        let mut marker = lock(&marker_path)?;
        let mut text = String::new();
        (&mut marker)
            .take(MARKER_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| unusable(&marker_path, &error))?;
        let is_provisional = text.is_empty();
        if is_provisional {
            write_marker(&mut marker, backend).map_err(|error| {
                // The marker is empty, and so means nothing, should it stay.
                fs::remove_file(&marker_path).unwrap_or_default();
                unusable(&marker_path, &error)
            })?;
        } else {
            check_marker(&text, &marker_path, backend)?;
        }
        Ok(Directory { path, marker, is_provisional, is_temporary, is_made, was_empty, is_undone: false })
    }

    /// Where it is, as an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it was made for this run only.
    pub fn is_temporary(&self) -> bool {
        self.is_temporary
    }

    /// Has everything go, once this is dropped, that this process put into the directory, if that was empty before; and the
    /// directory, too, if this process made it. The backend must be closed by then.
    pub fn undo(&mut self) {
        self.is_undone = self.was_empty;
    }

    /// Says that the backend has opened and found the directory to be its own: from now on the marker stays, but for
    /// a backend that keeps nothing.
    pub fn settle(&mut self, durability: Durability) -> Result<(), Failure> {
        if durability == Durability::Never {
            return Ok(());
        }
        self.is_provisional = false;
        let synced = self.marker.sync_all().and_then(|()| File::open(&self.path)?.sync_all());
        synced.map_err(|error| unusable(&self.path.join(MARKER_NAME), &error))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // All of it may fail without harm: someone else was faster.
        if self.is_undone {
            empty(&self.path);
            if self.is_made {
                fs::remove_dir(&self.path).unwrap_or_default();
            }
        } else if self.is_provisional && self.is_temporary && holds_saved_files(&self.path) {
            log::info(format_args!("{} stays: files were saved in it", self.path.display()));
            fs::remove_file(self.path.join(MARKER_NAME)).unwrap_or_default();
        } else if self.is_provisional && self.is_temporary {
            fs::remove_dir_all(&self.path).unwrap_or_default();
        } else if self.is_provisional {
            fs::remove_file(self.path.join(MARKER_NAME)).unwrap_or_default();
        }
    }
}

/// Whether somebody saved RDB files in a directory.
fn holds_saved_files(path: &Path) -> bool {
    let is_saved =
        |entry: fs::DirEntry| Path::new(&entry.file_name()).extension().is_some_and(|end| end == "rdb");
    fs::read_dir(path).is_ok_and(|entries| entries.flatten().any(is_saved))
}

/// Removes what is in a directory.
fn empty(path: &Path) {
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_directory { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        if let Err(error) = removed {
            log::warning(format_args!("{} stays: {error}", path.display()));
        }
    }
}

/// Marks a directory that a checkpoint was written to, so that a server can be started on it.
pub fn mark(path: &Path, backend: &str) -> io::Result<()> {
    let mut marker = File::create_new(path.join(MARKER_NAME))?;
    write_marker(&mut marker, backend)?;
    marker.sync_all()?;
    File::open(path)?.sync_all()
}

/// A new directory that nobody else can look into.
pub(crate) fn fresh_temporary() -> Result<PathBuf, Failure> {
    let parent = std::env::temp_dir();
    let refuse = |what: String| {
        Failure::failed(format!(
            "cannot make a temporary directory in {}: {what}; give a --dir",
            parent.display()
        ))
    };
    let number = getrandom::u64().map_err(|error| refuse(error.to_string()))?;
    let path = parent.join(format!("dredis-{number:016x}"));
    DirBuilder::new().mode(0o700).create(&path).map_err(|error| refuse(error.to_string()))?;
    existing(&path)
}

/// The directory, made if need be.
fn existing(path: &Path) -> Result<PathBuf, Failure> {
    let refuse = |error: io::Error| {
        Failure::failed(format!(
            "cannot use the directory {}: {error}; give a --dir that this user may make and write to",
            path.display()
        ))
    };
    if path.exists() && !path.is_dir() {
        return Err(Failure::failed(format!(
            "cannot use {} as a directory: it is a file; give another --dir",
            path.display()
        )));
    }
    fs::create_dir_all(path).map_err(refuse)?;
    path.canonicalize().map_err(refuse)
}

/// Refuses a directory without a marker in which a new database would do harm, and speaks up about one that is not empty.
fn look_around(path: &Path) -> Result<(), Failure> {
    // The Python dredis gave each of its databases a directory with its number for a name.
    if (0..10).all(|database| path.join(database.to_string()).is_dir()) {
        return Err(Failure::failed(format!(
            "the directory {} was made by the Python dredis, whose data this one cannot read: give another --dir, and \
             copy the data with a client",
            path.display()
        )));
    }
    let entries = fs::read_dir(path).map_err(|error| unusable(path, &error))?;
    if let Some(entry) = entries.flatten().find(|entry| entry.file_name() != "lost+found") {
        log::warning(format_args!(
            "the directory {} has no {MARKER_NAME} but is not empty (it holds {}): it is used if the backend finds its own \
             data in it or none",
            path.display(),
            entry.file_name().to_string_lossy()
        ));
    }
    Ok(())
}

/// Opens and locks the marker, making it if need be.
fn lock(path: &Path) -> Result<File, Failure> {
    loop {
        let marker = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| unusable(path, &error))?;
        match marker.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::failed(format!(
                    "the directory {} is in use by another dredis: stop that one, or give another --dir",
                    path.parent().unwrap_or(path).display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(path, &error)),
        }
        // A server that ends may have removed the file between our opening and locking it: then this is not the
        // marker that the next one would see.
        let is_same = match (marker.metadata(), fs::metadata(path)) {
            (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
            _ => false,
        };
        if is_same {
            return Ok(marker);
        }
    }
}

fn write_marker(marker: &mut File, backend: &str) -> io::Result<()> {
    let text = json!({ "format": FORMAT_VERSION, "backend": backend });
    marker.write_all(format!("{text}\n").as_bytes())
}

fn check_marker(text: &str, path: &Path, backend: &str) -> Result<(), Failure> {
    let dir = path.parent().unwrap_or(path).display();
    let marker: Value = serde_json::from_str(text).unwrap_or_default();
    let (Some(format), Some(found)) = (marker["format"].as_u64(), marker["backend"].as_str()) else {
        return Err(Failure::failed(format!(
            "{} is not the marker of a dredis directory: give another --dir, or remove that file if the directory is \
             known to be of backend {backend}",
            path.display()
        )));
    };
    if format != u64::from(FORMAT_VERSION) {
        return Err(Failure::failed(format!(
            "the directory {dir} is of format {format} and this dredis knows format {FORMAT_VERSION}: use the dredis that \
             wrote it, or give another --dir"
        )));
    }
    if found != backend {
        return Err(Failure::failed(format!(
            "the directory {dir} belongs to backend '{found}', not '{backend}': use --backend {found}, or give another --dir"
        )));
    }
    Ok(())
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!(
        "cannot read and write {}: {error}; give a --dir that this user may write to",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Scratch {
            Scratch(fresh_temporary().unwrap())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn refusal(path: &Path, backend: &str) -> String {
        Directory::take(Some(path), backend).unwrap_err().to_string()
    }

    #[test]
    fn a_settled_directory_stays_with_its_backend() {
        let scratch = Scratch::new();
        let path = scratch.0.join("new/data");
        let mut directory = Directory::take(Some(&path), "one").unwrap();
        directory.settle(Durability::OnSync).unwrap();
        assert!(refusal(&path, "one").contains("in use by another dredis"));
        drop(directory);
        assert!(refusal(&path, "two").contains("belongs to backend 'one', not 'two'"));
        Directory::take(Some(&path), "one").unwrap();
        assert!(path.join(MARKER_NAME).exists());
    }

    #[test]
    fn a_directory_that_did_not_settle_is_left_as_it_was() {
        let scratch = Scratch::new();
        drop(Directory::take(Some(&scratch.0), "one").unwrap());
        let mut directory = Directory::take(Some(&scratch.0), "two").unwrap();
        directory.settle(Durability::Never).unwrap();
        drop(directory);
        assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 0);
    }

    #[test]
    fn temporary_directories_that_did_not_settle_go() {
        let directory = Directory::take(None, "one").unwrap();
        let path = directory.path().to_owned();
        assert!(directory.is_temporary() && path.is_dir());
        fs::write(path.join("LOG"), "what an engine leaves behind").unwrap();
        drop(directory);
        assert!(!path.exists());
    }

    #[test]
    fn foreign_directories_are_refused() {
        let scratch = Scratch::new();
        let marker = scratch.0.join(MARKER_NAME);
        for (text, words) in [
            ("{\"format\": 99, \"backend\": \"one\"}", "is of format 99"),
            ("{\"format\": 1}", "is not the marker"),
            ("hello", "is not the marker"),
        ] {
            fs::write(&marker, text).unwrap();
            assert!(refusal(&scratch.0, "one").contains(words), "{text}");
        }
        fs::remove_file(&marker).unwrap();
        for database in 0..15 {
            fs::create_dir(scratch.0.join(database.to_string())).unwrap();
        }
        assert!(refusal(&scratch.0, "one").contains("Python dredis"));
        assert!(!marker.exists());
    }

    #[test]
    fn a_marked_checkpoint_can_be_taken() {
        let scratch = Scratch::new();
        mark(&scratch.0, "one").unwrap();
        assert!(refusal(&scratch.0, "two").contains("belongs to backend 'one'"));
        Directory::take(Some(&scratch.0), "one").unwrap();
    }
}
