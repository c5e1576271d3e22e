//! Makes the log files durable, without LevelDB.
//!
//! LevelDB's own way is a write with `sync=true`. That leaves two gaps. When a memtable is full it changes to a new log
//! file without syncing the old one, whose records then depend on the page cache until their table file is written; and
//! the thread that syncs stands at the head of the queue of writers, so that no commit goes on meanwhile.
//!
//! Here each log file is synced through a descriptor of this module's own. That suffices: a commit that has returned has
//! been written to a log file. That file is either still in the directory, and synced here; or it is gone, and LevelDB
//! removes it only after a table file with its records and the manifest that names it have been synced.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How old a directory's time of change must be before "unchanged" can be trusted: more than the coarsest tick of a file
/// system's clock.
const TIME_STAMP_TRUSTED_AFTER: Duration = Duration::from_secs(2);

/// The log files of one database directory.
pub(crate) struct LogFiles {
    dir: PathBuf,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// By number, so in the order in which they were begun.
    logs: BTreeMap<u64, Log>,
    /// The directory's time of change that `logs` belongs to, once it can be trusted.
    listed_at: Option<SystemTime>,
}

struct Log {
    file: File,
    /// A newer log file exists, so that nothing is added any more, and all of this one has been synced.
    finished: bool,
}

impl LogFiles {
    pub(crate) fn new(dir: &Path) -> Self {
        LogFiles { dir: dir.to_owned(), known: Mutex::default() }
    }

    /// Makes everything durable that was in a log file when this was called.
    pub(crate) fn sync(&self) -> io::Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.sync_known(&mut known);
        if outcome.is_err() {
            // Whatever was not reached must not count as done the next time.
            *known = Known::default();
        }
        outcome
    }

    fn sync_known(&self, known: &mut Known) -> io::Result<()> {
        if self.refresh(known)? {
            // New names are durable only with their directory.
            File::open(&self.dir)?.sync_all()?;
        }
        let newest = known.logs.last_key_value().map(|(number, _)| *number);
        for (number, log) in known.logs.iter_mut().filter(|(_, log)| !log.finished) {
            log.file.sync_data()?;
            log.finished = Some(*number) != newest;
        }
        Ok(())
    }

    /// Forgets what is known, as after the database was opened anew.
    pub(crate) fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }

    /// Brings the list of log files up to date; whether there are new ones.
    fn refresh(&self, known: &mut Known) -> io::Result<bool> {
        // Listing a directory of thousands of tables at every sync would cost more than the sync. Time stamps tell when
        // nothing came or went, provided that the last change lies a tick of their clock back.
        let changed_at = fs::metadata(&self.dir)?.modified()?;
        if known.listed_at == Some(changed_at) {
            return Ok(false);
        }
        known.listed_at = None;
        let mut new = false;
        let numbers = log_numbers(&self.dir)?;
        known.logs.retain(|number, _| numbers.contains(number));
        for number in numbers {
            if known.logs.contains_key(&number) {
                continue;
            }
            match File::open(self.dir.join(format!("{number:06}.log"))) {
                Ok(file) => {
                    known.logs.insert(number, Log { file, finished: false });
                    new = true;
                }
                // Removed since it was listed: its records are durable in a table.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let age = SystemTime::now().duration_since(changed_at).unwrap_or_default();
        if age > TIME_STAMP_TRUSTED_AFTER {
            known.listed_at = Some(changed_at);
        }
        Ok(new)
    }
}

/// The numbers of the log files in `dir`.
fn log_numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".log"));
        numbers.extend(stem.and_then(|stem| stem.parse::<u64>().ok()));
    }
    Ok(numbers)
}

/// The bytes of all log files in `dir`.
pub(crate) fn log_bytes(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for number in log_numbers(dir)? {
        match fs::metadata(dir.join(format!("{number:06}.log"))) {
            Ok(metadata) => bytes += metadata.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(files: &LogFiles) -> Vec<(u64, bool)> {
        files.known.lock().unwrap().logs.iter().map(|(number, log)| (*number, log.finished)).collect()
    }

    #[test]
    fn older_logs_are_synced_once_and_the_newest_always() {
        let dir = std::env::temp_dir().join(format!("dredis-leveldb-durable-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let files = LogFiles::new(&dir);
        files.sync().unwrap();
        assert_eq!(state(&files), []);

        fs::write(dir.join("000003.log"), "records").unwrap();
        fs::write(dir.join("000004.ldb"), "a table").unwrap();
        files.sync().unwrap();
        assert_eq!(state(&files), [(3, false)]);

        fs::write(dir.join("000005.log"), "records").unwrap();
        fs::write(dir.join("1000006.log"), "records").unwrap();
        files.sync().unwrap();
        assert_eq!(state(&files), [(3, true), (5, true), (1_000_006, false)]);

        fs::remove_file(dir.join("000003.log")).unwrap();
        files.sync().unwrap();
        assert_eq!(state(&files), [(5, true), (1_000_006, false)]);
        assert_eq!(log_bytes(&dir).unwrap(), 14);

        fs::remove_dir_all(&dir).unwrap();
        assert!(files.sync().is_err());
        assert_eq!(state(&files), []);
    }
}
