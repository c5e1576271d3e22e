//! The open database, and what happens when a write to it fails.
//!
//! LevelDB 1.22 does not get over a failed write. If the log file took only part of a record (a full disk), LevelDB goes on
//! appending behind the tear, at positions that its own recovery cannot find: later commits succeed and are lost at the
//! next start. If a table file or the manifest could not be written, it refuses every write until it is opened anew.
//!
//! So after any failed write nothing more is written. Reads go on with the open database, which still has everything that
//! was committed. As soon as there is room for what recovery writes, and no view is open, the database is closed and
//! opened again: recovery drops the torn record, moves all others to a table file, and begins a new log. This is tried
//! when a view is taken or a batch is committed, so it needs no thread.
//!
//! Room is made sure of before closing, since opening fails without it and reads would end. Should another program take
//! that room in the very moment between, reads answer the error, too, until opening succeeds.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

use dredis_plugin::{Error, LogLevel, Logger, Result};

use crate::binding::{Creation, Database, allocate};
use crate::config::Config;
use crate::durable::{LogFiles, log_bytes};
use crate::error::{engine_error, io_error, open_error};

/// While writes fail, how often it is looked whether there is room again.
const ATTEMPT_INTERVAL: Duration = Duration::from_millis(100);
/// How long new views wait for older ones to end, so that the database can be opened anew, and how often at most.
const VIEWS_WAIT: Duration = Duration::from_millis(20);
const VIEWS_WAIT_INTERVAL: Duration = Duration::from_millis(200);
/// What recovery writes beside the records: manifest, LevelDB's own log, file system overhead.
const RECOVERY_OVERHEAD_BYTES: u64 = 1 << 20;

/// The database and its state of health.
pub(crate) struct Engine {
    config: Config,
    logger: Logger,
    /// Empty only while the database is opened anew, and after that failed.
    slot: RwLock<Option<Arc<Database>>>,
    /// Whether `failure` holds one; so that healthy calls take no lock.
    failing: AtomicBool,
    failure: Mutex<Option<Failure>>,
    logs: LogFiles,
    /// A log file could not be synced: its pages may be lost although LevelDB has their records in memory.
    logs_doubtful: AtomicBool,
    reopened: AtomicU64,
}

struct Failure {
    error: Error,
    next_attempt: Instant,
    next_wait_for_views: Instant,
}

/// What a call that needs a healthy database can do about open views.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OpenViews {
    /// Let new views wait a moment until the others have ended.
    WaitFor,
    /// Leave it if there are any: the caller may hold one.
    GiveWay,
}

enum Obstacle {
    Views,
    Failed(Error),
}

