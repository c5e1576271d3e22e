//! Order statistics: keys in order, each with a weight, and counts by which a rank is found in O(log n) reads.
//!
//! Level 0 holds every key. A key also stands on level n if the low 5n bits of its hash are zero, so on average one of 32
//! goes up a level. Which levels a key stands on depends on the key alone, so the index does not depend on the order of
//! arrivals and never needs balancing. A record of a level above 0 holds the weight of all keys from its own up to, and
//! without, the next key of its level; the weight before the first of them stands under the empty key. A rank is a
//! sum along one path: some 16 records of each level.
//!
//! (The idea is that of ranked sets in the record layer of FoundationDB.)

use dredis_contract::{Error, Result, Scan};

use crate::codec::{self, LEVEL_HEADER_BYTES, RecordKey, RecordKind, read_u64};
use crate::transaction::Transaction;

/// Bits of a key's hash that have to be zero for each level.
const LEVEL_BITS: u32 = 5;
/// So many records of a level follow, on average, up to the next one that also stands on the level above.
const RUN: usize = 1 << LEVEL_BITS;
/// The most records that a scan announces to the engine; no run is much longer.
const EXPECTED_MAX: usize = 8 * RUN;
/// A level that probably has no more records than this is searched from its beginning: one seek less.
const SEARCHED_MAX: u64 = 40;
/// No hash has more.
const HEIGHT_MAX: u8 = (u64::BITS / LEVEL_BITS) as u8;

/// A level above all others, where nothing is counted.
const GUARD_LEVEL: u8 = u8::MAX;

/// The level on which to begin a search in an index of that height with so many keys.
pub(crate) fn searched_height(height: u8, keys: u64) -> u8 {
    let records = |level: u8| keys.checked_shr(LEVEL_BITS * u32::from(level)).unwrap_or(0);
    (0..height).find(|level| records(*level) <= SEARCHED_MAX).unwrap_or(height)
}

/// The index of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CountedIndex {
    /// What its records are. On level 0 of [`RecordKind::ListCount`] a value begins with its key's weight (8 bytes);
    /// everywhere else a key weighs 1.
    pub kind: RecordKind,
    /// The object.
    pub object: u64,
}

impl CountedIndex {
    /// The record of a key. Callers see to it that keys are not empty, and not too long for the engine.
    pub fn record(&self, level: u8, key: &[u8]) -> RecordKey {
        let mut record = codec::level(self.kind, self.object, level);
        record.extend_from_slice(key);
        record
    }

    /// Whether every key weighs 1.
    fn is_plain(&self) -> bool {
        self.kind != RecordKind::ListCount
    }

    /// About how many records of a level it takes to get over this weight, and to the next one.
    fn records_over(&self, level: u8, weight: u64) -> usize {
        if !self.is_plain() {
            return RUN;
        }
        // On level 0 that is known. Above, records weigh more or less; a few too many cost less than another page.
        let records = weight >> (LEVEL_BITS * u32::from(level));
        let spread = if level == 0 { 0 } else { records / 4 + 4 };
        records.saturating_add(spread + 1).min(EXPECTED_MAX as u64) as usize
    }

    fn weight(&self, level: u8, value: &[u8]) -> Result<u64> {
        if level == 0 && self.is_plain() {
            return Ok(1);
        }
        read_u64(value, 0).ok_or_else(|| Error::corrupt("a record of an order index holds no count"))
    }
}

