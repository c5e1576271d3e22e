//! How a batch comes into redb, how redb is made to keep it, and how the journal is played back into it.

use dredis_plugin::{Error, LogLevel, Logger, Operation, Result};
use redb::{Database, ReadableTable, WriteTransaction};

use crate::backend::{COMMITS, RECORDS, STATE};
use crate::error::{Attempt, while_trying, while_writing};
use crate::files::Files;
use crate::journal::Written;

/// Brings in the commits that only the journal has. Answers the number of the latest one.
pub(crate) fn play_back(database: &Database, files: &Files, log: &Logger) -> Result<u64> {
    let what = "play its journal back";
    let written = Written::read(&files.journal).map_err(|error| while_writing(what, &error))?;
    let (records, bytes_behind) = written.records();
    if bytes_behind > 0 {
        let line = format!(
            "the journal ends in {bytes_behind} bytes of a commit that a crash cut off; they are dropped"
        );
        log.log(LogLevel::Warning, &line);
    }
    let transaction = database.begin_write().map_err(|error| while_trying(what, error))?;
    let mut commits = {
        let state = transaction.open_table(STATE).map_err(|error| while_trying(what, error))?;
        let found = state.get(COMMITS).map_err(|error| while_trying(what, error))?;
        found.map_or(0, |number| number.value())
    };
    if records.is_empty() {
        return Ok(commits);
    }
    // Records that redb made durable may still stand in front, if the crash came before the journal was cleared.
    for (number, operations) in &records {
        if *number == commits + 1 {
            apply(&transaction, operations).map_err(|error| while_trying(what, error))?;
            commits = *number;
        } else if *number > commits {
            return Err(Error::corrupt(format!(
                "redb could not {what}: commit {} is missing before {number}; restore a copy of the whole directory",
                commits + 1
            )));
        }
    }
    make_durable(transaction, commits).map_err(|error| while_trying(what, error))?;
    Ok(commits)
}

/// Makes the changes of one batch, in its order.
pub(crate) fn apply(transaction: &WriteTransaction, operations: &[Operation<'_>]) -> Attempt<()> {
    let mut table = transaction.open_table(RECORDS)?;
    for operation in operations {
        match *operation {
            Operation::Put { key, value } => drop(table.insert(key, value)?),
            Operation::Delete { key } => drop(table.remove(key)?),
            Operation::DeleteRange { start, end } if start < end => {
                table.retain_in::<&[u8], _>(start..end, |_, _| false)?;
            }
            Operation::DeleteRange { .. } => {}
        }
    }
    Ok(())
}

/// Commits so that all `commits` are on the disk when this returns. `quick_repair` keeps redb from reading the whole
/// file after a crash; it costs some pages, once per journal.
pub(crate) fn make_durable(mut transaction: WriteTransaction, commits: u64) -> Attempt<()> {
    transaction.open_table(STATE)?.insert(COMMITS, commits)?;
    transaction.set_durability(redb::Durability::Immediate)?;
    transaction.set_quick_repair(true);
    Ok(transaction.commit()?)
}
