//! Checkpoints: a copy of one snapshot, record by record, into a fresh database. fjall cannot copy its files while they
//! are open; what this costs is reading and writing everything once, and commits go on meanwhile.

use std::path::Path;

use dredis_plugin::{Result, directory};
use fjall::{Database, Keyspace, OwnedWriteBatch, Readable, Snapshot};

use crate::config::Config;
use crate::files::Files;

/// So many bytes are written in one batch.
const PORTION_BYTES: usize = 4 << 20;

/// Writes `snapshot` into the empty or missing directory `dir`.
pub(crate) fn copy(snapshot: &Snapshot, records: &Keyspace, config: &Config, dir: &Path) -> Result<()> {
    directory::prepare_checkpoint(dir)?;
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
