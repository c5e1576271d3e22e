//! A file, read on a thread of its own and committed by the writer in small turns. Nobody sees anything of it until all
//! of it is there; until then everybody sees the old data.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dredis_contract::{Error, ErrorKind, Result as StorageResult};
use dredis_data::rdb::Reader;
use dredis_data::{
    Deposit, Libraries, Load, LoadError, Loaded, ObjectIds, Pace, PackedLimits, Records, Transaction,
};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::show::Show;
use super::{RdbFiles, functions};
use crate::executor::Executor;
use crate::log;

/// How often the engine is asked again when it says that it is busy, and after which time.
const TRIES: usize = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

/// What to load, and how.
#[derive(Clone, Debug)]
pub struct LoadRequest {
    /// The file.
    pub path: std::path::PathBuf,
    /// Up to which size collections stay packed.
    pub packed_limits: PackedLimits,
    /// Only if the data have not changed since there had been so many changes.
    pub unchanged_since: Option<u64>,
    /// Whether to show how far it has come.
    pub is_shown: bool,
}

/// Checks what can be told of a file before anything else is done: that it can be read and begins like one.
pub fn check_beginning(path: &Path) -> Result<(), String> {
    let (file, _) = open(path).map_err(|error| format!("cannot open {}: {error}", path.display()))?;
    let begins = Reader::new(file);
    begins.map(drop).map_err(|error| format!("cannot load {}: {error}", path.display()))
}

/// A file and its length. Only a regular file has one, can be read twice, and does not make its reader wait for a writer.
fn open(path: &Path) -> io::Result<(File, u64)> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

/// A file that tells how much of it has been read, and ends with an error once it must stop. One value may be most of the
/// file, so neither can wait for the end of a value.
struct Source<'s> {
    file: File,
    read: u64,
    progress: &'s dyn Fn(u64) -> Pace,
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.file.read(buffer)?;
        self.read += bytes as u64;
        match (self.progress)(self.read) {
            Pace::GoOn => Ok(bytes),
            Pace::Stop => Err(io::Error::other("it was told to stop")),
        }
    }
}

impl RdbFiles {
    /// Puts what a file holds in place of all data, or changes nothing and says why.
    pub async fn load(
        self: &Arc<Self>,
        request: LoadRequest,
        stop: Arc<AtomicBool>,
    ) -> Result<Loaded, String> {
        let Some(executor) = self.executor.get().and_then(std::sync::Weak::upgrade) else {
            return Err("the server ends".to_owned());
        };
        let (files, runtime) = (Arc::clone(self), Handle::current());
        let (sender, loaded) = tokio::sync::oneshot::channel();
        let thread = std::thread::Builder::new().name("dredis-load".into());
        let spawned = thread.spawn(move || {
            let loaded = files.load_here(&executor, &runtime, &request, &stop);
            // The last of these may not be dropped where it would stop a runtime: threads like this one may.
            drop(executor);
            sender.send(loaded).unwrap_or_default();
        });
        spawned.map_err(|error| format!("no thread can be started: {error}"))?;
        loaded.await.unwrap_or_else(|_| Err("loading failed, and the log tells why".to_owned()))
    }

