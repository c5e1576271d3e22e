//! Distinct integers in ascending order, in Redis's intset layout.
//!
//! Bytes of a number (4, little-endian: 2, 4 or 8), how many numbers there are (4), and the numbers, all of this one
//! width. It grows when a number needs that, and never shrinks again.

use dredis_contract::{Error, Result};

const HEADER_BYTES: usize = 8;

/// An intset to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntsetRef<'i> {
    width: usize,
    numbers: &'i [u8],
}

/// An intset to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intset(Vec<u8>);

impl<'i> IntsetRef<'i> {
    /// Takes bytes for an intset.
    pub fn new(bytes: &'i [u8]) -> Result<Self> {
        let fields = || {
            let (header, numbers) = bytes.split_at_checked(HEADER_BYTES)?;
            let width = u32::from_le_bytes(*header.first_chunk()?) as usize;
            let count = u32::from_le_bytes(*header.last_chunk()?) as usize;
            let fits = matches!(width, 2 | 4 | 8) && count.checked_mul(width) == Some(numbers.len());
            fits.then_some(IntsetRef { width, numbers })
        };
        fields().ok_or_else(|| Error::corrupt("a packed value is no intset"))
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.numbers.len() / self.width
    }

    /// Whether there is no number.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// A number by its place.
    pub fn get(&self, index: usize) -> Option<i64> {
        let start = index.checked_mul(self.width)?;
        Some(decode(self.numbers.get(start..start.checked_add(self.width)?)?))
    }

    /// Whether a number is in here.
    pub fn contains(&self, number: i64) -> bool {
        self.find(number).is_ok()
    }

    /// The numbers in ascending order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = i64> + DoubleEndedIterator + use<'i> {
        self.numbers.chunks_exact(self.width).map(decode)
    }

    /// The place of a number, or where it would have to stand.
    fn find(&self, number: i64) -> std::result::Result<usize, usize> {
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = middle * self.width;
            match decode(&self.numbers[start..start + self.width]).cmp(&number) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }
}

impl Default for Intset {
    fn default() -> Self {
        Intset(vec![2, 0, 0, 0, 0, 0, 0, 0])
    }
}

impl Intset {
    /// Takes bytes for an intset.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        IntsetRef::new(&bytes)?;
        Ok(Intset(bytes))
    }

    /// The intset of these numbers, which are distinct and ascend.
    pub fn from_ascending(numbers: &[i64]) -> Self {
        debug_assert!(numbers.is_sorted_by(|left, right| left < right));
        // No number needs more than the lowest or the highest.
        let ends = numbers.first().into_iter().chain(numbers.last());
        let width = ends.map(|number| width(*number)).max().unwrap_or(2);
        let mut set = Intset(Vec::with_capacity(HEADER_BYTES + numbers.len() * width));
        set.0.extend_from_slice(&(width as u32).to_le_bytes());
        set.0.extend_from_slice(&[0; 4]);
        numbers.iter().for_each(|number| set.0.extend_from_slice(&number.to_le_bytes()[..width]));
        set.set_count();
        set
    }

    /// To read.
    pub fn view(&self) -> IntsetRef<'_> {
        IntsetRef { width: self.width(), numbers: &self.0[HEADER_BYTES..] }
    }

    /// The whole, as it is stored.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Adds a number; whether it was not there before.
    pub fn insert(&mut self, number: i64) -> bool {
        if width(number) > self.width() {
            // Beyond all that the narrower numbers can be: it belongs at one of the ends.
            let mut numbers: Vec<i64> = self.view().iter().collect();
            numbers.insert(if number < 0 { 0 } else { numbers.len() }, number);
            *self = Intset::from_ascending(&numbers);
            return true;
        }
        let Err(index) = self.view().find(number) else { return false };
        let at = HEADER_BYTES + index * self.width();
        let bytes = number.to_le_bytes();
        self.0.splice(at..at, bytes[..self.width()].iter().copied());
        self.set_count();
        true
    }

    /// Removes a number; whether it was there.
    pub fn remove(&mut self, number: i64) -> bool {
        let Ok(index) = self.view().find(number) else { return false };
        let at = HEADER_BYTES + index * self.width();
        self.0.drain(at..at + self.width());
        self.set_count();
        true
    }

    fn width(&self) -> usize {
        usize::from(self.0[0])
    }

    fn set_count(&mut self) {
        let count = u32::try_from(self.view().count()).expect("a packed value has a limit far below 4 GB");
        self.0[4..HEADER_BYTES].copy_from_slice(&count.to_le_bytes());
    }
}

/// Bytes that a number needs.
fn width(number: i64) -> usize {
    if i16::try_from(number).is_ok() {
        2
    } else if i32::try_from(number).is_ok() {
        4
    } else {
        8
    }
}

/// A number from its 2, 4 or 8 bytes.
fn decode(bytes: &[u8]) -> i64 {
    let is_negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut wide = [if is_negative { 0xff } else { 0 }; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    i64::from_le_bytes(wide)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::random::Random;

    #[test]
    fn bytes_are_those_of_redis() {
        let mut set = Intset::default();
        assert!(set.insert(5) && set.insert(-2) && !set.insert(5));
        assert_eq!(set.0, [2, 0, 0, 0, 2, 0, 0, 0, 0xfe, 0xff, 5, 0]);
        assert!(set.insert(40_000));
        let wider = [4, 0, 0, 0, 3, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 5, 0, 0, 0, 0x40, 0x9c, 0, 0];
        assert_eq!(set.0, wider);
        assert!(set.remove(40_000) && !set.remove(7));
        assert_eq!(set.0[0], 4, "the width never shrinks");
    }

    #[test]
    fn any_numbers_in_any_order() {
        let mut random = Random::new(4);
        for _ in 0..200 {
            let (mut set, mut model) = (Intset::default(), BTreeSet::new());
            for _ in 0..60 {
                let magnitude = (random.next_u64() >> 1 >> random.below(63)) as i64;
                let number = match random.below(8) {
                    0 => i64::MIN,
                    1 => i64::MAX,
                    2..5 => -magnitude,
                    _ => magnitude,
                };
                if random.below(3) > 0 {
                    assert_eq!(set.insert(number), model.insert(number));
                } else {
                    let number = model.range(number..).next().copied().unwrap_or(number);
                    assert_eq!(set.remove(number), model.remove(&number));
                }
                assert!(set.view().iter().eq(model.iter().copied()));
                assert_eq!(set.view().contains(number), model.contains(&number));
                assert_eq!(set.view().get(1), model.iter().nth(1).copied());
                assert_eq!(IntsetRef::new(&set.0).unwrap().count(), model.len());
            }
            let numbers: Vec<i64> = model.iter().copied().collect();
            assert!(Intset::from_ascending(&numbers).view().iter().eq(model));
        }
    }

    #[test]
    fn what_is_no_intset_is_refused() {
        let bad: [&[u8]; 4] = [b"", &[2, 0, 0, 0], &[3, 0, 0, 0, 0, 0, 0, 0], &[2, 0, 0, 0, 1, 0, 0, 0, 1]];
        for bytes in bad {
            assert!(IntsetRef::new(bytes).is_err(), "{bytes:?}");
        }
    }
}
