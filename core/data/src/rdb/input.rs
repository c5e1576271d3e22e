//! Bytes coming in: counted, summed, and as the numbers and strings that all of RDB is made of.

use std::borrow::Cow;
use std::io::{ErrorKind, Read, Write as _};

use crc::{CRC_64_REDIS, Crc, Digest, Table};

use super::codes::string;
use super::error::{RdbError, RdbErrorKind, Result};
use super::{STRING_BYTES_MAX, lzf};

/// Redis's checksum.
pub(super) static CHECKSUM: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_REDIS);

/// The sum of the bytes so far.
pub(super) type Sum = Digest<'static, u64, Table<16>>;

/// Read from the source at a time.
const BUFFER_BYTES: usize = 64 << 10;
/// No number is longer.
const BUFFER_BYTES_MIN: usize = 64;

/// What stands where a length is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// A length.
    Bytes(u64),
    /// The encoding of a string that is no run of bytes.
    Encoded(u8),
}

/// Where bytes come from.
pub(super) struct Input<R> {
    source: R,
    buffer: Vec<u8>,
    /// What is left in the buffer.
    at: usize,
    end: usize,
    /// Up to where the buffer's bytes are in the sum.
    summed: usize,
    sum: Sum,
    /// Bytes before those in the buffer.
    passed: u64,
    /// Compressed bytes, before they are expanded.
    compressed: Vec<u8>,
}

impl<R: Read> Input<R> {
    /// Reads from a source of so many bytes, or of who knows how many.
    pub fn new(source: R, bytes: Option<usize>) -> Self {
        let buffer = vec![0; bytes.unwrap_or(BUFFER_BYTES).clamp(BUFFER_BYTES_MIN, BUFFER_BYTES)];
        let (sum, compressed) = (CHECKSUM.digest(), Vec::new());
        Input { source, buffer, at: 0, end: 0, summed: 0, sum, passed: 0, compressed }
    }

    /// Bytes taken so far.
    pub fn offset(&self) -> u64 {
        self.passed + self.at as u64
    }

    /// The checksum of all bytes taken so far.
    pub fn checksum(&mut self) -> u64 {
        self.sum_up();
        self.sum.clone().finalize()
    }

    /// An error about what was just read.
    pub fn corrupt(&self, message: impl Into<Cow<'static, str>>) -> RdbError {
        RdbError::new(RdbErrorKind::Corrupt, self.offset(), message)
    }

