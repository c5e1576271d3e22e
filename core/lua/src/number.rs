//! Numbers as C prints and cuts them.

/// As C's `%.<precision>g` prints it; the precision is at least 1.
pub(crate) fn general(value: f64, precision: usize) -> String {
    if value.is_nan() {
        // What the processor makes of 0/0 has its sign set, and is printed with it.
        return if value.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let precision = precision.max(1);
    if value == value.trunc()
        && value.abs() < 1e14
        && precision >= 14
        && !(value == 0.0 && value.is_sign_negative())
    {
        return (value as i64).to_string();
    }
    let scientific = format!("{value:.*e}", precision - 1);
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= precision as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", without_zeros(digits), exponent.unsigned_abs());
    }
    let decimals = (precision as i32 - 1 - exponent).max(0) as usize;
    without_zeros(&format!("{value:.decimals$}")).to_owned()
}

fn without_zeros(digits: &str) -> &str {
    if !digits.contains('.') {
        return digits;
    }
    digits.trim_end_matches('0').trim_end_matches('.')
}

/// A number as x86 cuts it to 64 bits: what does not fit is the smallest integer.
pub(crate) fn to_integer(value: f64) -> i64 {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if (-BEYOND..BEYOND).contains(&value) { value as i64 } else { i64::MIN }
}

/// The number that a text begins with, as C's `strtod` reads it, and its length in bytes; nothing if it begins with none.
pub(crate) fn parse_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let sign_length = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let is_negative = text.first() == Some(&b'-');
    let rest = text.get(sign_length..)?;
    let (magnitude, length) = magnitude_prefix(rest)?;
    Some((if is_negative { -magnitude } else { magnitude }, sign_length + length))
}

fn magnitude_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let starts_with =
        |word: &[u8]| text.get(..word.len()).is_some_and(|front| front.eq_ignore_ascii_case(word));
    if starts_with(b"infinity") {
        return Some((f64::INFINITY, 8));
    }
    if starts_with(b"inf") {
        return Some((f64::INFINITY, 3));
    }
    if starts_with(b"nan") {
        return Some((f64::NAN, 3));
    }
    if starts_with(b"0x")
        && let Some(found) = hexadecimal_prefix(text.get(2..).unwrap_or_default())
    {
        return Some((found.0, found.1 + 2));
    }
    let digits = |from: usize| {
        text.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let whole = digits(0);
    let mut end = whole;
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    let number = std::str::from_utf8(text.get(..end)?).ok()?.parse().ok()?;
    Some((number, end))
}

/// Hexadecimal digits with a point and a binary exponent, behind `0x`.
fn hexadecimal_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let mut value: f64 = 0.0;
    let mut exponent: i32 = 0;
    let mut digits = 0;
    let mut end = 0;
    let mut is_fraction = false;
    while let Some(&byte) = text.get(end) {
        if byte == b'.' && !is_fraction {
            is_fraction = true;
        } else if let Some(digit) = char::from(byte).to_digit(16) {
            value = value * 16.0 + f64::from(digit);
            digits += 1;
            exponent = exponent.saturating_sub(if is_fraction { 4 } else { 0 });
        } else {
            break;
        }
        end += 1;
    }
    if digits == 0 {
        return None;
    }
    if matches!(text.get(end), Some(b'p' | b'P')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let rest = text.get(end + 1 + sign..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length > 0 {
            let written = std::str::from_utf8(rest.get(..length)?).ok()?.parse::<i32>().unwrap_or(i32::MAX);
            let is_negative = text.get(end + 1) == Some(&b'-');
            exponent = exponent.saturating_add(if is_negative { -written } else { written });
            end += 1 + sign + length;
        }
    }
    Some((value * 2.0_f64.powi(exponent), end))
}

/// A number that is not negative as x86 cuts it to 64 bits without sign.
pub(crate) fn to_unsigned(value: f64) -> u64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    if value < HALF { value as u64 } else { (to_integer(value - HALF) as u64) ^ (1 << 63) }
}
