//! The options of py-lmdb's `Environment`, checked and made plain.
//!
//! An option that cannot be honoured, alone or together with another, is refused with the reason; none is
//! accepted and ignored.

use std::path::{Path, PathBuf};

use dredis_plugin::{Error, OptionKind, OptionSpec, OptionValue, Options, Result, Setting};

/// Map sizes are multiples of this, which is a multiple of every page size in use.
pub(crate) const MAP_UNIT: u64 = 64 * 1024;
const MODE_DEFAULT: i64 = 0o644;
const MAP_SIZE: Setting<Option<i64>> = Setting::integer(
    "map_size",
    "fixed limit of the data file in bytes, rounded down to 64 KiB; default: grows by itself",
)
.range(1024 * 1024, 1 << 46);
const MAX_READERS: Setting<i64> =
    Setting::integer("max_readers", "most snapshots open at a time").range(1, 65_536).default(1024);
const MAX_SPARE_TXNS: Setting<i64> =
    Setting::integer("max_spare_txns", "read transactions kept for reuse until the next commit")
        .range(0, 64)
        .default(8);

const WRITE_BUFFER_BYTES: i64 = 64 << 20;
const WRITE_BUFFER_SIZE: Setting<Option<i64>> = Setting::integer(
    "write_buffer_size",
    "bytes of commits gathered in memory, and in a log on the disk, before they go into LMDB in bulk; twice that are read \
     at the start after a crash; 0: each commit goes into LMDB at once; default 67108864 (0 if commits wait for the disk)",
)
.range(0, 1 << 30);

/// How large LMDB's map may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MapLimit {
    /// As large as the data needs.
    Growing,
    /// So many bytes, and no more.
    Fixed(u64),
}

/// What a commit waits for while nobody asks for durable commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flush {
    /// Nothing.
    Nothing,
    /// Its data pages, not its meta page: the file stays whole, the last commit may be undone.
    Data,
    /// Everything.
    Everything,
}

/// Everything that opening needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// What LMDB is given: the directory, or the file if `subdir` is off.
    pub(crate) path: PathBuf,
    pub(crate) data_file: PathBuf,
    pub(crate) lock_file: PathBuf,
    pub(crate) subdir: bool,
    pub(crate) create: bool,
    pub(crate) readonly: bool,
    pub(crate) mode: u32,
    pub(crate) map_limit: MapLimit,
    pub(crate) writemap: bool,
    pub(crate) readahead: bool,
    pub(crate) meminit: bool,
    pub(crate) flush: Flush,
    pub(crate) max_readers: u32,
    pub(crate) max_spare_txns: usize,
    /// Bytes of commits that are gathered before they go into LMDB; 0 if each goes there at once.
    pub(crate) write_buffer_bytes: u64,
}

/// The schema.
pub(crate) fn schema() -> Vec<OptionSpec> {
    use OptionKind::{Bool, Integer, Text};
    let null = OptionValue::Null;
    let bool = OptionValue::Bool;
    vec![
        OptionSpec::new("path", Text, null.clone(), "where the data lies; relative to --dir; default --dir"),
        OptionSpec::new(
            "subdir",
            Bool,
            bool(true),
            "path is a directory with data.mdb in it; false: path is the data file, default --dir/data.mdb",
        ),
        MAP_SIZE.spec(),
        OptionSpec::new(
            "writemap",
            Bool,
            null.clone(),
            "write through a memory map: faster single commits, slower ones in bulk; default false, true if each commit goes \
             into LMDB at once or map_async=true is given",
        ),
        OptionSpec::new(
            "map_async",
            Bool,
            null.clone(),
            "with writemap, commits do not wait for the disk; default true, false if sync is true",
        ),
        OptionSpec::new(
            "sync",
            Bool,
            null.clone(),
            "every commit waits for the disk; default false, true if map_async=false or metasync=true is given",
        ),
        OptionSpec::new(
            "metasync",
            Bool,
            null.clone(),
            "commits that wait for the disk wait for the meta page too; default as sync",
        ),
        OptionSpec::new(
            "readahead",
            Bool,
            bool(false),
            "let the system read ahead; helps while data fits memory",
        ),
        OptionSpec::new("readonly", Bool, bool(false), "open for reading; every commit is refused"),
        OptionSpec::new("create", Bool, bool(true), "create what is missing (false if readonly)"),
        OptionSpec::new(
            "mode",
            Integer,
            OptionValue::Integer(MODE_DEFAULT),
            "permissions of created files, as a decimal number (420 is octal 644), less the umask",
        ),
        MAX_READERS.spec(),
        MAX_SPARE_TXNS.spec(),
        OptionSpec::new(
            "meminit",
            Bool,
            null,
            "zero pages before they are filled; default true; false needs writemap=false",
        ),
        WRITE_BUFFER_SIZE.spec(),
        OptionSpec::new("lock", Bool, bool(true), "use LMDB's lock file; only true is accepted"),
    ]
}

