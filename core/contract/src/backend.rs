//! The engine itself: how it is opened, and what it owes once open.

use std::path::{Path, PathBuf};

use crate::{Batch, Capabilities, Error, Logger, OptionSpec, Options, Result, View};

/// An opened engine. Used from many threads at once; the host serialises calls of [`Backend::commit`] on
/// exclusive engines, so that no two run at the same time.
///
/// Dropping it closes the engine and makes everything that was committed durable, if it can be.
pub trait Backend: Send + Sync + 'static {
    /// What this engine can do. Constant, and cheap to ask.
    fn capabilities(&self) -> Capabilities;

    /// A consistent view of everything committed before this call.
    fn view(&self) -> Result<Box<dyn View + '_>>;

    /// Applies all of `batch` or nothing. Views taken after it returned see it, older ones never do. It
    /// survives the death of the process. An error means that nothing was applied.
    fn commit(&self, batch: &Batch<'_>) -> Result<Commit>;

    /// Makes every commit that returned before this call survive the death of the machine. May run while
    /// commits go on.
    fn sync(&self) -> Result<()>;

    /// What the operator asks of commits from now on, so that an engine can pick how they reach the disk.
    /// Called at opening and when the setting changes. Promises nothing: `sync` is what binds.
    fn need_durability(&self, need: DurabilityNeed) -> Result<()> {
        let _ = need;
        Ok(())
    }

    /// Writes a consistent copy into the empty or missing directory `dir`, from which a backend of the same
    /// kind can be opened. Offered if [`Capabilities::checkpoint`] says so.
    fn checkpoint(&self, dir: &Path) -> Result<()> {
        let _ = dir;
        Err(Error::unsupported("checkpoint"))
    }

    /// Gives space in `start..end` back, as far as the engine can. `end` of `None`: to the very last key.
    fn compact(&self, start: &[u8], end: Option<&[u8]>) -> Result<()> {
        let _ = (start, end);
        Ok(())
    }

    /// About how many bytes `start..end` takes on disk; `None` if the engine cannot say.
    fn approximate_size(&self, start: &[u8], end: Option<&[u8]>) -> Result<Option<u64>> {
        let _ = (start, end);
        Ok(None)
    }

    /// Figures of the engine's own for INFO: names in `snake_case`, and their values.
    fn stats(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// How a commit ended, when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Commit {
    /// Applied.
    Done,
    /// Not applied: a key that the batch read has changed. Run the commands again on a fresh view.
    /// Only from shared engines.
    Conflict,
    /// Applied or not, the engine cannot tell. Only from shared engines.
    Unknown,
}

/// What the operator asks of acknowledged writes (`appendfsync`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DurabilityNeed {
    /// No reply before its commit is durable (`always`).
    EveryCommit,
    /// A `sync` about once a second (`everysec`).
    Periodic,
    /// Whenever the operating system likes (`no`).
    Relaxed,
}

/// What an engine is opened with.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// The data directory (`--dir`). It exists, is writable and belongs to this backend.
    pub dir: PathBuf,
    /// The operator's options, checked against the engine's own schema, without defaults filled in.
    pub options: Options,
    /// The host's log.
    pub log: Logger,
}

/// How an engine presents itself and is opened.
pub trait Open: Backend + Sized {
    /// The name that operators type: lower-case letters, digits and hyphens.
    const NAME: &'static str;
    /// The engine's version, for people: for example `LevelDB 1.22`.
    const VERSION: &'static str;

    /// Every option that the engine takes.
    fn options() -> Vec<OptionSpec>;

    /// Opens the engine, creating what is missing.
    fn open(request: &OpenRequest) -> Result<Self>;
}
