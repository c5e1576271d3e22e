//! A small engine that several openings of one directory share, within this process: an ordered map, and the number of
//! the commit that last changed each key. And the same engine broken in one way or another.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use dredis_contract::{
    Backend, Basis, Batch, Capabilities, Commit, Cursor, Direction, Durability, Moment, OpenRequest,
    Operation, Projection, Record, Result, Scan, Value, View,
};

/// What is wrong with an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Nothing,
    IgnoresReads,
    ChecksWrittenKeysAlone,
    ChecksBeforeItLocks,
    MissesNewKeys,
    MissesDeletes,
    MissesRangeDeletes,
    MissesItsOwnCommits,
    ForgetsOldCommits,
    AppliesDespiteTheConflict,
    IsAlwaysInConflict,
    ComparesNumbersOfCommitsAlone,
    IsInConflictOverNothing,
    KeepsOpeningsApart,
}

use Fault::*;

/// Each fault with the checks that catch it.
pub const CAUGHT_BY: &[(Fault, &[&str])] = &[
    (IgnoresReads, &["no_update_is_lost", "no_write_skew_is_let_through", CHANGED]),
    (ChecksWrittenKeysAlone, &["no_write_skew_is_let_through", CHANGED]),
    (ChecksBeforeItLocks, &["no_update_is_lost"]),
    (MissesNewKeys, &[CHANGED]),
    (MissesDeletes, &["no_write_skew_is_let_through", CHANGED]),
    (MissesRangeDeletes, &[CHANGED]),
    (MissesItsOwnCommits, &[CHANGED]),
    (ForgetsOldCommits, &[CHANGED]),
    (AppliesDespiteTheConflict, &[CHANGED]),
    (IsAlwaysInConflict, &["a_commit_whose_reads_stand_is_done"]),
    // Any commit in between, of whatever key, is a conflict: where others write all the time, nobody gets through.
    (ComparesNumbersOfCommitsAlone, &["a_commit_whose_reads_stand_is_done"]),
    (IsInConflictOverNothing, &["a_commit_that_rests_on_nothing_is_done"]),
    (KeepsOpeningsApart, &["what_one_opening_commits_the_others_see"]),
];

const CHANGED: &str = "a_commit_whose_reads_changed_is_a_conflict";

/// One of the faults looks back no further than so many commits.
const COMMITS_REMEMBERED: u64 = 1000;

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// What all openings share.
#[derive(Default)]
struct Shared {
    records: Arc<Records>,
    commits: u64,
    /// By key: the commit that last changed it, and through which opening.
    changed: HashMap<Vec<u8>, (u64, u64)>,
    openings: u64,
}

/// One opening.
pub struct SharedBackend {
    fault: Fault,
    shared: Arc<Mutex<Shared>>,
    number: u64,
}

impl SharedBackend {
    pub fn open(request: &OpenRequest, fault: Fault) -> Self {
        let shared = if fault == KeepsOpeningsApart { Arc::default() } else { of_directory(&request.dir) };
        let number = {
            let mut shared = lock(&shared);
            shared.openings += 1;
            shared.openings
        };
        SharedBackend { fault, shared, number }
    }

