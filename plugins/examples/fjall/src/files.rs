//! The data directory: what lies in it, who may use it, and how a database comes to be there whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dredis_plugin::{Result, directory};
use fjall::{Database, Keyspace, PersistMode};

use crate::backend::RECORDS;
use crate::config::Config;
use crate::error::{while_trying, while_writing};

/// The place of everything.
pub(crate) struct Files {
    dir: PathBuf,
    pub(crate) data: PathBuf,
    /// The options that the database was created with, as far as they are fixed.
    created_with: PathBuf,
}

impl Files {
    pub(crate) fn in_dir(dir: &Path) -> Self {
        Files { dir: dir.to_owned(), data: dir.join("data"), created_with: dir.join("created-with") }
    }

    /// Makes a database with what `fill` puts into it. fjall cannot open one that it had not finished, so it appears
    /// under its name only when it is complete.
    pub(crate) fn create_data(
        &self,
        config: &Config,
        fill: impl FnOnce(&Database, &Keyspace) -> fjall::Result<()>,
    ) -> Result<()> {
        const WHAT: &str = "create its files";
        let unfinished = self.dir.join("data.new");
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(while_writing("remove unfinished files", &error));
            }
            _ => {}
        }
        let make = || {
            let database = config.database(&unfinished).open()?;
            let records = database.keyspace(RECORDS, || config.keyspace())?;
            fill(&database, &records)?;
            database.persist(PersistMode::SyncAll)
        };
        make().map_err(|error| while_trying(WHAT, error))?;
        fs::write(&self.created_with, config.fixed_at_creation())
            .map_err(|error| while_writing(WHAT, &error))?;
        fs::rename(&unfinished, &self.data).map_err(|error| while_writing(WHAT, &error))?;
        directory::sync(&self.dir)
    }

    /// A line for each option that `config` sees otherwise than the existing database, whose own value stays.
    pub(crate) fn without_effect(&self, config: &Config) -> Vec<String> {
        // Without that file nothing can be said, and nothing is wrong.
        let before = fs::read_to_string(&self.created_with).unwrap_or_default();
        let now = config.fixed_at_creation();
        before
            .lines()
            .zip(now.lines())
            .filter(|(before, now)| before != now)
            .map(|(before, now)| {
                format!("{now} has no effect: the database was created with {before} and keeps that")
            })
            .collect()
    }
}
