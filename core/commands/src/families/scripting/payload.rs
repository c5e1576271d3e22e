//! What FUNCTION DUMP shows and FUNCTION RESTORE reads: a piece of an RDB file with its version and checksum after it.
//!
//! For each library the opcode 245 and its code as an RDB string, then the version (2) and a CRC-64 of everything before
//! it (8), both in little-endian order.

use crate::CommandError;
use crate::errors;

/// The opcode before a library.
const LIBRARY: u8 = 245;
/// The opcode before a library as prereleases of Redis 7 wrote it.
const LIBRARY_OF_PRERELEASE: u8 = 246;
/// The version that is written: that of Redis 7.0.
const VERSION: u16 = 10;
/// The latest version that is read. Later ones write libraries in the same way.
const VERSION_MAX: u16 = 12;
const FOOTER_BYTES: usize = 10;

const BROKEN: CommandError = errors::fixed("ERR Failed loading library payload");

/// A payload of libraries with this code.
pub(super) fn dumped<'c>(codes: impl Iterator<Item = &'c [u8]>) -> Vec<u8> {
    let mut payload = Vec::new();
    for code in codes {
        payload.push(LIBRARY);
        put_length(&mut payload, code.len());
        payload.extend_from_slice(code);
    }
    payload.extend_from_slice(&VERSION.to_le_bytes());
    let checksum = crc64(&payload);
    payload.extend_from_slice(&checksum.to_le_bytes());
    payload
}

/// The libraries in a payload whose version and checksum are right.
pub(super) fn checked(payload: &[u8]) -> Result<&[u8], CommandError> {
    let wrong = errors::fixed("ERR DUMP payload version or checksum are wrong");
    let parts = payload.len().checked_sub(FOOTER_BYTES).map(|at| payload.split_at(at));
    let Some((libraries, [low, high, checksum @ ..])) = parts else { return Err(wrong) };
    let summed = &payload[..payload.len() - checksum.len()];
    if u16::from_le_bytes([*low, *high]) > VERSION_MAX || crc64(summed).to_le_bytes() != checksum {
        return Err(wrong);
    }
    Ok(libraries)
}

/// Takes the next library's code.
pub(super) fn next_code(rest: &mut &[u8]) -> Result<Vec<u8>, CommandError> {
    match take(rest, 1).map(|opcode| opcode[0]) {
        Some(LIBRARY) => string(rest).ok_or(BROKEN),
        Some(LIBRARY_OF_PRERELEASE) => Err(errors::fixed("ERR Failed loading library name")),
        _ => Err(errors::fixed("ERR given type is not a function")),
    }
}

fn put_length(payload: &mut Vec<u8>, length: usize) {
    if length < 1 << 6 {
        payload.push(length as u8);
    } else if length < 1 << 14 {
        payload.extend_from_slice(&(1 << 14 | length as u16).to_be_bytes());
    } else {
        // A library's code is far below 4 GB.
        payload.push(0x80);
        payload.extend_from_slice(&(length as u32).to_be_bytes());
    }
}

/// A length, or the number of a special encoding.
enum Length {
    Plain(usize),
    Special(u8),
}

fn length(rest: &mut &[u8]) -> Option<Length> {
    let first = take(rest, 1)?[0];
    let low = usize::from(first & 0x3f);
    Some(match (first >> 6, first) {
        (0, _) => Length::Plain(low),
        (1, _) => Length::Plain(low << 8 | usize::from(take(rest, 1)?[0])),
        (2, 0x80) => Length::Plain(u32::from_be_bytes(take(rest, 4)?.try_into().ok()?) as usize),
        (2, 0x81) => {
            Length::Plain(usize::try_from(u64::from_be_bytes(take(rest, 8)?.try_into().ok()?)).ok()?)
        }
        (3, _) => Length::Special(first & 0x3f),
        _ => return None,
    })
}

fn plain_length(rest: &mut &[u8]) -> Option<usize> {
    match length(rest)? {
        Length::Plain(length) => Some(length),
        Length::Special(_) => None,
    }
}

fn string(rest: &mut &[u8]) -> Option<Vec<u8>> {
    match length(rest)? {
        Length::Plain(length) => take(rest, length).map(<[u8]>::to_vec),
        // Numbers in 1, 2 and 4 bytes, which are no library.
        Length::Special(width @ 0..=2) => take(rest, 1 << width).map(|_| Vec::new()),
        Length::Special(3) => {
            let compressed = plain_length(rest)?;
            let length = plain_length(rest)?;
            decompressed(take(rest, compressed)?, length)
        }
        Length::Special(_) => None,
    }
}

