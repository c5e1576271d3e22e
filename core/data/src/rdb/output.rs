//! Bytes going out: counted, summed, and as the numbers and strings that all of RDB is made of.

use std::io::Write;

use super::codes::string;
use super::error::{RdbError, RdbErrorKind, Result};
use super::input::{CHECKSUM, Sum};
use super::lzf;
use super::writer::Compression;
use crate::packed::{Element, integer};

/// Handed to the sink at a time.
const BUFFER_BYTES: usize = 64 << 10;
/// Shorter strings are not compressed, as in Redis.
const COMPRESSED_BYTES_MIN: usize = 20;
/// Longer ones are not, so that they need not be held as a whole.
pub(super) const COMPRESSED_BYTES_MAX: usize = 16 << 20;
/// The longest text of an integer that is written as a number.
const INTEGER_BYTES_MAX: usize = 11;

/// Where bytes go.
pub(super) struct Output<W> {
    sink: W,
    buffer: Vec<u8>,
    sum: Sum,
    passed: u64,
    compression: Compression,
}

impl<W: Write> Output<W> {
    pub fn new(sink: W, compression: Compression) -> Self {
        Output { sink, buffer: Vec::new(), sum: CHECKSUM.digest(), passed: 0, compression }
    }

    /// Bytes written so far.
    pub fn offset(&self) -> u64 {
        self.passed + self.buffer.len() as u64
    }

    /// An error about what is being written.
    pub fn unsupported(&self, message: impl Into<std::borrow::Cow<'static, str>>) -> RdbError {
        RdbError::new(RdbErrorKind::Unsupported, self.offset(), message)
    }

    /// A byte.
    pub fn byte(&mut self, byte: u8) -> Result<()> {
        self.bytes(&[byte])
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        if self.buffer.len() + bytes.len() > BUFFER_BYTES {
            self.flush()?;
            if bytes.len() >= BUFFER_BYTES {
                self.sum.update(bytes);
                self.passed += bytes.len() as u64;
                return self.sink.write_all(bytes).map_err(|error| self.failed(&error));
            }
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// A length.
    pub fn length(&mut self, length: u64) -> Result<()> {
        if length < 1 << 6 {
            self.byte(length as u8)
        } else if length < 1 << 14 {
            self.bytes(&[0x40 | (length >> 8) as u8, length as u8])
        } else if let Ok(length) = u32::try_from(length) {
            self.byte(0x80)?;
            self.bytes(&length.to_be_bytes())
        } else {
            self.byte(0x81)?;
            self.bytes(&length.to_be_bytes())
        }
    }

    /// A string: as a number where it is the text of one that fits 32 bits, or compressed where that is asked for and
    /// helps.
    pub fn string(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() <= INTEGER_BYTES_MAX
            && let Some(number) = integer(bytes)
            && let Ok(number) = i32::try_from(number)
        {
            return self.small_integer(number);
        }
        self.blob(bytes)
    }

    /// An element, as a string.
    pub fn element(&mut self, element: Element<'_>) -> Result<()> {
        match element {
            Element::Bytes(bytes) => self.string(bytes),
            Element::Integer(number) => match i32::try_from(number) {
                Ok(number) => self.small_integer(number),
                Err(_) => self.blob(number.to_string().as_bytes()),
            },
        }
    }

    fn small_integer(&mut self, number: i32) -> Result<()> {
        let bytes = number.to_le_bytes();
        let (code, width) = match number {
            -0x80..=0x7f => (string::INT8, 1),
            -0x8000..=0x7fff => (string::INT16, 2),
            _ => (string::INT32, 4),
        };
        self.byte(0xc0 | code)?;
        self.bytes(&bytes[..width])
    }

    /// A string that is no text of a number: a packed value, code.
    pub fn blob(&mut self, bytes: &[u8]) -> Result<()> {
        if self.compresses(bytes.len())
            && let Some(compressed) = lzf::compress(bytes)
        {
            self.byte(0xc0 | string::LZF)?;
            self.length(compressed.len() as u64)?;
            self.length(bytes.len() as u64)?;
            return self.bytes(&compressed);
        }
        self.length(bytes.len() as u64)?;
        self.bytes(bytes)
    }

    /// Whether a string of so many bytes may be compressed.
    pub fn compresses(&self, length: usize) -> bool {
        self.compression == Compression::Lzf
            && (COMPRESSED_BYTES_MIN + 1..=COMPRESSED_BYTES_MAX).contains(&length)
    }

    /// The checksum of all bytes so far.
    pub fn checksum(&mut self) -> Result<u64> {
        self.flush()?;
        Ok(self.sum.clone().finalize())
    }

    /// Hands everything over and gives the sink back.
    pub fn finish(mut self) -> Result<W> {
        self.flush()?;
        self.sink.flush().map_err(|error| self.failed(&error))?;
        Ok(self.sink)
    }

    fn flush(&mut self) -> Result<()> {
        self.sum.update(&self.buffer);
        self.passed += self.buffer.len() as u64;
        let written = self.sink.write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &std::io::Error) -> RdbError {
        RdbError::new(RdbErrorKind::Io, self.passed, error.to_string())
    }
}
