//! Directories that go with whoever made them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A directory of its own, removed when dropped.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// A fresh, empty one under `parent`, or where the system keeps temporary files.
    pub fn fresh(parent: Option<&Path>) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("dredis-conformance-{}-{number}", std::process::id()));
        fs::create_dir_all(&parent)?;
        // Whatever lies there is of a process that had the same number and was killed.
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir(&path)?;
        Ok(Directory { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("the temporary directory {} could not be removed: {error}", self.path.display());
        }
    }
}
