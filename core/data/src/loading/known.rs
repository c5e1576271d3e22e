//! Which keys and elements a load has written: a Bloom filter, so that nearly none has to be looked up before it is written.
//!
//! Its memory is bounded, whatever the number of keys: up to about thirty million one in fifty is looked up in vain,
//! beyond that more and more. All bits of a key stand in one cache line.

use crate::heads::HeadId;

/// Lines of 64 bytes: 32 MiB of address space, of which the system gives what is touched.
const LINES: usize = 1 << 19;
/// Bits that a key sets.
const BITS: u32 = 6;
/// Bits of a hash that choose one of the 512 bits of a line.
const CHOICE: u32 = 9;

/// A set of hashes that may claim to have more than it has, never less.
pub(super) struct KnownKeys {
    lines: Vec<[u64; 8]>,
}

impl Default for KnownKeys {
    fn default() -> Self {
        KnownKeys { lines: vec![[0; 8]; LINES] }
    }
}

impl KnownKeys {
    /// Adds a hash.
    pub fn add(&mut self, id: HeadId) {
        let line = &mut self.lines[line(id)];
        for (word, bit) in bits(id) {
            line[word] |= bit;
        }
    }

    /// Whether a hash may have been added.
    pub fn may_have(&self, id: HeadId) -> bool {
        let line = &self.lines[line(id)];
        bits(id).all(|(word, bit)| line[word] & bit != 0)
    }
}

/// The low half of the hash chooses the line.
fn line(id: HeadId) -> usize {
    id as usize & (LINES - 1)
}

/// The high half chooses the bits: words of the line, and bits within them.
fn bits(id: HeadId) -> impl Iterator<Item = (usize, u64)> {
    let choices = (id >> 64) as u64;
    (0..BITS).map(move |number| {
        let choice = (choices >> (number * CHOICE)) as usize & 511;
        (choice >> 6, 1 << (choice & 63))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn nothing_is_missed_and_little_is_claimed_in_vain() {
        let mut random = Random::new(5);
        let mut id = || u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
        let mut known = KnownKeys::default();
        let added: Vec<HeadId> = (0..100_000).map(|_| id()).collect();
        added.iter().for_each(|id| known.add(*id));
        assert!(added.iter().all(|id| known.may_have(*id)));
        let in_vain = (0..100_000).filter(|_| known.may_have(id())).count();
        assert!(in_vain < 10, "{in_vain} of 100000");
    }
}
