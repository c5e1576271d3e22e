//! The engine: opening, commits, and the rest of the contract.

use std::path::Path;
use std::sync::{OnceLock, PoisonError, RwLock};

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Durability, Error, ErrorKind, Limits, LogLevel, Logger, Open,
    OpenRequest, Operation, OptionSpec, Result, View, directory,
};
use fjall::{Database, Keyspace, OwnedWriteBatch, PersistMode, Readable, Snapshot};

use crate::config::{self, Config};
use crate::error::while_trying;
use crate::files::Files;
use crate::view::FjallView;
use crate::{checkpoint, logging};

/// The keyspace of every record.
pub(crate) const RECORDS: &str = "records";

/// fjall's own; it panics beyond.
pub(crate) const KEY_BYTES_MAX: usize = 65_535;
/// fjall's own is 4 GiB. This much is tested, and more than dredis puts under one key.
const VALUE_BYTES_MAX: usize = 64 << 20;

/// An open database.
pub struct Fjall {
    records: Keyspace,
    database: Database,
    /// While a commit runs, and for good once one has failed: what was there before it. fjall puts a batch record by record
    /// into its memtable and shows it all at once, unless a flush in the background ends meanwhile: then snapshots show
    /// whatever part of the batch is there. So none is taken during a commit.
    before_commit: RwLock<Option<Snapshot>>,
    config: Config,
    /// Why fjall takes no more commits, once it does not.
    stopped: OnceLock<Error>,
    log: Logger,
    /// Dropped last: only then may another server open the directory.
    _lock: directory::Lock,
}

impl Open for Fjall {
    const NAME: &'static str = "fjall";
    const VERSION: &'static str = "fjall 3.1";

    fn options() -> Vec<OptionSpec> {
        config::schema()
    }

    fn open(request: &OpenRequest) -> Result<Self> {
        logging::speak_to(&request.log);
        let config = Config::read(&request.options)?;
        let files = Files::in_dir(&request.dir);
        // fjall has a lock too, but it must not be asked before it is known that nobody else is creating the database.
        let lock = directory::Lock::take(&request.dir)?;
        if files.data.exists() {
            for line in files.without_effect(&config) {
                request.log.log(LogLevel::Warning, &line);
            }
        } else {
            files.create_data(&config, |_, _| Ok(()))?;
        }
        let open = || {
            let database = config.database(&files.data).open()?;
            let records = database.keyspace(RECORDS, || config.keyspace())?;
            Ok((database, records))
        };
        let (database, records) = open().map_err(|error| while_trying("open its files", error))?;
        Ok(Fjall {
            records,
            database,
            before_commit: RwLock::new(None),
            config,
            stopped: OnceLock::new(),
            log: request.log.clone(),
            _lock: lock,
        })
    }
}

