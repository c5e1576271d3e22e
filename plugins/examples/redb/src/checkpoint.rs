//! Checkpoints: a copy of one snapshot, record by record, into a fresh database. redb cannot copy its file while it is
//! open; what this costs is reading and writing everything once, and commits go on meanwhile.

use std::path::Path;

use dredis_plugin::{Result, directory};
use redb::{Builder, Database, ReadableTable};

use crate::backend::RECORDS;
use crate::error::{Attempt, while_trying};
use crate::files::Files;
use crate::view::Snapshot;

/// Memory for the copy's pages.
const CACHE_BYTES: usize = 64 << 20;
/// So many bytes are written in one transaction.
const PORTION_BYTES: usize = 16 << 20;

/// Writes `snapshot` into the empty or missing directory `dir`.
pub(crate) fn copy(snapshot: &Snapshot, dir: &Path) -> Result<()> {
    directory::prepare_checkpoint(dir)?;
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    Files::in_dir(dir).create_data_with(&builder, |target| {
        copy_records(snapshot, target).map_err(|error| while_trying("write a checkpoint", error))
    })
}

fn copy_records(snapshot: &Snapshot, target: &Database) -> Attempt<()> {
    let mut records = ReadableTable::iter(snapshot)?;
    loop {
        let mut transaction = target.begin_write()?;
        // The commit that completes the file is the durable one.
        transaction.set_durability(redb::Durability::None)?;
        let mut bytes = 0;
        {
            let mut table = transaction.open_table(RECORDS)?;
            while bytes < PORTION_BYTES {
                let Some(record) = records.next() else { break };
                let (key, value) = record?;
                bytes += key.value().len() + value.value().len();
                table.insert(key.value(), value.value())?;
            }
        }
        transaction.commit()?;
        if bytes == 0 {
            return Ok(());
        }
    }
}
