//! Disks of a test's own: one that is full in earnest, and one whose power can be cut. Both take the right to mount,
//! which root has.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
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

/// A file system on a disk of its own that lies in a file: what was not brought to the disk is not in the file.
#[derive(Debug)]
pub struct PowerDisk {
    /// Where the file system is mounted.
    path: PathBuf,
    /// The block device that shows the file as a disk.
    device: String,
    directory: TemporaryDirectory,
}

impl PowerDisk {
    /// Makes and mounts one of so many MiB; where that is not allowed, says that `test` is skipped.
    pub fn mount_or_skip(test: &str, mebibytes: u64) -> Option<PowerDisk> {
        let directory = TemporaryDirectory::new();
        let image = image(&directory);
        File::create(&image)
            .and_then(|file| file.set_len(mebibytes << 20))
            .expect("there is room for a disk");
        let made = run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image));
        match made.and_then(|_| PowerDisk::mount(directory)) {
            Ok(disk) => Some(disk),
            Err(reason) => {
                programs::leave_out(test, &format!("a disk in a file cannot be mounted here: {reason}"));
                None
            }
        }
    }

    fn mount(directory: TemporaryDirectory) -> Result<PowerDisk, String> {
        let device = run(Command::new("losetup").args(["--find", "--show"]).arg(image(&directory)))?;
        let path = directory.join("mounted");
        fs::create_dir_all(&path).expect("the directory is the test's own");
        if let Err(reason) = run(Command::new("mount").arg(&device).arg(&path)) {
            run(Command::new("losetup").arg("--detach").arg(&device))?;
            return Err(reason);
        }
        Ok(PowerDisk { path, device, directory })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The disk as it would be found if the power went now: nothing of what the system still means to write. Whoever uses the
    /// disk must stand still.
    pub fn after_power_loss(&self) -> PowerDisk {
        let directory = TemporaryDirectory::new();
        loop {
            // The system writes when it likes. A copy made while it did is of no one moment.
            let before = self.sectors_written();
            let copy = Command::new("cp")
                .arg("--sparse=always")
                .args([image(&self.directory), image(&directory)])
                .output()
                .expect("cp is on every system");
            assert!(copy.status.success(), "the disk cannot be copied: {copy:?}");
            if self.sectors_written() == before {
                break;
            }
        }
        PowerDisk::mount(directory)
            .unwrap_or_else(|reason| panic!("a second disk cannot be mounted: {reason}"))
    }

    fn sectors_written(&self) -> u64 {
        let name = self.device.trim_start_matches("/dev/");
        let statistics = fs::read_to_string(format!("/sys/block/{name}/stat")).expect("the device is there");
        let written = statistics.split_whitespace().nth(6).and_then(|sectors| sectors.parse().ok());
        written.unwrap_or_else(|| panic!("the statistics of {name} are {statistics:?}"))
    }
}

impl Drop for PowerDisk {
    fn drop(&mut self) {
        // Lazily, should somebody still have a file open.
        let unmounted = run(Command::new("umount").arg("--lazy").arg(&self.path));
        let detached = run(Command::new("losetup").arg("--detach").arg(&self.device));
        for reason in [unmounted, detached].into_iter().filter_map(Result::err) {
            eprintln!("a disk of a test stays: {reason}");
        }
    }
}

fn image(directory: &TemporaryDirectory) -> PathBuf {
    directory.join("image")
}

/// What `command` printed, or why it failed.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
