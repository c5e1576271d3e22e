//! The safe face of LevelDB's C API: owned handles, checked errors, lifetimes. All `unsafe` of this crate is here.
//!
//! Handles own what they are made from: a [`Snapshot`] keeps its [`Database`] open, a [`Records`] borrows the handle
//! that it reads. So no order of dropping them can leave LevelDB with a dangling pointer.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int};
use std::fs::File;
use std::marker::PhantomData;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;

use leveldb::database::cache::Cache;
use leveldb::options::{Options, WriteOptions, c_options, c_writeoptions};
use leveldb_sys as sys;
use leveldb_sys::Compression;

use crate::config::Config;

unsafe extern "C" {
    /// In LevelDB's `c.h`, but missing from leveldb-sys.
    fn leveldb_options_set_max_file_size(options: *mut sys::leveldb_options_t, bytes: usize);
}

/// An error as LevelDB words it.
pub(crate) type Message = String;

/// Whether opening may, must or must not create the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creation {
    Allowed,
    Required,
    Forbidden,
}

/// An open database.
pub(crate) struct Database {
    raw: NonNull<sys::leveldb_t>,
    plain_write: *mut sys::leveldb_writeoptions_t,
    synced_write: *mut sys::leveldb_writeoptions_t,
    filter: *mut sys::leveldb_filterpolicy_t,
    verify_checksums: bool,
    /// Holds the block cache, which LevelDB uses until it is closed.
    _options: Options,
}

// SAFETY: LevelDB's DB object may be used from any number of threads at once (its documentation says so); the option
// objects, the filter and the cache are not changed after opening, and the cache locks itself.
unsafe impl Send for Database {}
// SAFETY: as above.
unsafe impl Sync for Database {}

impl Database {
    pub(crate) fn open(path: &Path, creation: Creation, config: &Config) -> Result<Self, Message> {
        let name = CString::new(path.as_os_str().as_bytes()).map_err(|_| "the path contains a NUL byte")?;
        let mut options = Options::new();
        options.create_if_missing = creation != Creation::Forbidden;
        options.error_if_exists = creation == Creation::Required;
        options.paranoid_checks = config.paranoid_checks;
        options.write_buffer_size = Some(config.write_buffer_size);
        options.max_open_files = Some(config.max_open_files);
        options.block_size = Some(config.block_size);
        options.block_restart_interval = Some(config.block_restart_interval);
        options.compression = if config.snappy { Compression::Snappy } else { Compression::No };
        options.cache = Some(Cache::new(config.lru_cache_size));

        let mut error = ptr::null_mut();
        // SAFETY: every pointer passed is fresh and valid; LevelDB copies the options and keeps the filter and the cache,
        // which live in the returned `Database` until after its `leveldb_close`, or are freed here if opening failed.
        unsafe {
            let filter = match config.bloom_filter_bits {
                0 => ptr::null_mut(),
                bits => sys::leveldb_filterpolicy_create_bloom(bits),
            };
            let raw_options = c_options(&options, None);
            leveldb_options_set_max_file_size(raw_options, config.max_file_size);
            if !filter.is_null() {
                sys::leveldb_options_set_filter_policy(raw_options, filter);
            }
            let raw = sys::leveldb_open(raw_options, name.as_ptr(), &mut error);
            sys::leveldb_options_destroy(raw_options);
            match (NonNull::new(raw), take_error(error)) {
                (Some(raw), Ok(())) => Ok(Database {
                    raw,
                    plain_write: c_writeoptions(WriteOptions { sync: false }),
                    synced_write: c_writeoptions(WriteOptions { sync: true }),
                    filter,
                    verify_checksums: config.paranoid_checks,
                    _options: options,
                }),
                (_, outcome) => {
                    if !filter.is_null() {
                        sys::leveldb_filterpolicy_destroy(filter);
                    }
                    Err(outcome.err().unwrap_or_else(|| "no reason given".to_owned()))
                }
            }
        }
    }

    /// Applies the batch, atomically. It has been handed to the operating system when this returns.
    pub(crate) fn write(&self, batch: &mut WriteBatch) -> Result<(), Message> {
        self.write_with(batch, self.plain_write)
    }

    /// Writes an empty batch through to the disk: succeeds only if the database accepts writes.
    pub(crate) fn probe(&self) -> Result<(), Message> {
        self.write_with(&mut WriteBatch::new(), self.synced_write)
    }

    fn write_with(
        &self,
        batch: &mut WriteBatch,
        options: *mut sys::leveldb_writeoptions_t,
    ) -> Result<(), Message> {
        let mut error = ptr::null_mut();
        // SAFETY: the handles are valid and ours; the batch is borrowed exclusively while LevelDB numbers it.
        unsafe {
            sys::leveldb_write(self.raw.as_ptr(), options, batch.raw.as_ptr(), &mut error);
            take_error(error)
        }
    }

