//! Floating point numbers in arguments, as C's `strtod` reads them.

use crate::errors::{self, CommandError};

/// A number at the beginning of some bytes.
struct Leading {
    value: f64,
    /// How many bytes it takes.
    length: usize,
    /// Whether it was too large, or too small to be more than nothing.
    is_out_of_range: bool,
}

/// An argument that must be a score: a number that a double can hold, or an infinity.
pub fn score(argument: &[u8]) -> Result<f64, CommandError> {
    parse_score(argument).ok_or(errors::NOT_A_FLOAT)
}

/// All of the bytes as a number. `None` for anything else, spaces around included, and what is not a number by name.
pub fn parse_score(bytes: &[u8]) -> Option<f64> {
    let found = leading(bytes)?;
    let is_whole = found.length == bytes.len() && !found.is_out_of_range && !found.value.is_nan();
    is_whole.then_some(found.value)
}

/// An end of a range of scores. Blanks before it do not matter, nothing at all is 0, and what is too large is infinite. As
/// for all C strings, it ends at the first zero byte.
pub fn parse_limit(bytes: &[u8]) -> Option<f64> {
    let text = errors::up_to_nul(bytes);
    if text.is_empty() {
        return Some(0.0);
    }
    let blanks = digits(text, |byte| matches!(byte, b' ' | b'\t'..=b'\r'));
    let found = leading(&text[blanks..])?;
    (blanks + found.length == text.len() && !found.value.is_nan()).then_some(found.value)
}

fn leading(bytes: &[u8]) -> Option<Leading> {
    let (is_negative, rest) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let found = named(rest).or_else(|| hexadecimal(rest)).or_else(|| decimal(rest))?;
    let value = if is_negative { -found.value } else { found.value };
    Some(Leading { value, length: found.length + bytes.len() - rest.len(), ..found })
}

fn named(bytes: &[u8]) -> Option<Leading> {
    let begins =
        |word: &str| bytes.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()));
    let found = |value, length| Some(Leading { value, length, is_out_of_range: false });
    if begins("infinity") {
        return found(f64::INFINITY, 8);
    }
    if begins("inf") {
        return found(f64::INFINITY, 3);
    }
    begins("nan").then_some(())?;
    found(f64::NAN, 3)
}

/// How many bytes at the beginning are of a kind.
fn digits(bytes: &[u8], is_digit: impl Fn(&u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| is_digit(byte)).count()
}

/// How long an exponent is that these bytes begin with, its letter included.
fn exponent(bytes: &[u8], letter: u8) -> Option<usize> {
    let sign = match bytes {
        [first, b'+' | b'-', ..] if first.eq_ignore_ascii_case(&letter) => 1,
        [first, ..] if first.eq_ignore_ascii_case(&letter) => 0,
        _ => return None,
    };
    let count = digits(&bytes[1 + sign..], u8::is_ascii_digit);
    (count > 0).then_some(1 + sign + count)
}

fn decimal(bytes: &[u8]) -> Option<Leading> {
    let whole = digits(bytes, u8::is_ascii_digit);
    let mut length = whole;
    if bytes.get(length) == Some(&b'.') {
        let fraction = digits(&bytes[length + 1..], u8::is_ascii_digit);
        if whole + fraction == 0 {
            return None;
        }
        length += 1 + fraction;
    }
    if length == 0 {
        return None;
    }
    let is_zero = bytes[..length].iter().all(|byte| matches!(byte, b'0' | b'.'));
    length += exponent(&bytes[length..], b'e').unwrap_or(0);
    let value: f64 = std::str::from_utf8(&bytes[..length]).ok()?.parse().ok()?;
    Some(Leading { value, length, is_out_of_range: value.is_infinite() || (value == 0.0 && !is_zero) })
}

