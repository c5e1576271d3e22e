//! The write buffer: commits go into a log and a table in memory, and from there in bulk into LMDB.
//!
//! A commit of LMDB's copies a page for nearly every record in it, and each of these pages goes to the disk. Of many commits
//! together, in order, most records find their page copied already. And as LMDB's own commits become few, each of them
//! can be durable: the death of the machine finds LMDB's file whole and the log beside it.
//!
//! - The *active* table takes commits. Full, or some time after its first commit, it is *frozen*, a new one takes
//!   its place, and a thread *drains* the frozen one: its log to the disk first, so that LMDB never holds part of a commit
//!   that the log has lost; then its records, in transactions of some thousand; then the log is removed.
//! - A view is a view of each table and a snapshot of LMDB, taken together. Draining changes nothing that it shows: a
//!   frozen table says the same as LMDB will, and goes before it.
//! - Where room is short (see [`Engine::has_room`]), tables are drained before they are full. What the buffer does not take
//!   (batches that are large or delete long ranges, or for which there is no room even so) waits until both tables
//!   are drained and goes into LMDB directly. So a full disk or map is met by a commit, not behind its back.
//! - After a crash the log is read into a frozen table.

mod chunk;
mod drain;
mod filter;
mod log;
mod merged;
mod replay;
mod table;

use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};

use dredis_plugin::{Batch, Commit, Cursor, LogLevel, Logger, Operation, Result, Scan};

use crate::config::Config;
use crate::demand::Pending;
use crate::engine::{Engine, KEY_BYTES_MAX, VALUE_BYTES_MAX};
use crate::error;
use crate::snapshots::unpoisoned;
use chunk::Chunk;
use drain::{Progress, Urgency};
use log::{End, Place, Record};
use merged::MergedView;
use table::Table;

/// Most keys of a range that are deleted one by one.
const RANGE_KEYS_MAX: usize = 16 * 1024;
/// How far ahead room is looked for: far, or where room is short, for as much as is worth a transaction of LMDB's.
const FAR_AHEAD: Pending = Pending { records: 32 * 1024, bytes: 4 << 20 };
const AHEAD: Pending = Pending { records: 256, bytes: 32 << 10 };

/// The write buffer of an engine.
pub(crate) struct Buffer {
    shared: Arc<Shared>,
    drainer: Option<JoinHandle<()>>,
}

/// What commits, views and the draining thread share. Locks are taken in the order of the fields.
struct Shared {
    engine: Arc<Engine>,
    logger: Logger,
    place: Place,
    table_bytes_max: u64,
    front: Mutex<Front>,
    progress: Mutex<Progress>,
    progressed: Condvar,
    urgency: Urgency,
    layers: RwLock<Layers>,
}

/// What views are made of, above LMDB.
struct Layers {
    active: Arc<Table>,
    frozen: Option<Arc<Table>>,
}

/// What commits go through, one at a time.
struct Front {
    /// Where the active table's commits are logged; none before its first.
    end: Option<End>,
    /// Number of the next segment.
    next_segment: u64,
    /// Number of the next commit.
    next_commit: u64,
    /// For so much in both tables there is room.
    admitted: Pending,
    record: Record,
}

impl Buffer {
    /// Puts a buffer before `engine`, or none if `config` says so, and takes in what the last process left in its log.
    pub(crate) fn open(engine: &Arc<Engine>, config: &Config, logger: &Logger) -> Result<Option<Buffer>> {
        let place = Place::of(config);
        if config.write_buffer_bytes > 0 {
            // What an earlier process committed without the buffer.
            engine.flush()?;
        }
        let left = replay::replay(&place, engine, config, logger)?;
        if config.write_buffer_bytes == 0 && left.is_none() {
            return Ok(None);
        }
        let (next_segment, next_commit, left) = match left {
            None => (1, 1, None),
            Some(left) => (left.next_segment, left.next_commit, Some(Arc::new(left.table))),
        };
        let shared = Arc::new(Shared {
            engine: Arc::clone(engine),
            logger: logger.clone(),
            place,
            table_bytes_max: config.write_buffer_bytes,
            front: Mutex::new(Front {
                end: None,
                next_segment,
                next_commit,
                admitted: Pending::default(),
                record: Record::default(),
            }),
            progress: Mutex::default(),
            progressed: Condvar::new(),
            urgency: Urgency::default(),
            layers: RwLock::new(Layers {
                active: Arc::new(Table::new(1, config.write_buffer_bytes)),
                frozen: left.clone(),
            }),
        });
        if config.write_buffer_bytes == 0 && !config.readonly {
            if let Some(left) = left {
                shared.urgency.hurry();
                shared.drain(&left)?;
            }
            return Ok(None);
        }
        let mut buffer = Buffer { shared, drainer: None };
        if !config.readonly {
            let shared = Arc::clone(&buffer.shared);
            let drainer =
                thread::Builder::new().name("lmdb-drain".to_owned()).spawn(move || shared.drain_on());
            buffer.drainer =
                Some(drainer.map_err(|error| error::from_io("start its draining thread", &error))?);
        }
        Ok(Some(buffer))
    }