impl Transaction<'_> {
    /// Adds a key that is not there yet. `value`: what level 0 holds for it. `height`: of the index, kept by the caller;
    /// 0 for an empty one.
    pub(crate) fn counted_insert(
        &mut self,
        index: CountedIndex,
        key: &[u8],
        value: Vec<u8>,
        weight: u64,
        height: &mut u8,
    ) -> Result<()> {
        let top = self.counted_level(key);
        if top > *height {
            let total = self.counted_sum(index, *height, &[], None)?;
            if *height == 0 {
                self.counted_guard(index);
            }
            for level in *height + 1..=top {
                self.put(&index.record(level, &[]), total.to_be_bytes().to_vec());
            }
            *height = top;
        }
        for level in 1..=*height {
            let (before, count) = self.counted_before(index, level, key, false)?;
            if level > top {
                self.put(&index.record(level, &before), (count + weight).to_be_bytes().to_vec());
            } else {
                let left = self.counted_sum(index, level - 1, &before, Some(key))?;
                self.put(&index.record(level, &before), left.to_be_bytes().to_vec());
                self.put(&index.record(level, key), (count - left + weight).to_be_bytes().to_vec());
            }
        }
        self.put(&index.record(0, key), value);
        Ok(())
    }

    /// Puts a record behind all levels of an index that begins to have some. A seek to the end of the highest one ends there;
    /// in an engine that only marks what is removed, it would otherwise pass over all that has gone behind this index.
    pub(crate) fn counted_guard(&mut self, index: CountedIndex) {
        self.put(&index.record(GUARD_LEVEL, &[]), Vec::new());
    }

    /// Removes a key that is there.
    pub(crate) fn counted_remove(
        &mut self,
        index: CountedIndex,
        key: &[u8],
        weight: u64,
        height: u8,
    ) -> Result<()> {
        let top = self.counted_level(key);
        for level in 1..=height {
            let (before, mut count) = self.counted_before(index, level, key, false)?;
            if level <= top {
                let own = index.record(level, key);
                let value = self.get(&own)?.ok_or_else(lost)?;
                count += index.weight(level, &value)?;
                drop(value);
                self.delete(&own);
            }
            let count = count.checked_sub(weight).ok_or_else(lost)?;
            self.put(&index.record(level, &before), count.to_be_bytes().to_vec());
        }
        self.delete(&index.record(0, key));
        Ok(())
    }

    /// Puts a key that is not there in the place of one that is, both of weight 1; `value`: what level 0 holds for the new one. Costs
    /// the less, the closer they are: counts of what both are a part of stay as they are. The two may be the same.
    pub(crate) fn counted_move(
        &mut self,
        index: CountedIndex,
        [from, to]: [&[u8]; 2],
        value: Vec<u8>,
        height: &mut u8,
    ) -> Result<()> {
        if self.counted_level(from) > 0 || self.counted_level(to) > 0 {
            self.counted_remove(index, from, 1, *height)?;
            return self.counted_insert(index, to, value, 1, height);
        }
        for level in 1..=*height {
            let (less, count_less) = self.counted_before(index, level, from, false)?;
            let (more, count_more) = self.counted_before(index, level, to, false)?;
            // What lies between them has no key on this level, so it has none on those above.
            if less == more {
                break;
            }
            let count_less = count_less.checked_sub(1).ok_or_else(lost)?;
            self.put(&index.record(level, &less), count_less.to_be_bytes().to_vec());
            self.put(&index.record(level, &more), (count_more + 1).to_be_bytes().to_vec());
        }
        self.delete(&index.record(0, from));
        self.put(&index.record(0, to), value);
        Ok(())
    }

    /// Changes a key's weight by `delta`. `value`: what level 0 holds for it from now on.
    pub(crate) fn counted_adjust(
        &mut self,
        index: CountedIndex,
        key: &[u8],
        value: Vec<u8>,
        delta: i64,
        height: u8,
    ) -> Result<()> {
        for level in 1..=height {
            let (at, count) = self.counted_before(index, level, key, true)?;
            let count = count.checked_add_signed(delta).ok_or_else(lost)?;
            self.put(&index.record(level, &at), count.to_be_bytes().to_vec());
        }
        self.put(&index.record(0, key), value);
        Ok(())
    }

    /// The weight of all keys before `key`, which need not be there.
    pub(crate) fn counted_rank(&self, index: CountedIndex, key: &[u8], height: u8) -> Result<u64> {
        self.counted_sum(index, height, &[], Some(key))
    }

    /// The key at a rank, and how far into its weight; `None` beyond the end.
    pub(crate) fn counted_at(
        &self,
        index: CountedIndex,
        rank: u64,
        height: u8,
    ) -> Result<Option<(Vec<u8>, u64)>> {
        let (mut from, mut left) = (Vec::new(), rank);
        for level in (0..=height).rev() {
            let start = index.record(level, &from);
            let end = codec::successor(&codec::level(index.kind, index.object, level));
            let scan = Scan { start: &start, end: end.as_deref(), ..Scan::all() };
            let mut records = self.scan(&scan.expecting(index.records_over(level, left)))?;
            loop {
                let Some(record) = records.next()? else { return Ok(None) };
                let weight = index.weight(level, record.value)?;
                if left < weight {
                    from = record.key[LEVEL_HEADER_BYTES..].to_vec();
                    break;
                }
                left -= weight;
            }
        }
        Ok(Some((from, left)))
    }

    /// The highest level that a key stands on.
    pub(crate) fn counted_level(&self, key: &[u8]) -> u8 {
        let level = self.store.codec.hash(key).trailing_zeros() / LEVEL_BITS;
        (level as u8).min(HEIGHT_MAX)
    }

    /// The last key of a level before `key` (or `key` itself, if that may be), and its count.
    fn counted_before(
        &self,
        index: CountedIndex,
        level: u8,
        key: &[u8],
        may_be_key: bool,
    ) -> Result<(Vec<u8>, u64)> {
        let start = codec::level(index.kind, index.object, level);
        let own = index.record(level, key);
        let end = if may_be_key { codec::just_after(&own) } else { own };
        let mut records = self.scan(&Scan::range(&start, &end).reverse().expecting(1))?;
        let record = records.next()?.ok_or_else(lost)?;
        Ok((record.key[LEVEL_HEADER_BYTES..].to_vec(), index.weight(level, record.value)?))
    }

    /// The weight of all keys from `from`, which stands on `level` and all below, up to `to` or the end.
    fn counted_sum(&self, index: CountedIndex, level: u8, from: &[u8], to: Option<&[u8]>) -> Result<u64> {
        let (mut sum, mut from) = (0, from.to_vec());
        for level in (0..=level).rev() {
            let start = index.record(level, &from);
            let end = match to {
                // Above level 0, to the last key that is not behind `to`: what lies between is below.
                Some(to) if level > 0 => Some(codec::just_after(&index.record(level, to))),
                Some(to) => Some(index.record(0, to)),
                None => codec::successor(&codec::level(index.kind, index.object, level)),
            };
            let scan = Scan { start: &start, end: end.as_deref(), ..Scan::all() };
            // A scan that ends where it has to brings nothing in vain, however many records it announces.
            let scan = scan.expecting(EXPECTED_MAX);
            let mut records = self.scan(&if level == 0 && index.is_plain() { scan.keys() } else { scan })?;
            let mut last = None;
            while let Some(record) = records.next()? {
                let weight = index.weight(level, record.value)?;
                if level == 0 || to.is_none() {
                    sum += weight;
                } else if let Some(weight) = last.replace(weight) {
                    sum += weight;
                }
                if level > 0 && to.is_some() {
                    from.clear();
                    from.extend_from_slice(&record.key[LEVEL_HEADER_BYTES..]);
                }
            }
            if to.is_none() {
                break;
            }
        }
        Ok(sum)
    }
}

