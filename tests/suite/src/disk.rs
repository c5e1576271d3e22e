//! A disk that is full in earnest: a small file system of a test's own. Takes the right to mount, which root has.

use std::path::Path;
use std::process::Command;

use crate::directory::TemporaryDirectory;
use crate::programs;

/// A small file system, unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    directory: TemporaryDirectory,
}

impl SmallDisk {
    /// Mounts one of so many MiB; where that is not allowed, says that `test` is skipped.
    pub fn mount_or_skip(test: &str, mebibytes: usize) -> Option<SmallDisk> {
        let directory = TemporaryDirectory::new();
        let options = format!("size={mebibytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "dredis-suite"]).arg(directory.path());
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk { directory });
        }
        programs::skip(test, "a tmpfs cannot be mounted here (it takes root)");
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, should somebody still have a file open.
        let status = Command::new("umount").arg("-l").arg(self.path()).status();
        if !status.is_ok_and(|status| status.success()) {
            eprintln!("cannot unmount {}", self.path().display());
        }
    }
}
