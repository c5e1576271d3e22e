//! The command line: the Python dredis's options by the same names and defaults, and what has come since.
//!
//! Reads arguments and prints texts. It opens no socket and no data directory.

mod backends;
mod help;
mod option;
mod parse;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use dredis_contract::{DurabilityNeed, Options};

use crate::failure::Failure;

/// What the program is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Invocation {
    /// Serve clients.
    Serve(Box<Settings>),
    /// Print something and end.
    Print(Inquiry),
}

/// What can be asked for instead of a server.
#[derive(Clone, Debug, PartialEq)]
pub enum Inquiry {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// `--list-backends`.
    Backends {
        /// Where to look.
        search_dirs: Vec<PathBuf>,
    },
    /// `--backend-help`.
    BackendOptions {
        /// Name or path.
        backend: OsString,
        /// Where to look.
        search_dirs: Vec<PathBuf>,
    },
}

/// What the server runs with.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Address or name to listen on.
    pub host: String,
    /// TCP port; 0 picks a free one.
    pub port: u16,
    /// Path of a Unix socket to listen on as well.
    pub unixsocket: Option<PathBuf>,
    /// The data directory; a fresh temporary one if `None`.
    pub dir: Option<PathBuf>,
    /// The backend's name, or the path of its library.
    pub backend: OsString,
    /// The backend's options, not yet checked against its schema.
    pub backend_options: Options,
    /// Where names of backends are looked for; empty for the usual places.
    pub backend_search_dirs: Vec<PathBuf>,
    /// When acknowledged writes reach the disk.
    pub appendfsync: DurabilityNeed,
    /// An RDB file to be loaded before the first client.
    pub rdb: Option<PathBuf>,
    /// Whether all databases are emptied at the start.
    pub flushall: bool,
    /// Whether commands that write are refused.
    pub readonly: bool,
    /// The password that clients must give; empty for none.
    pub requirepass: Vec<u8>,
    /// Most clients at a time.
    pub maxclients: usize,
    /// Threads that sessions run on.
    pub io_threads: usize,
    /// Bytes of records used lately that are kept in memory; 0 for none.
    pub record_cache_bytes: usize,
    /// Time between two steps of the garbage sweep, in milliseconds.
    pub gc_interval_ms: u64,
    /// Records removed in one step of the garbage sweep.
    pub gc_batch_size: usize,
    /// Whether debug lines are logged.
    pub debug: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            host: "127.0.0.1".to_owned(),
            port: 6377,
            unixsocket: None,
            dir: None,
            backend: "leveldb".into(),
            backend_options: Options::new(),
            backend_search_dirs: Vec::new(),
            appendfsync: DurabilityNeed::Periodic,
            rdb: None,
            flushall: false,
            readonly: false,
            requirepass: Vec::new(),
            maxclients: 10_000,
            io_threads: std::thread::available_parallelism().map_or(2, NonZeroUsize::get).max(2),
            record_cache_bytes: 256 << 20,
            gc_interval_ms: 500,
            gc_batch_size: 10_000,
            debug: false,
        }
    }
}

/// Reads the command line, the program's own name left out.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, Failure> {
    parse::parse(arguments)
}

/// The text that an inquiry asks for.
pub fn answer(inquiry: &Inquiry) -> Result<String, Failure> {
    match inquiry {
        Inquiry::Help => Ok(help::text()),
        Inquiry::Version => Ok(format!("dredis {}\n", env!("CARGO_PKG_VERSION"))),
        Inquiry::Backends { search_dirs } => backends::list(search_dirs),
        Inquiry::BackendOptions { backend, search_dirs } => backends::options(backend, search_dirs),
    }
}

pub(crate) use backends::load_failure;

#[cfg(test)]
mod tests;