impl Backend for Fjall {
    fn capabilities(&self) -> Capabilities {
        Capabilities::exclusive(Durability::OnSync).with_checkpoint().with_limits(
            Limits::NONE
                .with_key_bytes_max(KEY_BYTES_MAX as u64)
                .with_value_bytes_max(VALUE_BYTES_MAX as u64),
        )
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        Ok(Box::new(FjallView::new(self.snapshot(), &self.records)))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        batch.operations().iter().try_for_each(check_limits)?;
        let operations = batch.operations();
        // `Buffer` hands the batch to the operating system before `commit` returns, which is what the contract asks for.
        let mut changes = OwnedWriteBatch::with_capacity(self.database.clone(), operations.len())
            .durability(Some(PersistMode::Buffer));
        for operation in operations {
            match *operation {
                Operation::Put { key, value } => changes.insert(&self.records, key, value),
                Operation::Delete { key } => changes.remove(&self.records, key),
                Operation::DeleteRange { start, end } => self.delete_range(&mut changes, start, end)?,
            }
        }
        self.before_commit
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| self.database.snapshot());
        changes.commit().map_err(|error| self.failed("commit", error))?;
        *self.before_commit.write().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(Commit::Done)
    }

    /// Commits wait while the journal is being synced: fjall has one lock for both.
    fn sync(&self) -> Result<()> {
        self.database.persist(PersistMode::SyncAll).map_err(|error| self.failed("sync its journal", error))
    }

    fn checkpoint(&self, dir: &Path) -> Result<()> {
        checkpoint::copy(&self.snapshot(), &self.records, &self.config, dir)
    }

    /// fjall compacts by itself. Asked for all of it, it writes out what is in memory and merges everything, which
    /// takes as long as reading and writing the database once; it knows no parts.
    fn compact(&self, start: &[u8], end: Option<&[u8]>) -> Result<()> {
        if !start.is_empty() || end.is_some() {
            return Ok(());
        }
        self.records
            .rotate_memtable_and_wait()
            .and_then(|()| self.records.major_compact())
            .map_err(|error| while_trying("compact its files", error))
    }

    /// What everything takes, if all is asked for; fjall tells no sizes of ranges.
    fn approximate_size(&self, start: &[u8], end: Option<&[u8]>) -> Result<Option<u64>> {
        if !start.is_empty() || end.is_some() {
            return Ok(None);
        }
        self.database.disk_space().map(Some).map_err(|error| while_trying("measure its files", error))
    }

    fn stats(&self) -> Vec<(String, String)> {
        [
            ("fjall_disk_bytes", self.database.disk_space().ok()),
            ("fjall_table_bytes", Some(self.records.disk_space())),
            ("fjall_journals", Some(self.database.journal_count() as u64)),
            ("fjall_tables", Some(self.records.table_count() as u64)),
            ("fjall_versions_about", Some(self.records.approximate_len() as u64)),
            ("fjall_compactions", Some(self.database.compactions_completed() as u64)),
            ("fjall_cache_size", Some(self.config.cache_bytes)),
        ]
        .into_iter()
        .filter_map(|(name, figure)| Some((name.to_owned(), figure?.to_string())))
        .collect()
    }
}

impl Fjall {
    /// Everything that was committed, and nothing of what is being committed.
    fn snapshot(&self) -> Snapshot {
        // Held until it is taken, so that no commit begins meanwhile.
        let before_commit = self.before_commit.read().unwrap_or_else(PoisonError::into_inner);
        before_commit.as_ref().map_or_else(|| self.database.snapshot(), Snapshot::clone)
    }

    /// After a write that failed fjall only says that it stopped. What stopped it is what the operator needs to know.
    fn failed(&self, what: &str, error: fjall::Error) -> Error {
        let error = while_trying(what, error);
        if error.kind() == ErrorKind::Poisoned {
            return self.stopped.get().cloned().unwrap_or(error);
        }
        self.stopped.get_or_init(|| error).clone()
    }

    /// The host runs one commit at a time, so that nothing comes into the range between this look and the commit.
    fn delete_range(&self, changes: &mut OwnedWriteBatch, start: &[u8], end: &[u8]) -> Result<()> {
        if start >= end {
            return Ok(());
        }
        for record in self.database.snapshot().range(&self.records, start..end) {
            let key = record.key().map_err(|error| while_trying("read a range to delete", error))?;
            changes.remove(&self.records, key);
        }
        Ok(())
    }
}

impl Drop for Fjall {
    fn drop(&mut self) {
        if let Err(error) = self.sync() {
            self.log.log(LogLevel::Error, error.message());
        }
    }
}

/// The host keeps to the limits, which were declared to it. But fjall panics beyond them, so look again.
fn check_limits(operation: &Operation<'_>) -> Result<()> {
    let (key, end, value) = match *operation {
        Operation::Put { key, value } => (key, key, value),
        Operation::Delete { key } => (key, key, &[][..]),
        Operation::DeleteRange { start, end } => (start, end, &[][..]),
    };
    let longest = key.len().max(end.len());
    if key.is_empty() || longest > KEY_BYTES_MAX {
        return Err(Error::invalid_input(format!(
            "fjall could not commit: a key is {longest} bytes long; keys have 1 to {KEY_BYTES_MAX}"
        )));
    }
    if value.len() > VALUE_BYTES_MAX {
        return Err(Error::invalid_input(format!(
            "fjall could not commit: a value is {} bytes long; values have at most {VALUE_BYTES_MAX}",
            value.len()
        )));
    }
    Ok(())
}
