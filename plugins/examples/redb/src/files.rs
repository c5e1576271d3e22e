//! The data directory: what lies in it, who may use it, and how files come to be there whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dredis_plugin::{Result, directory};
use redb::{Builder, Database, Durability};

use crate::backend::{RECORDS, STATE};
use crate::error::{while_trying, while_writing};

/// The place of everything.
pub(crate) struct Files {
    dir: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) journal: PathBuf,
}

impl Files {
    pub(crate) fn in_dir(dir: &Path) -> Self {
        Files { dir: dir.to_owned(), data: dir.join("data.redb"), journal: dir.join("journal") }
    }

    /// Makes an empty database. redb takes a file that it had not finished for no database at all, so it appears
    /// under its name only when it is complete.
    pub(crate) fn create_data(&self, builder: &Builder) -> Result<()> {
        self.create_data_with(builder, |_| Ok(()))
    }

    /// The same, with what `fill` puts into it.
    pub(crate) fn create_data_with(
        &self,
        builder: &Builder,
        fill: impl FnOnce(&Database) -> Result<()>,
    ) -> Result<()> {
        const WHAT: &str = "create its file";
        let unfinished = self.dir.join("data.redb.new");
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(while_writing("remove an unfinished file", &error));
            }
            _ => {}
        }
        let database = builder.create(&unfinished).map_err(|error| while_trying(WHAT, error))?;
        fill(&database)?;
        let mut transaction = database.begin_write().map_err(|error| while_trying(WHAT, error))?;
        transaction.set_durability(Durability::Immediate).map_err(|error| while_trying(WHAT, error))?;
        transaction.open_table(RECORDS).map_err(|error| while_trying(WHAT, error))?;
        transaction.open_table(STATE).map_err(|error| while_trying(WHAT, error))?;
        transaction.commit().map_err(|error| while_trying(WHAT, error))?;
        database.close().map_err(|error| while_trying(WHAT, error))?;
        fs::rename(&unfinished, &self.data).map_err(|error| while_writing(WHAT, &error))?;
        directory::sync(&self.dir)
    }
}