fn lost() -> Error {
    Error::corrupt("an order index has lost a record")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::random::Random;
    use crate::store::Store;
    use crate::test_backend::MapBackend;
    use crate::transaction::Observer;

    struct Nobody;

    impl Observer for Nobody {
        fn key_changed(&self, _: u32, _: &[u8]) {}

        fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
            Ok(())
        }
    }

    /// Keys, some of them close together, and their weights.
    fn check(seed: u64, kind: RecordKind, weights: u64) {
        let mut random = Random::new(seed);
        let (store, mut writer) = Store::open(Arc::new(MapBackend::new(u64::MAX)), "map", [seed, 2]).unwrap();
        let index = CountedIndex { kind, object: 7 };
        let mut model: Vec<(Vec<u8>, u64)> = Vec::new();
        let mut height = 0;
        for round in 0..10 {
            let mut txn = Transaction::writable(&store, &mut writer, &Nobody, 0);
            for _ in 0..150 {
                let key = (random.below(3_000) as u32 + 1).to_be_bytes().to_vec();
                let found = model.binary_search_by(|(own, _)| own.cmp(&key));
                let weight = 1 + random.below(weights);
                let value = weight.to_be_bytes().to_vec();
                match found {
                    Ok(at) if random.below(3) == 0 && weights > 1 => {
                        let delta = weight as i64 - model[at].1 as i64;
                        txn.counted_adjust(index, &key, value, delta, height).unwrap();
                        model[at].1 = weight;
                    }
                    Ok(at) if round % 2 == 1 => {
                        txn.counted_remove(index, &key, model[at].1, height).unwrap();
                        model.remove(at);
                    }
                    Ok(_) => {}
                    // Mostly to a place close by.
                    Err(to) if to > 0 && weights == 1 && random.below(2) == 0 => {
                        let at = to - 1 - random.below(to.min(9) as u64) as usize;
                        let (from, _) = model.remove(at);
                        txn.counted_move(index, [&from, &key], value, &mut height).unwrap();
                        model.insert(to - 1, (key, weight));
                    }
                    Err(at) => {
                        txn.counted_insert(index, &key, value, weight, &mut height).unwrap();
                        model.insert(at, (key, weight));
                    }
                }
            }
            txn.commit().unwrap();
            let txn = Transaction::read_only(&store, 0);
            let mut before = 0;
            for (key, weight) in &model {
                assert_eq!(txn.counted_rank(index, key, height).unwrap(), before, "seed {seed}");
                for offset in [0, weight - 1] {
                    let at = txn.counted_at(index, before + offset, height).unwrap();
                    assert_eq!(at, Some((key.clone(), offset)), "seed {seed}");
                }
                before += weight;
            }
            assert_eq!(txn.counted_at(index, before, height).unwrap(), None);
            assert_eq!(txn.counted_rank(index, &[0xff], height).unwrap(), before);
        }
        assert!(height > 0, "seed {seed}: the index has levels");
    }

    #[test]
    fn ranks_agree_with_counting() {
        for seed in 1..4 {
            check(seed, RecordKind::SortedSetOrder, 1);
            check(seed, RecordKind::ListCount, 50);
        }
    }
}
