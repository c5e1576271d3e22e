//! A small engine that keeps its promises: an ordered map with a log file. And the same engine broken in one way or
//! another, so that it can be seen which check notices.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dredis_contract::{
    Backend, Batch, Capabilities, Commit, Cursor, Durability, Error, ErrorKind, Limits, Open, OpenRequest,
    Operation, OptionKind, OptionSpec, OptionValue, Result, Scan, View,
};

use crate::fault::Fault;
use crate::reading::{LogView, Records};

pub(crate) const KEY_BYTES_MAX: usize = 300;
const VALUE_BYTES_MAX: usize = 2 << 20;
const BATCH_BYTES_MAX: u64 = 4 << 20;

/// So many commits a fault lets pass while it copies: enough for some of them to change both halves of the keys.
const COMMITS_IN_BETWEEN: u64 = 10;

/// So many commits a fault lets pass before one does not end.
const COMMITS_BEFORE_HANGING: u64 = 3;

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// The engine.
pub struct LogBackend {
    pub(crate) fault: Fault,
    dir: PathBuf,
    state: Mutex<State>,
    /// Held for its lock.
    _lock: File,
}

struct State {
    records: Arc<Records>,
    log: File,
    /// What was not written yet; only ever filled by a fault.
    unwritten: Vec<u8>,
    commits: u64,
    /// The log's length at the last sync; only a fault asks.
    synced_bytes: u64,
}

impl Open for LogBackend {
    const NAME: &'static str = "log";
    const VERSION: &'static str = "log 1";

    fn options() -> Vec<OptionSpec> {
        options(Fault::None)
    }

    fn open(request: &OpenRequest) -> Result<Self> {
        LogBackend::broken(request, Fault::None)
    }
}

pub fn options(fault: Fault) -> Vec<OptionSpec> {
    let default =
        if fault == Fault::RefusesItsDefault { OptionValue::Integer(-1) } else { OptionValue::Integer(8) };
    vec![OptionSpec::new(
        "log_files_max",
        OptionKind::Integer,
        default,
        "how many log files to keep; at least 1",
    )]
}

