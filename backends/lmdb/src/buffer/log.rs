//! The log: every commit that may not stand in LMDB's file yet, in order, in segments.
//!
//! A segment is a file beside LMDB's, whose numbers are little-endian. It begins with a head:
//!
//! | bytes | |
//! |---|---|
//! | 16 | [`TITLE`] |
//! | 8 | number of the segment's first commit |
//! | 8 | LMDB's last transaction when the segment was made |
//!
//! Each commit is one record:
//!
//! | bytes | |
//! |---|---|
//! | 4 | length of the body |
//! | 4 | CRC-32 of number and body |
//! | 8 | number of the commit, one more than that of the one before |
//! | ... | body: for each change the length of its key (2), of its content (4), the key and the content |
//!
//! A content is what `table.rs` says. A record is written by one call and never changed. What a crash leaves of an
//! unfinished one fails its check, and the log ends before it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use dredis_plugin::{Batch, Error, Operation, Result, directory};

use super::table::{ABSENT, PRESENT, RECORD_BYTES};
use crate::config::Config;
use crate::demand::Pending;
use crate::error;
use crate::snapshots::unpoisoned;

const TITLE: &[u8; 16] = b"dredis lmdb log1";
const SEGMENT_HEAD_BYTES: usize = 32;
const RECORD_HEAD_BYTES: usize = 16;
/// Room for a record that is kept for the next.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// Where segments lie and what they are called.
pub(super) struct Place {
    directory: PathBuf,
    prefix: String,
    mode: u32,
}

impl Place {
    pub(super) fn of(config: &Config) -> Place {
        let directory = config.data_file.parent().map(Path::to_path_buf).unwrap_or_default();
        let prefix = match config.data_file.file_name() {
            Some(name) if !config.subdir => format!("{}-write.", name.to_string_lossy()),
            _ => "write.".to_owned(),
        };
        Place { directory, prefix, mode: config.mode }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{}{number}.log", self.prefix))
    }

    /// The numbers of the segments that are there, ascending.
    pub(super) fn segments(&self) -> Result<Vec<u64>> {
        let failed = |error| error::from_io(&format!("look into {}", self.directory.display()), &error);
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let number: Option<u64> = name
                .to_str()
                .and_then(|name| name.strip_prefix(&self.prefix)?.strip_suffix(".log")?.parse().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// A file of the log.
pub(super) struct Segment {
    file: File,
    path: PathBuf,
    /// Held while it is brought to the disk: who comes meanwhile waits, and then need not do it again.
    syncing: Mutex<()>,
    /// Something was added that may not be on the disk.
    is_unsynced: AtomicBool,
    /// The directory may not know of it on the disk.
    is_new: AtomicBool,
}

impl Segment {
    fn create(place: &Place, number: u64, first_commit: u64, last_txn: u64) -> io::Result<Segment> {
        let path = place.path(number);
        let file = OpenOptions::new().create(true).truncate(true).write(true).mode(place.mode).open(&path)?;
        let mut head = TITLE.to_vec();
        head.extend_from_slice(&first_commit.to_le_bytes());
        head.extend_from_slice(&last_txn.to_le_bytes());
        if let Err(error) = file.write_all_at(&head, 0) {
            // What is left of it is no segment, and would be taken for none.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Segment {
            file,
            path,
            syncing: Mutex::default(),
            is_unsynced: AtomicBool::new(true),
            is_new: AtomicBool::new(true),
        })
    }

    /// A segment that was there when the engine was opened.
    pub(super) fn open(place: &Place, number: u64) -> Result<Segment> {
        let path = place.path(number);
        let file = OpenOptions::new().write(true).open(&path);
        let file = file.map_err(|error| error::from_io(&format!("open {}", path.display()), &error))?;
        // It may have been written just before the process died.
        let (is_unsynced, is_new) = (AtomicBool::new(true), AtomicBool::new(true));
        Ok(Segment { file, path, syncing: Mutex::default(), is_unsynced, is_new })
    }

    /// Makes everything that was added before durable.
    pub(super) fn sync(&self) -> Result<()> {
        let _syncing = unpoisoned(&self.syncing);
        let failed = |error| error::from_io(&format!("sync {}", self.path.display()), &error);
        if self.is_unsynced.swap(false, Ordering::AcqRel)
            && let Err(error) = self.file.sync_data()
        {
            self.is_unsynced.store(true, Ordering::Release);
            return Err(failed(error));
        }
        if self.is_new.swap(false, Ordering::AcqRel)
            && let Some(parent) = self.path.parent()
            && let Err(error) = directory::sync(parent)
        {
            self.is_new.store(true, Ordering::Release);
            return Err(error);
        }
        Ok(())
    }

    /// Removes it, now that LMDB has on the disk what it holds. It is emptied first: if the machine dies, the directory may
    /// bring it back, and by then its records would undo later ones.
    pub(super) fn retire(&self) -> Result<()> {
        let failed = |error| error::from_io(&format!("remove {}", self.path.display()), &error);
        let _syncing = unpoisoned(&self.syncing);
        self.file.set_len(0).and_then(|()| self.file.sync_data()).map_err(failed)?;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        }
    }
}

/// The end of the log, where commits are added.
pub(super) struct End {
    segment: Arc<Segment>,
    length: u64,
}

impl End {
    /// Begins a segment with this commit.
    pub(super) fn begin(place: &Place, number: u64, first_commit: u64, last_txn: u64) -> io::Result<End> {
        let segment = Segment::create(place, number, first_commit, last_txn)?;
        Ok(End { segment: Arc::new(segment), length: SEGMENT_HEAD_BYTES as u64 })
    }