    /// Reads the newest state, for a scan that should not displace what is cached.
    pub(crate) fn newest_records(&self) -> Records<'_> {
        let options = ReadOptions::new(self.verify_checksums, false);
        self.iterate(&options)
    }

    fn iterate(&self, options: &ReadOptions) -> Records<'_> {
        // SAFETY: both handles are valid; LevelDB copies the options. The records borrow `self`, so it stays open.
        let raw = unsafe { sys::leveldb_create_iterator(self.raw.as_ptr(), options.raw.as_ptr()) };
        Records {
            raw: NonNull::new(raw).expect("LevelDB allocates iterators or aborts"),
            handle: PhantomData,
        }
    }

    /// A property's text, if LevelDB has one of that name.
    pub(crate) fn property(&self, name: &str) -> Option<String> {
        let name = CString::new(name).ok()?;
        // SAFETY: the handle and the name are valid; the answer is null or a C string that LevelDB's caller frees.
        unsafe {
            let answer = sys::leveldb_property_value(self.raw.as_ptr(), name.as_ptr());
            (!answer.is_null()).then(|| take_text(answer))
        }
    }

    /// About how many bytes of table files `start..end` covers.
    pub(crate) fn approximate_size(&self, start: &[u8], end: &[u8]) -> u64 {
        let mut size = 0;
        let (start_pointer, end_pointer) = (chars(start), chars(end));
        // SAFETY: one range, described by pointers and lengths of live slices; one size, written to a live variable.
        unsafe {
            sys::leveldb_approximate_sizes(
                self.raw.as_ptr(),
                1,
                &start_pointer,
                &start.len(),
                &end_pointer,
                &end.len(),
                &mut size,
            );
        }
        size
    }

    /// Moves the memtable to table files and compacts all tables that overlap the range; returns when that is done, or
    /// when LevelDB gave up, which [`Database::probe`] then tells.
    pub(crate) fn compact(&self, start: Option<&[u8]>, end: Option<&[u8]>) {
        let parts = |bound: Option<&[u8]>| match bound {
            Some(key) => (chars(key), key.len()),
            None => (ptr::null(), 0),
        };
        let ((start, start_length), (end, end_length)) = (parts(start), parts(end));
        // SAFETY: null or pointers to live slices with their lengths.
        unsafe { sys::leveldb_compact_range(self.raw.as_ptr(), start, start_length, end, end_length) };
    }

    /// Moves the memtable to a table file that is durable, after which no record depends on the present log files.
    pub(crate) fn flush_memtable(&self) -> Result<(), Message> {
        // No key is empty, so that this compacts no table.
        self.compact(Some(b""), Some(b""));
        self.probe()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: the last use of each handle, freed once, the database first because it uses the others. Snapshots and
        // iterators hold or borrow `self`, so none is left.
        unsafe {
            sys::leveldb_close(self.raw.as_ptr());
            sys::leveldb_writeoptions_destroy(self.plain_write);
            sys::leveldb_writeoptions_destroy(self.synced_write);
            if !self.filter.is_null() {
                sys::leveldb_filterpolicy_destroy(self.filter);
            }
        }
    }
}

/// The state of a database at one moment.
pub(crate) struct Snapshot {
    raw: NonNull<sys::leveldb_snapshot_t>,
    options: ReadOptions,
    database: Arc<Database>,
}

// SAFETY: a snapshot is an immutable number to LevelDB; reading with it and releasing it are safe from any thread, since
// LevelDB locks around its list of snapshots. The read options are never changed after `new`.
unsafe impl Send for Snapshot {}
// SAFETY: as above.
unsafe impl Sync for Snapshot {}

