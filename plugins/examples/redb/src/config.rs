//! The options: what operators may say, and what it means.

use std::ops::RangeInclusive;

use dredis_plugin::{Error, OptionKind, OptionSpec, OptionValue, Options, Result};

const CACHE_BYTES: i64 = 256 << 20;
const JOURNAL_BYTES: i64 = 64 << 20;

/// Everything that opening needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) cache_bytes: usize,
    pub(crate) journal_bytes: u64,
    pub(crate) check_integrity: bool,
}

/// The schema.
pub(crate) fn schema() -> Vec<OptionSpec> {
    vec![
        OptionSpec::new(
            "cache_size",
            OptionKind::Integer,
            OptionValue::Integer(CACHE_BYTES),
            "bytes of memory for pages, read and changed ones together, from 1 MiB",
        ),
        OptionSpec::new(
            "journal_size",
            OptionKind::Integer,
            OptionValue::Integer(JOURNAL_BYTES),
            "bytes of commits between two durable ones of redb, 64 KiB to 4 GiB: larger is faster, and longer to open \
             after a crash",
        ),
        OptionSpec::new(
            "check_integrity",
            OptionKind::Bool,
            OptionValue::Bool(false),
            "read the whole file at opening and verify every page's checksum",
        ),
    ]
}

impl Config {
    /// What `options` ask for. Their names and types were checked by the host.
    pub(crate) fn read(options: &Options) -> Result<Self> {
        Ok(Config {
            cache_bytes: integer(options, "cache_size", CACHE_BYTES, 1 << 20..=1 << 46)? as usize,
            journal_bytes: integer(options, "journal_size", JOURNAL_BYTES, 64 << 10..=4 << 30)? as u64,
            check_integrity: options.bool("check_integrity").unwrap_or(false),
        })
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
