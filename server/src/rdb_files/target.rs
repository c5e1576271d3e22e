//! A file that is written under another name, and gets its own once all of it is on the disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::log;

/// What names of unfinished files begin and end with.
const PREFIX: &str = "saving-";
const SUFFIX: &str = ".rdb.tmp";

/// An unfinished file. Unless it is finished, it is removed when dropped.
pub(super) struct Target {
    path: PathBuf,
    is_kept: bool,
}

impl Target {
    /// A new file in this directory.
    pub fn create(dir: &Path) -> io::Result<(Target, File)> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = dir.join(format!("{PREFIX}{}-{number}{SUFFIX}", std::process::id()));
        let file = File::options().write(true).create(true).truncate(true).open(&path)?;
        Ok((Target { path, is_kept: false }, file))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the file durable under its own name.
    pub fn finish(mut self, file: &File, path: &Path) -> io::Result<()> {
        file.sync_all()?;
        fs::rename(&self.path, path)?;
        self.is_kept = true;
        match path.parent() {
            Some(dir) => File::open(dir)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.is_kept
            && let Err(error) = fs::remove_file(&self.path)
        {
            log::warning(format_args!("the unfinished file {} stays: {error}", self.path.display()));
        }
    }
}

/// Removes what a server that was killed has left unfinished in this directory, which is ours alone.
pub fn remove_leftovers(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_unfinished =
            name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if is_unfinished && fs::remove_file(entry.path()).is_ok() {
            log::info(format_args!("removed {}, which a save left unfinished", entry.path().display()));
        }
    }
}

/// The name of a file that is saved now: `dump_2026-11-22T22:38:40.rdb`, in UTC, as the Python dredis gave it.
pub(super) fn name_by_time() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("dump_{}.rdb", log::date_and_time(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::fresh_temporary;

    #[test]
    fn what_is_not_finished_does_not_stay() {
        let dir = fresh_temporary().expect("there is room for a directory");
        let (target, file) = Target::create(&dir).expect("a file can be made");
        let path = dir.join("x.rdb");
        target.finish(&file, &path).expect("it can be renamed");
        let (given_up, _) = Target::create(&dir).expect("a file can be made");
        drop(given_up);
        fs::write(dir.join("saving-1-0.rdb.tmp"), "left").expect("a file can be made");
        remove_leftovers(&dir);
        let names: Vec<_> =
            fs::read_dir(&dir).expect("it is there").flatten().map(|e| e.file_name()).collect();
        assert_eq!(names, ["x.rdb"]);
        fs::remove_dir_all(&dir).expect("it can be removed");
        assert!(name_by_time().starts_with("dump_20"), "{}", name_by_time());
    }
}