    pub(super) fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// Adds a record. After an error it is as if nothing had been added: what part of the record was written fails its check,
    /// and the next record goes over it.
    pub(super) fn append(&mut self, record: &Record) -> io::Result<()> {
        self.segment.file.write_all_at(&record.bytes, self.length)?;
        self.length += record.bytes.len() as u64;
        self.segment.is_unsynced.store(true, Ordering::Release);
        Ok(())
    }
}

/// A commit in the form of the log, and of the table.
#[derive(Default)]
pub(super) struct Record {
    bytes: Vec<u8>,
    /// Where each change's key and content are.
    changes: Vec<(Range<usize>, Range<usize>)>,
}

impl Record {
    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.changes.clear();
        self.bytes.clear();
        if self.bytes.capacity() > KEPT_BYTES_MAX {
            self.bytes = Vec::new();
        }
        self.bytes.resize(RECORD_HEAD_BYTES, 0);
    }

    /// Adds a change: a put, or without a value a delete. Sizes were checked against LMDB's limits.
    pub(super) fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        let content_bytes = value.map_or(0, <[u8]>::len) + 1;
        self.bytes.extend_from_slice(&(key.len() as u16).to_le_bytes());
        self.bytes.extend_from_slice(&(content_bytes as u32).to_le_bytes());
        let key_at = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let content_at = self.bytes.len();
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.bytes.push(if value.is_some() { PRESENT } else { ABSENT });
        self.changes.push((key_at..content_at, content_at..self.bytes.len()));
    }

    /// What a table counts it as.
    pub(super) fn pending(&self) -> Pending {
        let records = self.changes.len() as u64;
        let contents = self.bytes.len() - RECORD_HEAD_BYTES;
        Pending { records, bytes: contents as u64 + RECORD_BYTES * records }
    }

    /// Finishes it as the commit of this number.
    pub(super) fn finish(&mut self, number: u64) {
        let body_bytes = (self.bytes.len() - RECORD_HEAD_BYTES) as u32;
        self.bytes[..4].copy_from_slice(&body_bytes.to_le_bytes());
        self.bytes[8..RECORD_HEAD_BYTES].copy_from_slice(&number.to_le_bytes());
        let checksum = crc32fast::hash(&self.bytes[8..]);
        self.bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
    }

    /// Calls `each` with the changes as puts of contents.
    pub(super) fn with_batch(&self, each: impl FnOnce(&Batch<'_>)) {
        let put = |(key, content): &(Range<usize>, Range<usize>)| Operation::Put {
            key: &self.bytes[key.clone()],
            value: &self.bytes[content.clone()],
        };
        let operations: Vec<_> = self.changes.iter().map(put).collect();
        each(&Batch::new(&operations));
    }
}

/// A segment as it was found.
pub(super) struct Written {
    bytes: Vec<u8>,
    pub(super) first_commit: u64,
    pub(super) last_txn: u64,
}