impl Config {
    /// What `options` ask for in the data directory `dir`.
    pub(crate) fn read(dir: &Path, options: &Options) -> Result<Self> {
        let readonly = options.bool("readonly").unwrap_or(false);
        if readonly {
            refuse_with_readonly(options)?;
        }
        if options.bool("lock") == Some(false) {
            return Err(Error::invalid_input(
                "option 'lock' must be true: without LMDB's lock table, reads would meet pages that commits reuse",
            ));
        }
        let flush = flush(options)?;
        let write_buffer_bytes = write_buffer_bytes(options, flush, readonly)?;
        let map_async = options.bool("map_async") == Some(true);
        // In bulk, pages are better written by calls: every page that is changed through a map has to be protected again once it is
        // on the disk, which interrupts all other processors.
        let writemap =
            options.bool("writemap").unwrap_or(!readonly && (write_buffer_bytes == 0 || map_async));
        if map_async && !writemap {
            return Err(Error::invalid_input(
                "option 'map_async' cannot be true with writemap=false: there is no written map to flush",
            ));
        }
        let meminit = options.bool("meminit");
        if meminit == Some(false) && writemap {
            return Err(Error::invalid_input(
                "option 'meminit' cannot be false with writemap=true: no page is then made in memory first",
            ));
        }
        let mode = options.integer("mode").unwrap_or(MODE_DEFAULT);
        if !(0o600..=0o777).contains(&mode) {
            return Err(Error::invalid_input(format!(
                "option 'mode' must lie between 384 (octal 600, without which the owner could not read and write) and \
                 511 (octal 777), but is {mode} (octal {mode:o})"
            )));
        }
        let map_limit = match MAP_SIZE.read(options)? {
            None => MapLimit::Growing,
            Some(size) => MapLimit::Fixed(size as u64 / MAP_UNIT * MAP_UNIT),
        };
        let (path, data_file, lock_file, subdir) = place(dir, options)?;
        // Bulk is worth waiting for the disk: so that LMDB's file is whole at any moment.
        let flush = if write_buffer_bytes > 0 { Flush::Everything } else { flush };
        Ok(Config {
            path,
            data_file,
            lock_file,
            subdir,
            create: !readonly && options.bool("create").unwrap_or(true),
            readonly,
            mode: mode as u32,
            map_limit,
            writemap,
            readahead: options.bool("readahead").unwrap_or(false),
            meminit: meminit.unwrap_or(true),
            flush,
            write_buffer_bytes,
            max_readers: MAX_READERS.read(options)? as u32,
            max_spare_txns: MAX_SPARE_TXNS.read(options)? as usize,
        })
    }
}

/// How many bytes of commits are gathered.
fn write_buffer_bytes(options: &Options, flush: Flush, readonly: bool) -> Result<u64> {
    let given = WRITE_BUFFER_SIZE.read(options)?;
    if flush != Flush::Nothing && given.is_some_and(|bytes| bytes > 0) {
        return Err(Error::invalid_input(
            "option 'write_buffer_size' must be 0 when 'sync' or 'metasync' is true or 'map_async' false: these have every \
             commit go into LMDB and wait for the disk; drop one of them",
        ));
    }
    let default = if flush == Flush::Nothing && !readonly { WRITE_BUFFER_BYTES } else { 0 };
    Ok(given.unwrap_or(default) as u64)
}

/// Options that speak of writing say nothing to an environment that is only read.
fn refuse_with_readonly(options: &Options) -> Result<()> {
    let writing = ["map_size", "map_async", "metasync", "sync", "meminit", "mode", "write_buffer_size"];
    let on = ["writemap", "create"];
    let given = writing.iter().find(|name| options.get(name).is_some());
    match given.or_else(|| on.iter().find(|name| options.bool(name) == Some(true))) {
        Some(name) => Err(Error::invalid_input(format!(
            "option '{name}' does not go with readonly=true, under which nothing is written: drop one of them"
        ))),
        None => Ok(()),
    }
}

fn place(dir: &Path, options: &Options) -> Result<(PathBuf, PathBuf, PathBuf, bool)> {
    let subdir = options.bool("subdir").unwrap_or(true);
    let path = match options.text("path") {
        Some(text) if text.is_empty() || text.contains('\0') => {
            return Err(Error::invalid_input(
                "option 'path' must name a place: it is empty or has a zero byte in it",
            ));
        }
        Some(text) => dir.join(text),
        None if subdir => dir.to_owned(),
        None => dir.join("data.mdb"),
    };
    if subdir {
        Ok((path.clone(), path.join("data.mdb"), path.join("lock.mdb"), true))
    } else {
        let mut lock_file = path.clone().into_os_string();
        lock_file.push("-lock");
        Ok((path.clone(), path, lock_file.into(), false))
    }
}

/// What commits wait for, out of three options that can contradict each other.
fn flush(options: &Options) -> Result<Flush> {
    let (map_async, metasync) = (options.bool("map_async"), options.bool("metasync"));
    let wants_sync = map_async == Some(false) || metasync == Some(true);
    let sync = options.bool("sync").unwrap_or(wants_sync);
    if sync && map_async == Some(true) {
        return Err(Error::invalid_input(
            "option 'map_async' cannot be true when 'sync' or 'metasync' is: one lets commits return before the disk, \
             the other makes them wait for it; drop one of them",
        ));
    }
    if !sync && wants_sync {
        return Err(Error::invalid_input(
            "option 'sync' cannot be false with map_async=false or metasync=true, which say what synced commits wait \
             for; drop one of them",
        ));
    }
    Ok(match (sync, metasync.unwrap_or(sync)) {
        (false, _) => Flush::Nothing,
        (true, false) => Flush::Data,
        (true, true) => Flush::Everything,
    })
}
