//! The numbers of INCRBYFLOAT and HINCRBYFLOAT: x87's 80-bit extended precision, which C calls `long double`
//! where Redis is at home, read as `strtold` does and written as Redis writes them (17 digits after the
//! point, without trailing zeros). The mantissa has 64 bits, so that 0.1 and 0.2 make 0.3.
//!
//! Numbers below the smallest normal one keep their full mantissa here. No reply can show it: Redis writes
//! all of them as 0.

mod natural;

use std::fmt;

use natural::Natural;

/// The longest text that is read as a number, in bytes.
const TEXT_BYTES_MAX: usize = 5 * 1024 - 1;
/// The largest exponent of two of a number's highest bit.
const TOP_EXPONENT_MAX: i32 = 16_383;
/// The exponent of two at and below which a number becomes zero on reading, which is an error.
const VANISHING_EXPONENT: i32 = -16_446;
/// Digits after the point.
const FRACTION_DIGITS: usize = 17;
/// Ten to that power.
const FRACTION_UNIT: u128 = 100_000_000_000_000_000;

/// A number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LongDouble {
    is_negative: bool,
    magnitude: Magnitude,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Magnitude {
    /// `mantissa` times two to the power of `exponent`. The mantissa's top bit is set, unless it is zero.
    Finite {
        mantissa: u64,
        exponent: i32,
    },
    Infinite,
}

impl LongDouble {
    /// Nothing.
    pub const ZERO: LongDouble =
        LongDouble { is_negative: false, magnitude: Magnitude::Finite { mantissa: 0, exponent: 0 } };

    /// Reads all of `text`: decimal or hexadecimal with or without exponent, or an infinity. `None` for
    /// anything else, spaces around included, and for numbers that are too large or too small to be held.
    pub fn parse(text: &[u8]) -> Option<LongDouble> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let (is_negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] | rest => (false, rest),
        };
        if rest.eq_ignore_ascii_case(b"inf") || rest.eq_ignore_ascii_case(b"infinity") {
            return Some(LongDouble { is_negative, magnitude: Magnitude::Infinite });
        }
        let magnitude = match rest {
            [b'0', b'x' | b'X', digits @ ..] => parse_hexadecimal(digits)?,
            digits => parse_decimal(digits)?,
        };
        match magnitude {
            Magnitude::Infinite => None,
            Magnitude::Finite { mantissa, exponent } => {
                let vanishes = mantissa == 1 << 63 && exponent + 63 == VANISHING_EXPONENT
                    || exponent + 63 < VANISHING_EXPONENT;
                (mantissa == 0 || !vanishes).then_some(LongDouble { is_negative, magnitude })
            }
        }
    }

    /// The sum, rounded to the nearest number; `None` if it is not a finite number.
    pub fn checked_add(self, other: LongDouble) -> Option<LongDouble> {
        let (
            Magnitude::Finite { mantissa: left, exponent: left_exponent },
            Magnitude::Finite { mantissa: right, exponent: right_exponent },
        ) = (self.magnitude, other.magnitude)
        else {
            return None;
        };
        if left == 0 {
            return Some(other);
        }
        if right == 0 {
            return Some(self);
        }
        if (left_exponent, left) < (right_exponent, right) {
            return other.checked_add(self);
        }
        // Of the smaller number, whatever lies below 63 bits under the larger one's mantissa only matters by
        // being there.
        let wide = u128::from(left) << 63;
        let distance = left_exponent.abs_diff(right_exponent);
        let shifted = (u128::from(right) << 63).checked_shr(distance).unwrap_or(0);
        let is_inexact = distance > 63 && (distance > 126 || shifted << distance != u128::from(right) << 63);
        let sum = if self.is_negative == other.is_negative {
            wide + shifted
        } else {
            wide - shifted - u128::from(is_inexact)
        };
        if sum == 0 {
            return Some(LongDouble::ZERO);
        }
        let magnitude = round(sum, is_inexact, left_exponent - 63);
        match magnitude {
            Magnitude::Infinite => None,
            Magnitude::Finite { .. } => Some(LongDouble { is_negative: self.is_negative, magnitude }),
        }
    }
}

/// `value` (and a little more, if inexact; then it has more than 64 bits) times two to the power of `exponent`,
/// rounded to the nearest number, to the even one of two.
fn round(value: u128, is_inexact: bool, exponent: i32) -> Magnitude {
    let bits = (128 - value.leading_zeros()) as i32;
    let (mantissa, exponent) = if bits <= 64 {
        ((value as u64) << (64 - bits), exponent - (64 - bits))
    } else {
        let dropped = bits - 64;
        let kept = (value >> dropped) as u64;
        let rest = value & ((1 << dropped) - 1);
        let half = 1_u128 << (dropped - 1);
        let goes_up = rest > half || (rest == half && (is_inexact || kept % 2 == 1));
        match kept.checked_add(u64::from(goes_up)) {
            Some(mantissa) => (mantissa, exponent + dropped),
            None => (1 << 63, exponent + dropped + 1),
        }
    };
    if exponent + 63 > TOP_EXPONENT_MAX {
        return Magnitude::Infinite;
    }
    Magnitude::Finite { mantissa, exponent }
}

/// A number as it is written: digits, how many of them stand after the point, and the exponent given.
struct Written {
    /// Values of the digits, without leading zeros.
    digits: Vec<u8>,
    fraction_digits: i64,
    exponent: i64,
}