impl Written {
    /// Reads a segment. `None`: it holds nothing, as one does that was retired or never begun.
    pub(super) fn read(place: &Place, number: u64) -> Result<Option<Written>> {
        let path = place.path(number);
        let bytes =
            fs::read(&path).map_err(|error| error::from_io(&format!("read {}", path.display()), &error))?;
        if bytes.len() < SEGMENT_HEAD_BYTES {
            return Ok(None);
        }
        if bytes[..TITLE.len()] != TITLE[..] {
            return Err(Error::corrupt(format!(
                "{} is not a log that this version writes; start the version that wrote it, or move it away if it is \
                 nobody's",
                path.display()
            )));
        }
        let number_at = |at: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(number)
        };
        let (first_commit, last_txn) = (number_at(16), number_at(24));
        Ok(Some(Written { bytes, first_commit, last_txn }))
    }

    /// Its length, in bytes.
    pub(super) fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Calls `each` with key and content of every change, of every whole commit from `first_commit` on. Returns the number of
    /// the commit that would follow, and the length of the segment up to there, in bytes.
    pub(super) fn replay(&self, mut each: impl FnMut(&[u8], &[u8])) -> (u64, u64) {
        let mut next = self.first_commit;
        let mut rest = &self.bytes[SEGMENT_HEAD_BYTES..];
        let mut changes = Vec::new();
        while let Some(behind) = decode(rest, next, &mut changes) {
            changes.drain(..).for_each(|(key, content)| each(key, content));
            (next, rest) = (next + 1, behind);
        }
        (next, (self.bytes.len() - rest.len()) as u64)
    }
}

/// Puts keys and contents of the changes of the record at the start of `bytes` into `changes`. What follows the record; `None` if it is
/// not whole or not this commit.
fn decode<'b>(bytes: &'b [u8], number: u64, changes: &mut Vec<(&'b [u8], &'b [u8])>) -> Option<&'b [u8]> {
    let (body_bytes, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let body_bytes = usize::try_from(u32::from_le_bytes(*body_bytes)).ok()?;
    let (numbered, behind) = rest.split_at_checked(body_bytes.checked_add(8)?)?;
    let (found, mut body) = numbered.split_first_chunk::<8>()?;
    if u64::from_le_bytes(*found) != number || crc32fast::hash(numbered) != u32::from_le_bytes(*checksum) {
        return None;
    }
    while !body.is_empty() {
        let (key_bytes, rest) = body.split_first_chunk::<2>()?;
        let (content_bytes, rest) = rest.split_first_chunk::<4>()?;
        let (key, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*key_bytes)))?;
        let content_bytes = usize::try_from(u32::from_le_bytes(*content_bytes)).ok()?;
        let (content, rest) = rest.split_at_checked(content_bytes)?;
        changes.push((key, content));
        body = rest;
    }
    Some(behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64, changes: &[(&[u8], Option<&[u8]>)]) -> Vec<u8> {
        let mut record = Record::default();
        record.clear();
        changes.iter().for_each(|(key, value)| record.push(key, *value));
        record.finish(number);
        record.bytes
    }

    #[test]
    fn whole_records_come_back_and_cut_or_strange_ones_end_the_log() {
        let first = record(7, &[(b"a", Some(b"1")), (b"b", None)]);
        let second = record(8, &[(b"c", Some(b""))]);
        let mut bytes = vec![0; SEGMENT_HEAD_BYTES];
        bytes.extend_from_slice(&first);
        bytes.extend_from_slice(&second);
        let replay = |bytes: &[u8]| {
            let written = Written { bytes: bytes.to_vec(), first_commit: 7, last_txn: 0 };
            let mut changes = Vec::new();
            let end = written.replay(|key, content| changes.push((key.to_vec(), content.to_vec())));
            (changes, end)
        };
        let whole = vec![
            (b"a".to_vec(), b"1\x01".to_vec()),
            (b"b".to_vec(), b"\x00".to_vec()),
            (b"c".to_vec(), b"\x01".to_vec()),
        ];
        let length = bytes.len() as u64;
        assert_eq!(replay(&bytes), (whole.clone(), (9, length)));
        for cut in 1..second.len() {
            let (changes, end) = replay(&bytes[..bytes.len() - cut]);
            assert_eq!((changes, end), (whole[..2].to_vec(), (8, length - second.len() as u64)));
        }
        for at in SEGMENT_HEAD_BYTES..SEGMENT_HEAD_BYTES + first.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert_eq!(replay(&flipped).0, [], "with byte {at} changed");
        }
        // The same commit again, as an older file's rest would have it.
        bytes.extend_from_slice(&second);
        assert_eq!(replay(&bytes), (whole, (9, length)));
    }
}
