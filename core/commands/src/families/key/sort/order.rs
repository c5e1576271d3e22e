//! Putting elements in order.

use std::cmp::Ordering;

use dredis_data::Transaction;

use super::pattern::Pattern;
use crate::errors::{CommandError, fixed, up_to_nul};
use crate::families::sorted_set::number;

const NOT_A_NUMBER: CommandError = fixed("ERR One or more scores can't be converted into double");

/// What elements are sorted by.
pub struct Criterion<'o, 'a> {
    /// Other values in their place.
    pub by: Option<&'o Pattern<'a>>,
    /// As texts, not as numbers.
    pub is_alphabetic: bool,
    /// The other way round.
    pub is_descending: bool,
    /// Texts are compared up to their first zero byte.
    pub ends_at_nul: bool,
}

impl Criterion<'_, '_> {
    /// Sorts elements. Those that compare as equal stay in the order that they have.
    pub fn sort(
        &self,
        txn: &Transaction<'_>,
        db: u32,
        elements: Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<u8>>, CommandError> {
        let values = self.by.map(|by| by.values(txn, db, &elements)).transpose()?;
        if self.is_alphabetic {
            return Ok(match values {
                None => {
                    let mut elements = elements;
                    elements.sort_by(|left, right| self.directed(self.texts(left, right)));
                    elements
                }
                // An absent value comes before all others.
                Some(values) => self.sorted(elements, values, |left, right| match (&left.0, &right.0) {
                    (Some(left), Some(right)) => self.texts(left, right),
                    (left, right) => left.is_some().cmp(&right.is_some()),
                }),
            });
        }
        let weights: Result<Vec<f64>, CommandError> = match values {
            None => elements.iter().map(|element| weight(element)).collect(),
            Some(values) => {
                values.iter().map(|value| value.as_ref().map_or(Ok(0.0), |value| weight(value))).collect()
            }
        };
        // Elements of the same weight come in the order of their bytes.
        Ok(self.sorted(elements, weights?, |left, right| {
            left.0.partial_cmp(&right.0).unwrap_or(Ordering::Equal).then_with(|| left.1.cmp(&right.1))
        }))
    }

    fn sorted<T>(
        &self,
        elements: Vec<Vec<u8>>,
        values: Vec<T>,
        compare: impl Fn(&(T, Vec<u8>), &(T, Vec<u8>)) -> Ordering,
    ) -> Vec<Vec<u8>> {
        let mut pairs: Vec<(T, Vec<u8>)> = values.into_iter().zip(elements).collect();
        pairs.sort_by(|left, right| self.directed(compare(left, right)));
        pairs.into_iter().map(|(_, element)| element).collect()
    }

    fn directed(&self, order: Ordering) -> Ordering {
        if self.is_descending { order.reverse() } else { order }
    }

    fn texts(&self, left: &[u8], right: &[u8]) -> Ordering {
        if self.ends_at_nul { up_to_nul(left).cmp(up_to_nul(right)) } else { left.cmp(right) }
    }
}

/// A value as a number. Unlike a score, one that is too small to be held with all its digits is refused.
fn weight(value: &[u8]) -> Result<f64, CommandError> {
    let weight = number::parse_limit(value).ok_or(NOT_A_NUMBER)?;
    let text = up_to_nul(value);
    // What is infinite or nothing by name has other digits than what has become so.
    let has_digit = |digits: &[u8]| text.iter().any(|byte| digits.contains(byte));
    let is_out_of_range = weight.is_infinite() && has_digit(b"0123456789") || weight.is_subnormal();
    let has_vanished = weight == 0.0 && has_significant_digit(text);
    if is_out_of_range || has_vanished { Err(NOT_A_NUMBER) } else { Ok(weight) }
}

/// Whether a number, as it is written, is not zero: a digit other than 0 stands before its exponent.
fn has_significant_digit(text: &[u8]) -> bool {
    let is_hexadecimal = text.iter().any(|byte| matches!(byte, b'x' | b'X'));
    let is_mark = |byte: &u8| match is_hexadecimal {
        true => matches!(byte, b'p' | b'P'),
        false => matches!(byte, b'e' | b'E'),
    };
    let is_significant = |byte: &u8| match is_hexadecimal {
        true => byte.is_ascii_hexdigit() && *byte != b'0',
        false => matches!(byte, b'1'..=b'9'),
    };
    text.split(is_mark).next().unwrap_or_default().iter().any(is_significant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_what_a_real_server_takes() {
        let good: &[(&[u8], f64)] = &[
            (b"", 0.0),
            (b" 1", 1.0),
            (b"\t-2.5e1", -25.0),
            (b"1\0x", 1.0),
            (b"+5", 5.0),
            (b".5", 0.5),
            (b"5.", 5.0),
            (b"0x10", 16.0),
            (b"0x1p3", 8.0),
            (b"0e5", 0.0),
            (b"-inf", f64::NEG_INFINITY),
            (b"Infinity", f64::INFINITY),
        ];
        for (text, expected) in good {
            assert_eq!(weight(text), Ok(*expected), "{}", text.escape_ascii());
        }
        for text in ["1 ", " ", "x", "nan", "-nan", "1e400", "1e-400", "1e-320", ".", "0x1p-2000"] {
            assert!(weight(text.as_bytes()).is_err(), "{text}");
        }
    }
}
