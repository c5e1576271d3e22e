//! Draining: a thread brings frozen tables into LMDB.
//!
//! It does so *at leisure* at first: in a thread that the system lets run only where a processor idles, and whose processor counts as
//! idle to others who wake. On two processors, threads that serve clients, and clients, would else wait for it. It becomes
//! *urgent* when somebody waits, or when the active table fills faster: then it goes on at the usual priority. As a process
//! without privileges may lower a thread's priority and not raise it again, another thread does the rest.

use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use dredis_plugin::{Error, ErrorKind, LogLevel, Result, Scan};
use dredis_snapshot_map::MapCursor;

use super::Shared;
use super::chunk::{self, Chunk};
use super::table::{self, Table};
use crate::snapshots::unpoisoned;

/// A table is frozen so long after its first commit, even if it is not full.
const AGE_MAX: Duration = Duration::from_secs(30);
/// How often the thread looks whether it is that late.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After a failure it is tried again so often, or whenever somebody waits.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// Draining is urgent if the active table is full to a larger part than the frozen one is drained, by so much.
const BEHIND: f64 = 0.6;

/// Whether draining can wait.
#[derive(Default)]
pub(super) struct Urgency {
    is_urgent: AtomicBool,
    /// How many of the frozen table's records are in LMDB.
    drained: AtomicU64,
}

impl Urgency {
    /// Another table was frozen.
    pub(super) fn begin(&self) {
        self.is_urgent.store(false, Ordering::Relaxed);
    }

    /// Somebody waits.
    pub(super) fn hurry(&self) {
        self.is_urgent.store(true, Ordering::Relaxed);
    }

    fn is_urgent(&self) -> bool {
        self.is_urgent.load(Ordering::Relaxed)
    }
}

/// How draining goes. What is to be drained is the frozen table.
#[derive(Default)]
pub(super) struct Progress {
    /// How often it failed, and why the last time.
    failures: u64,
    failure: Option<Error>,
    /// Somebody waits.
    is_wanted: bool,
    is_stopping: bool,
}

impl Progress {
    /// Another table was frozen.
    pub(super) fn begin(&mut self) {
        self.failure = None;
    }

    pub(super) fn stop(&mut self) {
        self.is_stopping = true;
    }
}

impl Shared {
    /// Waits until the table of this number is drained, or an attempt to do that has failed.
    pub(super) fn wait_until_drained(&self, number: u64) -> Result<()> {
        let mut progress = unpoisoned(&self.progress);
        let before = progress.failures;
        while self.frozen_number() == Some(number) {
            if progress.failures > before {
                let failure = progress.failure.clone();
                return Err(
                    failure.unwrap_or_else(|| Error::new(ErrorKind::Io, "LMDB could not take in its log"))
                );
            }
            progress.is_wanted = true;
            self.urgency.hurry();
            self.progressed.notify_all();
            progress = self.progressed.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// What the thread does until it is stopped.
    pub(super) fn drain_on(&self) {
        while let Some(table) = self.next_table() {
            let result = panic::catch_unwind(AssertUnwindSafe(|| self.drain(&table)));
            let result = result.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Poisoned, "a panic while LMDB took in its log: restart"))
            });
            let mut progress = unpoisoned(&self.progress);
            if let Err(error) = result {
                if progress.failure.as_ref() != Some(&error) {
                    let line = format!("LMDB cannot take in its log, which is tried on: {}", error.message());
                    self.logger.log(LogLevel::Warning, &line);
                }
                progress.failures += 1;
                progress.failure = Some(error);
            }
            drop(progress);
            self.progressed.notify_all();
        }
    }

    /// Waits for a table to drain. `None`: there will be none.
    fn next_table(&self) -> Option<Arc<Table>> {
        let mut progress = unpoisoned(&self.progress);
        loop {
            if progress.is_stopping {
                return None;
            }
            let is_wanted = mem::take(&mut progress.is_wanted);
            let frozen = self.layers().frozen.clone();
            let is_any = frozen.is_some();
            let wait = match frozen {
                Some(table) if progress.failure.is_none() || is_wanted => return Some(table),
                Some(_) => RETRY_EVERY,
                None => LOOK_EVERY,
            };
            let (guard, waited) =
                self.progressed.wait_timeout(progress, wait).unwrap_or_else(PoisonError::into_inner);
            progress = guard;
            if waited.timed_out() {
                progress.is_wanted |= is_any;
                if !is_any {
                    progress = self.freeze_if_old(progress, AGE_MAX);
                }
            }
        }
    }

    /// Freezes the active table if its first commit was so long ago. The lock is let go meanwhile.
    fn freeze_if_old<'s>(
        &'s self,
        progress: MutexGuard<'s, Progress>,
        age_max: Duration,
    ) -> MutexGuard<'s, Progress> {
        drop(progress);
        // A commit that is running is none that waits for this table to age: there will be another time.
        if let Ok(mut front) = self.front.try_lock() {
            let is_old = {
                let layers = self.layers();
                layers.frozen.is_none() && layers.active.age().is_some_and(|age| age >= age_max)
            };
            if is_old {
                self.freeze(&mut front);
            }
        }
        unpoisoned(&self.progress)
    }

    /// Brings a frozen table into LMDB and removes its log.
    pub(super) fn drain(&self, table: &Arc<Table>) -> Result<()> {
        // LMDB must not have a part of a commit whose rest the log loses.
        for segment in table.segments() {
            segment.sync()?;
        }
        self.urgency.drained.store(0, Ordering::Relaxed);
        if let Some(view) = table.view() {
            let mut cursor = view.cursor(&Scan::all().expecting(chunk::RECORDS_MAX));
            if !self.drain_at_leisure(&mut cursor)? {
                self.drain_until(&mut cursor, || false)?;
            }
        }
        // As long as it counts as frozen it may be drained again, and if this fails it will be.
        table.segments().iter().try_for_each(|segment| segment.retire())?;
        self.layers_mut().frozen = None;
        Ok(())
    }

    /// Brings records into LMDB until it becomes urgent. Whether that were all.
    fn drain_at_leisure(&self, cursor: &mut MapCursor<'_>) -> Result<bool> {
        if self.urgency.is_urgent() {
            return Ok(false);
        }
        thread::scope(|scope| {
            let drain = || {
                run_where_a_processor_idles();
                self.drain_until(cursor, || self.urgency.is_urgent())
            };
            match thread::Builder::new().name("lmdb-leisure".to_owned()).spawn_scoped(scope, drain) {
                Ok(thread) => thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic)),
                Err(_) => Ok(false),
            }
        })
    }

    /// Brings what a cursor still shows of a table into LMDB, or until `is_over` after a transaction. Whether that were all.
    fn drain_until(&self, cursor: &mut MapCursor<'_>, is_over: impl Fn() -> bool) -> Result<bool> {
        let mut chunk = Chunk::default();
        while let Some(record) = cursor.pass() {
            let committed = chunk.push(record.key, table::value(record.value), &self.engine)?;
            if committed > 0 {
                self.urgency.drained.fetch_add(committed as u64, Ordering::Relaxed);
                if is_over() {
                    return Ok(false);
                }
            }
        }
        chunk.commit(&self.engine)?;
        Ok(true)
    }

    /// Makes draining urgent if the active table fills faster.
    pub(super) fn hurry_if_behind(&self) {
        let layers = self.layers();
        if let Some(frozen) = &layers.frozen {
            let part = |of: u64, whole: u64| of as f64 / whole.max(1) as f64;
            let drained = part(self.urgency.drained.load(Ordering::Relaxed), frozen.pending().records);
            if part(layers.active.bytes(), self.table_bytes_max) > drained + BEHIND {
                self.urgency.hurry();
            }
        }
    }
}

