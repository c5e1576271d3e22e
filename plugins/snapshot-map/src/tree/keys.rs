//! The keys of a node.
//!
//! Keys that stand side by side begin alike. A node knows how many bytes all its keys share, and of each key the eight that
//! come then, as a number: nearly always those decide, and no key itself is looked at but the one that is found.

use std::cmp::Ordering;

use super::LINE_BYTES;
use crate::key::Key;

/// Ascending keys, `N` at most: one less than a power of two.
// In this order, so that what a search needs stands together.
#[repr(C)]
pub(super) struct Keys<const N: usize> {
    /// Of each key the bytes after the shared ones. The largest number where there is no key.
    words: [u64; N],
    length: u32,
    /// How many bytes all keys share, or fewer than that.
    shared: u32,
    keys: [Key; N],
}

impl<const N: usize> Default for Keys<N> {
    fn default() -> Self {
        Keys { words: [u64::MAX; N], length: 0, shared: 0, keys: std::array::from_fn(|_| Key::default()) }
    }
}

impl<const N: usize> Keys<N> {
    pub(super) fn len(&self) -> usize {
        self.length as usize
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() == N
    }

    pub(super) fn get(&self, at: usize) -> &Key {
        &self.keys[at]
    }

    /// The first key, of which there is one.
    pub(super) fn first(&self) -> &Key {
        &self.keys[0]
    }

    /// Where `key` is, or where it belongs.
    #[inline]
    pub(super) fn search(&self, key: &[u8]) -> Result<usize, usize> {
        let (mut at, word) = self.guess(key);
        while at < self.len() && self.words[at] == word {
            match self.keys[at].as_slice().cmp(key) {
                Ordering::Less => at += 1,
                Ordering::Equal => return Ok(at),
                Ordering::Greater => break,
            }
        }
        Err(at)
    }

    /// How many keys are certainly less than `key`, and the number that the next ones must have to be so, too.
    #[inline]
    pub(super) fn guess(&self, key: &[u8]) -> (usize, u64) {
        let shared = &self.keys[0].as_slice()[..self.shared as usize];
        if !key.starts_with(shared) {
            return if key < shared { (0, 0) } else { (self.len(), 0) };
        }
        let word = word(key, shared.len());
        // Steps that need no branch, which nobody could foretell.
        let (mut at, mut step) = (0, N.div_ceil(2));
        while step > 0 {
            at += if self.words[at + step - 1] < word { step } else { 0 };
            step /= 2;
        }
        (at, word)
    }

    /// Puts a key in, for which there is room.
    pub(super) fn insert(&mut self, at: usize, key: Key) {
        let length = self.len();
        let shared = if length == 0 {
            key.as_slice().len()
        } else {
            common(key.as_slice(), &self.keys[0].as_slice()[..self.shared as usize])
        };
        self.keys[at..=length].rotate_right(1);
        self.words.copy_within(at..length, at + 1);
        self.words[at] = word(key.as_slice(), shared);
        self.keys[at] = key;
        self.length += 1;
        if shared != self.shared as usize {
            self.share(shared);
        }
    }

    /// Takes a key out.
    pub(super) fn remove(&mut self, at: usize) -> Key {
        let length = self.len();
        let removed = std::mem::take(&mut self.keys[at]);
        self.keys[at..length].rotate_left(1);
        self.words.copy_within(at + 1..length, at);
        self.words[length - 1] = u64::MAX;
        self.length -= 1;
        if self.length == 0 {
            self.shared = 0;
        }
        removed
    }

    /// Takes the keys from `at` on out.
    pub(super) fn split_off(&mut self, at: usize) -> Keys<N> {
        let mut right = Keys::default();
        let length = self.len();
        for (to, from) in right.keys.iter_mut().zip(&mut self.keys[at..length]) {
            *to = std::mem::take(from);
        }
        right.length = (length - at) as u32;
        self.length = at as u32;
        self.share_all();
        right.share_all();
        right
    }

    /// Puts keys behind, for which there is room.
    pub(super) fn append(&mut self, mut right: Keys<N>) {
        let length = self.len();
        for (to, from) in self.keys[length..].iter_mut().zip(&mut right.keys[..right.length as usize]) {
            *to = std::mem::take(from);
        }
        self.length += right.length;
        self.share_all();
    }

    /// What a search looks at first.
    #[inline]
    pub(super) fn touch(&self) -> u64 {
        let words = self.words.iter().step_by(LINE_BYTES / size_of::<u64>());
        words.fold(u64::from(self.length) ^ self.touch_key(0), |sum, word| sum ^ word)
    }

    /// What an insertion moves.
    #[inline]
    pub(super) fn touch_from(&self, at: usize) -> u64 {
        (at..self.len()).step_by(LINE_BYTES / size_of::<Key>()).fold(0, |sum, at| sum ^ self.touch_key(at))
    }

    fn touch_key(&self, at: usize) -> u64 {
        self.keys[at].touch()
    }

    /// Finds out how many bytes all keys share: as many as the first and the last.
    fn share_all(&mut self) {
        let shared = match self.keys[..self.len()] {
            [] => 0,
            [ref first, .., ref last] => common(first.as_slice(), last.as_slice()),
            [ref only] => only.as_slice().len(),
        };
        self.share(shared);
    }

    /// From now on, so many bytes are shared.
    fn share(&mut self, shared: usize) {
        self.shared = shared as u32;
        let length = self.len();
        for (to, key) in self.words.iter_mut().zip(&self.keys[..length]) {
            *to = word(key.as_slice(), shared);
        }
        self.words[length..].fill(u64::MAX);
    }
}

/// The shortest key that is greater than `left` and not greater than `right`.
pub(super) fn separator(left: &[u8], right: &[u8]) -> Key {
    Key::new(&right[..common(left, right) + 1])
}

/// How many bytes the two share at their beginning.
fn common(left: &[u8], right: &[u8]) -> usize {
    left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

/// The eight bytes from `at` on as a number that is in their order; zeros stand for what is missing.
#[inline]
fn word(key: &[u8], at: usize) -> u64 {
    let rest = key.get(at..).unwrap_or_default();
    match (rest.first_chunk(), key.last_chunk()) {
        (Some(bytes), _) => u64::from_be_bytes(*bytes),
        // Read at once: a number put together in memory is slow to be read from there.
        (None, Some(bytes)) => u64::from_be_bytes(*bytes).unbounded_shl(64 - 8 * rest.len() as u32),
        (None, None) => rest.iter().rfold(0, |word, byte| word >> 8 | u64::from(*byte) << 56),
    }
}
