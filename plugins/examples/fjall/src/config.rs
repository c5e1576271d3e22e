//! The options: what operators may say, and what it means.

use std::path::Path;

use dredis_plugin::{OptionSpec, Options, Result, Setting};
use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{CompressionType, Database, DatabaseBuilder, KeyspaceCreateOptions};

const CACHE_SIZE: Setting<i64> = Setting::integer("cache_size", "bytes of memory for blocks that were read")
    .range(0, 1 << 46)
    .default(256 << 20);
const JOURNAL_SIZE: Setting<i64> = Setting::integer(
    "journal_size",
    "bytes of journal after which memtables are written out; bounds the time to open after a crash",
)
.range(64 << 20, 1 << 46)
.default(512 << 20);
const MEMTABLE_SIZE: Setting<i64> =
    Setting::integer("memtable_size", "bytes of a memtable; fixed at creation")
        .range(1 << 20, 1 << 40)
        .default(64 << 20);
const BLOCK_SIZE: Setting<i64> =
    Setting::integer("block_size", "bytes of a block; fixed at creation").range(1024, 1 << 20).default(4096);
const COMPRESSION: Setting<String> =
    Setting::text("compression", "of blocks, with lz4 from the third level down; fixed at creation")
        .one_of(&["lz4", "none"])
        .default("lz4");
const WORKER_THREADS: Setting<Option<i64>> =
    Setting::integer("worker_threads", "threads that flush and compact; default: one per core, at most 4")
        .range(1, 64);
const MAX_OPEN_FILES: Setting<i64> =
    Setting::integer("max_open_files", "files kept open").range(10, 1 << 30).default(900);

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
    vec![
        CACHE_SIZE.spec(),
        JOURNAL_SIZE.spec(),
        MEMTABLE_SIZE.spec(),
        BLOCK_SIZE.spec(),
        COMPRESSION.spec(),
        WORKER_THREADS.spec(),
        MAX_OPEN_FILES.spec(),
    ]
}

impl Config {
    /// What `options` ask for.
    pub(crate) fn read(options: &Options) -> Result<Self> {
        // fjall's own way: nothing on the two levels that live shortest, lz4 below.
        let is_plain = COMPRESSION.read(options)? == "none";
        Ok(Config {
            cache_bytes: CACHE_SIZE.read(options)? as u64,
            journal_bytes: JOURNAL_SIZE.read(options)? as u64,
            memtable_bytes: MEMTABLE_SIZE.read(options)? as u64,
            block_bytes: BLOCK_SIZE.read(options)? as u32,
            compression: is_plain.then_some(CompressionType::None),
            worker_threads: WORKER_THREADS.read(options)?.map(|threads| threads as usize),
            files: MAX_OPEN_FILES.read(options)? as usize,
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
