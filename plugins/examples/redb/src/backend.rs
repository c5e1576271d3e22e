//! The engine: opening, commits, and what makes them last.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Durability, Error, ErrorKind, Limits, LogLevel, Logger, Open,
    OpenRequest, Operation, OptionSpec, Result, View, directory,
};
use redb::{Builder, CompactionError, Database, ReadableTableMetadata, TableDefinition};

use crate::checkpoint;
use crate::config::{self, Config};
use crate::error::{while_trying, while_writing};
use crate::files::Files;
use crate::journal::Journal;
use crate::recovery::{apply, make_durable, play_back};
use crate::view::{RedbView, Snapshots};

/// Every record of dredis's.
pub(crate) const RECORDS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("records");
/// What the engine remembers for itself: under [`COMMITS`], the number of the latest commit that redb made durable.
pub(crate) const STATE: TableDefinition<'static, &str, u64> = TableDefinition::new("state");
pub(crate) const COMMITS: &str = "commits";

/// redb takes 3 GiB. This much is tested, and more than dredis puts under one key.
const KEY_BYTES_MAX: usize = 65_535;
const VALUE_BYTES_MAX: usize = 64 << 20;

/// An open database.
pub struct Redb {
    /// Written to only by `compact`, which redb wants to have the database for itself.
    database: RwLock<Database>,
    writer: Mutex<Writer>,
    snapshots: Snapshots,
    durable_commits: AtomicU64,
    files: Files,
    config: Config,
    log: Logger,
    /// Dropped last: only then may another server open the directory.
    _lock: directory::Lock,
}

/// What commits change, one at a time.
struct Writer {
    journal: Journal,
    /// The number of the latest commit.
    commits: u64,
    /// Whether a sync of the journal failed. What the system then remembers of it is unknown, so the next sync does
    /// not rely on it.
    journal_doubtful: bool,
}

impl Open for Redb {
    const NAME: &'static str = "redb";
    const VERSION: &'static str = "redb 4.6";

    fn options() -> Vec<OptionSpec> {
        config::schema()
    }

    fn open(request: &OpenRequest) -> Result<Self> {
        let config = Config::read(&request.options)?;
        let files = Files::in_dir(&request.dir);
        let lock = directory::Lock::take(&request.dir)?;
        let database = open_database(&files, &config, &request.log)?;
        let commits = play_back(&database, &files, &request.log)?;
        let journal =
            Journal::start(&files.journal).map_err(|error| while_writing("start its journal", &error))?;
        directory::sync(&request.dir)?;
        Ok(Redb {
            database: RwLock::new(database),
            writer: Mutex::new(Writer { journal, commits, journal_doubtful: false }),
            snapshots: Snapshots::default(),
            durable_commits: AtomicU64::new(0),
            files,
            config,
            log: request.log.clone(),
            _lock: lock,
        })
    }
}

fn open_database(files: &Files, config: &Config, log: &Logger) -> Result<Database> {
    let mut builder = Builder::new();
    builder.set_cache_size(config.cache_bytes).set_check_integrity_on_open(config.check_integrity);
    let log = log.clone();
    builder.set_repair_callback(move |repair| {
        let percent = (repair.progress() * 100.0) as u32;
        log.log(LogLevel::Info, &format!("redb reads its file after a crash, {percent} % done"));
    });
    if !files.data.exists() {
        files.create_data(&builder)?;
    }
    builder.open(&files.data).map_err(|error| while_trying("open its file", error))
}

impl Redb {
    fn database(&self) -> RwLockReadGuard<'_, Database> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes redb keep what the journal kept for it, and clears the journal.
    fn settle(&self, writer: &mut Writer, database: &Database) -> Result<()> {
        let transaction =
            database.begin_write().map_err(|error| while_trying("make its commits durable", error))?;
        make_durable(transaction, writer.commits)
            .map_err(|error| while_trying("make its commits durable", error))?;
        self.durable_commits.fetch_add(1, Ordering::Relaxed);
        writer.journal.clear().map_err(|error| while_writing("clear its journal", &error))?;
        writer.journal_doubtful = false;
        Ok(())
    }
}

