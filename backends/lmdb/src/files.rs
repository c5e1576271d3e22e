//! The files under the environment: who owns them, and which of their blocks really exist.
//!
//! A write through a map into a block that the disk has no room for ends the process by SIGBUS. So blocks are
//! asked for here, by calls that can fail.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;

use dredis_plugin::{Error, Result};

use crate::config::Config;
use crate::error;

/// Opens or makes the data file and takes it for this process. The lock is the operating system's, on the data
/// file itself, so that every spelling of its path meets the same lock; it ends with the handle or the process.
pub(crate) fn own_data_file(config: &Config) -> Result<File> {
    let path = &config.data_file;
    let mut options = OpenOptions::new();
    options.read(true).write(!config.readonly).create(config.create);
    with_mode(&mut options, config.mode);
    let file = options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if !config.create => Error::invalid_input(format!(
            "no LMDB data at {}, and create=false or readonly=true forbids to make it",
            path.display()
        )),
        _ => error::from_io(&format!("open {}", path.display()), &error),
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::invalid_input(format!(
            "{} is already in use, by another process or by this one: close it there first",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(error::from_io(&format!("lock {}", path.display()), &error)),
    }
}

/// Makes LMDB's lock file with all blocks that `max_readers` readers can need: it is written through a map, too.
/// To be called before LMDB opens it, since closing a handle would drop LMDB's own record locks.
pub(crate) fn prepare_lock_file(config: &Config) -> Result<()> {
    // 64 bytes a reader, and LMDB's header well within a page.
    let wanted = u64::from(config.max_readers) * 64 + 4096;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    with_mode(&mut options, config.mode);
    let what = format!("prepare {}", config.lock_file.display());
    let file = options.open(&config.lock_file).map_err(|error| error::from_io(&what, &error))?;
    let size = file.metadata().map_err(|error| error::from_io(&what, &error))?.len();
    match allocate(&file, 0, wanted.max(size), Length::Keep) {
        Err(error) if !is_unsupported(&error) => Err(error::from_io(&what, &error)),
        _ => Ok(()),
    }
}

/// Gives the holes in the first `end` bytes blocks, as far as the file system knows how; contents stay.
pub(crate) fn fill_holes(file: &File, end: u64) -> io::Result<()> {
    match allocate(file, 0, end, Length::Extend) {
        Err(error) if is_unsupported(&error) => Ok(()),
        other => other,
    }
}

/// Makes sure that all blocks in `from..to` exist. The range must lie beyond all data: where the file system
/// cannot allocate, zeros are written.
pub(crate) fn extend(file: &File, from: u64, to: u64) -> io::Result<()> {
    if to <= from {
        return Ok(());
    }
    match allocate(file, from, to, Length::Extend) {
        Err(error) if is_unsupported(&error) => write_zeros(file, from, to),
        other => other,
    }
}

/// Finds out whether `size` bytes of the file can be mapped, before LMDB gives its old map up for the new one.
#[expect(unsafe_code, reason = "mmap has no safe form")]
pub(crate) fn try_map(file: &File, size: u64, writable: bool) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    let size = usize::try_from(size).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    let protection = if writable { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
    // SAFETY: a new mapping at an address of the system's choice; it is neither read nor written, and unmapped at
    // once with the address and size that it was made with.
    unsafe {
        let map = libc::mmap(std::ptr::null_mut(), size, protection, libc::MAP_SHARED, file.as_raw_fd(), 0);
        if map == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        libc::munmap(map, size);
    }
    Ok(())
}

/// The system's page size, of which maps are multiples.
#[expect(unsafe_code, reason = "sysconf has no safe form")]
pub(crate) fn page_size() -> u64 {
    // SAFETY: sysconf reads a constant of the system.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(size).unwrap_or(4096)
}

/// How many bytes the file system has left for files like this one.
#[expect(unsafe_code, reason = "fstatvfs has no safe form")]
pub(crate) fn free_bytes(file: &File) -> io::Result<u64> {
    use std::mem::MaybeUninit;
    use std::os::fd::AsRawFd;

    let mut status = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: a system call on an open descriptor that fills the structure, which is read only if it succeeded.
    let status = unsafe {
        if libc::fstatvfs(file.as_raw_fd(), status.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        status.assume_init()
    };
    #[allow(clippy::useless_conversion, reason = "on some systems these are not 64 bits wide")]
    Ok(u64::from(status.f_bavail).saturating_mul(u64::from(status.f_frsize)))
}

fn with_mode(options: &mut OpenOptions, mode: u32) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(mode);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    /// The file grows to the end of the range.
    Extend,
    /// The file's length stays; the blocks wait behind its end.
    Keep,
}

fn is_unsupported(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
        || matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::ENOSYS))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(unsafe_code, reason = "fallocate has no safe form in std")]
fn allocate(file: &File, from: u64, to: u64, length: Length) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    let flags = if length == Length::Keep { libc::FALLOC_FL_KEEP_SIZE } else { 0 };
    let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
    let offset = libc::off_t::try_from(from).map_err(too_large)?;
    let bytes = libc::off_t::try_from(to - from).map_err(too_large)?;
    loop {
        // SAFETY: a system call on an open descriptor; it changes no memory, and no byte of the file that was there.
        if unsafe { libc::fallocate(file.as_raw_fd(), flags, offset, bytes) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn allocate(_: &File, _: u64, _: u64, _: Length) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

fn write_zeros(file: &File, from: u64, to: u64) -> io::Result<()> {
    use std::os::unix::fs::FileExt;

    let zeros = vec![0; 1 << 20];
    let mut at = from;
    while at < to {
        let count = (to - at).min(zeros.len() as u64) as usize;
        file.write_all_at(&zeros[..count], at)?;
        at += count as u64;
    }
    Ok(())
}
