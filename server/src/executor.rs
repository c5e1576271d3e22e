//! Runs batches of commands: reads on views in the session's own task, writes folded in the writer's turn.
//!
//! A session hands a [`Job`] (its requests, its state, room for replies) to [`Executor::run`] and gets it back
//! when the replies may be sent. Nothing here knows sockets, and no reply to a write comes back before its
//! commit has returned and, under `appendfsync always`, is durable.

mod background;
mod durability;
mod governor;
mod job;
mod pace;
mod queue;
mod workers;
mod writer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dredis_commands::{Classifier, Context, Path, Reply, ScriptKind, execute};
use dredis_contract::{Error, ErrorKind, Result};
use dredis_data::{Store, Transaction, WriterState};

pub use durability::AppendFsync;
pub use job::Job;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::host::{Hooks, ServerHost};
use durability::Durability;
use pace::Pace;
use queue::Writer;
use writer::Turn;

/// Replies that are out of the way before a batch goes on: one client's replies never take much more memory
/// than this, however long its pipeline is.
const OUTPUT_BYTES_MAX: usize = 256 * 1024;

/// The executor. One for the server; cheap to share.
pub struct Executor {
    shared: Arc<Shared>,
    writer: Writer,
    script_slots: Semaphore,
}

/// What readers, the writer's turn and background work share.
struct Shared {
    store: Arc<Store>,
    host: Arc<ServerHost>,
    durability: Durability,
    pace: Pace,
}

impl Executor {
    /// An executor on an opened store. Call within a multi-threaded tokio runtime: its watchdog wakes workers of that.
    pub fn start(
        store: Arc<Store>,
        state: WriterState,
        host: Arc<ServerHost>,
        append_fsync: AppendFsync,
    ) -> Result<Executor> {
        let durability = Durability::start(Arc::clone(&host), Arc::clone(store.backend()), append_fsync)?;
        let pace = Pace::start(tokio::runtime::Handle::current());
        let shared = Arc::new(Shared { store, host, durability, pace });
        let writer = Writer::new(Turn::new(Arc::clone(&shared), state), Arc::clone(&shared.host));
        let weak = Arc::downgrade(&shared);
        let slow = move || {
            if let Some(shared) = weak.upgrade() {
                shared.pace.give_worker_away();
            }
        };
        let busy = writer.refusal();
        shared.host.script_table().set_hooks(Hooks { slow: Box::new(slow), busy: Box::new(busy) });
        Ok(Executor { shared, writer, script_slots: Semaphore::new(script_slots()) })
    }

    /// Runs a job's requests, all or until its replies should be sent, and gives it back. `Err`: the server is
    /// going down.
    pub async fn run(&self, mut job: Box<Job>) -> std::result::Result<Box<Job>, Stopped> {
        let mut classifier = Classifier::new(&job.session);
        let mut is_heavy = false;
        job.begin_run();
        job.for_each_pending(|request| {
            classifier.add(request);
            is_heavy |= request.len() > HEAVY_ARGUMENTS;
        });
        is_heavy |= classifier.is_heavy();
        job.busy = self.shared.host.script_table().busy();
        match classifier.path() {
            _ if job.busy.is_some() => self.shared.run_reads(&mut job),
            Path::Write => {
                job = self.writer.submit(job).await.ok_or(Stopped)?;
                if job.busy.is_some() {
                    self.shared.run_reads(&mut job);
                }
            }
            Path::Read if classifier.runs_scripts() => {
                let slot = self.script_slot().await;
                if slot.is_err() {
                    job.busy = Some(ScriptKind::Script);
                }
                self.shared.pace.engine_call(is_heavy, || self.shared.run_reads(&mut job));
                job.rests_on = self.shared.durability.begun();
            }
            Path::Session => self.shared.run_reads(&mut job),
            Path::Read => {
                self.shared.pace.engine_call(is_heavy, || self.shared.run_reads(&mut job));
                job.rests_on = self.shared.durability.begun();
            }
        }
        if !self.shared.durability.wait_for(job.rests_on).await {
            job.fail_replies(&durability::not_durable());
        }
        Ok(job)
    }

