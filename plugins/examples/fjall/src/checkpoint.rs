//! Checkpoints: a copy of one snapshot, record by record, into a fresh database. fjall cannot copy its files while they
//! are open; what this costs is reading and writing everything once, and commits go on meanwhile.

use std::fs;
use std::path::Path;

use dredis_plugin::{Error, Result};
use fjall::{Database, Keyspace, OwnedWriteBatch, Readable, Snapshot};

use crate::config::Config;
use crate::error::while_writing;
use crate::files::Files;

/// So many bytes are written in one batch.
const PORTION_BYTES: usize = 4 << 20;

/// Writes `snapshot` into the empty or missing directory `dir`.
pub(crate) fn copy(snapshot: &Snapshot, records: &Keyspace, config: &Config, dir: &Path) -> Result<()> {
    let what = "write a checkpoint";
    fs::create_dir_all(dir).map_err(|error| while_writing(what, &error))?;
    if fs::read_dir(dir).map_err(|error| while_writing(what, &error))?.next().is_some() {
        return Err(Error::invalid_input(format!(
            "fjall could not {what}: {} is not empty; name an empty directory, or one that is not there",
            dir.display()
        )));
    }
    Files::in_dir(dir)
        .create_data(config, |database, copied| copy_records(snapshot, records, database, copied))
}

fn copy_records(
    snapshot: &Snapshot,
    records: &Keyspace,
    target: &Database,
    copied: &Keyspace,
) -> fjall::Result<()> {
    let portion = || OwnedWriteBatch::with_capacity(target.clone(), 0);
    let (mut batch, mut bytes) = (portion(), 0);
    for record in snapshot.iter(records) {
        let (key, value) = record.into_inner()?;
        bytes += key.len() + value.len();
        batch.insert(copied, key, value);
        if bytes >= PORTION_BYTES {
            std::mem::replace(&mut batch, portion()).commit()?;
            bytes = 0;
        }
    }
    batch.commit()
}
