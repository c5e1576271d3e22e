//! RANDOMKEY: a fair pick among keys that stand in natural order.
//!
//! One key in [`ONE_IN`], chosen by its hash, also stands in the sample index, in the order of hashes. A pick
//! takes a sampled key, walks a random number of keys on from there, and accepts unless it met another
//! sampled key on its way; so each key is as likely as any other. Picking among sampled keys is fair for the
//! same reason: a window of hashes is put at random, and accepted with a probability that makes up for how
//! many keys it happens to hold.

use dredis_contract::{Result, Scan, Value};

use crate::codec::{self, META_HEADER_BYTES};
use crate::meta::Entry;
use crate::random::Random;
use crate::transaction::Transaction;

/// One key in this many is in the sample index.
const ONE_IN: u64 = 32;
/// How far a walk from a sampled key may go; a longer run without a sampled key has probability e^-10.
const WALK_MAX: u64 = 10 * ONE_IN;
/// How many sampled keys a window of hashes holds on average, and at most.
const WINDOW_MEAN: u64 = 4;
const WINDOW_MAX: u64 = 24;
/// Databases up to this size are simply counted through.
const COUNTED_MAX: u64 = 2 * WALK_MAX;
/// How often a pick is tried before an expired key, or a walk's first end, is put up with.
const TRIES: usize = 1000;

impl Transaction<'_> {
    /// A live key of a database, each with the same probability; `None` if there is none to be found.
    pub fn random_key(&self, db: u32, random: &mut Random) -> Result<Option<Vec<u8>>> {
        let keys = self.database(db)?.keys;
        if keys == 0 {
            return Ok(None);
        }
        if keys <= COUNTED_MAX {
            // All of it, or (should a swap be under way and the count be that of the other space) a bounded part.
            let page = self.keys_page(db, &[], None, COUNTED_MAX as usize)?;
            let picked = random.below(page.keys.len() as u64) as usize;
            return Ok(page.keys.into_iter().nth(picked).map(|(key, _)| key));
        }
        let space = self.space(db)?;
        for _ in 0..TRIES {
            if let Some(start) = self.sampled_key(space, keys, random)?
                && let Some(key) = self.walk(space, &start, random.below(WALK_MAX))?
            {
                return Ok(Some(key));
            }
        }
        Ok(self.keys_page(db, &[], None, TRIES)?.keys.into_iter().next().map(|(key, _)| key))
    }

    pub(crate) fn sample_key_added(&mut self, space: u32, key: &[u8]) {
        let hash = self.store.codec.hash(key);
        if is_sampled(hash) {
            self.put(&codec::sample(space, hash), key.to_vec());
        }
    }

    pub(crate) fn sample_key_removed(&mut self, space: u32, key: &[u8]) {
        let hash = self.store.codec.hash(key);
        if is_sampled(hash) {
            self.delete(&codec::sample(space, hash));
        }
    }

    /// A sampled key, or the empty key for the run before the first of them; `None` if this try was rejected.
    fn sampled_key(&self, space: u32, keys: u64, random: &mut Random) -> Result<Option<Vec<u8>>> {
        let sampled = (keys / ONE_IN).max(1);
        if random.below(sampled + 1) == 0 {
            // The run before the first sampled key counts as one more; it too faces the window's rejection.
            return Ok((random.below(WINDOW_MAX) < WINDOW_MEAN).then(Vec::new));
        }
        let width = u64::MAX / sampled * WINDOW_MEAN;
        let first = random.next_u64();
        let mut found = Vec::new();
        let (end, wrapped) = first.overflowing_add(width);
        if wrapped {
            self.collect_samples(space, first, None, &mut found)?;
            self.collect_samples(space, 0, Some(end), &mut found)?;
        } else {
            self.collect_samples(space, first, Some(end), &mut found)?;
        }
        let picked = random.below(WINDOW_MAX) as usize;
        Ok(if picked < found.len() { Some(found.swap_remove(picked)) } else { None })
    }

    fn collect_samples(
        &self,
        space: u32,
        start: u64,
        end: Option<u64>,
        found: &mut Vec<Vec<u8>>,
    ) -> Result<()> {
        let first = codec::sample(space, start);
        let last = match end {
            Some(end) => Some(codec::sample(space, end)),
            None => codec::successor(&codec::sample_space(space)),
        };
        let scan = Scan { start: &first, end: last.as_deref(), ..Scan::all() };
        let mut records = self.scan(&scan.expecting(WINDOW_MAX as usize))?;
        while found.len() < WINDOW_MAX as usize
            && let Some(record) = records.next()?
        {
            found.push(record.value.to_vec());
        }
        Ok(())
    }

    /// The live key `steps` keys after `start`; `None` if a sampled key or the end comes before it, or it has
    /// expired.
    fn walk(&self, space: u32, start: &[u8], steps: u64) -> Result<Option<Vec<u8>>> {
        let first =
            if start.is_empty() { codec::meta_space(space) } else { self.store.codec.meta(space, start) };
        let end = codec::successor(&codec::meta_space(space));
        let scan = Scan { start: &first, end: end.as_deref(), ..Scan::all() };
        let mut records = self.scan(&scan.expecting(steps as usize + 1))?;
        let mut at = 0;
        while let Some(record) = records.next()? {
            let entry = Entry::decode(Value::Borrowed(record.value))?;
            let key = entry.long_key().unwrap_or(&record.key[META_HEADER_BYTES..]);
            let is_start = at == 0 && !start.is_empty();
            if !is_start && is_sampled(self.store.codec.hash(key)) {
                return Ok(None);
            }
            if at == steps {
                return Ok((!entry.head().is_expired(self.now_ms())).then(|| key.to_vec()));
            }
            at += 1;
        }
        Ok(None)
    }
}

fn is_sampled(hash: u64) -> bool {
    // The low bits decide who is sampled; the high bits order the index.
    hash.is_multiple_of(ONE_IN)
}
