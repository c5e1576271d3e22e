//! Integers as Redis reads them from arguments and values.
//!
//! An integer is what Redis would write for it: no plus sign, no leading zeros, no spaces, no minus zero. For
//! numbers with a fraction see [`crate::long_double`].

use dredis_data::DATABASES;

use crate::errors::{self, CommandError};

/// The longest integer, in bytes: `-9223372036854775808`.
const INTEGER_BYTES_MAX: usize = 20;

/// A signed 64-bit integer in its one way of writing.
pub fn parse_integer(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > INTEGER_BYTES_MAX {
        return None;
    }
    if bytes == b"0" {
        return Some(0);
    }
    let (is_negative, digits) = match bytes.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, bytes),
    };
    if !matches!(digits.first(), Some(b'1'..=b'9')) {
        return None;
    }
    let magnitude = digits.iter().try_fold(0_u64, |value, byte| match byte {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })?;
    if is_negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// An argument that must be an integer.
pub fn integer(argument: &[u8]) -> Result<i64, CommandError> {
    parse_integer(argument).ok_or(errors::NOT_AN_INTEGER)
}

/// An argument that must be the number of a database.
pub fn database(argument: &[u8]) -> Result<u32, CommandError> {
    let number = i32::try_from(integer(argument)?).map_err(|_| errors::NOT_32_BITS)?;
    u32::try_from(number).ok().filter(|number| *number < DATABASES).ok_or(errors::NO_SUCH_DATABASE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_an_integer() {
        for good in ["0", "1", "-1", "10", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(parse_integer(good.as_bytes()), good.parse().ok(), "{good}");
        }
        for bad in [
            "",
            "-",
            "+1",
            "-0",
            "00",
            "01",
            " 1",
            "1 ",
            "1.0",
            "0x1",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "123456789012345678901",
        ] {
            assert_eq!(parse_integer(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn databases_are_told_apart_from_numbers_that_are_none() {
        assert_eq!(database(b"15"), Ok(15));
        assert_eq!(database(b"16"), Err(errors::NO_SUCH_DATABASE));
        assert_eq!(database(b"-1"), Err(errors::NO_SUCH_DATABASE));
        assert_eq!(database(b"2147483648"), Err(errors::NOT_32_BITS));
        assert_eq!(database(b"x"), Err(errors::NOT_AN_INTEGER));
    }
}