/// Lets the calling thread run only where nothing else wants a processor, if the system can do that.
fn run_where_a_processor_idles() {
    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "sched_setscheduler has no safe form")]
    {
        // SAFETY: zeros are a valid structure, and mean the only priority that this class has; the system call concerns the
        // calling thread and reads the structure. Whoever is refused drains as before.
        unsafe {
            let parameters = mem::zeroed::<libc::sched_param>();
            libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::Buffer;
    use crate::config::Config;
    use crate::engine::Engine;
    use dredis_plugin::{Batch, Logger, Operation, Options};

    /// Calls `each` with an engine in a directory of this name, and its buffer.
    fn with_buffer(name: &str, each: impl FnOnce(&Engine, &Buffer)) {
        let dir = std::env::temp_dir().join(format!("dredis-lmdb-{name}-{}", std::process::id()));
        let config = Config::read(&dir, &Options::new()).unwrap();
        let engine = Arc::new(Engine::open(config.clone(), &Logger::silent()).unwrap());
        let buffer = Buffer::open(&engine, &config, &Logger::silent()).unwrap().unwrap();
        each(&engine, &buffer);
        drop(buffer);
        drop(engine);
        std::fs::remove_dir_all(&dir).unwrap();
    }

    fn get(engine: &Engine, key: &[u8]) -> Option<Vec<u8>> {
        let view = engine.view().unwrap();
        dredis_plugin::View::get(&view, key).unwrap().map(|value| value.to_vec())
    }

    #[test]
    fn a_table_that_is_old_enough_goes_into_lmdb() {
        with_buffer("old-table", old_table_goes_into_lmdb);
    }

    fn old_table_goes_into_lmdb(engine: &Engine, buffer: &Buffer) {
        let shared = &buffer.shared;
        buffer.commit(&Batch::new(&[Operation::Put { key: b"key", value: b"value" }])).unwrap();
        let number = shared.layers().active.number;
        drop(shared.freeze_if_old(unpoisoned(&shared.progress), AGE_MAX));
        assert_eq!(shared.layers().active.number, number, "it is not that old");
        drop(shared.freeze_if_old(unpoisoned(&shared.progress), Duration::ZERO));
        shared.wait_until_drained(number).unwrap();
        assert_eq!(shared.layers().active.number, number + 1);
        assert_eq!(buffer.bytes(), 0);
        assert_eq!(get(engine, b"key").as_deref(), Some(b"value".as_slice()));
    }

    #[test]
    fn what_becomes_urgent_is_left_after_a_transaction_and_finished_from_there() {
        with_buffer("urgent", |engine, buffer| {
            let key = |number: usize| format!("key:{number:06}").into_bytes();
            let keys: Vec<_> = (0..2 * chunk::RECORDS_MAX + 7).map(key).collect();
            let puts: Vec<_> = keys.iter().map(|key| Operation::Put { key, value: b"1" }).collect();
            for puts in puts.chunks(1000) {
                buffer.commit(&Batch::new(puts)).unwrap();
            }
            let shared = &buffer.shared;
            let view = shared.layers().active.view().unwrap();
            let mut cursor = view.cursor(&Scan::all());
            assert_eq!(shared.drain_until(&mut cursor, || true), Ok(false));
            assert!(get(engine, &keys[chunk::RECORDS_MAX - 1]).is_some());
            assert!(get(engine, &keys[chunk::RECORDS_MAX]).is_none());
            // It is not urgent, so this is all.
            assert_eq!(shared.drain_at_leisure(&mut cursor), Ok(true));
            assert!(keys.iter().all(|key| get(engine, key).is_some()));
            shared.urgency.hurry();
            assert_eq!(shared.drain_at_leisure(&mut view.cursor(&Scan::all())), Ok(false));
        });
    }
}
