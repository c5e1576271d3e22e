//! The journal: every commit since redb's last durable one, in order.
//!
//! It begins with [`TITLE`]. Each commit is one record, its numbers little-endian:
//!
//! | bytes | |
//! |---|---|
//! | 8 | length of the body |
//! | 4 | CRC-32 of number and body |
//! | 8 | number of the commit |
//! | ... | body: for each change its kind (1), the lengths of its two parts (4 each), and the parts |
//!
//! A record is written by one call and never changed. What a crash leaves of an unfinished one fails its check, and the
//! journal ends before it. It never reads while the engine runs.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use dredis_plugin::Operation;

const TITLE: &[u8; 16] = b"dredis journal 1";
const HEAD_BYTES: usize = 20;

const PUT: u8 = 1;
const DELETE: u8 = 2;
const DELETE_RANGE: u8 = 3;

/// An open journal, at its end.
pub(crate) struct Journal {
    file: Arc<File>,
    length: u64,
    buffer: Vec<u8>,
}

impl Journal {
    /// Opens or creates the journal at `path` as an empty one. What was in it must have been played back.
    pub(crate) fn start(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
        file.write_all_at(TITLE, 0)?;
        Ok(Journal { file: Arc::new(file), length: TITLE.len() as u64, buffer: Vec::new() })
    }

    /// Adds a commit. After an error the journal is as it was before.
    pub(crate) fn append(&mut self, number: u64, operations: &[Operation<'_>]) -> io::Result<()> {
        // Something may lie behind the end since an append failed whose traces could not be removed.
        if self.file.metadata()?.len() != self.length {
            self.file.set_len(self.length)?;
        }
        encode(&mut self.buffer, number, operations);
        if let Err(error) = self.file.write_all_at(&self.buffer, self.length) {
            return Err(self.file.set_len(self.length).err().unwrap_or(error));
        }
        self.length += self.buffer.len() as u64;
        if self.buffer.capacity() > 1 << 20 {
            self.buffer = Vec::new();
        }
        Ok(())
    }

    /// Takes the latest records away, so that the journal is `length` bytes long again.
    pub(crate) fn cut(&mut self, length: u64) -> io::Result<()> {
        self.length = length;
        self.file.set_len(length)
    }

    /// Takes all records away.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        self.cut(TITLE.len() as u64)
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == TITLE.len() as u64
    }

    /// The file, to be synced while appending goes on.
    pub(crate) fn file(&self) -> Arc<File> {
        self.file.clone()
    }
}

fn encode(buffer: &mut Vec<u8>, number: u64, operations: &[Operation<'_>]) {
    buffer.clear();
    buffer.resize(HEAD_BYTES, 0);
    for operation in operations {
        let (kind, first, second) = match *operation {
            Operation::Put { key, value } => (PUT, key, value),
            Operation::Delete { key } => (DELETE, key, &[][..]),
            Operation::DeleteRange { start, end } => (DELETE_RANGE, start, end),
        };
        buffer.push(kind);
        // Lengths were checked against the engine's limits, which are below 4 GiB.
        buffer.extend_from_slice(&(first.len() as u32).to_le_bytes());
        buffer.extend_from_slice(&(second.len() as u32).to_le_bytes());
        buffer.extend_from_slice(first);
        buffer.extend_from_slice(second);
    }
    let body_length = (buffer.len() - HEAD_BYTES) as u64;
    buffer[..8].copy_from_slice(&body_length.to_le_bytes());
    buffer[12..HEAD_BYTES].copy_from_slice(&number.to_le_bytes());
    let checksum = crc32fast::hash(&buffer[12..]);
    buffer[8..12].copy_from_slice(&checksum.to_le_bytes());
}

/// What a journal held when the engine was opened.
pub(crate) struct Written {
    bytes: Vec<u8>,
}

impl Written {
    /// Reads the journal at `path`; one that is not there is empty.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(bytes) => Ok(Written { bytes }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Written { bytes: Vec::new() }),
            Err(error) => Err(error),
        }
    }

    /// The records that are whole, each with its number, and then how many bytes behind them make no record.
    pub(crate) fn records(&self) -> (Vec<(u64, Vec<Operation<'_>>)>, usize) {
        let mut records = Vec::new();
        let Some(mut rest) = self.bytes.strip_prefix(TITLE) else { return (records, self.bytes.len()) };
        while let Some((record, behind)) = decode(rest) {
            records.push(record);
            rest = behind;
        }
        (records, rest.len())
    }
}

type Decoded<'a> = (u64, Vec<Operation<'a>>);

/// The record at the start of `bytes`, and what follows it; `None` if it is not whole.
fn decode(bytes: &[u8]) -> Option<(Decoded<'_>, &[u8])> {
    let (body_length, rest) = bytes.split_first_chunk::<8>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let body_length = usize::try_from(u64::from_le_bytes(*body_length)).ok()?;
    let (numbered, behind) = rest.split_at_checked(body_length.checked_add(8)?)?;
    if crc32fast::hash(numbered) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let (number, mut body) = numbered.split_first_chunk::<8>()?;
    let mut operations = Vec::new();
    while let Some((kind, rest)) = body.split_first() {
        let (first_length, rest) = rest.split_first_chunk::<4>()?;
        let (second_length, rest) = rest.split_first_chunk::<4>()?;
        let (first, rest) = rest.split_at_checked(u32::from_le_bytes(*first_length) as usize)?;
        let (second, rest) = rest.split_at_checked(u32::from_le_bytes(*second_length) as usize)?;
        operations.push(match *kind {
            PUT => Operation::Put { key: first, value: second },
            DELETE => Operation::Delete { key: first },
            DELETE_RANGE => Operation::DeleteRange { start: first, end: second },
            _ => return None,
        });
        body = rest;
    }
    Some(((u64::from_le_bytes(*number), operations), behind))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
mod tests {
    use super::*;

    #[test]
    fn whole_records_come_back_and_cut_ones_end_the_journal() {
        let operations = [
            Operation::Put { key: b"a", value: b"" },
            Operation::Delete { key: b"b" },
            Operation::DeleteRange { start: b"c", end: b"d" },
        ];
        let (mut first, mut second) = (Vec::new(), Vec::new());
        encode(&mut first, 7, &operations);
        encode(&mut second, 8, &[]);
        let whole = [TITLE, &first[..], &second[..]].concat();
        let starts = [TITLE.len(), TITLE.len() + first.len(), whole.len()];
        for length in TITLE.len()..=whole.len() {
            let written = Written { bytes: whole[..length].to_vec() };
            let (records, behind) = written.records();
            let complete = starts.iter().filter(|start| **start <= length).count() - 1;
            assert_eq!(records.len(), complete);
            assert_eq!(behind, length - starts[complete]);
            assert!(records.iter().zip([(7, &operations[..]), (8, &[])]).all(|(a, b)| (a.0, &a.1[..]) == b));
        }
        for position in TITLE.len()..starts[1] {
            let mut bytes = whole.clone();
            bytes[position] ^= 0x40;
            assert!(Written { bytes }.records().0.is_empty(), "a changed byte {position} goes unnoticed");
        }
    }
}
