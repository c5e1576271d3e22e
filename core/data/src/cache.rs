//! Records that were used lately, kept in memory above the engine.
//!
//! A record found here costs two or three cache lines, where an ordered engine searches a tree or several tables. The cache is
//! bounded in bytes and shared by all readers; it is right for every view:
//!
//! - Commits are numbered. A record stands here with the number of a commit that left it so; a view that was taken when at least
//!   that commit was over shows the same record, as long as no later commit has touched it.
//! - A commit leaves the records that it changes here, changed and under its own number, before it begins: no view finds them
//!   until it is over. So nothing that is found was changed by a commit that a view may or may not show.
//! - A reader may leave what it read here only if no commit has begun since before its view was taken.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dredis_contract::Operation;

mod shard;

use shard::Shard;

/// The longest record that is kept, in bytes. Longer ones cost more to copy than to find.
const RECORD_BYTES_MAX: usize = 4096;
/// The most parts with a lock each: a power of two. A part that grows moves all that it holds, so many and small ones.
const SHARDS_MAX: usize = 1024;
/// Bytes of a part at least, if there is more than one: room for the longest records, too.
const SHARD_BYTES_MIN: usize = 64 * 1024;
/// How many records a commit changes together, holding all their parts.
const TOGETHER: usize = 128;
/// In place of a number below [`TOGETHER`].
const NOT_HELD: u8 = u8::MAX;
/// When there is no more room, one of so many records that are read is let in, and none that is written: reading much more than
/// there is room for turns the cache over slowly.
const ADMITTED_OF: usize = 4;

/// The 128-bit keyed hash of a record's key. Mistaking one record for another is less likely than a fault of the memory.
pub(crate) type RecordId = u128;

/// The cache.
pub(crate) struct RecordCache {
    shards: Box<[Mutex<Shard>]>,
    /// The latest commit that has begun, and the latest that is over. There is one at a time.
    begun: AtomicU64,
    over: AtomicU64,
    /// Bytes that each part may take. 0: nothing is kept.
    shard_bytes_max: usize,
    /// How many records that were read were to be let in while there was no room.
    asked: AtomicUsize,
}

/// A record that changes, and what it is then, if that is kept.
type Change<'v> = (RecordId, Option<&'v [u8]>);

/// A commit that has begun.
#[must_use]
pub(crate) struct Begun(u64);

impl RecordCache {
    /// A cache of about so many bytes.
    pub fn new(bytes_max: usize) -> RecordCache {
        let shards = 1 << (bytes_max / SHARD_BYTES_MIN).clamp(1, SHARDS_MAX).ilog2();
        RecordCache {
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            begun: AtomicU64::new(0),
            over: AtomicU64::new(0),
            shard_bytes_max: bytes_max / shards,
            asked: AtomicUsize::new(0),
        }
    }

    /// Whether anything is kept at all.
    pub fn is_on(&self) -> bool {
        self.shard_bytes_max > 0
    }

    /// The latest commit that is over. To be asked before a view is taken, and to be given with what that view is asked.
    pub fn moment(&self) -> u64 {
        self.over.load(Ordering::Acquire)
    }

    /// The record as a view of that moment shows it, if it is known. It is never known not to exist.
    pub fn find(&self, id: RecordId, moment: u64) -> Option<Vec<u8>> {
        self.shard(id).find(id, moment)
    }

    /// Leaves a record here that was read from a view of that moment.
    pub fn offer(&self, id: RecordId, moment: u64, value: &[u8]) {
        if value.len() > RECORD_BYTES_MAX {
            return;
        }
        let mut shard = self.shard(id);
        // A commit that begins now changes the record here after it has waited for this lock.
        if self.begun.load(Ordering::Acquire) == moment
            && (!shard.is_full(self.shard_bytes_max)
                || self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(ADMITTED_OF))
        {
            shard.insert(id, moment, value, self.shard_bytes_max);
        }
    }

    /// Begins a commit of these operations: what was known of what it changes is not found any more, and what it writes is not found
    /// yet. `id`: a record's, if it is one that may stand here.
    pub fn begin(&self, operations: &[Operation<'_>], id: impl Fn(&[u8]) -> Option<RecordId>) -> Begun {
        let number = self.begun.load(Ordering::Relaxed) + 1;
        self.begun.store(number, Ordering::Release);
        if !self.is_on() {
            return Begun(number);
        }
        let mut changes = Vec::with_capacity(operations.len());
        for operation in operations {
            match operation {
                Operation::Put { key, value } => {
                    let value = (value.len() <= RECORD_BYTES_MAX).then_some(*value);
                    changes.extend(id(key).map(|id| (id, value)));
                }
                Operation::Delete { key } => changes.extend(id(key).map(|id| (id, None))),
                Operation::DeleteRange { .. } => self.clear(),
            }
        }
        changes.chunks(TOGETHER).for_each(|changes| self.change_together(changes, number));
        Begun(number)
    }

    /// Makes changes, of which none concerns the record of another.
    fn change_together(&self, changes: &[Change<'_>], number: u64) {
        // Nobody else holds more than one.
        let mut held = Vec::with_capacity(changes.len());
        let mut held_as = [NOT_HELD; SHARDS_MAX];
        let mut together = Vec::with_capacity(changes.len());
        for (id, value) in changes {
            let index = &mut held_as[self.shard_of(*id)];
            if *index == NOT_HELD {
                *index = held.len() as u8;
                held.push(self.shard(*id));
            }
            together.push((*index, *id, *value));
        }
        touch(&held, &together, Shard::touch_tags);
        touch(&held, &together, Shard::touch_place);
        touch(&held, &together, Shard::touch_value);
        for (index, id, value) in together {
            let shard = &mut held[usize::from(index)];
            match value {
                Some(value) => shard.change(id, number, value, self.shard_bytes_max),
                None => shard.remove(id),
            }
        }
    }

    /// Ends a commit. If it was not done, nothing is known any more.
    pub fn end(&self, begun: Begun, is_done: bool) {
        if !is_done {
            self.clear();
        }
        self.over.store(begun.0, Ordering::Release);
    }

    /// Bytes in use.
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).bytes()).sum()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        for shard in &self.shards {
            *lock(shard) = Shard::default();
        }
    }

    fn shard(&self, id: RecordId) -> MutexGuard<'_, Shard> {
        lock(&self.shards[self.shard_of(id)])
    }

    fn shard_of(&self, id: RecordId) -> usize {
        // Buckets are chosen by the lowest bits.
        (id >> 96) as usize & (self.shards.len() - 1)
    }
}

/// Has the processor fetch what `each` reads for all these records: for many at once, where changing them would wait for one
/// after the other.
fn touch(
    held: &[MutexGuard<'_, Shard>],
    together: &[(u8, RecordId, Option<&[u8]>)],
    each: impl Fn(&Shard, RecordId) -> usize,
) {
    let records = together.iter().map(|(index, id, _)| each(&held[usize::from(*index)], *id));
    std::hint::black_box(records.fold(0, |sum, found| sum ^ found));
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
