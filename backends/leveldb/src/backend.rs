//! The engine behind the contract.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Durability, Error, Limits, LogLevel, Open, OpenRequest, Operation,
    OptionSpec, Result, View,
};

use crate::binding::{Database, WriteBatch};
use crate::checkpoint;
use crate::config::{self, Config};
use crate::directory::prepare_directory;
use crate::durable::log_bytes;
use crate::error::engine_error;
use crate::health::Engine;
use crate::view::Newest;

/// LevelDB keeps keys whole in the indexes of its tables and in its manifest, so that large ones cost memory for good.
const KEY_BYTES_MAX: usize = 64 << 10;
/// LevelDB counts the bytes of a block in 32 bits, and a value lies in one block.
const VALUE_BYTES_MAX: usize = 1 << 30;
/// A batch lies in memory twice, as a log record and in the memtable.
const BATCH_BYTES_MAX: u64 = 2 << 30;
/// A larger batch is not kept for the next commit.
const KEPT_BATCH_BYTES_MAX: u64 = 1 << 20;

/// A LevelDB database.
pub struct LevelDb {
    engine: Engine,
    /// The batch that commits fill, kept for its memory. Its lock also keeps commits apart: one that fails must be known
    /// before the next one begins.
    batch: Mutex<WriteBatch>,
    newest: Newest,
}

impl Open for LevelDb {
    const NAME: &'static str = "leveldb";
    const VERSION: &'static str = "LevelDB 1.22";

    fn options() -> Vec<OptionSpec> {
        config::schema()
    }

    fn open(request: &OpenRequest) -> Result<Self> {
        let mut config = Config::from_request(request)?;
        config.path = prepare_directory(&config)?;
        let engine = Engine::open(config, request.log.clone())?;
        // The names of what opening created, so that the first sync finds them on the disk.
        engine.sync()?;
        request.log.log(LogLevel::Info, &format!("LevelDB: opened {}", engine.config().path.display()));
        Ok(LevelDb { engine, batch: Mutex::new(WriteBatch::new()), newest: Newest::default() })
    }
}

impl Backend for LevelDb {
    fn capabilities(&self) -> Capabilities {
        Capabilities::exclusive(Durability::OnSync).with_checkpoint().with_limits(
            Limits::NONE
                .with_key_bytes_max(KEY_BYTES_MAX as u64)
                .with_value_bytes_max(VALUE_BYTES_MAX as u64)
                .with_batch_bytes_max(BATCH_BYTES_MAX),
        )
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        if self.engine.is_failing() {
            // What keeps the database open keeps it from being opened anew.
            self.newest.forget();
            return Ok(Box::new(Newest::default().view(self.engine.readable()?)));
        }
        Ok(Box::new(self.newest.view(self.engine.readable()?)))
    }

    /// A range delete reads the keys of its range and holds one delete for each in memory, twice, until the commit is
    /// over: about 30 bytes and two key lengths per key that is there.
    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        check_sizes(batch)?;
        let mut changes = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.apply(batch, &mut changes);
        self.newest.forget();
        if batch.bytes() > KEPT_BATCH_BYTES_MAX || has_range(batch) {
            *changes = WriteBatch::new();
        }
        outcome.map(|()| Commit::Done)
    }

    fn sync(&self) -> Result<()> {
        if self.engine.is_failing() {
            self.newest.forget();
        }
        self.engine.sync()
    }

    fn checkpoint(&self, dir: &Path) -> Result<()> {
        checkpoint::write(self.engine.readable()?, self.engine.config(), dir)
    }

    fn compact(&self, start: &[u8], end: Option<&[u8]>) -> Result<()> {
        let database = self.engine.writable()?;
        database.compact((!start.is_empty()).then_some(start), end);
        // Compacting answers nothing; if it failed, LevelDB refuses writes from then on.
        database.probe().map_err(|message| self.engine.write_failed("a compaction", &message))
    }

    fn approximate_size(&self, start: &[u8], end: Option<&[u8]>) -> Result<Option<u64>> {
        let database = self.engine.readable()?;
        if let Some(end) = end {
            return Ok(Some(database.approximate_size(start, end)));
        }
        let mut records = database.newest_records();
        records.seek_to_last();
        let last = records.key().map_err(|message| engine_error("a size", &message))?;
        Ok(Some(last.map_or(0, |last| database.approximate_size(start, last))))
    }

    fn stats(&self) -> Vec<(String, String)> {
        let mut stats = vec![
            ("writes_failing".to_owned(), u8::from(self.engine.is_failing()).to_string()),
            ("opened_anew".to_owned(), self.engine.reopened().to_string()),
        ];
        if let Ok(bytes) = log_bytes(&self.engine.config().path) {
            stats.push(("log_bytes".to_owned(), bytes.to_string()));
        }
        let Ok(database) = self.engine.readable() else { return stats };
        stats.extend(
            database
                .property("leveldb.approximate-memory-usage")
                .map(|bytes| ("memory_bytes".to_owned(), bytes)),
        );
        for level in 0..7 {
            let files = database.property(&format!("leveldb.num-files-at-level{level}"));
            stats.extend(files.map(|files| (format!("level_{level}_files"), files)));
        }
        stats.extend(
            database.property("leveldb.stats").map(|table| compaction_figures(&table)).unwrap_or_default(),
        );
        stats
    }
}

