//! Numbered batches. Whoever knows the seed knows what each number does.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::RangeInclusive;
use std::path::Path;

use dredis_contract::{Backend, DurabilityNeed};

use crate::changes::{Change, Model, apply, commit};
use crate::check::{During, Ending, ensure};
use crate::random::Random;
use crate::reading::{expect_model, get};
use crate::target::Target;

/// The key under which each batch leaves its number.
const LAST: &[u8] = b"~last";

/// Every so many commits `sync` is called. Not often in most lives: it takes longer than many commits, and kills are to
/// fall on those, too.
const COMMITS_PER_SYNC: [u64; 3] = [7, 50, 200];

/// So many batches are made before the first of them is committed.
pub(super) const BATCHES_AHEAD: u64 = 80;

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

/// The batches from `first` on that are made beforehand, so that what happens beside commits falls on those and not on
/// the making.
pub(super) fn batches(seed: u64, first: u64) -> Vec<(u64, Vec<Change>)> {
    (first..first + BATCHES_AHEAD).map(|number| (number, batch(seed, number))).collect()
}

/// Expects the commits up to one of these numbers, and nothing else: at least what was acknowledged, at most what was
/// begun. Returns the number of the last one there. The model holds the commits up to `reached` and is moved on to it.
pub(super) fn expect_commits(
    backend: &dyn Backend,
    seed: u64,
    model: &mut Model,
    reached: u64,
    last: RangeInclusive<u64>,
) -> Result<u64, Ending> {
    let view = backend.view()?;
    let found = match get(&*view, LAST)? {
        Some(bytes) => {
            let bytes =
                bytes.try_into().map_err(|_| Ending::failed("the number of the last commit is garbled"))?;
            u64::from_be_bytes(bytes)
        }
        None => 0,
    };
    ensure!(found >= *last.start(), "acknowledged commits are lost: the last one there is {found}");
    ensure!(found <= *last.end(), "commit {found} is there, which was never begun");
    for number in reached + 1..=found {
        apply(model, &batch(seed, number));
    }
    expect_model(&*view, model).during(format_args!("commits up to {found} should be there, each whole"))?;
    Ok(found)
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
        let batches = batches(seed, next);
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