impl Snapshot {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        let options = ReadOptions::new(database.verify_checksums, true);
        // SAFETY: the handle is valid; the snapshot is released in `drop`, before `database` can be closed.
        let raw = unsafe { sys::leveldb_create_snapshot(database.raw.as_ptr()) };
        let raw = NonNull::new(raw).expect("LevelDB allocates snapshots or aborts");
        options.read_at(raw);
        Snapshot { raw, options, database }
    }

    pub(crate) fn is_of(&self, database: &Arc<Database>) -> bool {
        Arc::ptr_eq(&self.database, database)
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<HeldBytes>, Message> {
        let mut error = ptr::null_mut();
        let mut length = 0;
        // SAFETY: valid handles, a live slice, and variables to write to. The answer is null or belongs to us.
        unsafe {
            let bytes = sys::leveldb_get(
                self.database.raw.as_ptr(),
                self.options.raw.as_ptr(),
                chars(key),
                key.len(),
                &mut length,
                &mut error,
            );
            take_error(error)?;
            Ok(NonNull::new(bytes.cast::<u8>()).map(|bytes| HeldBytes { bytes, length }))
        }
    }

    /// The records of this state; `fill_cache` says whether blocks read for it are worth keeping.
    pub(crate) fn records(&self, fill_cache: bool) -> Records<'_> {
        if fill_cache {
            return self.database.iterate(&self.options);
        }
        let options = ReadOptions::new(self.database.verify_checksums, false);
        options.read_at(self.raw);
        self.database.iterate(&options)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // SAFETY: released once, while the database is open; iterators borrow `self`, so none is left.
        unsafe { sys::leveldb_release_snapshot(self.database.raw.as_ptr(), self.raw.as_ptr()) };
    }
}

/// How to read: owned, so that it is freed.
struct ReadOptions {
    raw: NonNull<sys::leveldb_readoptions_t>,
}

impl ReadOptions {
    fn new(verify_checksums: bool, fill_cache: bool) -> Self {
        // SAFETY: a fresh object, changed before anyone else sees it.
        unsafe {
            let raw = sys::leveldb_readoptions_create();
            sys::leveldb_readoptions_set_verify_checksums(raw, u8::from(verify_checksums));
            sys::leveldb_readoptions_set_fill_cache(raw, u8::from(fill_cache));
            ReadOptions { raw: NonNull::new(raw).expect("LevelDB allocates options or aborts") }
        }
    }

    fn read_at(&self, snapshot: NonNull<sys::leveldb_snapshot_t>) {
        // SAFETY: both are valid; whoever calls this keeps the snapshot for as long as the options are used.
        unsafe { sys::leveldb_readoptions_set_snapshot(self.raw.as_ptr(), snapshot.as_ptr()) };
    }
}

impl Drop for ReadOptions {
    fn drop(&mut self) {
        // SAFETY: ours, freed once; LevelDB keeps copies, never the object.
        unsafe { sys::leveldb_readoptions_destroy(self.raw.as_ptr()) };
    }
}

/// A position among records in key order, for as long as the handle `'h` lives.
pub(crate) struct Records<'h> {
    raw: NonNull<sys::leveldb_iterator_t>,
    handle: PhantomData<&'h Database>,
}

// SAFETY: an iterator is used by one owner at a time and bound to no thread; what it shares with others (tables, cache,
// reference counts) LevelDB locks.
unsafe impl Send for Records<'_> {}

impl Records<'_> {
    pub(crate) fn seek_to_first(&mut self) {
        // SAFETY: the handle is valid and borrowed exclusively; the same holds for the four methods that follow.
        unsafe { sys::leveldb_iter_seek_to_first(self.raw.as_ptr()) };
    }

    pub(crate) fn seek_to_last(&mut self) {
        // SAFETY: as in `seek_to_first`.
        unsafe { sys::leveldb_iter_seek_to_last(self.raw.as_ptr()) };
    }

    /// To the first record at or after `key`.
    pub(crate) fn seek(&mut self, key: &[u8]) {
        // SAFETY: as in `seek_to_first`; the slice is live.
        unsafe { sys::leveldb_iter_seek(self.raw.as_ptr(), chars(key), key.len()) };
    }

    /// To the record after; only from a record, as [`Records::key`] tells.
    pub(crate) fn step_forward(&mut self) {
        assert!(self.valid(), "stepping starts at a record");
        // SAFETY: as in `seek_to_first`; LevelDB asks that the position be valid, which was checked.
        unsafe { sys::leveldb_iter_next(self.raw.as_ptr()) };
    }

    /// To the record before; only from a record, as [`Records::key`] tells.
    pub(crate) fn step_back(&mut self) {
        assert!(self.valid(), "stepping starts at a record");
        // SAFETY: as in `step_forward`.
        unsafe { sys::leveldb_iter_prev(self.raw.as_ptr()) };
    }

    fn valid(&self) -> bool {
        // SAFETY: the handle is valid.
        unsafe { sys::leveldb_iter_valid(self.raw.as_ptr()) != 0 }
    }

    /// The key here, or `None` past either end, or the error that ended the iteration.
    pub(crate) fn key(&self) -> Result<Option<&[u8]>, Message> {
        if self.valid() {
            let mut length = 0;
            // SAFETY: the position is valid; LevelDB writes the length through the pointer (leveldb-sys declares it const
            // by mistake) and its bytes stay until the iterator moves, which needs `&mut self`.
            unsafe {
                let bytes = sys::leveldb_iter_key(self.raw.as_ptr(), &raw mut length);
                return Ok(Some(slice::from_raw_parts(bytes.cast(), length)));
            }
        }
        let mut error: *mut c_char = ptr::null_mut();
        // SAFETY: LevelDB writes the error through the pointer (declared const by mistake, too).
        unsafe {
            sys::leveldb_iter_get_error(self.raw.as_ptr(), (&raw mut error).cast::<*const c_char>());
            take_error(error).map(|()| None)
        }
    }

    /// The value here; empty past either end.
    pub(crate) fn value(&self) -> &[u8] {
        if !self.valid() {
            return &[];
        }
        let mut length = 0;
        // SAFETY: as in `key`.
        unsafe {
            let bytes = sys::leveldb_iter_value(self.raw.as_ptr(), &raw mut length);
            slice::from_raw_parts(bytes.cast(), length)
        }
    }
}

