//! The engine itself: how it is opened, and what it owes once open.

use std::path::{Path, PathBuf};

use crate::{Batch, Capabilities, Error, Logger, OptionSpec, Options, Result, View};

/// An opened engine. Used from many threads at once; the host serialises calls of [`Backend::commit`] on exclusive
/// engines, so that no two run at the same time.
///
/// Dropping it closes the engine, makes everything that was committed durable, if it can be, and lets go of the
/// directory: it may be opened again at once. (Kit: `the_last_commit_before_closing_is_there`,
/// `everything_is_there_after_reopening`, `what_was_deleted_stays_so_after_reopening`.)
pub trait Backend: Send + Sync + 'static {
    /// What this engine can do. Constant, and cheap to ask. (Kit: `capabilities_are_constant_and_sufficient`.)
    fn capabilities(&self) -> Capabilities;

    /// A consistent view of everything committed before this call. (Kit: `a_view_shows_what_was_committed_before_it`,
    /// `views_on_every_thread_show_what_returned`.)
    fn view(&self) -> Result<Box<dyn View + '_>>;

    /// Applies all of `batch` or nothing. Views taken after it returned see it, older ones never do. It survives the
    /// death of the process. (Kit: `a_large_batch_is_applied_whole`, `a_batch_is_never_seen_half_applied`,
    /// `a_view_never_shows_later_commits`, `acknowledged_commits_survive_a_killed_process`.) A batch may be empty; it
    /// is [`Commit::Done`] and changes nothing (kit: `an_empty_batch_is_done`).
    ///
    /// **On a shared engine** a batch with a [`crate::Batch::basis`] ends as [`Commit::Conflict`], and nothing of it
    /// is applied, if a key that was read does not hold any more what the view showed: another value, one where there
    /// was none, or none, be it by a put, a delete or a range. It does not matter through which opening of the engine
    /// that came, whether the batch changes that key itself, and how long ago the view was taken. Two batches of
    /// which each changes what the other one read can therefore not both be done. (Kit:
    /// `a_commit_whose_reads_changed_is_a_conflict`, `no_update_is_lost`, `no_write_skew_is_let_through`.) An engine
    /// may answer `Conflict` more often than it must, but not for ever: who tries again on a fresh view, while nobody
    /// changes what it reads, gets through (kit: `a_commit_whose_reads_stand_is_done`). An exclusive engine ignores
    /// the basis and answers `Done` (kit: `a_commit_of_an_exclusive_engine_is_done`).
    ///
    /// # Errors
    ///
    /// An error means that nothing was applied, and that nothing of the batch shows up later.
    ///
    /// - [`crate::ErrorKind::InvalidInput`]: a key, a value or the batch is larger than [`crate::Limits`] declares.
    ///   (Kit: `a_longer_key_is_refused_and_nothing_applied`, `a_longer_value_is_refused_and_nothing_applied`,
    ///   `a_larger_batch_is_refused_and_nothing_applied`.) The host never comes to this.
    /// - [`crate::ErrorKind::NoSpace`]: the disk or the engine's map is full. Views, gets and scans go on.
    fn commit(&self, batch: &Batch<'_>) -> Result<Commit>;

    /// Makes every commit that returned before this call survive the death of the machine. May run while
    /// commits go on. (Kit: `a_sync_may_run_while_commits_go_on`.)
    fn sync(&self) -> Result<()>;

    /// What the operator asks of commits from now on, so that an engine can pick how they reach the disk.
    /// Called at opening and when the setting changes, also while views are open. Promises nothing: `sync` is what
    /// binds. (Kit: `durability_may_be_asked_for_at_any_time`.)
    fn need_durability(&self, need: DurabilityNeed) -> Result<()> {
        let _ = need;
        Ok(())
    }

    /// Writes a consistent copy into the empty or missing directory `dir`, from which a backend of the same kind can
    /// be opened, while commits go on. Offered if [`Capabilities::checkpoint`] says so; if not,
    /// [`crate::ErrorKind::Unsupported`]. A directory in which something lies is [`crate::ErrorKind::InvalidInput`],
    /// and stays as it is. (Kit: `a_checkpoint_opens_as_an_engine`, `a_checkpoint_is_consistent_while_commits_go_on`,
    /// `an_engine_without_checkpoints_says_so`.)
    ///
    /// The copy holds every commit that returned before this call, none that begins after it has returned, and each
    /// whole; of those in between, the ones up to one of them. From then on the two have nothing to do with each
    /// other. (Kit: `a_checkpoint_taken_while_commits_run_is_whole`.)
    fn checkpoint(&self, dir: &Path) -> Result<()> {
        let _ = dir;
        Err(Error::unsupported("checkpoint"))
    }

    /// Gives space in `start..end` back, as far as the engine can. `end` of `None`: to the very last key.
    ///
    /// Nothing that is read changes, also not in views that are open. An engine that knows no parts of itself does
    /// nothing if it is asked for one, and says `Ok`; so does every engine for a range that is empty or ends before
    /// it starts. One that cannot while views are open answers [`crate::ErrorKind::Retry`] as long as there are some,
    /// and only then. (Kit: `compaction_changes_nothing_that_is_read`.)
    fn compact(&self, start: &[u8], end: Option<&[u8]>) -> Result<()> {
        let _ = (start, end);
        Ok(())
    }

    /// About how many bytes `start..end` takes on disk; `None` if the engine cannot say. An empty range, or one that
    /// ends before it starts, is no error. (Kit: `sizes_and_figures_change_nothing`.)
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
    /// Only from shared engines, and only for batches with a [`crate::Batch::basis`].
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

    /// Opens the engine, creating what is missing. (Kit: `an_engine_opens_in_an_empty_directory`.)
    ///
    /// # Errors
    ///
    /// [`crate::ErrorKind::InvalidInput`] if an option's value means nothing, and, on an exclusive engine whose data
    /// outlives the process, if the directory is in use, by another process or by this one; whoever uses it is not
    /// disturbed. (Kit: `a_second_opening_is_refused`, `another_process_is_refused`.)
    fn open(request: &OpenRequest) -> Result<Self>;
}
