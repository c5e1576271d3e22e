//! Expiry times in arguments: the options of SET and GETEX, and what EXPIRE and its kin take.
//!
//! The two differ: SET refuses times that are not positive, EXPIRE takes them and removes the key.

use crate::errors::{self, CommandError};
use crate::numbers;

/// The unit in which a time is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

/// What a time counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// From now.
    Now,
    /// From the Unix epoch.
    Epoch,
}

/// How a time is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notation {
    /// In which unit.
    pub unit: Unit,
    /// From when.
    pub basis: Basis,
}

impl Notation {
    /// Seconds from now (EX, EXPIRE).
    pub const SECONDS: Notation = Notation { unit: Unit::Seconds, basis: Basis::Now };
    /// Milliseconds from now (PX, PEXPIRE).
    pub const MILLISECONDS: Notation = Notation { unit: Unit::Milliseconds, basis: Basis::Now };
    /// Seconds of the epoch (EXAT, EXPIREAT).
    pub const UNIX_SECONDS: Notation = Notation { unit: Unit::Seconds, basis: Basis::Epoch };
    /// Milliseconds of the epoch (PXAT, PEXPIREAT).
    pub const UNIX_MILLISECONDS: Notation = Notation { unit: Unit::Milliseconds, basis: Basis::Epoch };

    /// The notation that an option of SET and GETEX announces.
    pub fn of_option(word: &[u8]) -> Option<Notation> {
        let words = [
            (&b"EX"[..], Notation::SECONDS),
            (b"PX", Notation::MILLISECONDS),
            (b"EXAT", Notation::UNIX_SECONDS),
            (b"PXAT", Notation::UNIX_MILLISECONDS),
        ];
        words.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, notation)| notation)
    }

    /// `number` as milliseconds of the epoch; `None` if 64 bits do not hold it.
    fn resolve(self, number: i64, now_ms: u64) -> Option<i64> {
        let ms = match self.unit {
            Unit::Seconds => number.checked_mul(1000)?,
            Unit::Milliseconds => number,
        };
        match self.basis {
            Basis::Now => ms.checked_add_unsigned(now_ms),
            Basis::Epoch => Some(ms),
        }
    }
}

/// The expiry that SET, SETEX or GETEX asks for, in milliseconds of the epoch. It may lie in the past if it
/// counts from the epoch, but is never 0.
pub(crate) fn positive_expiry(
    argument: &[u8],
    notation: Notation,
    now_ms: u64,
    command: &str,
) -> Result<u64, CommandError> {
    let number = numbers::integer(argument)?;
    let at = if number > 0 { notation.resolve(number, now_ms) } else { None };
    at.and_then(|at| u64::try_from(at).ok()).ok_or_else(|| errors::invalid_expire_time(command))
}

/// The expiry that EXPIRE or one of its kin asks for, in milliseconds of the epoch; below zero is long ago.
pub(crate) fn any_expiry(
    argument: &[u8],
    notation: Notation,
    now_ms: u64,
    command: &str,
) -> Result<i64, CommandError> {
    let number = numbers::integer(argument)?;
    notation.resolve(number, now_ms).ok_or_else(|| errors::invalid_expire_time(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_700_000_000_000;

    #[test]
    fn times_that_overflow_are_refused() {
        let refused = Err(errors::invalid_expire_time("set"));
        for (text, notation) in [
            (&b"9223372036854775807"[..], Notation::SECONDS),
            (b"9223372036854775807", Notation::MILLISECONDS),
            (b"9223372036854775", Notation::SECONDS),
            (b"9223372036854776", Notation::UNIX_SECONDS),
            (b"0", Notation::UNIX_SECONDS),
            (b"-1", Notation::MILLISECONDS),
        ] {
            assert_eq!(positive_expiry(text, notation, NOW_MS, "set"), refused, "{text:?} {notation:?}");
        }
        assert_eq!(
            positive_expiry(b"9223372036854775", Notation::UNIX_SECONDS, NOW_MS, "set"),
            Ok(9223372036854775000)
        );
        assert_eq!(positive_expiry(b"2", Notation::SECONDS, NOW_MS, "set"), Ok(NOW_MS + 2000));
    }

    #[test]
    fn expire_takes_the_past() {
        assert_eq!(any_expiry(b"-1", Notation::UNIX_MILLISECONDS, NOW_MS, "pexpireat"), Ok(-1));
        let refused = Err(errors::invalid_expire_time("expire"));
        assert_eq!(any_expiry(b"-9223372036854776", Notation::SECONDS, NOW_MS, "expire"), refused);
    }
}
