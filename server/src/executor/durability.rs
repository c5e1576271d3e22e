//! The durable watermark: commits are numbered, `sync` raises the number up to which they are durable, and
//! under `appendfsync always` a reply waits until what it tells of is below that.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use dredis_commands::Reply;
use dredis_contract::{Backend, DurabilityNeed, Error, Result};
use tokio::sync::watch;

use crate::host::ServerHost;
use crate::log;

/// When commits are made durable; the words of Redis's `appendfsync`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AppendFsync {
    /// Before their replies.
    Always,
    /// About once a second.
    EverySecond,
    /// When the operating system likes.
    No,
}

impl AppendFsync {
    fn need(self) -> DurabilityNeed {
        match self {
            AppendFsync::Always => DurabilityNeed::EveryCommit,
            AppendFsync::EverySecond => DurabilityNeed::Periodic,
            AppendFsync::No => DurabilityNeed::Relaxed,
        }
    }

    fn from_byte(byte: u8) -> AppendFsync {
        match byte {
            0 => AppendFsync::Always,
            1 => AppendFsync::EverySecond,
            _ => AppendFsync::No,
        }
    }
}

impl From<DurabilityNeed> for AppendFsync {
    fn from(need: DurabilityNeed) -> Self {
        match need {
            DurabilityNeed::EveryCommit => AppendFsync::Always,
            DurabilityNeed::Periodic => AppendFsync::EverySecond,
            DurabilityNeed::Relaxed => AppendFsync::No,
        }
    }
}

const PERIOD: Duration = Duration::from_secs(1);

/// Numbers commits and makes them durable on a thread of its own.
pub(super) struct Durability {
    shared: Arc<Shared>,
    durable: watch::Receiver<Mark>,
    syncer: Mutex<Option<JoinHandle<()>>>,
}

/// How far syncs have come.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// Every commit up to this number is durable.
    commit: u64,
    /// Every commit up to this number has been tried to sync; those above `commit` failed.
    tried: u64,
}

struct Shared {
    host: Arc<ServerHost>,
    backend: Arc<dyn Backend>,
    mode: AtomicU8,
    begun: AtomicU64,
    ended: AtomicU64,
    failing: AtomicBool,
    stopped: AtomicBool,
    wake: Mutex<bool>,
    woken: Condvar,
}

impl Durability {
    pub fn start(host: Arc<ServerHost>, backend: Arc<dyn Backend>, mode: AppendFsync) -> Result<Durability> {
        backend.need_durability(mode.need())?;
        let shared = Arc::new(Shared {
            host,
            backend,
            mode: AtomicU8::new(mode as u8),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            failing: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            wake: Mutex::new(false),
            woken: Condvar::new(),
        });
        let (mark, durable) = watch::channel(Mark::default());
        let syncer = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("dredis-sync".into());
        let thread = thread.spawn(move || syncer.run(&mark))?;
        Ok(Durability { shared, durable, syncer: Mutex::new(Some(thread)) })
    }

    /// Ends the thread that syncs, and waits for it: it uses the engine no more, which can close then.
    pub fn stop(&self) {
        self.shared.stop();
        let thread = self.syncer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It panicked if it failed, and the panic hook has said so.
            thread.join().unwrap_or_default();
        }
    }

    pub fn set_append_fsync(&self, mode: AppendFsync) -> Result<()> {
        self.shared.backend.need_durability(mode.need())?;
        self.shared.mode.store(mode as u8, Ordering::Relaxed);
        self.shared.wake();
        Ok(())
    }

    /// Numbers a commit that is about to begin.
    pub fn begin_commit(&self) {
        self.shared.begun.fetch_add(1, Ordering::SeqCst);
    }

    /// Notes that the commit has returned, well or not; its number.
    pub fn end_commit(&self) -> u64 {
        let number = self.shared.begun.load(Ordering::SeqCst);
        self.shared.ended.store(number, Ordering::SeqCst);
        if self.shared.mode() == AppendFsync::Always {
            self.shared.wake();
        }
        number
    }

    /// The number of the latest commit that a view taken before this call can have seen.
    pub fn begun(&self) -> u64 {
        self.shared.begun.load(Ordering::SeqCst)
    }

    /// Whether the last sync failed, so that writes must be refused until one succeeds.
    pub fn is_failing(&self) -> bool {
        self.shared.failing.load(Ordering::Relaxed)
    }

    /// Waits, under `always`, until this commit is durable. Whether it is (under other settings: always).
    pub async fn wait_for(&self, commit: u64) -> bool {
        if self.shared.mode() != AppendFsync::Always {
            return true;
        }
        let mut durable = self.durable.clone();
        match durable.wait_for(|mark| mark.tried >= commit).await {
            Ok(mark) => mark.commit >= commit,
            Err(_) => false,
        }
    }
}

impl Drop for Durability {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Shared {
    fn mode(&self) -> AppendFsync {
        AppendFsync::from_byte(self.mode.load(Ordering::Relaxed))
    }

    fn wake(&self) {
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.woken.notify_one();
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.wake();
    }

    fn run(&self, durable: &watch::Sender<Mark>) {
        let mut mark = Mark::default();
        while !self.stopped.load(Ordering::Relaxed) {
            self.pause(mark.tried < self.ended.load(Ordering::SeqCst));
            let ended = self.ended.load(Ordering::SeqCst);
            let is_failing = self.is_failing();
            if (ended == mark.tried && !is_failing) || self.mode() == AppendFsync::No {
                continue;
            }
            match self.backend.sync() {
                Ok(()) => {
                    mark.commit = ended;
                    self.set_failing(false);
                    if is_failing {
                        log::info("syncing works again: writes are accepted");
                    }
                }
                Err(error) => {
                    if !is_failing {
                        log::error(format_args!("sync failed, writes are refused until it works: {error}"));
                    }
                    self.set_failing(true);
                }
            }
            mark.tried = ended;
            durable.send_replace(mark);
        }
    }

    fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    fn set_failing(&self, is_failing: bool) {
        self.failing.store(is_failing, Ordering::Relaxed);
        self.host.set_sync_failing(is_failing);
    }

    /// Waits until it is time for the next sync.
    fn pause(&self, is_behind: bool) {
        let always = self.mode() == AppendFsync::Always;
        if always && is_behind && !self.is_failing() {
            return;
        }
        let mut wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        if !*wake {
            (wake, _) = self.woken.wait_timeout(wake, PERIOD).unwrap_or_else(PoisonError::into_inner);
        }
        *wake = false;
    }
}

/// The reply in place of one whose write could not be made durable.
pub(super) fn not_durable() -> Reply {
    Reply::Error(b"MISCONF Errors while syncing to disk: this write is not durable; see the log"[..].into())
}

/// The error for writes that are refused because syncing fails.
pub(super) fn sync_failing() -> Error {
    Error::new(
        dredis_contract::ErrorKind::NoSpace,
        "the last sync to disk failed; writes are refused until one succeeds, see the log",
    )
}
