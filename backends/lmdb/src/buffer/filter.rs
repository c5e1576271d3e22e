//! A filter: tells of most keys that a table does not hold that this is so, for a cache line instead of a search.

use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// Words for each key that is expected, as a shift: a quarter, that is, 16 bits.
const KEYS_PER_WORD_BITS: u32 = 2;
const WORDS_MIN: usize = 1 << 6;
const WORDS_MAX: usize = 1 << 20;
/// Bits that a key sets, all in one word.
const PROBES: u32 = 3;

/// The filter of one table. Keys are added, never taken away.
pub(super) struct Filter {
    /// Their number is a power of two.
    words: Box<[AtomicU64]>,
}

impl Filter {
    /// A filter for about so many keys: for many more it tells less.
    pub(super) fn new(keys: u64) -> Filter {
        let words = usize::try_from(keys >> KEYS_PER_WORD_BITS).unwrap_or(WORDS_MAX);
        let words = words.clamp(WORDS_MIN, WORDS_MAX).next_power_of_two();
        Filter { words: (0..words).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Adds a key, to be called before the table takes it, by one thread at a time.
    pub(super) fn add(&self, key: &[u8]) {
        let (word, bits) = self.place(key);
        // In two steps, so that the processor may go on to the next key before this one's word has come from memory.
        word.store(word.load(Ordering::Relaxed) | bits, Ordering::Release);
    }

    /// Whether the table may hold the key. False for every key that was never added.
    pub(super) fn may_hold(&self, key: &[u8]) -> bool {
        let (word, bits) = self.place(key);
        word.load(Ordering::Acquire) & bits == bits
    }

    fn place(&self, key: &[u8]) -> (&AtomicU64, u64) {
        let mut hasher = DefaultHasher::new();
        hasher.write(key);
        let hash = hasher.finish();
        let bits = (0..PROBES).fold(0, |bits, probe| bits | 1_u64 << (hash >> (6 * probe) & 63));
        (&self.words[(hash >> 32) as usize & (self.words.len() - 1)], bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_added_may_be_held_and_few_others() {
        let filter = Filter::new(10_000);
        let key = |number: u32| format!("\x10key:{number:012}").into_bytes();
        (0..10_000).for_each(|number| filter.add(&key(number)));
        assert!((0..10_000).all(|number| filter.may_hold(&key(number))));
        let wrong = (10_000..20_000).filter(|number| filter.may_hold(&key(*number))).count();
        assert!(wrong < 500, "{wrong} of 10000");
    }
}
