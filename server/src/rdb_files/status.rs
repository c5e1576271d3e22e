//! What is known of saves and loads: figures for INFO, in Redis's words.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Figures of saves and loads. Shared by those who do them and those who ask.
pub struct Status {
    last: Mutex<Last>,
    /// Keys that the save under way has written, and that it has to write.
    pub(super) save_keys: Progress,
    /// Bytes that the load under way has read, and that there are.
    pub(super) load_bytes: Progress,
    /// Keys that the last load brought, and that it left out because they had expired.
    loaded_keys: AtomicU64,
    expired_keys: AtomicU64,
    /// Saves that were begun.
    saves: AtomicU64,
    /// How many changes there had been when the last save began.
    changes_saved: AtomicU64,
    is_loading: AtomicBool,
    load_started_s: AtomicU64,
    /// Seconds that the last background save took; -1 if there was none.
    background_s: AtomicI64,
}

/// How far something has come.
#[derive(Default)]
pub(super) struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

struct Last {
    save_s: u64,
    failed_at: Option<Instant>,
    is_well: bool,
    /// When the save under way began.
    began: Option<Instant>,
}

impl Progress {
    /// Begins anew.
    pub fn begin(&self, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// Says how far it has come.
    pub fn reach(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    /// How far it has come, and how far it has to go.
    pub fn get(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

impl Status {
    pub(super) fn new() -> Status {
        Status {
            last: Mutex::new(Last { save_s: now_s(), failed_at: None, is_well: true, began: None }),
            save_keys: Progress::default(),
            load_bytes: Progress::default(),
            loaded_keys: AtomicU64::new(0),
            expired_keys: AtomicU64::new(0),
            saves: AtomicU64::new(0),
            changes_saved: AtomicU64::new(0),
            is_loading: AtomicBool::new(false),
            load_started_s: AtomicU64::new(0),
            background_s: AtomicI64::new(-1),
        }
    }

    /// When a save last succeeded, or the server started; in seconds of the Unix epoch.
    pub fn last_save_s(&self) -> u64 {
        self.last().save_s
    }

    /// How many changes of keys there had been when the last save began.
    pub fn changes_saved(&self) -> u64 {
        self.changes_saved.load(Ordering::Relaxed)
    }

    /// When the last save failed, if it did.
    pub fn failed_at(&self) -> Option<Instant> {
        self.last().failed_at
    }

    pub(super) fn save_began(&self) {
        self.save_keys.begin(0);
        self.saves.fetch_add(1, Ordering::Relaxed);
        self.last().began = Some(Instant::now());
    }

    pub(super) fn save_ended(&self, is_background: bool, end: SaveEnd) {
        let mut last = self.last();
        let began = last.began.take();
        if let (Some(began), true) = (began, is_background) {
            self.background_s.store(began.elapsed().as_secs() as i64, Ordering::Relaxed);
        }
        match end {
            SaveEnd::Saved { changes } => {
                self.changes_saved.store(changes, Ordering::Relaxed);
                (last.save_s, last.is_well, last.failed_at) = (now_s(), true, None);
            }
            SaveEnd::Failed => {
                last.failed_at = Some(Instant::now());
                // Whoever waits for a save is told how it ended, so in Redis this figure is about the others.
                last.is_well &= !is_background;
            }
            // Redis does not count what its operator ended as a failure.
            SaveEnd::GivenUp => {}
        }
        drop(last);
        self.save_keys.begin(0);
    }

    pub(super) fn load_began(&self, bytes: u64) {
        self.load_bytes.begin(bytes);
        self.load_started_s.store(now_s(), Ordering::Relaxed);
        self.is_loading.store(true, Ordering::Relaxed);
    }

    pub(super) fn load_ended(&self, keys: Option<(u64, u64)>) {
        self.is_loading.store(false, Ordering::Relaxed);
        if let Some((loaded, expired)) = keys {
            self.loaded_keys.store(loaded, Ordering::Relaxed);
            self.expired_keys.store(expired, Ordering::Relaxed);
        }
    }

    /// Writes the lines of INFO, each ended by CR and LF.
    pub fn write(&self, changes_since_save: u64, text: &mut String) {
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            write!(text, "{name}:{value}\r\n").expect("a string takes everything");
        };
        let is_loading = self.is_loading.load(Ordering::Relaxed);
        // The old data are served while new ones are loaded.
        line("loading", &0);
        line("async_loading", &u8::from(is_loading));
        let (done, total) = self.save_keys.get();
        line("current_save_keys_processed", &done);
        line("current_save_keys_total", &total);
        line("rdb_changes_since_last_save", &changes_since_save);
        let last = self.last();
        line("rdb_bgsave_in_progress", &u8::from(last.began.is_some()));
        line("rdb_last_save_time", &last.save_s);
        line("rdb_last_bgsave_status", &if last.is_well { "ok" } else { "err" });
        line("rdb_last_bgsave_time_sec", &self.background_s.load(Ordering::Relaxed));
        let current = last.began.map_or(-1, |began| began.elapsed().as_secs() as i64);
        line("rdb_current_bgsave_time_sec", &current);
        line("rdb_saves", &self.saves.load(Ordering::Relaxed));
        line("rdb_last_load_keys_expired", &self.expired_keys.load(Ordering::Relaxed));
        line("rdb_last_load_keys_loaded", &self.loaded_keys.load(Ordering::Relaxed));
        if is_loading {
            let (read, bytes) = self.load_bytes.get();
            let started_s = self.load_started_s.load(Ordering::Relaxed);
            let took_s = now_s().saturating_sub(started_s);
            let eta_s = (took_s * bytes.saturating_sub(read)).checked_div(read).unwrap_or(1);
            line("loading_start_time", &started_s);
            line("loading_total_bytes", &bytes);
            line("loading_loaded_bytes", &read);
            line("loading_loaded_perc", &format!("{:.2}", read as f64 * 100.0 / bytes.max(1) as f64));
            line("loading_eta_seconds", &eta_s);
        }
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a save ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SaveEnd {
    /// With a file; so many changes there had been when it began.
    Saved { changes: u64 },
    /// With an error.
    Failed,
    /// Because the server ends.
    GivenUp,
}

/// The time, in seconds of the Unix epoch.
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