    /// An error about what was just read.
    pub fn unsupported(&self, message: impl Into<Cow<'static, str>>) -> RdbError {
        RdbError::new(RdbErrorKind::Unsupported, self.offset(), message)
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8> {
        if self.at == self.end {
            self.fill(1)?;
        }
        let byte = self.buffer[self.at];
        self.at += 1;
        Ok(byte)
    }

    /// The next few bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        if self.end - self.at < N {
            self.fill(N)?;
        }
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.buffer[self.at..self.at + N]);
        self.at += N;
        Ok(bytes)
    }

    /// A length, or a sign that none follows.
    pub fn length_or_encoding(&mut self) -> Result<Length> {
        let first = self.byte()?;
        Ok(Length::Bytes(match first >> 6 {
            0 => u64::from(first),
            1 => u64::from(first & 0x3f) << 8 | u64::from(self.byte()?),
            3 => return Ok(Length::Encoded(first & 0x3f)),
            _ => match first {
                0x80 => u64::from(u32::from_be_bytes(self.array()?)),
                0x81 => u64::from_be_bytes(self.array()?),
                _ => return Err(self.corrupt(format!("unknown encoding {first:#04x} of a length"))),
            },
        }))
    }

    /// A length.
    pub fn length(&mut self) -> Result<u64> {
        match self.length_or_encoding()? {
            Length::Bytes(length) => Ok(length),
            Length::Encoded(code) => Err(self.corrupt(format!("encoding {code} of a string for a length"))),
        }
    }

    /// A string.
    pub fn string(&mut self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        self.string_into(&mut out)?;
        Ok(out)
    }

    /// A string, in the place of what `out` held.
    pub fn string_into(&mut self, out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        match self.length_or_encoding()? {
            Length::Bytes(length) => self.bytes_into(length, out),
            Length::Encoded(code) => self.encoded_into(code, out),
        }
    }

    /// The rest of a string of this encoding, added to `out`.
    pub fn encoded_into(&mut self, code: u8, out: &mut Vec<u8>) -> Result<()> {
        let number = match code {
            string::INT8 => i32::from(i8::from_le_bytes(self.array()?)),
            string::INT16 => i32::from(i16::from_le_bytes(self.array()?)),
            string::INT32 => i32::from_le_bytes(self.array()?),
            string::LZF => return self.expanded_into(out),
            _ => return Err(self.corrupt(format!("unknown encoding {code} of a string"))),
        };
        write!(out, "{number}").map_err(|_| self.corrupt("a number could not be written"))
    }

    fn expanded_into(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let (compressed, expanded) = (self.length()?, self.length()?);
        self.check_length(expanded)?;
        if !lzf::is_plausible(compressed, expanded) {
            return Err(self.corrupt(format!("{compressed} compressed bytes cannot become {expanded}")));
        }
        let mut bytes = std::mem::take(&mut self.compressed);
        bytes.clear();
        self.bytes_into(compressed, &mut bytes)?;
        let done = lzf::decompress(&bytes, expanded as usize, out);
        if bytes.len() <= BUFFER_BYTES {
            self.compressed = bytes;
        }
        done.ok_or_else(|| self.corrupt("a compressed string does not expand to what it should"))
    }

    /// So many bytes, added to `out`, which grows as they arrive.
    pub fn bytes_into(&mut self, length: u64, out: &mut Vec<u8>) -> Result<()> {
        self.check_length(length)?;
        let mut left = length as usize;
        out.reserve(left.min(BUFFER_BYTES));
        while left > 0 {
            let chunk = self.chunk(left)?;
            left -= chunk.len();
            out.extend_from_slice(chunk);
        }
        Ok(())
    }

    /// Refuses strings that are longer than any may be.
    pub fn check_length(&self, length: u64) -> Result<()> {
        if length <= STRING_BYTES_MAX {
            return Ok(());
        }
        Err(self.unsupported(format!("a string of {length} bytes; the limit is {STRING_BYTES_MAX}")))
    }

    /// The next bytes, at least one, at most so many.
    pub fn chunk(&mut self, bytes_max: usize) -> Result<&[u8]> {
        if self.at == self.end {
            self.fill(1)?;
        }
        let start = self.at;
        self.at = self.end.min(start.saturating_add(bytes_max));
        Ok(&self.buffer[start..self.at])
    }

    /// Reads until there are so many bytes in the buffer.
    #[cold]
    fn fill(&mut self, wanted: usize) -> Result<()> {
        self.sum_up();
        self.buffer.copy_within(self.at..self.end, 0);
        self.passed += self.at as u64;
        self.end -= self.at;
        (self.at, self.summed) = (0, 0);
        while self.end < wanted {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    let place = self.passed + self.end as u64;
                    return Err(RdbError::new(RdbErrorKind::Truncated, place, "the data end too early"));
                }
                Ok(bytes) => self.end += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let place = self.passed + self.end as u64;
                    return Err(RdbError::new(RdbErrorKind::Io, place, format!("cannot be read: {error}")));
                }
            }
        }
        Ok(())
    }

    fn sum_up(&mut self) {
        self.sum.update(&self.buffer[self.summed..self.at]);
        self.summed = self.at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_redis() {
        assert_eq!(CHECKSUM.checksum(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        let bytes: Vec<u8> = (0..200_000_u32).map(|index| (index * 7) as u8).collect();
        let mut input = Input::new(&bytes[..], None);
        let mut out = Vec::new();
        input.bytes_into(150_000, &mut out).unwrap();
        assert_eq!(input.checksum(), CHECKSUM.checksum(&bytes[..150_000]));
        input.byte().unwrap();
        assert_eq!((input.checksum(), input.offset()), (CHECKSUM.checksum(&bytes[..150_001]), 150_001));
    }

    #[test]
    fn a_claim_costs_nothing() {
        let mut claim = vec![0x81];
        claim.extend_from_slice(&(400_u64 << 20).to_be_bytes());
        claim.extend_from_slice(b"only this");
        let mut out = Vec::new();
        let error = Input::new(&claim[..], None).string_into(&mut out).unwrap_err();
        assert_eq!((error.kind, error.offset), (RdbErrorKind::Truncated, 18));
        assert!(out.capacity() <= 2 * BUFFER_BYTES);
        // 4 GB out of ten compressed bytes.
        let bomb = [0xc3, 10, 0x80, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        assert_eq!(Input::new(&bomb[..], None).string().unwrap_err().kind, RdbErrorKind::Unsupported);
        let bomb = [0xc3, 10, 0x80, 0x0f, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        assert_eq!(Input::new(&bomb[..], None).string().unwrap_err().kind, RdbErrorKind::Corrupt);
    }
}