    /// Whether something that was read has changed since.
    fn is_conflict(&self, shared: &Shared, basis: &Basis<'_>, operations: &[Operation<'_>]) -> bool {
        let since = basis.moment.0;
        if self.fault == ComparesNumbersOfCommitsAlone {
            return shared.commits > since && !basis.reads.is_empty();
        }
        basis.reads.iter().any(|key| {
            let is_written = operations.iter().any(|operation| {
                matches!(operation, Operation::Put { key: own, .. } | Operation::Delete { key: own } if own == key)
            });
            match shared.changed.get(*key) {
                _ if self.fault == ChecksWrittenKeysAlone && !is_written => false,
                Some((_, opening)) if self.fault == MissesItsOwnCommits && *opening == self.number => false,
                Some((commit, _)) if self.fault == ForgetsOldCommits => {
                    *commit > since && *commit + COMMITS_REMEMBERED > shared.commits
                }
                Some((commit, _)) => *commit > since,
                None => false,
            }
        })
    }

    fn apply(&self, shared: &mut Shared, operations: &[Operation<'_>]) {
        shared.commits += 1;
        let by = (shared.commits, self.number);
        let Shared { records, changed, .. } = shared;
        let records = Arc::make_mut(records);
        for operation in operations {
            match *operation {
                Operation::Put { key, value } => {
                    let had = records.insert(key.to_vec(), value.to_vec()).is_some();
                    if had || self.fault != MissesNewKeys {
                        changed.insert(key.to_vec(), by);
                    }
                }
                Operation::Delete { key } => {
                    records.remove(key);
                    if self.fault != MissesDeletes {
                        changed.insert(key.to_vec(), by);
                    }
                }
                Operation::DeleteRange { start, end } => records.retain(|key, _| {
                    let goes = key.as_slice() >= start && key.as_slice() < end;
                    if goes && self.fault != MissesRangeDeletes {
                        changed.insert(key.clone(), by);
                    }
                    !goes
                }),
            }
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What lies in a directory, as long as somebody has it open.
fn of_directory(directory: &Path) -> Arc<Mutex<Shared>> {
    static OPEN: Mutex<BTreeMap<PathBuf, Weak<Mutex<Shared>>>> = Mutex::new(BTreeMap::new());
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    open.retain(|_, shared| shared.strong_count() > 0);
    if let Some(shared) = open.get(directory).and_then(Weak::upgrade) {
        return shared;
    }
    let shared = Arc::default();
    open.insert(directory.to_owned(), Arc::downgrade(&shared));
    shared
}

impl Backend for SharedBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities::shared(Durability::Never)
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        let shared = lock(&self.shared);
        Ok(Box::new(SharedView { records: Arc::clone(&shared.records), moment: Moment(shared.commits) }))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        let mut shared = lock(&self.shared);
        let is_conflict = match (self.fault, batch.basis()) {
            (IsInConflictOverNothing, None) => shared.commits % 5 == 4,
            (_, None) | (IgnoresReads, _) => false,
            (IsAlwaysInConflict, Some(_)) => true,
            (_, Some(basis)) => self.is_conflict(&shared, &basis, batch.operations()),
        };
        if self.fault == IsInConflictOverNothing && is_conflict {
            shared.commits += 1;
        }
        if is_conflict && self.fault != AppliesDespiteTheConflict {
            return Ok(Commit::Conflict);
        }
        if self.fault == ChecksBeforeItLocks {
            drop(shared);
            std::thread::yield_now();
            shared = lock(&self.shared);
        }
        self.apply(&mut shared, batch.operations());
        Ok(if is_conflict { Commit::Conflict } else { Commit::Done })
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }
}

struct SharedView {
    records: Arc<Records>,
    moment: Moment,
}

impl View for SharedView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        Ok(self.records.get(key).map(|value| Value::Borrowed(value)))
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        let end = scan.end.map_or(Bound::Unbounded, |end| Bound::Excluded(end.max(scan.start)));
        let range = self.records.range::<[u8], _>((Bound::Included(scan.start), end));
        let entries: Entries<'_> = match scan.direction {
            Direction::Forward => Box::new(range),
            Direction::Reverse => Box::new(range.rev()),
        };
        Ok(Box::new(SharedCursor { entries, keys_only: scan.projection == Projection::Keys }))
    }

    fn moment(&self) -> Result<Moment> {
        Ok(self.moment)
    }
}

type Entries<'v> = Box<dyn Iterator<Item = (&'v Vec<u8>, &'v Vec<u8>)> + Send + 'v>;

struct SharedCursor<'v> {
    entries: Entries<'v>,
    keys_only: bool,
}

impl Cursor for SharedCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        Ok(Some(Record { key, value: if self.keys_only { &[] } else { value } }))
    }
}