    /// Waits until there is a slot for a script that reads; an error if that takes as long as a script may take before
    /// others are told of it.
    async fn script_slot(&self) -> std::result::Result<SemaphorePermit<'_>, Busy> {
        if let Ok(slot) = self.script_slots.try_acquire() {
            return Ok(slot);
        }
        let slot = self.script_slots.acquire();
        let slot = match self.shared.host.parameters().busy_threshold_ms() {
            None => slot.await,
            Some(ms) => tokio::time::timeout(Duration::from_millis(ms), slot).await.map_err(|_| Busy)?,
        };
        // The semaphore is never closed.
        slot.map_err(|_| Busy)
    }

    /// Runs background work in the writer's turn and commits what it wrote.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.work(work).await
    }

    /// Reads on a fresh view.
    pub fn read<T>(&self, read: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.shared.pace.engine_call(false, || read(&Transaction::read_only(&self.shared.store, now_ms())))
    }

    /// The server around.
    pub fn host(&self) -> &ServerHost {
        &self.shared.host
    }

    /// Changes `appendfsync`.
    pub fn set_append_fsync(&self, append_fsync: AppendFsync) -> Result<()> {
        self.shared.durability.set_append_fsync(append_fsync)
    }

    /// Stops the writer after what it has in hand, and makes everything durable. No thread of the executor's uses the engine
    /// after that.
    pub async fn stop(&self) -> Result<()> {
        self.writer.stop().await;
        let synced = self.sync().await;
        let shared = Arc::clone(&self.shared);
        // Joined elsewhere, for it may be within a sync. It panicked if it failed, and the panic hook has said so.
        tokio::task::spawn_blocking(move || shared.durability.stop()).await.unwrap_or_default();
        synced
    }

    /// Makes everything durable that is committed by now.
    pub async fn sync(&self) -> Result<()> {
        let backend = Arc::clone(self.shared.store.backend());
        tokio::task::spawn_blocking(move || backend.sync())
            .await
            .unwrap_or_else(|_| Err(Error::unsupported("sync: it panicked")))
    }
}

/// The server is going down; the job was not run.
#[derive(Clone, Copy, Debug)]
pub struct Stopped;

/// Scripts that read have all slots, and keep them for too long.
struct Busy;

/// How many scripts read at the same time, each on a thread and an interpreter of its own: twice as many as there are processors. Endless
/// ones can take no more.
fn script_slots() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).saturating_mul(2).clamp(4, 64)
}

/// A request with more arguments than this is expected to take long.
const HEAVY_ARGUMENTS: usize = 128;

impl Shared {
    /// Runs requests that need no writer. An engine's failure is that request's reply.
    fn run_reads(&self, job: &mut Job) {
        let mut txn = Transaction::read_only(&self.store, now_ms());
        while job.wants_to_run() {
            if let Err(error) = self.step(job, &mut txn) {
                job.reply(&storage_failure(&error));
                self.host.statistics().count_lookups(txn.lookups());
                txn = Transaction::read_only(&self.store, now_ms());
            }
        }
        self.host.statistics().count_lookups(txn.lookups());
    }

    /// Runs a job's next request. A panic in it is a failure like any other: the transaction is given up.
    fn step(&self, job: &mut Job, txn: &mut Transaction<'_>) -> Result<()> {
        let index = job.next();
        let Job { session, random, input, busy, .. } = job;
        let mut context = Context { txn, session, host: &*self.host, random, busy: *busy };
        let reply = guarded(|| input.with_request(index, |arguments| execute(&mut context, arguments)))?;
        job.reply(&reply);
        Ok(())
    }
}

/// Runs `work` and turns a panic into an error. What `work` changes must be given up after an error.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Unsupported,
            "internal error: dredis panicked, and its log tells where; please report it",
        ))
    })
}

fn storage_failure(error: &Error) -> Reply {
    Reply::Error(dredis_commands::errors::storage_error_line(error).into_bytes().into())
}

/// The time, in milliseconds of the Unix epoch.
fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let error = guarded::<()>(|| panic!("on purpose")).expect_err("it panicked");
        assert!(error.message().contains("panicked"), "{error}");
        assert_eq!(guarded(|| Ok(1)), Ok(1));
    }
}
