//! The options: those of the Python binding `plyvel`, by the same names, checked against what LevelDB 1.22 honours.
//!
//! LevelDB itself clips values that it does not like, without a word; here they are refused.

use std::path::PathBuf;

use dredis_plugin::{Error, OpenRequest, OptionSpec, Result, Setting};

const KIB: i64 = 1024;
const MIB: i64 = 1024 * KIB;
const GIB: i64 = 1024 * MIB;

const NAME: Setting<Option<String>> =
    Setting::text("name", "directory of the database; if not given, the server's data directory");
const CREATE_IF_MISSING: Setting<bool> =
    Setting::bool("create_if_missing", "create the database if there is none").default(true);
const ERROR_IF_EXISTS: Setting<bool> =
    Setting::bool("error_if_exists", "refuse to start if the database exists").default(false);
const PARANOID_CHECKS: Setting<bool> =
    Setting::bool("paranoid_checks", "verify checksums at every read and refuse a damaged log at the start")
        .default(false);
// LevelDB 1.22 has no other. Null, which means none to plyvel, means the default here.
const COMPRESSION: Setting<String> =
    Setting::text("compression", "of blocks").one_of(&["snappy", "none"]).default("snappy");
// Each one that fills becomes a table file, so larger ones mean fewer compactions.
const WRITE_BUFFER_SIZE: Setting<i64> = Setting::integer(
    "write_buffer_size",
    "bytes written to the log before they move to a table file; up to two of these are read at the start after a crash",
)
.range(64 * KIB, GIB)
.default(16 * MIB);
// LevelDB keeps ten descriptors for other uses and wants 64 tables at least.
const MAX_OPEN_FILES: Setting<i64> =
    Setting::integer("max_open_files", "table files kept open at most").range(74, 50_000).default(1000);
const LRU_CACHE_SIZE: Setting<i64> =
    Setting::integer("lru_cache_size", "bytes of uncompressed blocks kept in memory; 0 keeps none")
        .range(0, 1024 * GIB)
        .default(256 * MIB);
const BLOCK_SIZE: Setting<i64> =
    Setting::integer("block_size", "bytes of records read and compressed together")
        .range(KIB, 4 * MIB)
        .default(4 * KIB);
const BLOCK_RESTART_INTERVAL: Setting<i64> = Setting::integer(
    "block_restart_interval",
    "keys in a block between those stored whole, the others leave out the prefix they share",
)
.range(1, 1024)
.default(16);
const MAX_FILE_SIZE: Setting<i64> =
    Setting::integer("max_file_size", "bytes in a table file before the next one is begun")
        .range(MIB, GIB)
        .default(8 * MIB);
// More than 43 bits a key add nothing: LevelDB stops at 30 probes, which is 0.69 times the bits.
const BLOOM_FILTER_BITS: Setting<i64> = Setting::integer(
    "bloom_filter_bits",
    "bits per key in the filters that save most reads of absent keys; 0 writes and uses no filter",
)
.range(0, 43)
.default(10);

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
    vec![
        NAME.spec(),
        CREATE_IF_MISSING.spec(),
        ERROR_IF_EXISTS.spec(),
        PARANOID_CHECKS.spec(),
        COMPRESSION.spec(),
        WRITE_BUFFER_SIZE.spec(),
        MAX_OPEN_FILES.spec(),
        LRU_CACHE_SIZE.spec(),
        BLOCK_SIZE.spec(),
        BLOCK_RESTART_INTERVAL.spec(),
        MAX_FILE_SIZE.spec(),
        BLOOM_FILTER_BITS.spec(),
    ]
}

impl Config {
    pub(crate) fn from_request(request: &OpenRequest) -> Result<Self> {
        let options = &request.options;
        options.check(&schema())?;
        let name = NAME.read(options)?;
        if name.as_deref() == Some("") {
            return Err(Error::invalid_input("option 'name' takes the path of a directory, not \"\""));
        }
        // A range that a 32-bit machine cannot count is refused like any other value out of range.
        let size = |setting: &Setting<i64>| {
            let value = setting.read(options)?;
            usize::try_from(value).map_err(|_| {
                Error::invalid_input(format!("option '{}' is too large for this machine", setting.name()))
            })
        };
        Ok(Config {
            path_is_own: name.is_some(),
            path: name.map_or_else(|| request.dir.clone(), PathBuf::from),
            create_if_missing: CREATE_IF_MISSING.read(options)?,
            error_if_exists: ERROR_IF_EXISTS.read(options)?,
            paranoid_checks: PARANOID_CHECKS.read(options)?,
            write_buffer_size: size(&WRITE_BUFFER_SIZE)?,
            max_open_files: MAX_OPEN_FILES.read(options)? as i32,
            lru_cache_size: size(&LRU_CACHE_SIZE)?,
            block_size: size(&BLOCK_SIZE)?,
            block_restart_interval: BLOCK_RESTART_INTERVAL.read(options)? as i32,
            max_file_size: size(&MAX_FILE_SIZE)?,
            snappy: COMPRESSION.read(options)? == "snappy",
            bloom_filter_bits: BLOOM_FILTER_BITS.read(options)? as i32,
        })
    }
}
