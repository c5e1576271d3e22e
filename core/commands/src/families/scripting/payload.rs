//! What FUNCTION DUMP shows and FUNCTION RESTORE reads, with Redis's errors.

use dredis_data::rdb::{LibraryCodes, LibraryFault, dump_libraries, open_libraries};

use crate::CommandError;
use crate::errors;

/// A payload of libraries with this code.
pub(super) fn dumped<'c>(codes: impl Iterator<Item = &'c [u8]>) -> Result<Vec<u8>, CommandError> {
    dump_libraries(codes).map_err(|error| CommandError::reply(format!("ERR {}", error.message).into_bytes()))
}

/// The libraries in a payload whose version and checksum are right.
pub(super) fn checked(payload: &[u8]) -> Result<LibraryCodes<'_>, CommandError> {
    open_libraries(payload).ok_or(errors::fixed("ERR DUMP payload version or checksum are wrong"))
}

/// Takes the next library's code; `None` at the end.
pub(super) fn next_code(rest: &mut LibraryCodes<'_>) -> Result<Option<Vec<u8>>, CommandError> {
    rest.next().map_err(|fault| {
        errors::fixed(match fault {
            LibraryFault::Broken => "ERR Failed loading library payload",
            LibraryFault::Prerelease => "ERR Failed loading library name",
            LibraryFault::NoLibrary => "ERR given type is not a function",
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(payload: &[u8]) -> Result<Vec<Vec<u8>>, CommandError> {
        let mut rest = checked(payload)?;
        let mut codes = Vec::new();
        while let Some(code) = next_code(&mut rest)? {
            codes.push(code);
        }
        Ok(codes)
    }

    /// These bytes with the footer that makes a payload of them.
    fn payload(bytes: &[u8]) -> Vec<u8> {
        // The checksum of RDB files, bit by bit.
        let sum = |bytes: &[u8]| {
            bytes.iter().fold(0_u64, |sum, byte| {
                (0..8).fold(sum ^ u64::from(*byte), |sum, _| {
                    if sum & 1 == 1 { sum >> 1 ^ 0x95ac_9329_ac4b_c9b5 } else { sum >> 1 }
                })
            })
        };
        let versioned = [bytes, &[10, 0]].concat();
        let sum = sum(&versioned);
        [&versioned[..], &sum.to_le_bytes()].concat()
    }

    /// From a Redis 7.0.15: an empty payload, and one whose code it has compressed.
    #[test]
    fn payloads_of_redis_are_read() {
        let empty = b"\n\0]\x9b\\@\x0f\x7f\xa2\xda";
        assert_eq!(codes(empty), Ok(Vec::new()));
        assert_eq!(dumped(std::iter::empty()), Ok(empty.to_vec()));
        let compressed =
            b"\xf5\xc3@N@{\x1f#!lua name=lib2\nredis.register_f\x0cunction(\"x2\",\xe0\x00\r\r) return 1 \
                           end@\r\xe0\x0e5\x00X\xe0\x105\x01d)";
        let expected = "#!lua name=lib2\nredis.register_function(\"x2\",function() return 1 end) \
                        redis.register_function(\"X2\",function() return 1 end)";
        assert_eq!(codes(&payload(compressed)), Ok(vec![expected.as_bytes().to_vec()]));
    }

    #[test]
    fn what_is_dumped_is_read_again() {
        for length in [0, 1, 63, 64, 16_383, 16_384, 100_000] {
            let code = vec![b'x'; length];
            let payload = dumped([&code[..], b"other"].into_iter()).expect("it fits");
            assert_eq!(codes(&payload), Ok(vec![code, b"other".to_vec()]));
        }
    }

    #[test]
    fn whatever_else_comes_is_refused() {
        let whole = dumped([&b"#!lua name=x"[..]].into_iter()).expect("it fits");
        for length in 0..whole.len() {
            assert!(checked(&whole[..length]).is_err(), "cut to {length} bytes");
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
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
        for bytes in broken {
            let refused = codes(&payload(bytes));
            assert_eq!(refused, Err(errors::fixed("ERR Failed loading library payload")), "{bytes:?}");
        }
        assert_eq!(codes(&payload(b"\xf6")), Err(errors::fixed("ERR Failed loading library name")));
        assert_eq!(codes(&payload(b"\x00\x01a")), Err(errors::fixed("ERR given type is not a function")));
    }
}
