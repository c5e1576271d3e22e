//! The options: what operators may say, and what it means.

use dredis_plugin::{OptionSpec, Options, Result, Setting};

const CACHE_SIZE: Setting<i64> =
    Setting::integer("cache_size", "bytes of memory for pages, read and changed ones together")
        .range(1 << 20, 1 << 46)
        .default(256 << 20);
const JOURNAL_SIZE: Setting<i64> = Setting::integer(
    "journal_size",
    "bytes of commits between two durable ones of redb: larger is faster, and longer to open after a crash",
)
.range(64 << 10, 4 << 30)
.default(64 << 20);
const CHECK_INTEGRITY: Setting<bool> =
    Setting::bool("check_integrity", "read the whole file at opening and verify every page's checksum")
        .default(false);

/// Everything that opening needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) cache_bytes: usize,
    pub(crate) journal_bytes: u64,
    pub(crate) check_integrity: bool,
}

/// The schema.
pub(crate) fn schema() -> Vec<OptionSpec> {
    vec![CACHE_SIZE.spec(), JOURNAL_SIZE.spec(), CHECK_INTEGRITY.spec()]
}

impl Config {
    /// What `options` ask for.
    pub(crate) fn read(options: &Options) -> Result<Self> {
        Ok(Config {
            cache_bytes: CACHE_SIZE.read(options)? as usize,
            journal_bytes: JOURNAL_SIZE.read(options)? as u64,
            check_integrity: CHECK_INTEGRITY.read(options)?,
        })
    }
}
