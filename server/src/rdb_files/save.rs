//! A file, written on a thread of its own from one view: writers go on, and memory does not depend on how much there is.

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dredis_commands::REDIS_VERSION;
use dredis_data::rdb::{Compression, FileVersion, TransferError, Writer};
use dredis_data::{Pace, Transaction};
use tokio::sync::watch;

use super::status::SaveEnd;
use super::{RdbFiles, functions, target};
use crate::host::{SaveOptions, SavingParameters};
use crate::log;

/// A save under way.
pub(super) struct Running {
    is_given_up: Arc<AtomicBool>,
    outcome: watch::Receiver<Option<Outcome>>,
}

/// How a save ended: with a file, or not.
pub type Outcome = Result<PathBuf, SaveError>;

/// Why there is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveError {
    /// One is being written already.
    InProgress,
    /// The server ends.
    GivenUp,
    /// It did not work.
    Failed(String),
}

impl fmt::Display for SaveError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaveError::InProgress => formatter.write_str("Background save already in progress"),
            SaveError::GivenUp => formatter.write_str("the save was given up, as the server ends"),
            SaveError::Failed(reason) => formatter.write_str(reason),
        }
    }
}

/// Who waits for a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// A client: SAVE.
    Client,
    /// Nobody: BGSAVE, and the parameter `save`.
    Nobody,
}

/// A file being written, to be waited for.
pub struct Saving {
    outcome: watch::Receiver<Option<Outcome>>,
    /// Whether it has its view.
    begun: watch::Receiver<bool>,
}

impl Saving {
    /// Waits until it is settled which moment is saved: what is written from then on is not in the file.
    pub async fn begun(mut self) {
        // One that failed before that has ended, and says so elsewhere.
        drop(self.begun.wait_for(|begun| *begun).await);
    }

    /// How it ended.
    pub async fn outcome(self) -> Outcome {
        end_of(self.outcome).await
    }
}

async fn end_of(mut outcome: watch::Receiver<Option<Outcome>>) -> Outcome {
    match outcome.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone().unwrap_or(Err(SaveError::GivenUp)),
        // The thread has panicked, and the log says so.
        Err(_) => Err(SaveError::Failed("saving failed, and the log tells why".to_owned())),
    }
}

/// What to write, and how.
struct Form {
    version: FileVersion,
    compression: Compression,
    has_checksum: bool,
}

impl RdbFiles {
    /// Begins to save what is committed by now.
    pub fn save(self: &Arc<Self>, options: SaveOptions, waiting: Waiting) -> Result<Saving, SaveError> {
        let mut saving = self.saving();
        if saving.is_some() {
            return Err(SaveError::InProgress);
        }
        if self.is_ending.load(Ordering::Relaxed) {
            return Err(SaveError::GivenUp);
        }
        let is_given_up = Arc::new(AtomicBool::new(false));
        let (sender, outcome) = watch::channel(None);
        let (begins, begun) = watch::channel(false);
        let work = Work {
            files: Arc::clone(self),
            is_given_up: Arc::clone(&is_given_up),
            waiting,
            begins,
            outcome: sender,
        };
        self.status.save_began();
        let thread = std::thread::Builder::new().name("dredis-save".into());
        if let Err(error) = thread.spawn(move || work.run(&options)) {
            self.status.save_ended(waiting == Waiting::Nobody, SaveEnd::Failed);
            return Err(SaveError::Failed(format!("no thread can be started: {error}")));
        }
        *saving = Some(Running { is_given_up, outcome: outcome.clone() });
        Ok(Saving { outcome, begun })
    }

    /// Gives up the save under way and waits for its end. If the parameter `save` has the server save at its end, and nobody
    /// said otherwise, does that. Then no save begins any more.
    pub async fn end_saving(self: &Arc<Self>, parameters: &SavingParameters) {
        self.give_up_saving().await;
        if !parameters.points().is_empty() && !self.ends_without_saving() {
            match self.save(parameters.options(), Waiting::Client) {
                // Its log line tells how it ended; the data are in the backend in any case.
                Ok(saving) => drop(saving.outcome().await),
                Err(error) => log::error(format_args!("the last save was not begun: {error}")),
            }
        }
        self.is_ending.store(true, Ordering::Relaxed);
        self.give_up_saving().await;
    }

    /// Gives up the save under way and waits for its end.
    pub async fn give_up_saving(&self) {
        let outcome = self.saving().as_ref().map(|running| {
            running.is_given_up.store(true, Ordering::Relaxed);
            running.outcome.clone()
        });
        if let Some(outcome) = outcome {
            // Whichever its end, it has one.
            drop(end_of(outcome).await);
        }
    }

    /// Writes a file at once, on this thread, to be read again and then removed.
    pub(super) fn write_temporary(&self) -> Result<(target::Target, u64), SaveError> {
        // A version that has room for everything.
        let form = Form { version: FileVersion::V11, compression: Compression::Off, has_checksum: true };
        let changes = self.store.changes();
        let (target, _) = self.write(&form, &self.gives_reloads_up, &|| ())?;
        Ok((target, changes))
    }

    fn write_file(&self, options: &SaveOptions, is_given_up: &AtomicBool, begins: &dyn Fn()) -> Outcome {
        let version = FileVersion::from_number(u64::from(options.version))
            .ok_or_else(|| SaveError::Failed(format!("there is no rdb-version {}", options.version)))?;
        let compression = if options.is_compressed { Compression::Lzf } else { Compression::Off };
        let form = Form { version, compression, has_checksum: options.has_checksum };
        let (target, file) = self.write(&form, is_given_up, begins)?;
        let name =
            if options.file_name.is_empty() { target::name_by_time() } else { options.file_name.clone() };
        let path = self.dir.join(name);
        target.finish(&file, &path).map_err(|error| unwritable(&path, &error))?;
        Ok(path)
    }

