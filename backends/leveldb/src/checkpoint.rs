//! A consistent copy of the database in another directory.
//!
//! LevelDB cannot share its files with a copy through its C API, so that records are read from a snapshot and written to a
//! new database, a bounded batch at a time. Commits go on meanwhile.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use dredis_plugin::{Result, directory};

use crate::binding::{Creation, Database, Snapshot, WriteBatch};
use crate::config::Config;
use crate::durable::LogFiles;
use crate::error::{engine_error, io_error, open_error};

/// How much is written at a time.
const BATCH_BYTES: usize = 1 << 20;

/// Copies everything that `source` holds now into `dir`, which is empty or missing. What a failure leaves is removed: half
/// a copy must not be taken for a whole one.
pub(crate) fn write(source: Arc<Database>, config: &Config, dir: &Path) -> Result<()> {
    directory::prepare_checkpoint(dir)?;
    let copied = copy(source, config, dir);
    if copied.is_err() {
        let _left_behind = fs::remove_dir_all(dir);
    }
    copied
}

fn copy(source: Arc<Database>, config: &Config, dir: &Path) -> Result<()> {
    let target =
        Database::open(dir, Creation::Required, config).map_err(|message| open_error(dir, &message))?;
    let write_error = |message: String| engine_error("writing a checkpoint", &message);
    let snapshot = Snapshot::new(source);
    let mut records = snapshot.records(false);
    let mut changes = WriteBatch::new();
    let mut pending_bytes = 0;
    records.seek_to_first();
    while let Some(key) =
        records.key().map_err(|message| engine_error("reading for a checkpoint", &message))?
    {
        let value = records.value();
        changes.put(key, value);
        pending_bytes += key.len() + value.len();
        if pending_bytes >= BATCH_BYTES {
            target.write(&mut changes).map_err(write_error)?;
            changes.clear();
            pending_bytes = 0;
        }
        records.step_forward();
    }
    target.write(&mut changes).map_err(write_error)?;
    LogFiles::new(dir).sync().map_err(|error| io_error("syncing the checkpoint in", dir, error))
}
