//! The directory of the database: made if it may be, refused if it holds something else.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use dredis_plugin::{Error, Result};

use crate::config::Config;
use crate::error::{io_error, no_database};

/// Makes sure of the directory, and gives its one true name: LevelDB compares names to see whether this process has the
/// database open already.
pub(crate) fn prepare_directory(config: &Config) -> Result<PathBuf> {
    let path = &config.path;
    let unusable = |error: std::io::Error| {
        Error::invalid_input(format!("the LevelDB directory {} cannot be used: {error}", path.display()))
    };
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_dir() => {
            return Err(Error::invalid_input(format!(
                "{} is a file: LevelDB keeps its database in a directory",
                path.display()
            )));
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound && config.create_if_missing => {
            fs::create_dir_all(path).map_err(unusable)?;
            if let Some(parent) = path.canonicalize().map_err(unusable)?.parent() {
                // Its name has to be on the disk before its contents can count as durable.
                File::open(parent).and_then(|parent| parent.sync_all()).map_err(unusable)?;
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(no_database(path.display())),
        Err(error) => return Err(unusable(error)),
    }
    if config.create_if_missing {
        finish_creation(path)?;
    }
    // LevelDB would leave its lock and log files even where it finds no database.
    let exists = path.join("CURRENT").exists();
    if !exists && !config.create_if_missing {
        return Err(no_database(path.display()));
    }
    if !exists && config.path_is_own {
        refuse_foreign(path)?;
    }
    path.canonicalize().map_err(unusable)
}

/// LevelDB does not bring the first manifest of a new database to the disk. If the power goes in the moments before it
/// writes a second one, an empty one is left, which it takes for damage. Nothing was stored then, and nothing is lost by beginning
/// anew: so that is done where no other file holds data either.
fn finish_creation(path: &Path) -> Result<()> {
    let current = path.join("CURRENT");
    let Ok(name) = fs::read_to_string(&current) else { return Ok(()) };
    let is_empty = |path: &Path| fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0);
    if !is_empty(&path.join(name.trim_end())) {
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(|error| io_error("listing", path, error))? {
        let file = entry.map_err(|error| io_error("listing", path, error))?.path();
        let extension = file.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("log" | "ldb" | "sst")) && !is_empty(&file) {
            return Ok(());
        }
    }
    fs::remove_file(&current).map_err(|error| io_error("removing", &current, error))
}

/// The host vouches for its data directory; a directory that the operator names may hold anything.
fn refuse_foreign(path: &Path) -> Result<()> {
    for entry in fs::read_dir(path).map_err(|error| io_error("listing", path, error))? {
        let name = entry.map_err(|error| io_error("listing", path, error))?.file_name();
        let name = name.to_string_lossy();
        // What opening leaves behind if it fails before there is a database.
        let own = name.starts_with("LOG")
            || name == "LOCK"
            || name.starts_with("MANIFEST-")
            || name.ends_with(".dbtmp");
        if !own {
            return Err(Error::invalid_input(format!(
                "{} holds no LevelDB database but other files ({name}): choose an empty directory for the option name",
                path.display()
            )));
        }
    }
    Ok(())
}
