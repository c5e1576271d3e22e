//! The options: what operators may say, and what it means.

use std::ops::RangeInclusive;
use std::path::Path;

use dredis_plugin::{Error, OptionKind, OptionSpec, OptionValue, Options, Result};
use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{CompressionType, Database, DatabaseBuilder, KeyspaceCreateOptions};

const CACHE_BYTES: i64 = 256 << 20;
const JOURNAL_BYTES: i64 = 512 << 20;
const MEMTABLE_BYTES: i64 = 64 << 20;
const BLOCK_BYTES: i64 = 4096;
const FILES: i64 = 900;

/// Everything that opening needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) cache_bytes: u64,
    journal_bytes: u64,
    memtable_bytes: u64,
    block_bytes: u32,
    compression: Option<CompressionType>,
    worker_threads: Option<usize>,
    files: usize,
}

/// The schema.
pub(crate) fn schema() -> Vec<OptionSpec> {
    let integer = |name, default: i64, help| {
        OptionSpec::new(name, OptionKind::Integer, OptionValue::Integer(default), help)
    };
    vec![
        integer("cache_size", CACHE_BYTES, "bytes of memory for blocks that were read, from 0"),
        integer(
            "journal_size",
            JOURNAL_BYTES,
            "bytes of journal after which memtables are written out, from 64 MiB; bounds the time to open after a crash",
        ),
        integer("memtable_size", MEMTABLE_BYTES, "bytes of a memtable, from 1 MiB; fixed at creation"),
        integer("block_size", BLOCK_BYTES, "bytes of a block, 1024 to 1048576; fixed at creation"),
        OptionSpec::new(
            "compression",
            OptionKind::Text,
            OptionValue::Text("lz4".to_owned()),
            "\"lz4\" (from the third level down) or \"none\"; fixed at creation",
        ),
        OptionSpec::new(
            "worker_threads",
            OptionKind::Integer,
            OptionValue::Null,
            "threads that flush and compact, 1 to 64; default: one per core, at most 4",
        ),
        integer("max_open_files", FILES, "files kept open, from 10"),
    ]
}

impl Config {
    /// What `options` ask for. Their names and types were checked by the host.
    pub(crate) fn read(options: &Options) -> Result<Self> {
        let compression = match options.text("compression").unwrap_or("lz4") {
            // fjall's own: nothing on the two levels that live shortest, lz4 below.
            "lz4" => None,
            "none" => Some(CompressionType::None),
            other => {
                return Err(Error::invalid_input(format!(
                    "option 'compression' is {other:?}; give \"lz4\" or \"none\""
                )));
            }
        };
        let worker_threads = match options.integer("worker_threads") {
            Some(_) => Some(integer(options, "worker_threads", 0, 1..=64)? as usize),
            None => None,
        };
        Ok(Config {
            cache_bytes: integer(options, "cache_size", CACHE_BYTES, 0..=1 << 46)? as u64,
            journal_bytes: integer(options, "journal_size", JOURNAL_BYTES, 64 << 20..=1 << 46)? as u64,
            memtable_bytes: integer(options, "memtable_size", MEMTABLE_BYTES, 1 << 20..=1 << 40)? as u64,
            block_bytes: integer(options, "block_size", BLOCK_BYTES, 1024..=1 << 20)? as u32,
            compression,
            worker_threads,
            files: integer(options, "max_open_files", FILES, 10..=1 << 30)? as usize,
        })
    }

    /// What fjall writes down when it creates a database, and never changes: one `name=value` a line.
    pub(crate) fn fixed_at_creation(&self) -> String {
        let compression = if self.compression.is_some() { "none" } else { "lz4" };
        format!(
            "memtable_size={}\nblock_size={}\ncompression={compression}\n",
            self.memtable_bytes, self.block_bytes
        )
    }

    pub(crate) fn database(&self, path: &Path) -> DatabaseBuilder<Database> {
        let builder = Database::builder(path)
            .cache_size(self.cache_bytes)
            .max_journaling_size(self.journal_bytes)
            .max_cached_files(Some(self.files));
        match self.worker_threads {
            Some(threads) => builder.worker_threads(threads),
            None => builder,
        }
    }

    pub(crate) fn keyspace(&self) -> KeyspaceCreateOptions {
        let options = KeyspaceCreateOptions::default()
            .max_memtable_size(self.memtable_bytes)
            .data_block_size_policy(BlockSizePolicy::all(self.block_bytes));
        match self.compression {
            Some(compression) => options.data_block_compression_policy(CompressionPolicy::all(compression)),
            None => options,
        }
    }
}

fn integer(options: &Options, name: &str, default: i64, range: RangeInclusive<i64>) -> Result<i64> {
    let value = options.integer(name).unwrap_or(default);
    if range.contains(&value) {
        return Ok(value);
    }
    Err(Error::invalid_input(format!(
        "option '{name}' is {value}; give a number from {} to {}",
        range.start(),
        range.end()
    )))
}
