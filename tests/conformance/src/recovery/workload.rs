//! Numbered batches. Whoever knows the seed knows what each number does.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;

use dredis_contract::DurabilityNeed;

use crate::changes::{Change, commit};
use crate::check::Ending;
use crate::random::Random;
use crate::target::Target;

/// The key under which each batch leaves its number.
pub(super) const LAST: &[u8] = b"~last";

/// Every so many commits `sync` is called. Not often in most lives: it takes longer than many commits, and kills are to
/// fall on those, too.
const COMMITS_PER_SYNC: [u64; 3] = [7, 50, 200];

/// So many batches are made before the first of them is committed.
const BATCHES_AHEAD: u64 = 80;

/// Keys of the workload are below this.
const KEYS: usize = 600;

fn key(number: usize) -> Vec<u8> {
    format!("key {number:04}").into_bytes()
}

/// What the batch of this number does: puts of all sizes, deletes, now and then a range; its own number last.
pub(super) fn batch(seed: u64, number: u64) -> Vec<Change> {
    let mut random = Random::new(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut changes = BTreeMap::new();
    let count = *random.pick(&[1, 10, 40, 150]);
    for _ in 0..1 + random.below(count) {
        let key = key(random.below(KEYS));
        let change = if random.percent(20) {
            Change::Delete(key.clone())
        } else {
            let length = *random.pick(&[0, 10, 100, 100, 1000, 5000]);
            Change::Put(key.clone(), random.bits().to_le_bytes().repeat(length / 8))
        };
        changes.insert(key, change);
    }
    if random.percent(20) {
        let start = random.below(KEYS);
        let (start, end) = (key(start), key(start + 1 + random.below(50)));
        changes.retain(|key, _| *key < start || *key >= end);
        changes.insert(start.clone(), Change::DeleteRange(start, end));
    }
    changes.insert(LAST.to_vec(), Change::put(LAST, &number.to_be_bytes()));
    changes.into_values().collect()
}

/// Commits one batch after the other, from `first` on, and says the number of each once its commit has returned.
pub(crate) fn commit_for_ever(
    target: &Target,
    directory: &Path,
    first: u64,
    seed: u64,
    say: impl Fn(u64) -> std::io::Result<()>,
) -> Result<Infallible, Ending> {
    let backend = target.open(directory)?;
    let needs = [DurabilityNeed::Periodic, DurabilityNeed::EveryCommit, DurabilityNeed::Relaxed];
    backend.need_durability(needs[(first / 3 % 3) as usize])?;
    let commits_per_sync = COMMITS_PER_SYNC[(seed.wrapping_add(first) % 3) as usize];
    let mut next = first;
    loop {
        // Made beforehand, so that kills fall on commits and not on the making.
        let batches: Vec<(u64, Vec<Change>)> =
            (next..next + BATCHES_AHEAD).map(|number| (number, batch(seed, number))).collect();
        next += BATCHES_AHEAD;
        for (number, changes) in &batches {
            commit(&*backend, changes)?;
            say(*number)?;
            if number % commits_per_sync == 0 {
                backend.sync()?;
            }
        }
    }
}