/// Splits `text`, which must be a number to its end. `mark` is the letter before the exponent.
fn split(text: &[u8], radix: u32, mark: u8) -> Option<Written> {
    let mut written = Written { digits: Vec::new(), fraction_digits: 0, exponent: 0 };
    let mut seen_digit = false;
    let mut seen_point = false;
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        if let Some(digit) = char::from(*byte).to_digit(radix) {
            seen_digit = true;
            written.fraction_digits += i64::from(seen_point);
            if digit != 0 || !written.digits.is_empty() {
                written.digits.push(digit as u8);
            }
        } else if *byte == b'.' && !seen_point {
            seen_point = true;
        } else {
            break;
        }
        rest = after;
    }
    if !seen_digit {
        return None;
    }
    if let [first, exponent @ ..] = rest {
        if first.to_ascii_lowercase() != mark {
            return None;
        }
        written.exponent = parse_exponent(exponent)?;
    }
    Some(written)
}

/// An exponent; one beyond all reason comes back as a large one.
fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] | digits => (1, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0_i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(1 << 40));
    Some(sign * value)
}

fn parse_decimal(text: &[u8]) -> Option<Magnitude> {
    let Written { digits, fraction_digits, exponent } = split(text, 10, b'e')?;
    let power = exponent - fraction_digits;
    // Beyond these the number is out of range whatever its digits are.
    match digits.len() as i64 + power {
        _ if digits.is_empty() => return Some(Magnitude::Finite { mantissa: 0, exponent: 0 }),
        4934.. => return Some(Magnitude::Infinite),
        ..-4960 => return None,
        _ => {}
    }
    if digits.len() <= 19 && (-18..=18).contains(&power) {
        let value = digits.iter().fold(0_u128, |value, digit| value * 10 + u128::from(*digit));
        let scale = 10_u128.pow(power.unsigned_abs() as u32);
        if power >= 0 {
            return Some(round(value * scale, false, 0));
        }
        let shift = value.leading_zeros();
        let scaled = value << shift;
        return Some(round(scaled / scale, scaled % scale != 0, -(shift as i32)));
    }
    let mut numerator = Natural::new(0);
    for group in digits.chunks(9) {
        let value = group.iter().fold(0_u32, |value, digit| value * 10 + u32::from(*digit));
        numerator.multiply_add(10_u32.pow(group.len() as u32), value);
    }
    let mut denominator = Natural::new(1);
    let scaled = if power >= 0 { &mut numerator } else { &mut denominator };
    scaled.multiply_power_of_ten(power.unsigned_abs() as u32);
    Some(quotient(numerator, denominator, 0))
}

fn parse_hexadecimal(text: &[u8]) -> Option<Magnitude> {
    let Written { digits, fraction_digits, exponent } = split(text, 16, b'p')?;
    let power = exponent - 4 * fraction_digits;
    match 4 * digits.len() as i64 + power {
        _ if digits.is_empty() => return Some(Magnitude::Finite { mantissa: 0, exponent: 0 }),
        16_400.. => return Some(Magnitude::Infinite),
        ..-16_500 => return None,
        _ => {}
    }
    let mut numerator = Natural::new(0);
    for digit in &digits {
        numerator.multiply_add(16, u32::from(*digit));
    }
    Some(quotient(numerator, Natural::new(1), power as i32))
}

/// `numerator / denominator` times two to the power of `exponent`. Neither is zero.
fn quotient(mut numerator: Natural, mut denominator: Natural, exponent: i32) -> Magnitude {
    // Scaled so that the quotient has 66 or 67 bits: more than a mantissa, so that what remains is below half.
    const BITS: u32 = 66;
    let shift = i64::from(BITS) + denominator.bits() as i64 - numerator.bits() as i64;
    let scaled = if shift >= 0 { &mut numerator } else { &mut denominator };
    scaled.shift_left(shift.unsigned_abs() as u32);
    let (value, remains) = numerator.divide(&denominator, BITS);
    round(value, remains, exponent - shift as i32)
}

impl fmt::Display for LongDouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative { "-" } else { "" };
        let Magnitude::Finite { mantissa, exponent } = self.magnitude else {
            return write!(formatter, "{sign}inf");
        };
        if mantissa == 0 {
            return formatter.write_str("0");
        }
        if exponent >= 0 {
            let mut whole = Natural::new(mantissa);
            whole.shift_left(exponent.unsigned_abs());
            return write!(formatter, "{sign}{}", whole.into_decimal());
        }
        let digits = rounded_shift(u128::from(mantissa) * FRACTION_UNIT, exponent.unsigned_abs());
        if digits == 0 {
            return formatter.write_str("0");
        }
        let (whole, fraction) = (digits / FRACTION_UNIT, digits % FRACTION_UNIT);
        write!(formatter, "{sign}{whole}")?;
        if fraction == 0 {
            return Ok(());
        }
        let fraction = format!("{fraction:0FRACTION_DIGITS$}");
        write!(formatter, ".{}", fraction.trim_end_matches('0'))
    }
}

/// `value` divided by two to the power of `bits` (at least 1), rounded to the nearest, to the even one of two.
fn rounded_shift(value: u128, bits: u32) -> u128 {
    if bits >= 128 {
        return 0;
    }
    let kept = value >> bits;
    let rest = value & ((1 << bits) - 1);
    let half = 1 << (bits - 1);
    kept + u128::from(rest > half || (rest == half && kept % 2 == 1))
}

#[cfg(test)]
mod tests;
