//! Doubles as Redis 7.0 writes them: C's `%.17g`, seventeen significant digits without trailing zeros.

use std::fmt::{self, Write};

/// Significant digits.
const DIGITS: usize = 17;
/// Integers below this have no more digits than that, and are written out.
const WRITTEN_OUT_BELOW: f64 = 1e17;

/// A double as text. Fits every `f64`.
pub struct DoubleText {
    bytes: [u8; 32],
    length: usize,
}

impl DoubleText {
    /// The text of this double.
    pub fn new(value: f64) -> DoubleText {
        let mut text = DoubleText { bytes: [0; 32], length: 0 };
        if value.is_infinite() {
            text.push(if value > 0.0 { b"inf" } else { b"-inf" });
        } else if value.is_nan() {
            text.push(if value.is_sign_negative() { b"-nan" } else { b"nan" });
        } else if value.fract() == 0.0 && value.abs() < WRITTEN_OUT_BELOW {
            if value == 0.0 && value.is_sign_negative() {
                text.push(b"-");
            }
            text.push(itoa::Buffer::new().format(value as i64).as_bytes());
        } else {
            text.push_general(value);
        }
        text
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// `%g` by its definition in C: exponent form if the exponent is below -4 or not below the precision.
    fn push_general(&mut self, value: f64) {
        let mut scientific = DoubleText { bytes: [0; 32], length: 0 };
        write!(scientific, "{:.*e}", DIGITS - 1, value.abs()).expect("sixteen decimals and an exponent fit");
        let mut digits = [0; DIGITS];
        let mut exponent = 0_i32;
        let mut parts = scientific.as_bytes().split(|byte| *byte == b'e');
        let mantissa = parts.next().unwrap_or_default().iter().filter(|byte| **byte != b'.');
        digits.iter_mut().zip(mantissa).for_each(|(digit, found)| *digit = *found);
        if let Some(found) = parts.next().and_then(|found| std::str::from_utf8(found).ok()) {
            exponent = found.parse().expect("Rust writes exponents as plain integers");
        }
        let significant = digits.iter().rposition(|digit| *digit != b'0').map_or(1, |last| last + 1);
        let digits = &digits[..significant];

        if value.is_sign_negative() {
            self.push(b"-");
        }
        if exponent < -4 || exponent >= DIGITS as i32 {
            self.push_with_point(digits, 1);
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(self, "e{sign}{:02}", exponent.unsigned_abs()).expect("three digits fit");
        } else if exponent < 0 {
            self.push(b"0.");
            (1..exponent.unsigned_abs()).for_each(|_| self.push(b"0"));
            self.push(digits);
        } else {
            self.push_with_point(digits, exponent as usize + 1);
        }
    }

    /// `whole` digits, a point, and the others; without a point if there are no others.
    fn push_with_point(&mut self, digits: &[u8], whole: usize) {
        match digits.split_at_checked(whole) {
            Some((before, after)) if !after.is_empty() => {
                self.push(before);
                self.push(b".");
                self.push(after);
            }
            _ => {
                self.push(digits);
                (digits.len()..whole).for_each(|_| self.push(b"0"));
            }
        }
    }

    fn push(&mut self, text: &[u8]) {
        self.bytes[self.length..self.length + text.len()].copy_from_slice(text);
        self.length += text.len();
    }
}

impl Write for DoubleText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What redis-server 7.0.15 answers to ZSCORE; the last ones are C's `printf`.
    #[test]
    fn doubles_read_as_in_redis() {
        for (value, text) in [
            (3.1, "3.1000000000000001"),
            (0.1, "0.10000000000000001"),
            (1e22, "1e+22"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (123456789012345678.0, "1.2345678901234568e+17"),
            (99999999999999984.0, "99999999999999984"),
            (1e-5, "1.0000000000000001e-05"),
            (0.0001, "0.0001"),
            (0.00001234, "1.234e-05"),
            (-1e-7, "-9.9999999999999995e-08"),
            (1.5e300, "1.5000000000000001e+300"),
            (5e-324, "4.9406564584124654e-324"),
            (-2.2250738585072014e-308, "-2.2250738585072014e-308"),
            (17179869184.5, "17179869184.5"),
            (4503599627370495.5, "4503599627370495.5"),
            (-3.0, "-3"),
            (0.0, "0"),
            (-0.0, "-0"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (f64::MAX, "1.7976931348623157e+308"),
            (1.0 / 3.0, "0.33333333333333331"),
            (100.5, "100.5"),
            (0.001, "0.001"),
            (-0.00012, "-0.00012"),
        ] {
            assert_eq!(String::from_utf8_lossy(DoubleText::new(value).as_bytes()), text, "{value:e}");
        }
    }

    #[test]
    fn every_double_reads_back_as_itself() {
        let mut random = dredis_data::Random::new(7);
        for _ in 0..100_000 {
            let value = f64::from_bits(random.next_u64());
            if !value.is_nan() {
                let text = DoubleText::new(value);
                let text = std::str::from_utf8(text.as_bytes()).expect("text");
                assert_eq!(text.parse::<f64>().expect("a number").to_bits(), value.to_bits(), "{text}");
            }
        }
    }
}