    /// A view of everything committed so far.
    pub(crate) fn view(&self) -> Result<MergedView> {
        self.shared.view()
    }

    /// Commits into the log and the active table, or into LMDB if that cannot be.
    pub(crate) fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        let mut front = unpoisoned(&self.shared.front);
        let is_taken = self.shared.put_into_record(batch, &mut front)?;
        if is_taken && self.shared.commit_record(&mut front)? {
            return Ok(Commit::Done);
        }
        // Drained tables may leave room enough for a new one.
        if self.shared.drain_all(&mut front)? && is_taken && self.shared.commit_record(&mut front)? {
            return Ok(Commit::Done);
        }
        self.shared.engine.commit(batch)
    }

    /// Makes everything durable that was committed before.
    pub(crate) fn sync(&self) -> Result<()> {
        // What is in no table any more was made durable when it was drained.
        let tables = self.shared.tables();
        tables.iter().rev().flat_map(|table| table.segments()).try_for_each(|segment| segment.sync())
    }

    /// Copies everything committed so far into `target`, which is empty. Not by LMDB's own means: between two transactions of a
    /// table's draining, LMDB holds parts of commits.
    pub(crate) fn copy_into(&self, target: &Engine) -> Result<()> {
        let view = self.shared.view()?;
        let mut cursor = view.cursor(&Scan::all().expecting(chunk::RECORDS_MAX))?;
        let mut chunk = Chunk::default();
        while let Some(record) = cursor.next()? {
            chunk.push(record.key, Some(record.value), target)?;
        }
        chunk.commit(target)?;
        target.flush()
    }

    /// How many bytes its tables were counted as.
    pub(crate) fn bytes(&self) -> u64 {
        self.shared.tables().iter().map(|table| table.bytes()).sum()
    }
}

impl Drop for Buffer {
    /// Drains all. What cannot be stays in the log, for the next opening.
    fn drop(&mut self) {
        let Some(drainer) = self.drainer.take() else { return };
        if let Err(error) = self.shared.drain_all(&mut unpoisoned(&self.shared.front)) {
            let line = format!("LMDB could not take in its log on closing, which stays: {}", error.message());
            self.shared.logger.log(LogLevel::Warning, &line);
        }
        unpoisoned(&self.shared.progress).stop();
        self.shared.progressed.notify_all();
        if drainer.join().is_err() {
            self.shared.logger.log(LogLevel::Error, "the thread that drains LMDB's log panicked");
        }
    }
}

impl Shared {
    fn layers(&self) -> std::sync::RwLockReadGuard<'_, Layers> {
        self.layers.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn layers_mut(&self) -> std::sync::RwLockWriteGuard<'_, Layers> {
        self.layers.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tables, the youngest first.
    fn tables(&self) -> Vec<Arc<Table>> {
        let layers = self.layers();
        [Some(&layers.active), layers.frozen.as_ref()].into_iter().flatten().cloned().collect()
    }

    fn frozen_number(&self) -> Option<u64> {
        self.layers().frozen.as_ref().map(|table| table.number)
    }

    fn view(&self) -> Result<MergedView> {
        // Together: else a table might be frozen and drained between the two, and LMDB's snapshot show what is younger than
        // the table's view.
        let layers = self.layers();
        let mut tables = Vec::new();
        tables.extend(layers.active.view());
        tables.extend(layers.frozen.as_ref().and_then(|table| table.view()));
        let lmdb = self.engine.view()?;
        Ok(MergedView::new(tables, lmdb))
    }

    /// Writes a batch down as a record. False: the buffer does not take it.
    fn put_into_record(&self, batch: &Batch<'_>, front: &mut Front) -> Result<bool> {
        let record = &mut front.record;
        record.clear();
        if 4 * batch.bytes() > self.table_bytes_max {
            return Ok(false);
        }
        for operation in batch.operations() {
            let (key, value) = match *operation {
                Operation::Put { key, value } => (key, Some(value)),
                Operation::Delete { key } => (key, None),
                Operation::DeleteRange { start, end } => {
                    if !self.delete_range_one_by_one(start, end, record)? {
                        return Ok(false);
                    }
                    continue;
                }
            };
            // LMDB says best what is wrong with the others.
            let fits = (1..=KEY_BYTES_MAX).contains(&(key.len() as u64))
                && value.is_none_or(|value| value.len() as u64 <= VALUE_BYTES_MAX);
            if !fits {
                return Ok(false);
            }
            record.push(key, value);
        }
        Ok(true)
    }