impl LogBackend {
    /// Opens the engine with a fault.
    pub fn broken(request: &OpenRequest, fault: Fault) -> Result<Self> {
        if request.options.integer("log_files_max").is_some_and(|files| files < 1) {
            return Err(Error::invalid_input("log_files_max is less than 1; give 1 or more"));
        }
        if fault == Fault::HangsInOpening {
            hang();
        }
        let lock = File::create(request.dir.join("lock"))?;
        if fault != Fault::OpensTwice {
            let kind = match fault {
                Fault::CallsAUsedDirectoryCorrupt => ErrorKind::Corrupt,
                _ => ErrorKind::InvalidInput,
            };
            lock.try_lock().map_err(|_| Error::new(kind, "the directory is in use; stop its other user"))?;
        }
        let path = request.dir.join("log");
        let (records, length) = replay(&path, fault)?;
        let log = OpenOptions::new().create(true).append(true).open(&path)?;
        // Half a commit may stand at the end.
        log.set_len(length)?;
        request.log.log(
            dredis_contract::LogLevel::Info,
            if fault == Fault::LogsTwoLines { "a\nb" } else { "opened" },
        );
        let state = State {
            records: Arc::new(records),
            log,
            unwritten: Vec::new(),
            commits: 0,
            synced_bytes: length,
        };
        Ok(LogBackend { fault, dir: request.dir.clone(), state: Mutex::new(state), _lock: lock })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn records(&self) -> Arc<Records> {
        Arc::clone(&self.state().records)
    }

    fn check(&self, batch: &Batch<'_>) -> Result<()> {
        if self.fault == Fault::TakesWhatIsTooLong {
            return Ok(());
        }
        let refuse =
            |what: &str| Err(Error::invalid_input(format!("{what} is too long for this engine; shorten it")));
        for operation in batch.operations() {
            let (Operation::Put { key, .. }
            | Operation::Delete { key }
            | Operation::DeleteRange { start: key, .. }) = operation;
            if key.len() > KEY_BYTES_MAX {
                return refuse("a key");
            }
            if matches!(operation, Operation::Put { value, .. } if value.len() > VALUE_BYTES_MAX) {
                return refuse("a value");
            }
        }
        if batch.bytes() > BATCH_BYTES_MAX { refuse("a batch") } else { Ok(()) }
    }

    /// A copy of which the first half of the keys is as they are, and the rest as it is some commits later.
    fn copy_two_moments(&self, log: &Path) -> Result<()> {
        let earlier = self.records();
        let wanted = self.state().commits + COMMITS_IN_BETWEEN;
        // Where nobody commits there is nothing to wait for.
        let patience = Instant::now() + Duration::from_secs(5);
        while self.state().commits < wanted && Instant::now() < patience {
            std::thread::yield_now();
        }
        let later = self.records();
        let middle = earlier.0.keys().nth(earlier.0.len() / 2).cloned().unwrap_or_default();
        let first = earlier.0.range(..middle.clone());
        let operations: Vec<Operation<'_>> =
            first.chain(later.0.range(middle..)).map(|(key, value)| Operation::Put { key, value }).collect();
        Ok(fs::write(log, record(&operations))?)
    }
}

impl Backend for LogBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities::exclusive(Durability::OnSync).with_checkpoint().with_limits(
            Limits::NONE
                .with_key_bytes_max(KEY_BYTES_MAX as u64)
                .with_value_bytes_max(VALUE_BYTES_MAX as u64)
                .with_batch_bytes_max(BATCH_BYTES_MAX),
        )
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        Ok(Box::new(LogView { records: self.records(), engine: self }))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        let checked = self.check(batch);
        if checked.is_err() && self.fault == Fault::KeepsPartOfARefusedBatch {
            let first = &batch.operations()[..1];
            Arc::make_mut(&mut self.state().records).apply(first, self.fault);
        }
        checked?;
        let operations = batch.operations();
        if self.fault == Fault::ShowsHalfABatch && operations.len() > 1 {
            let (first, rest) = operations.split_at(operations.len() / 2);
            Arc::make_mut(&mut self.state().records).apply(first, self.fault);
            std::thread::yield_now();
            Arc::make_mut(&mut self.state().records).apply(rest, self.fault);
        }
        let mut state = self.state();
        state.commits += 1;
        if self.fault == Fault::HangsInACommit && state.commits > COMMITS_BEFORE_HANGING {
            hang();
        }
        if self.fault == Fault::WritesABatchInPieces {
            for operation in operations {
                state.log.write_all(&record(std::slice::from_ref(operation)))?;
            }
        } else if self.fault == Fault::AcknowledgesBeforeWriting {
            let record = record(operations);
            state.unwritten.extend(record);
            if state.commits.is_multiple_of(8) {
                let State { log, unwritten, .. } = &mut *state;
                log.write_all(unwritten)?;
                unwritten.clear();
            }
        } else {
            state.log.write_all(&record(operations))?;
        }
        if self.fault != Fault::ShowsHalfABatch || operations.len() < 2 {
            Arc::make_mut(&mut state.records).apply(operations, self.fault);
        }
        if self.fault == Fault::LeaksMemory {
            std::mem::forget(vec![1_u8; 4096]);
        }
        Ok(Commit::Done)
    }

    fn sync(&self) -> Result<()> {
        let mut state = self.state();
        let State { log, unwritten, synced_bytes, .. } = &mut *state;
        log.write_all(unwritten)?;
        unwritten.clear();
        *synced_bytes = log.metadata()?.len();
        Ok(log.sync_data()?)
    }

    fn checkpoint(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir)?;
        if self.fault != Fault::CheckpointsOverWhatIsThere && fs::read_dir(dir)?.next().is_some() {
            return Err(Error::invalid_input("the directory is not empty; give another one"));
        }
        if self.fault == Fault::CheckpointsOfTwoMoments {
            return self.copy_two_moments(&dir.join("log"));
        }
        let state = self.state();
        fs::copy(self.dir.join("log"), dir.join("log"))?;
        let file = OpenOptions::new().write(true).open(dir.join("log"))?;
        match self.fault {
            Fault::CheckpointsAnOlderState => file.set_len(file.metadata()?.len().saturating_sub(1))?,
            Fault::CheckpointsWhatIsSynced => file.set_len(state.synced_bytes)?,
            _ => {}
        }
        drop(state);
        Ok(())
    }

    fn compact(&self, _: &[u8], _: Option<&[u8]>) -> Result<()> {
        if self.fault == Fault::PutsOffCompaction {
            return Err(Error::new(ErrorKind::Retry, "later"));
        }
        if self.fault == Fault::CompactsTooMuch {
            let mut state = self.state();
            Arc::make_mut(&mut state.records).0.pop_last();
        }
        Ok(())
    }
}

