//! Putting elements in order.

use std::cmp::Ordering;

use dredis_data::{SortItem, Transaction};

use super::pattern::Pattern;
use crate::errors::{CommandError, fixed, up_to_nul};
use crate::families::sorted_set::number;

const NOT_A_NUMBER: CommandError = fixed("ERR One or more scores can't be converted into double");

/// What elements are sorted by.
#[derive(Clone, Copy)]
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
    /// What each of some elements is compared by, for [`Criterion::compare`]: a number, in the bytes of a double, or a text;
    /// nothing if by itself as a text, or by a value that is absent.
    pub fn ranks(
        &self,
        txn: &Transaction<'_>,
        db: u32,
        elements: &[Vec<u8>],
    ) -> Result<Vec<Option<Vec<u8>>>, CommandError> {
        let number = |value: &[u8]| Ok(Some(weight(value)?.to_be_bytes().to_vec()));
        match (self.by, self.is_alphabetic) {
            (None, true) => Ok(vec![None; elements.len()]),
            (None, false) => elements.iter().map(|element| number(element)).collect(),
            (Some(by), true) => by.values(txn, db, elements),
            (Some(by), false) => {
                let values = by.values(txn, db, elements)?;
                values.iter().map(|value| number(value.as_deref().unwrap_or(b"0"))).collect()
            }
        }
    }

    /// The order of two elements with their ranks. Those that compare as equal stay in the order that they have.
    pub fn compare(&self, left: &SortItem<'_>, right: &SortItem<'_>) -> Ordering {
        self.directed(match (self.is_alphabetic, self.by) {
            (true, None) => self.texts(left.element, right.element),
            (true, Some(_)) => match (left.rank, right.rank) {
                (Some(left), Some(right)) => self.texts(left, right),
                // An absent value comes before all others.
                (left, right) => left.is_some().cmp(&right.is_some()),
            },
            // Elements of the same weight come in the order of their bytes.
            (false, _) => {
                let by_weight = number_in(left).partial_cmp(&number_in(right)).unwrap_or(Ordering::Equal);
                by_weight.then_with(|| left.element.cmp(right.element))
            }
        })
    }

    fn directed(&self, order: Ordering) -> Ordering {
        if self.is_descending { order.reverse() } else { order }
    }

    fn texts(&self, left: &[u8], right: &[u8]) -> Ordering {
        if self.ends_at_nul { up_to_nul(left).cmp(up_to_nul(right)) } else { left.cmp(right) }
    }
}

/// The number that an element is compared by.
fn number_in(item: &SortItem<'_>) -> f64 {
    item.rank.and_then(|rank| rank.try_into().ok()).map_or(0.0, f64::from_be_bytes)
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
