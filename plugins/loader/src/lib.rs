//! Finds, verifies and loads storage plugins, and never unloads them.
//!
//! A plugin is named by a path, or by its backend's name: `leveldb` stands for `libdredis_backend_leveldb.so` (in the
//! system's spelling) in the directories of [`Loader`]. Loading goes in steps, so that a refusal is one line which says
//! what is wrong and what to do: does the file exist, is it a library, is it a plugin, does it speak this ABI, is
//! everything in it laid out as this host expects.
//!
//! This crate knows no backend by name, holds no process-wide state, and never unloads a library, because nobody can
//! tell what of it is still in use. It runs the code of what it loads: point it at files that you trust.
//!
//! ```no_run
//! use dredis_contract::{Logger, OpenRequest, Options};
//! use dredis_plugin_loader::Loader;
//!
//! let loader = Loader::new(Vec::new());
//! let plugin = loader.load("memory")?;
//! let request = OpenRequest { dir: "data".into(), options: Options::new(), log: Logger::silent() };
//! let backend = plugin.open(&request)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod format;
mod library;
mod plugin;
mod search;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use dredis_contract::{LogLevel, Logger};

pub use error::{LoadError, LoadErrorKind};
pub use plugin::Plugin;
use search::Search;

/// Where plugins are looked for, and the way to load them.
pub struct Loader {
    search: Search,
    log: Logger,
}

/// A library that is called like a plugin, and what it turned out to be.
pub struct Found {
    /// The backend's name, as the file's name has it.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The plugin in it (version, ABI, options), or why it was refused.
    pub plugin: Result<Plugin, LoadError>,
}

impl Loader {
    /// Looks for names in `search_dirs`, the first that has one wins. If none are given, it looks in the directory of
    /// the running executable or `deps` in it (where Cargo leaves what it builds on the way), whichever has the newer
    /// file, and then in `../lib/dredis` from there.
    pub fn new(search_dirs: Vec<PathBuf>) -> Self {
        let search = if search_dirs.is_empty() {
            Search::around_executable(std::env::current_exe().ok().as_deref())
        } else {
            Search::in_order(search_dirs)
        };
        Loader { search, log: Logger::silent() }
    }

    /// The same with a log, which gets the long story of a refusal at level `Debug`.
    pub fn with_log(self, log: Logger) -> Self {
        Loader { log, ..self }
    }

    /// The directories in which names are looked for.
    pub fn search_dirs(&self) -> impl Iterator<Item = &Path> {
        self.search.dirs()
    }

    /// Every library that is called like a plugin, by name, loaded or refused. This runs their code.
    pub fn list(&self) -> Vec<Found> {
        self.search
            .candidates()
            .into_iter()
            .map(|(name, path)| {
                let plugin = self.load_named(&name, &path);
                Found { name, path, plugin }
            })
            .collect()
    }

    /// Loads a plugin by its path (anything with a path separator or the system's library suffix) or its name.
    pub fn load(&self, name_or_path: impl AsRef<OsStr>) -> Result<Plugin, LoadError> {
        let wanted = name_or_path.as_ref();
        if search::is_path(wanted) {
            let path = Path::new(wanted);
            if !path.exists() {
                return Err(LoadError::no_such_file(path, &self.search));
            }
            return self.load_file(path);
        }
        let name = wanted.to_string_lossy();
        match self.search.find(&name) {
            Some(path) => self.load_named(&name, &path),
            None => Err(LoadError::no_such_name(&name, &self.search)),
        }
    }

    fn load_named(&self, name: &str, path: &Path) -> Result<Plugin, LoadError> {
        let plugin = self.load_file(path)?;
        if plugin.name() != name {
            return Err(LoadError::misnamed(path, plugin.name(), name));
        }
        Ok(plugin)
    }

    fn load_file(&self, path: &Path) -> Result<Plugin, LoadError> {
        library::load(path).inspect_err(|error| {
            if let Some(detail) = error.detail() {
                self.log.log(LogLevel::Debug, &format!("{error}; in detail: {detail}"));
            }
        })
    }
}