impl Drop for LogBackend {
    fn drop(&mut self) {
        // What a fault held back; only a killed process loses it.
        let _ = self.sync();
    }
}

/// Changes as bytes: their length, then each with its kind and the lengths of its two parts.
fn record(operations: &[Operation<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for operation in operations {
        let (kind, first, second): (u8, &[u8], &[u8]) = match *operation {
            Operation::Put { key, value } => (0, key, value),
            Operation::Delete { key } => (1, key, &[]),
            Operation::DeleteRange { start, end } => (2, start, end),
        };
        body.push(kind);
        for part in [first, second] {
            body.extend((part.len() as u32).to_be_bytes());
            body.extend(part);
        }
    }
    [&(body.len() as u32).to_be_bytes()[..], &body].concat()
}

/// What a log leaves, and how far it is whole.
fn replay(path: &Path, fault: Fault) -> Result<(Records, u64)> {
    let log = match fs::read(path) {
        Ok(log) => log,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let mut bodies: Vec<&[u8]> = Vec::new();
    let mut rest = log.as_slice();
    while let Some(body) = part(&mut rest) {
        bodies.push(body);
    }
    let whole = (log.len() - rest.len()) as u64;
    if fault == Fault::ForgetsTheLastCommit {
        bodies.pop();
    }
    let mut records = Records(BTreeMap::new());
    for body in bodies {
        let mut body = body;
        let mut operations = Vec::new();
        while let Some((kind, after)) = body.split_first() {
            body = after;
            let torn = || Error::corrupt("the log is garbled");
            let (first, second) = (part(&mut body).ok_or_else(torn)?, part(&mut body).ok_or_else(torn)?);
            operations.push(match kind {
                0 => Operation::Put { key: first, value: second },
                1 => Operation::Delete { key: first },
                _ => Operation::DeleteRange { start: first, end: second },
            });
        }
        if fault == Fault::ForgetsRangeDeletes {
            operations.retain(|operation| !matches!(operation, Operation::DeleteRange { .. }));
        }
        records.apply(&operations, fault);
    }
    Ok((records, whole))
}

/// A length and so many bytes, taken off the front; `None` if they are not all there.
fn part<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (part, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = after;
    Some(part)
}

/// The bounds of a scan for an ordered map.
pub(crate) fn bounds<'s>(scan: &Scan<'s>, end_included: bool) -> (Bound<&'s [u8]>, Bound<&'s [u8]>) {
    let end = match scan.end {
        None => Bound::Unbounded,
        Some(end) if end_included => Bound::Included(end.max(scan.start)),
        Some(end) => Bound::Excluded(end.max(scan.start)),
    };
    (Bound::Included(scan.start), end)
}

/// A cursor over records that were picked when the scan began.
pub(crate) type BoxedCursor<'v> = Box<dyn Cursor + 'v>;