fn take<'r>(rest: &mut &'r [u8], length: usize) -> Option<&'r [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// LZF: runs of up to 32 literal bytes, and copies of what was up to 8 KB before. Memory grows with what is written, whatever
/// `length` claims.
fn decompressed(mut input: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut output: Vec<u8> = Vec::new();
    while let Some(control) = take(&mut input, 1).map(|control| control[0]) {
        if control < 32 {
            output.extend_from_slice(take(&mut input, usize::from(control) + 1)?);
        } else {
            let mut count = usize::from(control >> 5);
            if count == 7 {
                count += usize::from(take(&mut input, 1)?[0]);
            }
            let back = (usize::from(control & 0x1f) << 8 | usize::from(take(&mut input, 1)?[0])) + 1;
            let start = output.len().checked_sub(back)?;
            for at in start..start + count + 2 {
                output.push(output[at]);
            }
        }
        if output.len() > length {
            return None;
        }
    }
    (output.len() == length).then_some(output)
}

/// The CRC-64 of RDB files (Jones's polynomial, reflected, without initial or final inversion).
fn crc64(bytes: &[u8]) -> u64 {
    const TABLE: [u64; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut remainder = index as u64;
            let mut bit = 0;
            while bit < 8 {
                let carry = remainder & 1;
                remainder >>= 1;
                if carry == 1 {
                    remainder ^= 0x95ac_9329_ac4b_c9b5;
                }
                bit += 1;
            }
            table[index] = remainder;
            index += 1;
        }
        table
    };
    bytes.iter().fold(0, |crc, byte| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From a Redis 7.0.15: an empty payload, and one whose code it has compressed.
    #[test]
    fn payloads_of_redis_are_read() {
        assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        let empty = b"\n\0]\x9b\\@\x0f\x7f\xa2\xda";
        assert_eq!(checked(empty), Ok(&b""[..]));
        assert_eq!(dumped(std::iter::empty()), empty);
        let compressed =
            b"\xf5\xc3@N@{\x1f#!lua name=lib2\nredis.register_f\x0cunction(\"x2\",\xe0\x00\r\r) return 1 \
                           end@\r\xe0\x0e5\x00X\xe0\x105\x01d)";
        let mut rest = &compressed[..];
        let code = next_code(&mut rest);
        let expected = "#!lua name=lib2\nredis.register_function(\"x2\",function() return 1 end) \
                        redis.register_function(\"X2\",function() return 1 end)";
        assert_eq!(code.map(|code| String::from_utf8_lossy(&code).into_owned()), Ok(expected.to_owned()));
        assert!(rest.is_empty());
    }

    #[test]
    fn what_is_dumped_is_read_again() {
        for length in [0, 1, 63, 64, 16_383, 16_384, 100_000] {
            let code = vec![b'x'; length];
            let payload = dumped([&code[..], b"other"].into_iter());
            let mut rest = checked(&payload).expect("the checksum is right");
            assert_eq!(next_code(&mut rest), Ok(code));
            assert_eq!(next_code(&mut rest), Ok(b"other".to_vec()));
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn whatever_else_comes_is_refused() {
        let payload = dumped([&b"#!lua name=x"[..]].into_iter());
        for length in 0..payload.len() {
            assert!(checked(&payload[..length]).is_err(), "cut to {length} bytes");
        }
        for at in 0..payload.len() {
            let mut flipped = payload.clone();
            flipped[at] ^= 4;
            assert!(checked(&flipped).is_err(), "byte {at}");
        }
        // Lengths beyond the end; a copy from before the beginning; output that is shorter or longer than it claims.
        let broken: [&[u8]; 8] = [
            b"\xf5",
            b"\xf5\x05abc",
            b"\xf5\x80\xff\xff\xff\xffx",
            b"\xf5\x81\xff\xff\xff\xff\xff\xff\xff\xffx",
            b"\xf5\xc3\x05\x09abcde",
            b"\xf5\xc3\x02\x05\x60\x01",
            b"\xf5\xc3\x02\x80\xff\xff\xff\xff\x00a",
            b"\xf5\xc3\x02\x00\x00a",
        ];
        for mut rest in broken {
            assert_eq!(next_code(&mut rest), Err(BROKEN));
        }
    }
}
