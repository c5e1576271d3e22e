//! Ranges of keys in which a transaction knows that no record is left, because it has removed what was there.
//!
//! Who takes the first element of a queue a thousand times in one transaction would otherwise pass by all that are gone
//! already, each time. A scan that has passed by some notes the range, and the next one leaps over it. Nothing depends
//! on a range being noted; so they may be forgotten at any time.

use std::collections::BTreeMap;
use std::ops::Bound;

use dredis_contract::Direction;

use crate::codec::{self, RecordKey};

/// When there are more ranges than this, all are forgotten.
const GAPS_MAX: usize = 1024;

/// Empty ranges, neither overlapping nor touching: the first key of each, and the end, which is not included.
#[derive(Default)]
pub(crate) struct Gaps {
    ends: BTreeMap<RecordKey, RecordKey>,
}

impl Gaps {
    /// Where a scan goes on that has come to `at`, if it is in an empty range: forward, with the first key of its range being
    /// `at`; backward, with the end of its range being `at`.
    pub fn leap(&self, at: &[u8], direction: Direction) -> Option<&RecordKey> {
        match direction {
            Direction::Forward => self.around(at).map(|(_, end)| end),
            Direction::Reverse => {
                let below = (Bound::Unbounded, Bound::Excluded(at));
                let (start, end) = self.ends.range::<[u8], _>(below).next_back()?;
                (at <= end.as_slice()).then_some(start)
            }
        }
    }

    /// Notes that nothing is in `start..end`.
    pub fn add(&mut self, start: &[u8], end: &[u8]) {
        if start >= end {
            return;
        }
        let (mut start, mut end) = (RecordKey::from_slice(start), RecordKey::from_slice(end));
        // Ranges that begin at the end or before it, from the last one, until one ends before the start.
        while let Some((own_start, own_end)) = self.ends.range::<RecordKey, _>(..=&end).next_back()
            && *own_end >= start
        {
            let own_start = own_start.clone();
            if let Some(own_end) = self.ends.remove(&own_start) {
                end = end.max(own_end);
            }
            start = start.min(own_start);
        }
        if self.ends.len() >= GAPS_MAX {
            self.ends.clear();
        }
        self.ends.insert(start, end);
    }

    /// A record is written: a range around its key falls in two.
    pub fn fill(&mut self, key: &[u8]) {
        let Some((start, end)) = self.around(key) else { return };
        let (start, end) = (start.clone(), end.clone());
        self.ends.remove(&start);
        self.add(&start, key);
        self.add(&codec::just_after(key), &end);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.ends.clear();
    }

    /// The range that a key is in.
    fn around(&self, key: &[u8]) -> Option<(&RecordKey, &RecordKey)> {
        let up_to = (Bound::Unbounded, Bound::Included(key));
        self.ends.range::<[u8], _>(up_to).next_back().filter(|(_, end)| key < end.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Against one truth value for each key of one byte.
    #[test]
    fn ranges_are_joined_and_cut() {
        for seed in 1..20 {
            let mut random = Random::new(seed);
            let (mut gaps, mut is_empty) = (Gaps::default(), [false; 64]);
            for _ in 0..200 {
                if random.below(3) == 0 {
                    let key = random.below(64) as u8;
                    gaps.fill(&[key]);
                    is_empty[usize::from(key)] = false;
                } else {
                    let (start, end) = (random.below(64) as u8, random.below(64) as u8);
                    gaps.add(&[start], &[end]);
                    (start..end).for_each(|key| is_empty[usize::from(key)] = true);
                }
                for key in 0..64_u8 {
                    let is_empty = |key: u8| is_empty[usize::from(key)];
                    let end = gaps.leap(&[key], Direction::Forward).map(|end| end[0]);
                    let live = (key..64).find(|key| !is_empty(*key)).unwrap_or(64);
                    assert_eq!(end, is_empty(key).then_some(live), "seed {seed}");
                    // A range that was cut begins right behind the key, not with the next one.
                    let start = gaps.leap(&[key], Direction::Reverse);
                    let start = start.map_or(key, |start| start[0] + start.len() as u8 - 1);
                    let live = (0..key).rfind(|key| !is_empty(*key)).map_or(0, |live| live + 1);
                    assert_eq!(start, live, "seed {seed}");
                }
            }
            let mut before: Option<&RecordKey> = None;
            for (start, end) in &gaps.ends {
                assert!(start < end && before.is_none_or(|before| before < start), "seed {seed}");
                before = Some(end);
            }
        }
    }

    #[test]
    fn their_number_is_bounded() {
        let mut gaps = Gaps::default();
        for number in 0..10 * GAPS_MAX as u32 {
            let start = (2 * number).to_be_bytes();
            gaps.add(&start, &codec::just_after(&start));
            assert!(gaps.ends.len() <= GAPS_MAX);
        }
    }
}