    /// Deletes the keys of a range. False: there are too many.
    fn delete_range_one_by_one(&self, start: &[u8], end: &[u8], record: &mut Record) -> Result<bool> {
        // No other change of the batch lies in the range, so that what was committed is all there is.
        let view = self.view()?;
        let mut cursor = view.cursor(&Scan::range(start, end).keys())?;
        for _ in 0..RANGE_KEYS_MAX {
            match cursor.next()? {
                Some(found) => record.push(found.key, None),
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Commits what was put into the record. False: there is no room for certain.
    fn commit_record(&self, front: &mut Front) -> Result<bool> {
        let changes = front.record.pending();
        if changes.records == 0 {
            return Ok(true);
        }
        let mut active = Arc::clone(&self.layers().active);
        if active.bytes() > 0 && active.bytes() + changes.bytes > self.table_bytes_max {
            if let Some(number) = self.frozen_number() {
                self.wait_until_drained(number)?;
            }
            self.freeze(front);
            active = Arc::clone(&self.layers().active);
        }
        if !self.has_room(front, changes) {
            return Ok(false);
        }
        let number = front.next_commit;
        front.record.finish(number);
        match self.log(front, &active) {
            Ok(()) => {}
            Err(error) if error::out_of_space(&error) => return Ok(false),
            Err(error) => return Err(error::from_io("write its log", &error)),
        }
        front.next_commit += 1;
        front.record.with_batch(|batch| active.commit(batch, changes));
        Ok(true)
    }

    /// Adds the record to the active table's log, which begins with it.
    fn log(&self, front: &mut Front, active: &Table) -> std::io::Result<()> {
        if front.end.is_none() {
            let last_txn = self.engine.last_txn();
            let mut end = End::begin(&self.place, front.next_segment, front.next_commit, last_txn)?;
            front.next_segment += 1;
            if let Err(error) = end.append(&front.record) {
                // Nobody waits for this: an empty segment means nothing.
                let _ = end.segment().retire();
                return Err(error);
            }
            active.add_segments([Arc::clone(end.segment())]);
            front.end = Some(end);
            return Ok(());
        }
        front.end.as_mut().map_or(Ok(()), |end| end.append(&front.record))
    }

    /// Whether LMDB will have room for what the tables hold and these changes.
    fn has_room(&self, front: &mut Front, changes: Pending) -> bool {
        let held = self.tables().iter().fold(changes, |sum, table| sum.and(table.pending()));
        if held.records > front.admitted.records || held.bytes > front.admitted.bytes {
            self.hurry_if_behind();
            let has_room = |ahead: &Pending| self.engine.has_room(&held.and(*ahead));
            let ahead = match has_room(&FAR_AHEAD) {
                Some(true) => FAR_AHEAD,
                Some(false) if has_room(&AHEAD) == Some(false) => return false,
                // Where that cannot be known, there was room a moment ago.
                Some(false) | None => AHEAD,
            };
            front.admitted = held.and(ahead);
        }
        true
    }

    /// Freezes the active table, for which no other may be frozen. The table's number, unless it is empty.
    fn freeze(&self, front: &mut Front) -> Option<u64> {
        let mut progress = unpoisoned(&self.progress);
        let mut layers = self.layers_mut();
        if layers.active.bytes() == 0 {
            return None;
        }
        let next = Arc::new(Table::new(layers.active.number + 1, self.table_bytes_max));
        let full = std::mem::replace(&mut layers.active, next);
        let number = full.number;
        debug_assert!(layers.frozen.is_none(), "a frozen table would be lost");
        layers.frozen = Some(full);
        drop(layers);
        front.end = None;
        front.admitted = Pending::default();
        progress.begin();
        self.urgency.begin();
        drop(progress);
        self.progressed.notify_all();
        Some(number)
    }

    /// Drains both tables. Whether there was anything in them.
    fn drain_all(&self, front: &mut Front) -> Result<bool> {
        let frozen = self.frozen_number();
        if let Some(number) = frozen {
            self.wait_until_drained(number)?;
        }
        let active = self.freeze(front);
        if let Some(number) = active {
            self.wait_until_drained(number)?;
        }
        Ok(frozen.or(active).is_some())
    }
}