/// `0x1.8p3`: digits after the prefix, an exponent of two behind `p`.
fn hexadecimal(bytes: &[u8]) -> Option<Leading> {
    let [b'0', b'x' | b'X', rest @ ..] = bytes else { return None };
    let whole = digits(rest, u8::is_ascii_hexdigit);
    let mut end = whole;
    let mut fraction = 0;
    if rest.get(end) == Some(&b'.') {
        fraction = digits(&rest[end + 1..], u8::is_ascii_hexdigit);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    // The first digits exactly, and one bit that tells whether anything follows them.
    let (mut mantissa, mut dropped, mut is_inexact) = (0_u64, 0_i64, false);
    for digit in rest[..end].iter().filter_map(|byte| char::from(*byte).to_digit(16)) {
        if mantissa >> 58 == 0 {
            mantissa = mantissa << 4 | u64::from(digit);
        } else {
            dropped += 1;
            is_inexact |= digit != 0;
        }
    }
    let mut power = 4 * (dropped - fraction as i64);
    if let Some(length) = exponent(&rest[end..], b'p') {
        let text = std::str::from_utf8(&rest[end + 1..end + length]).ok()?;
        // Digits beyond all doubles make no difference any more.
        let beyond = if text.starts_with('-') { -1 << 40 } else { 1 << 40 };
        power =
            power.saturating_add(text.parse::<i64>().map_or(beyond, |found| found.clamp(-1 << 40, 1 << 40)));
        end += length;
    }
    let value = scaled(mantissa, is_inexact, power);
    let is_out_of_range = value.is_infinite() || (value == 0.0 && mantissa != 0);
    Some(Leading { value, length: 2 + end, is_out_of_range })
}

/// `mantissa` times two to the power of `power`, rounded once, to the even neighbour.
fn scaled(mantissa: u64, is_inexact: bool, power: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let bits = i64::from(u64::BITS - mantissa.leading_zeros());
    let top = bits - 1 + power;
    if top > 1023 {
        return f64::INFINITY;
    }
    // Bits that a double of this size keeps: 53, and fewer below the smallest normal one.
    let kept = (53).min(top + 1075).max(-1);
    let shift = bits - kept;
    let (kept_bits, exponent) = if shift <= 0 {
        (mantissa, power)
    } else if shift > 64 {
        (0, 0)
    } else {
        let wide = u128::from(mantissa);
        let (quotient, rest) = (wide >> shift, wide & ((1 << shift) - 1));
        let half = 1_u128 << (shift - 1);
        let is_up = rest > half || (rest == half && (is_inexact || quotient & 1 == 1));
        ((quotient + u128::from(is_up)) as u64, power + shift)
    };
    // Both factors are powers of two that doubles hold, so that nothing is rounded again.
    let half = exponent.clamp(-2200, 2200) / 2;
    kept_bits as f64 * 2_f64.powi(half as i32) * 2_f64.powi((exponent.clamp(-2200, 2200) - half) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_what_strtod_reads() {
        for (text, value) in [
            ("1", 1.0),
            ("+1.5", 1.5),
            ("-.5", -0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("1E-2", 0.01),
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("0x10", 16.0),
            ("-0x.8p1", -1.0),
            ("0x1.8p3", 12.0),
            ("0x1.fffffffffffff8p0", 2.0),
            ("0x1.fffffffffffff7fp0", 1.999_999_999_999_999_8),
            ("0x1p-1074", 5e-324),
            ("0x1.8p-1075", 5e-324),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x123456789abcdef01", 2.0988295479420645e+19),
            ("1e-320", 1e-320),
            ("0e-999", 0.0),
        ] {
            assert_eq!(parse_score(text.as_bytes()), Some(value), "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            "e5",
            "1e",
            "1e+",
            " 1",
            "1 ",
            "nan",
            "1e400",
            "-1e400",
            "1e-400",
            "0x",
            "0xg",
            "0x1p",
            "0x1p99999999999999999999",
            "0x1p-1076",
            "infin",
            "1,5",
            "--1",
            "0x1p1024",
        ] {
            assert_eq!(parse_score(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn limits_are_read_more_freely() {
        for (text, value) in [
            (&b""[..], 0.0),
            (b" \t\n\x0b\x0c\r1", 1.0),
            (b"1e400", f64::INFINITY),
            (b"1e-400", 0.0),
            (b"1\0x", 1.0),
            (b"\0x", 0.0),
        ] {
            assert_eq!(parse_limit(text), Some(value), "{text:?}");
        }
        for text in [&b"1 "[..], b" ", b"nan", b"x", b"1x"] {
            assert_eq!(parse_limit(text), None, "{text:?}");
        }
    }
}
