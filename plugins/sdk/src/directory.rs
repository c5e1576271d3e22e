//! What nearly every engine does with directories: take its own, look at a checkpoint's, make names durable.
//!
//! ```
//! use dredis_plugin::{Context, OpenRequest, Result, directory};
//!
//! fn open(request: &OpenRequest) -> Result<(directory::Lock, std::fs::File)> {
//!     let lock = directory::Lock::take(&request.dir)?;
//!     let file = std::fs::File::create(request.dir.join("data")).context("create its file")?;
//!     directory::sync(&request.dir)?;
//!     Ok((lock, file)) // both are kept for as long as the engine is open
//! }
//! ```

use std::fs::{self, File, TryLockError};
use std::path::Path;

use dredis_contract::{Context, Error, Result};

/// A directory taken for one engine alone, by a lock of the operating system's on the file `lock` in it. It is let go when
/// this is dropped or the process dies, however it dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes `dir`, which exists. Refused if another engine has it, in this process or in another.
    pub fn take(dir: &Path) -> Result<Self> {
        let path = dir.join("lock");
        let file = File::create(&path).context(format_args!("could not create {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::invalid_input(format!(
                "could not lock {}: another server uses it; stop that, or choose another --dir",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => {
                Err(error).context(format_args!("could not lock {}", path.display()))
            }
        }
    }
}

/// Makes sure that a checkpoint may go into `dir`: makes it if it is missing, and refuses it if anything is in it.
pub fn prepare_checkpoint(dir: &Path) -> Result<()> {
    let what = || format!("could not write a checkpoint into {}", dir.display());
    fs::create_dir_all(dir).context(what())?;
    if fs::read_dir(dir).context(what())?.next().is_some() {
        return Err(Error::invalid_input(format!(
            "{}: it is not empty; name an empty directory, or one that is not there",
            what()
        )));
    }
    Ok(())
}

/// Makes the names of the files in `dir` survive the machine: which were created, renamed or removed.
pub fn sync(dir: &Path) -> Result<()> {
    // Elsewhere directories cannot be opened, and the system writes their names in its own time.
    #[cfg(unix)]
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .context(format_args!("could not sync the directory {}", dir.display()))?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place(std::path::PathBuf);

    impl Place {
        fn new(test: &str) -> Self {
            let path = std::env::temp_dir().join(format!("dredis-sdk-{}-{test}", std::process::id()));
            fs::create_dir_all(&path).expect("a directory for the test");
            Place(path)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("the directory goes");
        }
    }

    #[test]
    fn a_directory_is_taken_once_at_a_time() {
        let place = Place::new("lock");
        let lock = Lock::take(&place.0).expect("nobody has it");
        let error = Lock::take(&place.0).expect_err("it is taken");
        assert!(error.message().contains("stop that, or choose another --dir"), "{error}");
        drop(lock);
        Lock::take(&place.0).expect("it was let go");
        let error = Lock::take(&place.0.join("absent")).expect_err("there is no such directory");
        assert!(error.message().starts_with("could not create "), "{error}");
    }

    #[test]
    fn a_checkpoint_goes_where_nothing_is() {
        let place = Place::new("checkpoint");
        let inside = place.0.join("a/b");
        prepare_checkpoint(&inside).expect("it is made");
        prepare_checkpoint(&inside).expect("it is empty");
        fs::write(inside.join("file"), b"x").expect("writes");
        let error = prepare_checkpoint(&inside).expect_err("it is not empty");
        assert!(error.message().contains("is not empty; name an empty directory"), "{error}");
        assert!(prepare_checkpoint(&inside.join("file/below")).is_err());
        sync(&inside).expect("it is there");
    }
}