    fn load_here(
        &self,
        executor: &Arc<Executor>,
        runtime: &Handle,
        request: &LoadRequest,
        stop: &AtomicBool,
    ) -> Result<Loaded, String> {
        let path = &request.path;
        let unread = |error: &dyn std::fmt::Display| format!("cannot load {}: {error}", path.display());
        let (file, bytes) = open(path).map_err(|error| unread(&error))?;
        let show = RefCell::new(Show::new(path, bytes, request.is_shown));
        let is_stopped = Cell::new(false);
        let progress = |position: u64| {
            self.status.load_bytes.reach(position);
            show.borrow_mut().reach(position);
            if [stop, &self.is_ending, &self.gives_reloads_up].iter().any(|end| end.load(Ordering::Relaxed)) {
                is_stopped.set(true);
            }
            if is_stopped.get() { Pace::Stop } else { Pace::GoOn }
        };
        self.status.load_began(bytes);
        let ending = Ending(self, None);
        let source = Source { file, read: 0, progress: &progress };
        let mut reader = Reader::new(source).map_err(|error| unread(&error))?;
        let deposit = ToWriter { executor, runtime, pending: RefCell::default() };
        let began = runtime.block_on(executor.work(|txn| txn.begin_load()));
        let mut load = began.map_err(|error| unread(&LoadError::Storage(error)))?;
        let limits = &request.packed_limits;
        let mut pace = |_| if is_stopped.get() { Pace::Stop } else { Pace::GoOn };
        let read = load.read(&self.store, &mut reader, &deposit, limits, now_ms(), &mut pace);
        let loaded = read.map_err(|error| match is_stopped.get() {
            true => unread(&LoadError::Stopped),
            false => unread(&error),
        })?;
        let libraries = executor
            .read(|txn| Ok(functions::tried(executor.host(), txn, &loaded.functions)))
            .map_err(|error| unread(&error))?
            .map_err(|error| unread(&error))?;
        self.put_in_place(executor, runtime, load, libraries, request.unchanged_since)
            .map_err(|error| unread(&error))?;
        show.into_inner().done(&loaded);
        ending.with(&loaded);
        if loaded.empty > 0 {
            log::warning(format_args!("{} collections without elements were left out", loaded.empty));
        }
        Ok(loaded)
    }

    /// The one commit by which the new data are there and the old ones gone.
    fn put_in_place(
        &self,
        executor: &Arc<Executor>,
        runtime: &Handle,
        load: Load,
        libraries: Libraries,
        unchanged_since: Option<u64>,
    ) -> StorageResult<()> {
        let (load, store) = (Arc::new(load), Arc::clone(&self.store));
        let turn = move |txn: &mut Transaction<'_>| {
            // What stands before this in the same turn is a change, too; the turn is then taken apart and this runs again.
            if unchanged_since.is_some_and(|changes| changes != store.changes() || !txn.is_unchanged()) {
                return Err(Error::new(ErrorKind::Retry, CHANGED));
            }
            txn.finish_load(&load)?;
            txn.set_libraries(libraries.clone())
        };
        runtime.block_on(executor.work(turn))
    }
}

/// What is said if data changed while they were reloaded.
const CHANGED: &str = "other clients changed data meanwhile; nothing was replaced";

/// Whether a load failed for that reason.
pub(super) fn has_changed(error: &str) -> bool {
    error.contains(CHANGED)
}

/// Notes the end of a load, however it ends.
struct Ending<'f>(&'f RdbFiles, Option<(u64, u64)>);

impl Ending<'_> {
    fn with(mut self, loaded: &Loaded) {
        self.1 = Some((loaded.keys, loaded.expired));
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.status.load_ended(self.1);
    }
}

/// Has batches committed in the writer's turns: one at a time, while the next one is being filled.
struct ToWriter<'e> {
    executor: &'e Arc<Executor>,
    runtime: &'e Handle,
    pending: RefCell<Option<JoinHandle<StorageResult<()>>>>,
}

impl Deposit for ToWriter<'_> {
    fn deposit(&self, records: Records) -> StorageResult<()> {
        self.settle()?;
        let executor = Arc::clone(self.executor);
        let pending = self.runtime.spawn(commit(executor, Arc::new(records)));
        *self.pending.borrow_mut() = Some(pending);
        Ok(())
    }

    fn settle(&self) -> StorageResult<()> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        let committed = self.runtime.block_on(pending);
        committed.unwrap_or_else(|_| Err(Error::new(ErrorKind::Unsupported, "committing panicked")))
    }

    fn more_ids(&self) -> StorageResult<ObjectIds> {
        self.runtime.block_on(self.executor.work(|txn| txn.reserve_object_ids()))
    }
}

/// Commits a batch. An engine that is busy is asked again.
async fn commit(executor: Arc<Executor>, records: Arc<Records>) -> StorageResult<()> {
    let mut tries = 0;
    loop {
        let batch = Arc::clone(&records);
        match executor.work(move |txn| txn.commit_deposit(&batch)).await {
            Err(error) if error.kind() == ErrorKind::Retry && tries < TRIES => {
                tries += 1;
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
            done => return done,
        }
    }
}

/// The time, in milliseconds of the Unix epoch.
fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
