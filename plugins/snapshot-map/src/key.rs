//! Keys as the maps hold them: short ones in place.
//!
//! Were each a pointer, comparing one would mean waiting for the memory: with a million records that makes lookups take twice
//! as long.

use std::borrow::Borrow;
use std::cmp::Ordering;

/// Longest key that is held in place, in bytes: what makes a [`Key`] 32 bytes, two to a cache line.
const SHORT_BYTES_MAX: usize = 30;

/// A key, in the order of its bytes.
#[derive(Clone)]
pub(crate) enum Key {
    Short { length: u8, bytes: [u8; SHORT_BYTES_MAX] },
    Long(Box<[u8]>),
}

impl Key {
    #[inline]
    pub(crate) fn new(key: &[u8]) -> Self {
        if key.len() > SHORT_BYTES_MAX {
            return Key::Long(Box::from(key));
        }
        let mut bytes = [0; SHORT_BYTES_MAX];
        bytes[..key.len()].copy_from_slice(key);
        Key::Short { length: key.len() as u8, bytes }
    }

    /// Reads something of what stands in place.
    #[inline]
    pub(crate) fn touch(&self) -> u64 {
        match self {
            Key::Short { length, .. } => u64::from(*length),
            Key::Long(_) => u64::MAX,
        }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Key::Short { length, bytes } => &bytes[..usize::from(*length)],
            Key::Long(bytes) => bytes,
        }
    }
}

impl Default for Key {
    fn default() -> Self {
        Key::Short { length: 0, bytes: [0; SHORT_BYTES_MAX] }
    }
}

impl Borrow<[u8]> for Key {
    #[inline]
    fn borrow(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Ord for Key {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (
                Key::Short { length: left_length, bytes: left },
                Key::Short { length: right_length, bytes: right },
            ) => {
                // As four numbers: a call to compare some bytes takes longer. Where the zeros behind a short key make it equal to a
                // longer one, the shorter one comes first.
                let words = [0, 8, 16, SHORT_BYTES_MAX - 8];
                for at in words {
                    let (left, right) = (word(left, at), word(right, at));
                    if left != right {
                        return left.cmp(&right);
                    }
                }
                left_length.cmp(right_length)
            }
            _ => self.as_slice().cmp(other.as_slice()),
        }
    }
}

/// Eight bytes as a number that is in their order.
#[inline]
fn word(bytes: &[u8; SHORT_BYTES_MAX], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_be_bytes(word)
}

impl PartialOrd for Key {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Key {}

impl PartialEq for Key {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_all_lengths_keep_their_bytes_and_their_order() {
        assert_eq!(size_of::<Key>(), 32);
        let mut keys = vec![vec![0xff], vec![0, 0]];
        keys.extend((0..40).map(|length| vec![0; length]));
        keys.extend((0..40).map(|length| vec![b'k'; length]));
        for at in 0..40 {
            let mut key = [b'k'; 40];
            key[at] = b'a';
            keys.extend([8, 16, 24, 29, 30, 31, 40].map(|length| key[..length].to_vec()));
        }
        for left in &keys {
            assert_eq!(Key::new(left).as_slice(), left);
            for right in &keys {
                assert_eq!(Key::new(left).cmp(&Key::new(right)), left.cmp(right));
                assert_eq!(Key::new(left) == Key::new(right), left == right);
            }
        }
    }
}
