//! A file, written item by item.

use std::io::Write;

use super::codes::opcode;
use super::dump;
use super::error::{Result, TransferError};
use super::output::Output;
use crate::meta::Entry;
use crate::transaction::Transaction;

/// The versions of files that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileVersion {
    /// Redis 3.2 and later read it.
    V7,
    /// Redis 5.0 and later.
    V9,
    /// Redis 7.0 and later.
    V10,
    /// Redis 7.2 and later.
    V11,
}

impl FileVersion {
    /// All of them.
    pub const ALL: [FileVersion; 4] = [FileVersion::V7, FileVersion::V9, FileVersion::V10, FileVersion::V11];

    /// The version of this number.
    pub fn from_number(number: u64) -> Option<FileVersion> {
        FileVersion::ALL.into_iter().find(|version| u64::from(version.number()) == number)
    }

    /// Its number.
    pub fn number(self) -> u16 {
        match self {
            FileVersion::V7 => 7,
            FileVersion::V9 => 9,
            FileVersion::V10 => 10,
            FileVersion::V11 => 11,
        }
    }
}

/// Whether strings are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// No.
    Off,
    /// Those of 21 bytes to 16 MB, where it makes them shorter.
    Lzf,
}

/// Writes a file, in memory that depends on single elements only. The items come in the order in which Redis writes them:
/// [`Writer::aux`], [`Writer::function`], and for each database [`Writer::database`] with its keys.
pub struct Writer<W> {
    output: Output<W>,
    version: FileVersion,
}

impl<W: Write> Writer<W> {
    /// Begins a file. Writes in large parts, so the sink needs no buffer.
    pub fn new(sink: W, version: FileVersion, compression: Compression) -> Result<Self> {
        let mut output = Output::new(sink, compression);
        output.bytes(format!("REDIS{:04}", version.number()).as_bytes())?;
        Ok(Writer { output, version })
    }

    /// How many bytes have been written.
    pub fn position(&self) -> u64 {
        self.output.offset()
    }

    /// Says something about the file as a whole.
    pub fn aux(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        self.output.byte(opcode::AUX)?;
        self.output.string(name)?;
        self.output.string(value)
    }

    /// Adds the code of a library of functions. Versions before 10 have no room for it, which is an error.
    pub fn function(&mut self, code: &[u8]) -> Result<()> {
        if self.version < FileVersion::V10 {
            let version = self.version.number();
            let message = format!("RDB version {version} has no room for functions; version 10 has");
            return Err(self.output.unsupported(message));
        }
        self.output.byte(opcode::FUNCTION)?;
        self.output.blob(code)
    }

    /// Begins a database that has so many keys, and so many of them that expire.
    pub fn database(&mut self, number: u64, keys: u64, expiring: u64) -> Result<()> {
        self.output.byte(opcode::DATABASE)?;
        self.output.length(number)?;
        self.output.byte(opcode::SIZES)?;
        self.output.length(keys)?;
        self.output.length(expiring)
    }

    /// Adds a key of the database with its value and expiry.
    pub fn key(
        &mut self,
        txn: &Transaction<'_>,
        name: &[u8],
        entry: &Entry<'_>,
    ) -> std::result::Result<(), TransferError> {
        self.key_head(name, entry)?;
        dump::value(&mut self.output, self.version, txn, entry).map_err(|error| match error {
            TransferError::Rdb(error) => TransferError::Rdb(error.in_key(name)),
            storage => storage,
        })
    }

    fn key_head(&mut self, name: &[u8], entry: &Entry<'_>) -> Result<()> {
        if let Some(at) = entry.head().expire_at_ms {
            self.output.byte(opcode::EXPIRE_MS)?;
            self.output.bytes(&at.to_le_bytes())?;
        }
        self.output.byte(dump::layout(entry, self.version))?;
        self.output.string(name)
    }

    /// Ends the file and gives the sink back, flushed.
    pub fn finish(mut self) -> Result<W> {
        self.output.byte(opcode::END)?;
        let sum = self.output.checksum()?;
        self.output.bytes(&sum.to_le_bytes())?;
        self.output.finish()
    }

    /// The same with zeros for the checksum, which readers take for none.
    pub fn finish_without_checksum(mut self) -> Result<W> {
        self.output.byte(opcode::END)?;
        self.output.bytes(&[0; 8])?;
        self.output.finish()
    }
}
