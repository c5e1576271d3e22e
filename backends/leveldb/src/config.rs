//! The options: those of the Python binding `plyvel`, by the same names, checked against what LevelDB 1.22 honours.
//!
//! LevelDB itself clips values that it does not like, without a word; here they are refused.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use dredis_plugin::{Error, OpenRequest, OptionKind, OptionSpec, OptionValue, Options, Result};

const KIB: i64 = 1024;
const MIB: i64 = 1024 * KIB;
const GIB: i64 = 1024 * MIB;

/// An integer option: what holds if it is not given, and what LevelDB can honour.
struct Number {
    name: &'static str,
    default: i64,
    range: RangeInclusive<i64>,
    unit: &'static str,
    help: &'static str,
}

// The write buffer: each one that fills becomes a table file, so larger ones mean fewer compactions. Up to two of them are
// replayed at the start after a crash.
const WRITE_BUFFER_SIZE: Number = Number {
    name: "write_buffer_size",
    default: 16 * MIB,
    range: 64 * KIB..=GIB,
    unit: "bytes",
    help: "bytes written to the log before they move to a table file; up to two of these are read at the start after a crash",
};
const MAX_OPEN_FILES: Number = Number {
    name: "max_open_files",
    default: 1000,
    // LevelDB keeps ten descriptors for other uses and wants 64 tables at least.
    range: 74..=50_000,
    unit: "files",
    help: "table files kept open at most",
};
const LRU_CACHE_SIZE: Number = Number {
    name: "lru_cache_size",
    default: 256 * MIB,
    range: 0..=1024 * GIB,
    unit: "bytes",
    help: "bytes of uncompressed blocks kept in memory; 0 keeps none",
};
const BLOCK_SIZE: Number = Number {
    name: "block_size",
    default: 4 * KIB,
    range: KIB..=4 * MIB,
    unit: "bytes",
    help: "bytes of records read and compressed together",
};
const BLOCK_RESTART_INTERVAL: Number = Number {
    name: "block_restart_interval",
    default: 16,
    range: 1..=1024,
    unit: "keys",
    help: "keys in a block between those stored whole, the others leave out the prefix they share",
};
const MAX_FILE_SIZE: Number = Number {
    name: "max_file_size",
    default: 8 * MIB,
    range: MIB..=GIB,
    unit: "bytes",
    help: "bytes in a table file before the next one is begun",
};
const BLOOM_FILTER_BITS: Number = Number {
    name: "bloom_filter_bits",
    default: 10,
    // More than 43 bits a key add nothing: LevelDB stops at 30 probes, which is 0.69 times the bits.
    range: 0..=43,
    unit: "bits",
    help: "bits per key in the filters that save most reads of absent keys; 0 writes and uses no filter",
};

const NUMBERS: [&Number; 7] = [
    &WRITE_BUFFER_SIZE,
    &MAX_OPEN_FILES,
    &LRU_CACHE_SIZE,
    &BLOCK_SIZE,
    &BLOCK_RESTART_INTERVAL,
    &MAX_FILE_SIZE,
    &BLOOM_FILTER_BITS,
];

/// What a database is opened with.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) path: PathBuf,
    /// Whether `path` came from the option `name` and not from the host.
    pub(crate) path_is_own: bool,
    pub(crate) create_if_missing: bool,
    pub(crate) error_if_exists: bool,
    pub(crate) paranoid_checks: bool,
    pub(crate) write_buffer_size: usize,
    pub(crate) max_open_files: i32,
    pub(crate) lru_cache_size: usize,
    pub(crate) block_size: usize,
    pub(crate) block_restart_interval: i32,
    pub(crate) max_file_size: usize,
    pub(crate) snappy: bool,
    pub(crate) bloom_filter_bits: i32,
}

/// The options that operators may give.
pub(crate) fn schema() -> Vec<OptionSpec> {
    let flag =
        |name, default, help| OptionSpec::new(name, OptionKind::Bool, OptionValue::Bool(default), help);
    let mut schema = vec![
        OptionSpec::new(
            "name",
            OptionKind::Text,
            OptionValue::Null,
            "directory of the database; if not given, the server's data directory",
        ),
        flag("create_if_missing", true, "create the database if there is none"),
        flag("error_if_exists", false, "refuse to start if the database exists"),
        flag(
            "paranoid_checks",
            false,
            "verify checksums at every read and refuse a damaged log at the start",
        ),
        OptionSpec::new(
            "compression",
            OptionKind::Text,
            OptionValue::Text("snappy".to_owned()),
            "\"snappy\" or \"none\" (null, which means none to plyvel, means the default here)",
        ),
    ];
    schema.extend(NUMBERS.map(|number| {
        let (low, high) = (number.range.start(), number.range.end());
        OptionSpec::new(
            number.name,
            OptionKind::Integer,
            OptionValue::Integer(number.default),
            &format!("{} ({low} to {high} {})", number.help, number.unit),
        )
    }));
    schema
}

impl Config {
    pub(crate) fn from_request(request: &OpenRequest) -> Result<Self> {
        let options = &request.options;
        options.check(&schema()).map_err(|error| Error::invalid_input(error.to_string()))?;
        let name = options.text("name");
        if name == Some("") {
            return Err(Error::invalid_input("option 'name' takes the path of a directory, not \"\""));
        }
        Ok(Config {
            path: name.map_or_else(|| request.dir.clone(), PathBuf::from),
            path_is_own: name.is_some(),
            create_if_missing: options.bool("create_if_missing").unwrap_or(true),
            error_if_exists: options.bool("error_if_exists").unwrap_or(false),
            paranoid_checks: options.bool("paranoid_checks").unwrap_or(false),
            write_buffer_size: WRITE_BUFFER_SIZE.read(options)?,
            max_open_files: MAX_OPEN_FILES.read(options)?,
            lru_cache_size: LRU_CACHE_SIZE.read(options)?,
            block_size: BLOCK_SIZE.read(options)?,
            block_restart_interval: BLOCK_RESTART_INTERVAL.read(options)?,
            max_file_size: MAX_FILE_SIZE.read(options)?,
            snappy: snappy(options)?,
            bloom_filter_bits: BLOOM_FILTER_BITS.read(options)?,
        })
    }
}

impl Number {
    fn read<T: TryFrom<i64>>(&self, options: &Options) -> Result<T> {
        let Number { name, unit, .. } = self;
        let value = options.integer(name).unwrap_or(self.default);
        let (low, high) = (self.range.start(), self.range.end());
        // A range that a 32-bit machine cannot count is refused like any other value out of range.
        T::try_from(value).ok().filter(|_| self.range.contains(&value)).ok_or_else(|| {
            Error::invalid_input(format!(
                "option '{name}' takes {low} to {high} {unit} (LevelDB's limits), not {value}"
            ))
        })
    }
}

fn snappy(options: &Options) -> Result<bool> {
    match options.text("compression") {
        None | Some("snappy") => Ok(true),
        Some("none") => Ok(false),
        Some(other) => Err(Error::invalid_input(format!(
            "option 'compression' takes \"snappy\" or \"none\" (LevelDB 1.22 has no other), not {other:?}"
        ))),
    }
}