impl Drop for Records<'_> {
    fn drop(&mut self) {
        // SAFETY: ours, freed once, while `'h` keeps the database open.
        unsafe { sys::leveldb_iter_destroy(self.raw.as_ptr()) };
    }
}

/// Changes to be applied together.
pub(crate) struct WriteBatch {
    raw: NonNull<sys::leveldb_writebatch_t>,
}

// SAFETY: a plain buffer, used by one owner at a time.
unsafe impl Send for WriteBatch {}

impl WriteBatch {
    pub(crate) fn new() -> Self {
        // SAFETY: makes a fresh object.
        let raw = unsafe { sys::leveldb_writebatch_create() };
        WriteBatch { raw: NonNull::new(raw).expect("LevelDB allocates batches or aborts") }
    }

    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) {
        // SAFETY: valid handle, live slices, which LevelDB copies.
        unsafe {
            sys::leveldb_writebatch_put(self.raw.as_ptr(), chars(key), key.len(), chars(value), value.len());
        }
    }

    pub(crate) fn delete(&mut self, key: &[u8]) {
        // SAFETY: valid handle, live slice, which LevelDB copies.
        unsafe { sys::leveldb_writebatch_delete(self.raw.as_ptr(), chars(key), key.len()) };
    }

    /// Empties it, keeping its memory.
    pub(crate) fn clear(&mut self) {
        // SAFETY: valid handle.
        unsafe { sys::leveldb_writebatch_clear(self.raw.as_ptr()) };
    }
}

impl Drop for WriteBatch {
    fn drop(&mut self) {
        // SAFETY: ours, freed once.
        unsafe { sys::leveldb_writebatch_destroy(self.raw.as_ptr()) };
    }
}

/// A value as LevelDB returned it, given back to LevelDB when dropped.
pub(crate) struct HeldBytes {
    bytes: NonNull<u8>,
    length: usize,
}

// SAFETY: memory from `malloc` that nobody else knows of, never changed.
unsafe impl Send for HeldBytes {}
// SAFETY: as above.
unsafe impl Sync for HeldBytes {}

impl AsRef<[u8]> for HeldBytes {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: LevelDB returned this pointer with this length, and it is freed in `drop` only.
        unsafe { slice::from_raw_parts(self.bytes.as_ptr(), self.length) }
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        // SAFETY: from LevelDB's `malloc`, freed once.
        unsafe { sys::leveldb_free(self.bytes.as_ptr().cast()) };
    }
}

/// Makes sure that `bytes` of the disk belong to `file`.
pub(crate) fn allocate(file: &File, bytes: u64) -> std::io::Result<()> {
    let bytes = libc::off_t::try_from(bytes).unwrap_or(libc::off_t::MAX);
    // SAFETY: the descriptor is open for as long as `file` is borrowed.
    let code: c_int = unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, bytes) };
    if code == 0 { Ok(()) } else { Err(std::io::Error::from_raw_os_error(code)) }
}

fn chars(bytes: &[u8]) -> *const c_char {
    bytes.as_ptr().cast()
}

/// Turns an error that LevelDB left, if any, into a result.
///
/// # Safety
/// `error` is null or a C string from LevelDB that nobody else frees.
unsafe fn take_error(error: *mut c_char) -> Result<(), Message> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: as promised by the caller.
    Err(unsafe { take_text(error) })
}

/// Copies and frees a C string.
///
/// # Safety
/// `text` is a C string from LevelDB that nobody else frees.
unsafe fn take_text(text: *mut c_char) -> String {
    // SAFETY: as promised by the caller.
    unsafe {
        let copy = CStr::from_ptr(text).to_string_lossy().into_owned();
        sys::leveldb_free(text.cast());
        copy
    }
}