impl Backend for Redb {
    fn capabilities(&self) -> Capabilities {
        Capabilities::exclusive(Durability::OnSync).with_checkpoint().with_limits(
            Limits::NONE
                .with_key_bytes_max(KEY_BYTES_MAX as u64)
                .with_value_bytes_max(VALUE_BYTES_MAX as u64),
        )
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        let snapshot = self.snapshots.current(&self.database())?;
        Ok(Box::new(RedbView::new(snapshot)))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        batch.operations().iter().try_for_each(check_limits)?;
        let failed = |error: redb::Error| while_trying("commit", error);
        let mut writer = self.writer();
        let database = self.database();

        let mut transaction = database.begin_write().map_err(|error| failed(error.into()))?;
        transaction.set_durability(redb::Durability::None).map_err(|error| failed(error.into()))?;
        apply(&transaction, batch.operations()).map_err(failed)?;

        // From here on the commit outlives the process; before, dropping the transaction forgets it.
        let (length, number) = (writer.journal.length(), writer.commits + 1);
        let appended = writer.journal.append(number, batch.operations());
        appended.map_err(|error| while_writing("write its journal", &error))?;
        if let Err(error) = transaction.commit() {
            // Nothing was applied, so nothing may come back from the journal either.
            writer.journal.cut(length).map_err(|error| while_writing("cut its journal", &error))?;
            return Err(failed(error.into()));
        }
        writer.commits = number;
        self.snapshots.renew();

        if writer.journal.length() >= self.config.journal_bytes
            && let Err(error) = self.settle(&mut writer, &database)
        {
            // This commit stands, in the journal. The next one will meet what is wrong.
            self.log.log(LogLevel::Error, error.message());
        }
        Ok(Commit::Done)
    }

    /// Syncs the journal while commits go on: each of them is in there, or redb made it durable.
    fn sync(&self) -> Result<()> {
        let journal = {
            let mut writer = self.writer();
            if writer.journal_doubtful {
                return self.settle(&mut writer, &self.database());
            }
            writer.journal.file()
        };
        journal.sync_data().map_err(|error| {
            self.writer().journal_doubtful = true;
            while_writing("sync its journal", &error)
        })
    }

    fn checkpoint(&self, dir: &Path) -> Result<()> {
        let snapshot = self.snapshots.current(&self.database())?;
        checkpoint::copy(&snapshot, dir)
    }

    /// redb moves its last pages into gaps and shortens the file. It does so for the whole file or not at all, while
    /// nobody has a view of it.
    fn compact(&self, start: &[u8], end: Option<&[u8]>) -> Result<()> {
        if !start.is_empty() || end.is_some() {
            return Ok(());
        }
        let mut writer = self.writer();
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        self.snapshots.renew();
        self.settle(&mut writer, &database)?;
        match database.compact() {
            Ok(_) => Ok(()),
            Err(CompactionError::TransactionInProgress) => Err(Error::new(
                ErrorKind::Retry,
                "redb could not compact its file: reads are under way; try again when the server is quiet",
            )),
            Err(error) => Err(while_trying("compact its file", error)),
        }
    }

    /// What the file and the journal take, if all is asked for; redb keeps no sizes of ranges.
    fn approximate_size(&self, start: &[u8], end: Option<&[u8]>) -> Result<Option<u64>> {
        if !start.is_empty() || end.is_some() {
            return Ok(None);
        }
        let file =
            fs::metadata(&self.files.data).map_err(|error| while_writing("measure its file", &error))?;
        Ok(Some(file.len() + self.writer().journal.length()))
    }

    fn stats(&self) -> Vec<(String, String)> {
        let entries = self.snapshots.current(&self.database()).ok().and_then(|table| table.len().ok());
        let file_bytes = fs::metadata(&self.files.data).ok().map(|file| file.len());
        let (commits, journal_bytes) = {
            let writer = self.writer();
            (writer.commits, writer.journal.length())
        };
        [
            ("redb_entries", entries),
            ("redb_file_bytes", file_bytes),
            ("redb_journal_bytes", Some(journal_bytes)),
            ("redb_commits", Some(commits)),
            ("redb_durable_commits", Some(self.durable_commits.load(Ordering::Relaxed))),
            ("redb_cache_size", Some(self.config.cache_bytes as u64)),
        ]
        .into_iter()
        .filter_map(|(name, figure)| Some((name.to_owned(), figure?.to_string())))
        .collect()
    }
}

impl Drop for Redb {
    fn drop(&mut self) {
        self.snapshots.renew();
        let mut writer = self.writer();
        if writer.journal.is_empty() && !writer.journal_doubtful {
            return;
        }
        if let Err(error) = self.settle(&mut writer, &self.database()) {
            self.log.log(LogLevel::Error, error.message());
        }
    }
}

/// The host keeps to the limits, which were declared to it. Looking costs nothing beside a commit.
fn check_limits(operation: &Operation<'_>) -> Result<()> {
    let (key, end, value) = match *operation {
        Operation::Put { key, value } => (key, key, value),
        Operation::Delete { key } => (key, key, &[][..]),
        Operation::DeleteRange { start, end } => (start, end, &[][..]),
    };
    let longest = key.len().max(end.len());
    if key.is_empty() || longest > KEY_BYTES_MAX {
        return Err(Error::invalid_input(format!(
            "redb could not commit: a key is {longest} bytes long; keys have 1 to {KEY_BYTES_MAX}"
        )));
    }
    if value.len() > VALUE_BYTES_MAX {
        return Err(Error::invalid_input(format!(
            "redb could not commit: a value is {} bytes long; values have at most {VALUE_BYTES_MAX}",
            value.len()
        )));
    }
    Ok(())
}