impl LevelDb {
    fn apply(&self, batch: &Batch<'_>, changes: &mut WriteBatch) -> Result<()> {
        let mut database = self.engine.writable()?;
        fill(changes, batch, &database)?;
        let Err(message) = database.write(changes) else { return Ok(()) };
        drop(database);
        self.newest.forget();
        let error = self.engine.write_failed("a commit", &message);
        // The cause may lie back and be over, like a compaction that found the disk full in the night. Nothing of this
        // batch was applied, so it may be tried again.
        database = self.engine.writable().map_err(|_| error)?;
        database.write(changes).map_err(|message| self.engine.write_failed("a commit", &message))
    }
}

impl Drop for LevelDb {
    fn drop(&mut self) {
        // Closing cannot answer an error; the host has been told of it by its own last `sync`.
        let _durable = self.engine.sync();
    }
}

/// Turns the contract's batch into LevelDB's.
fn fill(changes: &mut WriteBatch, batch: &Batch<'_>, database: &Database) -> Result<()> {
    changes.clear();
    for operation in batch.operations() {
        match *operation {
            Operation::Put { key, value } => changes.put(key, value),
            Operation::Delete { key } => changes.delete(key),
            Operation::DeleteRange { start, end } => {
                let range_error = |message: String| engine_error("a range delete", &message);
                let mut records = database.newest_records();
                records.seek(start);
                while let Some(key) = records.key().map_err(range_error)?.filter(|key| *key < end) {
                    changes.delete(key);
                    records.step_forward();
                }
            }
        }
    }
    Ok(())
}

fn has_range(batch: &Batch<'_>) -> bool {
    batch.operations().iter().any(|operation| matches!(operation, Operation::DeleteRange { .. }))
}

fn check_sizes(batch: &Batch<'_>) -> Result<()> {
    let too_large = |what: &str, found: u64, limit: u64| {
        Error::invalid_input(format!("a {what} of {found} bytes is more than LevelDB takes here ({limit})"))
    };
    for operation in batch.operations() {
        let (key, value): (&[u8], &[u8]) = match *operation {
            Operation::Put { key, value } => (key, value),
            Operation::Delete { key } => (key, &[]),
            Operation::DeleteRange { .. } => continue,
        };
        if key.is_empty() {
            return Err(Error::invalid_input("a key is empty"));
        }
        if key.len() > KEY_BYTES_MAX {
            return Err(too_large("key", key.len() as u64, KEY_BYTES_MAX as u64));
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(too_large("value", value.len() as u64, VALUE_BYTES_MAX as u64));
        }
    }
    let bytes = batch.bytes();
    if bytes > BATCH_BYTES_MAX {
        return Err(too_large("batch", bytes, BATCH_BYTES_MAX));
    }
    Ok(())
}

/// Sums of the columns of LevelDB's table of compactions, a line per level: level, files, megabytes, seconds, megabytes
/// read, megabytes written.
fn compaction_figures(table: &str) -> Vec<(String, String)> {
    let mut sums = [0.0; 4];
    for line in table.lines() {
        let columns: Vec<f64> = line.split_whitespace().map_while(|column| column.parse().ok()).collect();
        if let [_level, _files, figures @ ..] = columns.as_slice() {
            for (sum, figure) in sums.iter_mut().zip(figures) {
                *sum += figure;
            }
        }
    }
    let names = [
        "tables_megabytes",
        "compaction_seconds",
        "compaction_read_megabytes",
        "compaction_written_megabytes",
    ];
    names.iter().zip(sums).map(|(name, sum)| ((*name).to_owned(), sum.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compaction_figures_are_summed_over_levels() {
        let table = "                               Compactions\n\
                     Level  Files Size(MB) Time(sec) Read(MB) Write(MB)\n\
                     --------------------------------------------------\n\
                     \x20 0        2        8         1        0         9\n\
                     \x20 1        5       10         2       12        12\n";
        let figures = compaction_figures(table);
        let value = |name| figures.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        assert_eq!(value("tables_megabytes"), Some("18"));
        assert_eq!(value("compaction_seconds"), Some("3"));
        assert_eq!(value("compaction_written_megabytes"), Some("21"));
    }
}
