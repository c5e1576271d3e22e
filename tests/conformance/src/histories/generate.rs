//! Makes histories. Keys are few and collide; they share beginnings, hold every byte, and go up to the longest length.

use std::collections::BTreeSet;

use dredis_contract::{Capabilities, Direction, DurabilityNeed, Projection};

use super::{Range, Step};
use crate::changes::Change;
use crate::random::Random;

/// Keys longer than this teach nothing more.
const KEY_BYTES_MAX: usize = 4096;

/// Sizes of values around which engines change their ways.
const VALUE_SIZES: &[usize] = &[0, 0, 1, 7, 100, 255, 256, 257, 1000, 4095, 4096, 4097, 20_000, 32_768];

/// Makes histories for engines with these limits.
pub(crate) struct Generator {
    key_bytes_max: usize,
    /// Whether steps may reopen.
    reopens: bool,
}

impl Generator {
    pub(crate) fn new(capabilities: &Capabilities, reopens: bool) -> Self {
        let declared = usize::try_from(capabilities.limits.key_bytes_max).unwrap_or(usize::MAX);
        Generator { key_bytes_max: declared.min(KEY_BYTES_MAX), reopens }
    }

    /// A history of so many steps.
    pub(crate) fn history(&self, random: &mut Random, length: usize) -> Vec<Step> {
        let pool: Vec<Vec<u8>> = {
            let count = *random.pick(&[6, 30, 200]);
            (0..count).map(|_| self.key(random)).collect()
        };
        let mut maker = Maker { random, pool: &pool, generator: self };
        (0..length).map(|_| maker.step()).collect()
    }

    fn key(&self, random: &mut Random) -> Vec<u8> {
        const EDGES: &[&[u8]] =
            &[b"\x00", b"\x00\x00", b"\xff", b"\xff\xff", b"a", b"a\x00", b"a\xff", b"b", b"aa"];
        match random.below(10) {
            0..3 => random.pick(EDGES).to_vec(),
            3..6 => {
                let length = 1 + random.below(12);
                (0..length).map(|_| *random.pick(b"ab\x00\xff")).collect()
            }
            6..8 => {
                let length = 1 + random.below(30);
                random.bytes(length)
            }
            _ => {
                // Long ones that differ late or in length alone.
                let shortened = *random.pick(&[0, 0, 0, 1, 2, 100]);
                let mut key = vec![*random.pick(b"LM"); (self.key_bytes_max - shortened).max(1)];
                let last = key.len() - 1;
                key[last] = *random.pick(b"\x00xy\xff");
                key
            }
        }
    }
}

struct Maker<'m> {
    random: &'m mut Random,
    pool: &'m [Vec<u8>],
    generator: &'m Generator,
}

impl Maker<'_> {
    fn step(&mut self) -> Step {
        match self.random.below(100) {
            0..45 => Step::Commit(self.batch()),
            45..58 => {
                let count = self.random.below(8);
                Step::Get((0..count).map(|_| self.key()).collect())
            }
            58..76 => Step::Scan(self.range()),
            76..82 => Step::TakeView,
            82..87 => Step::ReadKept(self.random.below(8)),
            87..91 => Step::DropKept(self.random.below(8)),
            91..93 => Step::Sync,
            93..95 => Step::Need(*self.random.pick(&[
                DurabilityNeed::EveryCommit,
                DurabilityNeed::Periodic,
                DurabilityNeed::Relaxed,
            ])),
            95..96 => {
                let (start, end) = self.ends();
                Step::Compact(start, end)
            }
            96..98 => {
                let (start, end) = self.ends();
                Step::Measure(start, end)
            }
            _ if self.generator.reopens => Step::Reopen,
            _ => Step::Sync,
        }
    }

    /// Mostly a key that other steps use too, sometimes a neighbour of one.
    fn key(&mut self) -> Vec<u8> {
        if self.random.percent(10) {
            return self.generator.key(self.random);
        }
        self.random.pick(self.pool).clone()
    }

    fn value(&mut self) -> Vec<u8> {
        let length =
            if self.random.percent(70) { self.random.below(40) } else { *self.random.pick(VALUE_SIZES) };
        self.random.bytes(length)
    }

    /// A batch as the contract wants it: sorted, no key twice, no change within a range that goes.
    fn batch(&mut self) -> Vec<Change> {
        let count = *self.random.pick(&[0, 1, 1, 2, 3, 8, 40]);
        let keys: BTreeSet<Vec<u8>> = (0..count).map(|_| self.key()).collect();
        let mut changes = Vec::new();
        let mut keys = keys.into_iter().peekable();
        while let Some(key) = keys.next() {
            match (self.random.below(20), keys.peek()) {
                (0..3, Some(end)) => {
                    changes.push(Change::DeleteRange(key, end.clone()));
                    // Half of the ends are spared by the batch, too, so that they have to be there afterwards.
                    if self.random.percent(50) {
                        keys.next();
                    }
                }
                (3, None) => {
                    let end = [&key[..], b"\xff"].concat();
                    changes.push(Change::DeleteRange(key, end));
                }
                (4..9, _) => changes.push(Change::Delete(key)),
                _ => {
                    let value = self.value();
                    changes.push(Change::Put(key, value));
                }
            }
        }
        // Keys of a range's end may be as long as the longest key and one more byte.
        let longest = self.generator.key_bytes_max;
        changes.retain(|change| !matches!(change, Change::DeleteRange(_, end) if end.len() > longest));
        changes
    }

    fn ends(&mut self) -> (Vec<u8>, Option<Vec<u8>>) {
        let start = if self.random.percent(30) { Vec::new() } else { self.key() };
        let end = if self.random.percent(30) { None } else { Some(self.key()) };
        (start, end)
    }

    fn range(&mut self) -> Range {
        let (start, end) = self.ends();
        Range {
            start,
            end,
            direction: *self.random.pick(&[Direction::Forward, Direction::Reverse]),
            projection: *self.random.pick(&[Projection::Keys, Projection::Entries]),
            expected: *self.random.pick(&[0, 0, 1, 5, 1000]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_sorted_and_touch_no_key_twice() {
        let generator = Generator { key_bytes_max: 300, reopens: true };
        let mut random = Random::new(5);
        let (mut ranges, mut others) = (0, 0);
        for step in (0..40).flat_map(|_| generator.history(&mut random, 200)) {
            let Step::Commit(changes) = step else { continue };
            for pair in changes.windows(2) {
                let free_from = match &pair[0] {
                    Change::DeleteRange(_, end) => end.clone(),
                    other => [other.start(), &[0]].concat(),
                };
                assert!(pair[1].start() >= free_from.as_slice(), "{} before {}", pair[0], pair[1]);
            }
            let count = changes.iter().filter(|change| matches!(change, Change::DeleteRange(..))).count();
            ranges += count;
            others += changes.len() - count;
        }
        assert!(ranges > 100 && others > 1000, "{ranges} ranges and {others} other changes were looked at");
    }
}