impl Engine {
    /// Opens the database; `config.path` exists and is in its canonical form.
    pub(crate) fn open(config: Config, logger: Logger) -> Result<Self> {
        let creation = match (config.create_if_missing, config.error_if_exists) {
            (false, _) => Creation::Forbidden,
            (true, true) => Creation::Required,
            (true, false) => Creation::Allowed,
        };
        let database = Database::open(&config.path, creation, &config)
            .map_err(|message| open_error(&config.path, &message))?;
        Ok(Engine {
            logs: LogFiles::new(&config.path),
            slot: RwLock::new(Some(Arc::new(database))),
            failing: AtomicBool::new(false),
            failure: Mutex::new(None),
            logs_doubtful: AtomicBool::new(false),
            reopened: AtomicU64::new(0),
            config,
            logger,
        })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// How often the database was opened anew after a failed write.
    pub(crate) fn reopened(&self) -> u64 {
        self.reopened.load(Ordering::Relaxed)
    }

    /// Whether writes fail at present.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    /// The database to read from, healthy or not.
    pub(crate) fn readable(&self) -> Result<Arc<Database>> {
        if self.is_failing() {
            // Whether it succeeds makes no difference to a reader, as long as there is a database.
            let _healthy_again = self.recover(OpenViews::WaitFor);
        }
        self.current()
    }

    /// The database to write to; an error while writes fail.
    pub(crate) fn writable(&self) -> Result<Arc<Database>> {
        if self.is_failing() {
            self.recover(OpenViews::GiveWay)?;
        }
        self.current()
    }

    fn current(&self) -> Result<Arc<Database>> {
        let database = self.slot.read().unwrap_or_else(PoisonError::into_inner).clone();
        database.ok_or_else(|| match &*self.lock_failure() {
            Some(failure) => failure.error.clone(),
            // Opened anew since the slot was looked at.
            None => Error::new(dredis_plugin::ErrorKind::Retry, "LevelDB: the database was just opened anew"),
        })
    }

    /// Notes that a write failed: until the database has been opened anew there will be no other.
    pub(crate) fn write_failed(&self, doing: &str, message: &str) -> Error {
        let error = engine_error(doing, message);
        let mut failure = self.lock_failure();
        if failure.is_none() {
            self.logger.log(LogLevel::Error, &format!("{error} (reads go on, writes answer this error)"));
        }
        let now = Instant::now();
        *failure = Some(Failure { error: error.clone(), next_attempt: now, next_wait_for_views: now });
        self.failing.store(true, Ordering::Release);
        error
    }

    /// Makes every commit durable that has returned.
    pub(crate) fn sync(&self) -> Result<()> {
        if !self.logs_doubtful.load(Ordering::Acquire) {
            let Err(error) = self.logs.sync() else { return Ok(()) };
            self.logs_doubtful.store(true, Ordering::Release);
            let error = io_error("syncing the log files in", &self.config.path, error);
            self.logger.log(LogLevel::Warning, &format!("{error}; writing a table file instead"));
        }
        // A file whose sync failed once may say that all is well the next time, with pages missing. What it should have
        // held is still in memory, and becomes durable as a table file.
        let database = self.writable()?;
        database.flush_memtable().map_err(|message| self.write_failed("a sync", &message))?;
        self.trust_logs();
        Ok(())
    }

    fn trust_logs(&self) {
        self.logs.forget();
        self.logs_doubtful.store(false, Ordering::Release);
    }

    fn recover(&self, views: OpenViews) -> Result<()> {
        let mut guard = self.lock_failure();
        let Some(failure) = guard.as_mut() else { return Ok(()) };
        let now = Instant::now();
        if now < failure.next_attempt {
            return Err(failure.error.clone());
        }
        let views = if now < failure.next_wait_for_views { OpenViews::GiveWay } else { views };
        match self.reopen(views) {
            Ok(()) => {
                *guard = None;
                self.failing.store(false, Ordering::Release);
                self.reopened.fetch_add(1, Ordering::Relaxed);
                self.trust_logs();
                self.logger
                    .log(LogLevel::Info, "LevelDB: opened anew after a failed write, writes work again");
                Ok(())
            }
            Err(Obstacle::Views) => {
                if views == OpenViews::WaitFor {
                    failure.next_wait_for_views = Instant::now() + VIEWS_WAIT_INTERVAL;
                }
                Err(failure.error.clone())
            }
            Err(Obstacle::Failed(error)) => {
                failure.next_attempt = Instant::now() + ATTEMPT_INTERVAL;
                failure.error = error.clone();
                Err(error)
            }
        }
    }

    fn reopen(&self, views: OpenViews) -> std::result::Result<(), Obstacle> {
        if views == OpenViews::GiveWay && self.has_users() {
            return Err(Obstacle::Views);
        }
        let reserve = reserve_for_recovery(&self.config.path).map_err(Obstacle::Failed)?;
        // From here on new views wait.
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(database) = close_gate(&mut slot, views)? {
            drop(database);
        }
        drop(reserve);
        let path = &self.config.path;
        let database = Database::open(path, Creation::Forbidden, &self.config)
            .map_err(|message| Obstacle::Failed(open_error(path, &message)))?;
        let probed = database.probe();
        *slot = Some(Arc::new(database));
        probed.map_err(|message| Obstacle::Failed(engine_error("a write after opening anew", &message)))
    }

    /// Whether anyone holds the database at this moment.
    fn has_users(&self) -> bool {
        let slot = self.slot.read().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().is_some_and(|database| Arc::strong_count(database) > 1)
    }

    fn lock_failure(&self) -> MutexGuard<'_, Option<Failure>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the database out of its slot once nobody else holds it. Whoever does keeps it open: the lock that `slot` stands
/// for keeps others from joining.
fn close_gate(
    slot: &mut RwLockWriteGuard<'_, Option<Arc<Database>>>,
    views: OpenViews,
) -> std::result::Result<Option<Database>, Obstacle> {
    let deadline = Instant::now() + if views == OpenViews::WaitFor { VIEWS_WAIT } else { Duration::ZERO };
    while slot.as_ref().is_some_and(|database| Arc::strong_count(database) > 1) {
        if Instant::now() >= deadline {
            return Err(Obstacle::Views);
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(slot
        .take()
        .map(|database| Arc::into_inner(database).expect("nobody else holds it, or could begin to")))
}

/// Claims the room that recovery needs to turn all log files into tables; dropping the claim gives it back.
fn reserve_for_recovery(path: &Path) -> Result<File> {
    let failed = |error| io_error("making sure of room for opening anew in", path, error);
    // A table holds eight bytes a record and a filter that the log does not; nothing else makes it larger.
    let logs = log_bytes(path).map_err(failed)?;
    let needed = logs + logs / 2 + RECOVERY_OVERHEAD_BYTES;
    let name = path.join("dredis-reserve");
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(&name).map_err(failed)?;
    // Without its name it goes with its descriptor, even if the process dies.
    fs::remove_file(&name).map_err(failed)?;
    allocate(&file, needed).map_err(|error| {
        let error = io_error("making sure of room for opening anew in", path, error);
        Error::new(error.kind(), format!("{}: free {needed} bytes, then writes work again", error.message()))
    })?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use dredis_plugin::{OpenRequest, Options};

    use super::*;
    use crate::binding::WriteBatch;

    #[test]
    fn a_log_that_could_not_be_synced_gives_way_to_a_table() {
        let dir = std::env::temp_dir().join(format!("dredis-leveldb-health-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let request = OpenRequest { dir: dir.clone(), options: Options::new(), log: Logger::silent() };
        let engine = Engine::open(Config::from_request(&request).unwrap(), Logger::silent()).unwrap();
        let mut batch = WriteBatch::new();
        batch.put(b"key", b"value");
        engine.writable().unwrap().write(&mut batch).unwrap();
        let tables = || {
            let names = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name());
            names.filter(|name| name.to_string_lossy().ends_with(".ldb")).count()
        };
        engine.sync().unwrap();
        assert_eq!(tables(), 0);

        engine.logs_doubtful.store(true, Ordering::Release);
        engine.sync().unwrap();
        assert_eq!(tables(), 1);
        assert!(!engine.logs_doubtful.load(Ordering::Acquire));
        drop(engine);
        fs::remove_dir_all(&dir).unwrap();
    }
}
