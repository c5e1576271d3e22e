//! Draining: a thread brings frozen tables into LMDB.

use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use dredis_plugin::{Error, ErrorKind, LogLevel, Result, Scan};

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
        if let Some(view) = table.view() {
            let mut cursor = view.cursor(&Scan::all().expecting(chunk::RECORDS_MAX));
            let mut chunk = Chunk::default();
            while let Some(record) = cursor.pass() {
                chunk.push(record.key, table::value(record.value), &self.engine)?;
            }
            chunk.commit(&self.engine)?;
        }
        // As long as it counts as frozen it may be drained again, and if this fails it will be.
        table.segments().iter().try_for_each(|segment| segment.retire())?;
        self.layers_mut().frozen = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::Buffer;
    use crate::config::Config;
    use crate::engine::Engine;
    use dredis_plugin::{Batch, Logger, Operation, Options};

    #[test]
    fn a_table_that_is_old_enough_goes_into_lmdb() {
        let dir = std::env::temp_dir().join(format!("dredis-lmdb-old-table-{}", std::process::id()));
        let config = Config::read(&dir, &Options::new()).unwrap();
        let engine = Arc::new(Engine::open(config.clone(), &Logger::silent()).unwrap());
        let buffer = Buffer::open(&engine, &config, &Logger::silent()).unwrap().unwrap();
        let shared = &buffer.shared;
        buffer.commit(&Batch::new(&[Operation::Put { key: b"key", value: b"value" }])).unwrap();
        let number = shared.layers().active.number;
        drop(shared.freeze_if_old(unpoisoned(&shared.progress), AGE_MAX));
        assert_eq!(shared.layers().active.number, number, "it is not that old");
        drop(shared.freeze_if_old(unpoisoned(&shared.progress), Duration::ZERO));
        shared.wait_until_drained(number).unwrap();
        assert_eq!(shared.layers().active.number, number + 1);
        assert_eq!(buffer.bytes(), 0);
        let view = engine.view().unwrap();
        assert_eq!(dredis_plugin::View::get(&view, b"key").unwrap().as_deref(), Some(b"value".as_slice()));
        drop(view);
        drop(buffer);
        drop(engine);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
