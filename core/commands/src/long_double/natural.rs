//! Natural numbers of any size, as far as exact conversion of numbers needs them.

use std::cmp::Ordering;

/// A natural number: digits of 32 bits, the lowest first, no zero on top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Natural {
    digits: Vec<u32>,
}

impl Natural {
    pub fn new(value: u64) -> Self {
        let mut natural = Natural { digits: vec![value as u32, (value >> 32) as u32] };
        natural.trim();
        natural
    }

    /// The number of its bits without leading zeros.
    pub fn bits(&self) -> u64 {
        let top = self.digits.last().map_or(0, |digit| 32 - digit.leading_zeros());
        (self.digits.len() as u64).saturating_sub(1) * 32 + u64::from(top)
    }

    /// Becomes itself times `factor` plus `addend`.
    pub fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for digit in &mut self.digits {
            let product = u64::from(*digit) * u64::from(factor) + carry;
            *digit = product as u32;
            carry = product >> 32;
        }
        self.digits.push(carry as u32);
        self.trim();
    }

    /// Becomes itself times ten to this power.
    pub fn multiply_power_of_ten(&mut self, exponent: u32) {
        for _ in 0..exponent / 9 {
            self.multiply_add(1_000_000_000, 0);
        }
        self.multiply_add(10_u32.pow(exponent % 9), 0);
    }

    /// Becomes itself times two to this power.
    pub fn shift_left(&mut self, bits: u32) {
        self.multiply_add(1 << (bits % 32), 0);
        if !self.digits.is_empty() {
            self.digits.splice(0..0, std::iter::repeat_n(0, (bits / 32) as usize));
        }
    }

    /// Becomes half of itself, rounded down.
    fn halve(&mut self) {
        let mut carry = 0;
        for digit in self.digits.iter_mut().rev() {
            let low = *digit & 1;
            *digit = (*digit >> 1) | (carry << 31);
            carry = low;
        }
        self.trim();
    }

    /// Divides itself by `divisor` and gives the remainder.
    fn divide_small(&mut self, divisor: u32) -> u32 {
        let mut remainder = 0_u64;
        for digit in self.digits.iter_mut().rev() {
            let value = (remainder << 32) | u64::from(*digit);
            *digit = (value / u64::from(divisor)) as u32;
            remainder = value % u64::from(divisor);
        }
        self.trim();
        remainder as u32
    }

    /// The quotient by `divisor`, which must have at most `quotient_bits` (up to 127) bits, and whether anything
    /// remains.
    pub fn divide(mut self, divisor: &Natural, quotient_bits: u32) -> (u128, bool) {
        let mut subtrahend = divisor.clone();
        subtrahend.shift_left(quotient_bits);
        let mut quotient = 0_u128;
        for _ in 0..=quotient_bits {
            quotient <<= 1;
            if self.compare(&subtrahend) != Ordering::Less {
                self.subtract(&subtrahend);
                quotient |= 1;
            }
            subtrahend.halve();
        }
        (quotient, !self.digits.is_empty())
    }

    /// Its decimal digits.
    pub fn into_decimal(mut self) -> String {
        let mut groups = Vec::new();
        while !self.digits.is_empty() {
            groups.push(self.divide_small(1_000_000_000));
        }
        let mut text = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            text.push_str(&format!("{group:09}"));
        }
        text
    }

    fn compare(&self, other: &Natural) -> Ordering {
        let by_length = self.digits.len().cmp(&other.digits.len());
        by_length.then_with(|| self.digits.iter().rev().cmp(other.digits.iter().rev()))
    }

    /// Takes away a number that is not larger.
    fn subtract(&mut self, other: &Natural) {
        let mut borrow = false;
        for (at, digit) in self.digits.iter_mut().enumerate() {
            let taken = other.digits.get(at).copied().unwrap_or(0);
            let (once, first) = digit.overflowing_sub(taken);
            let (twice, second) = once.overflowing_sub(u32::from(borrow));
            *digit = twice;
            borrow = first || second;
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
    }
}
