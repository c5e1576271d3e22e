//! Scores: as text, and as numbers whose order is that of the scores.

use std::cmp::Ordering;

use dredis_contract::{Error, Result};

use crate::packed::Element;

/// Decimals of a number of seventeen significant digits in exponent form.
const DECIMALS: usize = 16;
/// Redis packs a score as an integer up to this size, 2^62.
const PACKED_INTEGER_MAX: f64 = 4_611_686_018_427_387_904.0;
/// The highest bit.
const SIGN: u64 = 1 << 63;

/// A score as Redis 7.0 writes it: C's `%.17g`.
pub fn score_text(score: f64) -> String {
    if score.is_nan() {
        return if score.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    if score.is_infinite() {
        return if score > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if score.fract() == 0.0 && score.abs() < 1e17 {
        let sign = if score == 0.0 && score.is_sign_negative() { "-" } else { "" };
        return format!("{sign}{}", score as i64);
    }
    let scientific = format!("{score:.DECIMALS$e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if exponent < -4 || exponent > DECIMALS as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.unsigned_abs());
    }
    // Digits of the fraction such that seventeen are significant.
    let places = usize::try_from(DECIMALS as i32 - exponent).unwrap_or_default();
    without_zeros(&format!("{score:.places$}")).to_owned()
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// A score as a listpack keeps it.
pub(crate) fn packed_text(score: f64) -> String {
    if score.fract() == 0.0 && score.abs() <= PACKED_INTEGER_MAX {
        (score as i64).to_string()
    } else {
        score_text(score)
    }
}

/// The score that a listpack keeps in this element.
pub(crate) fn from_packed(element: Element<'_>) -> Result<f64> {
    let score = match element {
        Element::Integer(number) => Some(number as f64),
        Element::Bytes(text) => std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()),
    };
    score.ok_or_else(|| Error::corrupt("a score in a packed sorted set is no number"))
}

/// A number whose order among others is that of the score. Both zeros are the same.
pub(crate) fn to_ordered(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The score of such a number.
pub(crate) fn from_ordered(ordered: u64) -> f64 {
    f64::from_bits(if ordered & SIGN == 0 { !ordered } else { ordered & !SIGN })
}

/// The order of two scores, neither of which is NaN.
pub(crate) fn compare(left: f64, right: f64) -> Ordering {
    to_ordered(left).cmp(&to_ordered(right))
}

/// A score as member records hold it.
pub(crate) fn to_payload(score: f64) -> [u8; 8] {
    score.to_bits().to_be_bytes()
}

/// The score in a member record.
pub(crate) fn from_payload(payload: &[u8]) -> Result<f64> {
    let bytes = payload.try_into().map_err(|_| Error::corrupt("a member's score is not of 8 bytes"))?;
    Ok(f64::from_bits(u64::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// What redis-server 7.0.15 answers to ZSCORE.
    #[test]
    fn scores_read_as_in_redis() {
        for (score, text) in [
            (3.1, "3.1000000000000001"),
            (0.1, "0.10000000000000001"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (99999999999999984.0, "99999999999999984"),
            (1e-5, "1.0000000000000001e-05"),
            (0.0001, "0.0001"),
            (-1e-7, "-9.9999999999999995e-08"),
            (5e-324, "4.9406564584124654e-324"),
            (4503599627370495.5, "4503599627370495.5"),
            (-0.0, "-0"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::MAX, "1.7976931348623157e+308"),
            (1.0 / 3.0, "0.33333333333333331"),
            (1e23, "9.9999999999999992e+22"),
        ] {
            assert_eq!(score_text(score), text);
        }
        assert_eq!(packed_text(-0.0), "0");
        assert_eq!(packed_text(1e17), "100000000000000000");
        assert_eq!(packed_text(4_611_686_018_427_387_904.0), "4611686018427387904");
        assert_eq!(packed_text(5e18), "5e+18");
    }

    #[test]
    fn texts_and_numbers_in_order_stand_for_their_scores() {
        let mut random = Random::new(9);
        let mut scores: Vec<f64> = (0..20_000).map(|_| f64::from_bits(random.next_u64())).collect();
        scores.extend([0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, 1.0, -1.0]);
        scores.retain(|score| !score.is_nan());
        for pair in scores.windows(2) {
            assert_eq!(Some(compare(pair[0], pair[1])), pair[0].partial_cmp(&pair[1]));
            assert_eq!(from_ordered(to_ordered(pair[0])), pair[0]);
            assert_eq!(score_text(pair[0]).parse(), Ok(pair[0]));
            assert_eq!(packed_text(pair[0]).parse(), Ok(pair[0]));
        }
    }
}