    /// Writes an unfinished file of what one view shows, and says when it has that view.
    fn write(
        &self,
        form: &Form,
        is_given_up: &AtomicBool,
        begins: &dyn Fn(),
    ) -> Result<(target::Target, File), SaveError> {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let txn = Transaction::read_only(&self.store, since_epoch.as_millis() as u64);
        let view_ends = self.view_ends();
        // The first read takes the view.
        let libraries = functions::all(&txn).map_err(backend_failed)?;
        begins();
        let (target, file) =
            target::Target::create(&self.dir).map_err(|error| unwritable(&self.dir, &error))?;
        let failed = |error: TransferError| match error {
            TransferError::Rdb(error) => {
                SaveError::Failed(format!("cannot write {}: {error}", target.path().display()))
            }
            TransferError::Storage(error) => backend_failed(error),
        };
        let stopped = RefCell::new(None);
        let keys = &self.status.save_keys;
        let must_stop = || {
            if is_given_up.load(Ordering::Relaxed) {
                stopped.replace(Some(SaveError::GivenUp));
            } else if view_ends.is_some_and(|at| Instant::now() > at) {
                let ((written, total), age_max) = (keys.get(), self.capabilities.view_age_max_ms);
                stopped.replace(Some(SaveError::Failed(format!(
                    "the backend keeps a view for {age_max} ms only, and {written} of {total} keys were saved in \
                     that time"
                ))));
            }
            stopped.borrow().is_some()
        };
        let sink = Sink { file: &file, must_stop: &must_stop };
        let written = self.write_to(sink, form, &libraries, &txn, since_epoch);
        if let Some(stopped) = stopped.take() {
            return Err(stopped);
        }
        written.map_err(failed)?;
        Ok((target, file))
    }

    fn write_to(
        &self,
        sink: Sink<'_>,
        form: &Form,
        libraries: &[Vec<u8>],
        txn: &Transaction<'_>,
        since_epoch: Duration,
    ) -> Result<(), TransferError> {
        let must_stop = sink.must_stop;
        // Older versions have no room for functions.
        let version = if libraries.is_empty() { form.version } else { form.version.max(FileVersion::V10) };
        let mut writer = Writer::new(sink, version, form.compression)?;
        writer.aux(b"redis-ver", REDIS_VERSION.as_bytes())?;
        writer.aux(b"redis-bits", b"64")?;
        writer.aux(b"ctime", since_epoch.as_secs().to_string().as_bytes())?;
        writer.aux(b"dredis-ver", env!("CARGO_PKG_VERSION").as_bytes())?;
        libraries.iter().try_for_each(|code| writer.function(code))?;
        let mut pace = |written: u64, total: u64| {
            if written == 0 {
                self.status.save_keys.begin(total);
            }
            self.status.save_keys.reach(written);
            // The same is asked at every write, for one key may take longer than all others.
            if must_stop() { Pace::Stop } else { Pace::GoOn }
        };
        txn.save(&mut writer, &mut pace)?;
        if form.has_checksum { writer.finish() } else { writer.finish_without_checksum() }?;
        Ok(())
    }

    /// When a view that is taken now must not be used any more.
    fn view_ends(&self) -> Option<Instant> {
        Instant::now().checked_add(Duration::from_millis(self.capabilities.view_age_max_ms))
    }
}

fn unwritable(path: &Path, error: &io::Error) -> SaveError {
    SaveError::Failed(format!("cannot write {}: {error}", path.display()))
}

fn backend_failed(error: dredis_contract::Error) -> SaveError {
    SaveError::Failed(format!("the backend failed: {error}"))
}

/// A file that takes no more bytes once the save must stop.
struct Sink<'s> {
    file: &'s File,
    must_stop: &'s dyn Fn() -> bool,
}

/// Written at a time: soon done, on a slow disk too.
const WRITE_BYTES_MAX: usize = 1 << 20;

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.must_stop)() {
            return Err(io::Error::other("the save was given up"));
        }
        self.file.write(bytes.get(..WRITE_BYTES_MAX).unwrap_or(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A save on its thread.
struct Work {
    files: Arc<RdbFiles>,
    is_given_up: Arc<AtomicBool>,
    waiting: Waiting,
    begins: watch::Sender<bool>,
    outcome: watch::Sender<Option<Outcome>>,
}

impl Work {
    fn run(self, options: &SaveOptions) {
        let began = Instant::now();
        // Changes that come between this and the view are saved and counted nevertheless: never too few.
        let changes = self.files.store.changes();
        let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.files.write_file(options, &self.is_given_up, &|| {
                self.begins.send_replace(true);
            })
        }));
        let outcome = written.unwrap_or_else(|_| {
            Err(SaveError::Failed("dredis panicked, and its log tells where; please report it".to_owned()))
        });
        let end = match &outcome {
            Ok(path) => {
                let took = began.elapsed().as_secs_f64();
                log::info(format_args!("saved all data in {} in {took:.1} s", path.display()));
                SaveEnd::Saved { changes }
            }
            Err(SaveError::GivenUp) => SaveEnd::GivenUp,
            Err(error) => {
                log::error(format_args!("saving failed: {error}"));
                SaveEnd::Failed
            }
        };
        if let Ok(path) = &outcome {
            *self.files.last_file() = Some(path.clone());
        }
        // Together, so that the end of this one is not taken for the end of the next.
        let mut saving = self.files.saving();
        self.files.status.save_ended(self.waiting == Waiting::Nobody, end);
        *saving = None;
        drop(saving);
        self.outcome.send_replace(Some(outcome));
    }
}
