//! The configuration parameters: one table of what there is, what may change, and what a value must look like.

mod saving;
mod values;

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use dredis_commands::{Configuration, SettingRefused};
use dredis_contract::Result as StorageResult;
use dredis_data::PackedLimits;

pub use self::saving::{SaveOptions, SavePoint, SavingParameters};
use self::values::{boolean, bytes, choice, integer, percentiles};
use crate::cli::Settings;
use crate::executor::AppendFsync;
use crate::listener::Connections;
use crate::resp::Limits;

/// The parameters of a running server.
pub struct Parameters {
    /// Parameters that cannot change, with their values.
    fixed: Vec<(&'static str, String)>,
    append_fsync: AtomicU8,
    apply_append_fsync: OnceLock<ApplyAppendFsync>,
    connections: Arc<Connections>,
    password: Mutex<Vec<u8>>,
    has_password: AtomicBool,
    idle_timeout_s: AtomicI64,
    slow_us: AtomicI64,
    slow_calls_max: AtomicI64,
    latency_threshold_ms: AtomicI64,
    is_latency_tracked: AtomicBool,
    percentiles: Mutex<Vec<f64>>,
    output_limits: Mutex<[OutputLimit; 3]>,
    query_buffer_bytes_max: AtomicI64,
    bulk_bytes_max: AtomicI64,
    gc_interval_ms: AtomicI64,
    gc_batch_size: AtomicI64,
    packed: Packed,
    busy_threshold_ms: AtomicI64,
    script_bytes_max: AtomicI64,
    saving: SavingParameters,
}

/// Up to which size collections stay packed.
struct Packed {
    hash_entries: AtomicI64,
    hash_value_bytes: AtomicI64,
    set_intset_entries: AtomicI64,
    zset_entries: AtomicI64,
    zset_value_bytes: AtomicI64,
    list_size: AtomicI64,
}

type ApplyAppendFsync = Box<dyn Fn(AppendFsync) -> StorageResult<()> + Send + Sync>;

/// One class's limits of `client-output-buffer-limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimit {
    /// Above this a client is thrown out at once, in bytes; 0 for never.
    pub hard_bytes: u64,
    /// Above this it is thrown out after a time, in bytes; 0 for never.
    pub soft_bytes: u64,
    /// That time, in seconds.
    pub soft_s: u64,
}

/// The classes of `client-output-buffer-limit`, by the names that Redis shows, and Redis's defaults.
const OUTPUT_CLASSES: [(&str, OutputLimit); 3] = [
    ("normal", OutputLimit { hard_bytes: 0, soft_bytes: 0, soft_s: 0 }),
    ("slave", OutputLimit { hard_bytes: 256 << 20, soft_bytes: 64 << 20, soft_s: 60 }),
    ("pubsub", OutputLimit { hard_bytes: 32 << 20, soft_bytes: 8 << 20, soft_s: 60 }),
];

/// The words of `appendfsync`, in the order in which Redis lists them.
const APPEND_FSYNC: [(&str, AppendFsync); 3] =
    [("everysec", AppendFsync::EverySecond), ("always", AppendFsync::Always), ("no", AppendFsync::No)];
const MIB: i64 = 1 << 20;

/// A parameter that may be set.
struct Parameter {
    name: &'static str,
    kind: Kind,
}

/// What a parameter's value is, and where it lives.
enum Kind {
    /// An integer within a range.
    Integer(fn(&Parameters) -> &AtomicI64, std::ops::RangeInclusive<i64>),
    /// A number of bytes within a range, given with or without a unit.
    Bytes(fn(&Parameters) -> &AtomicI64, std::ops::RangeInclusive<i64>),
    /// Yes or no.
    Boolean(fn(&Parameters) -> &AtomicBool),
    /// A value that dredis has no choice about, and why.
    Only(&'static str, &'static str),
    /// Anything else.
    Special(fn(&Parameters) -> Vec<u8>, fn(&Parameters, &[u8]) -> Result<(), String>),
}

/// What parameters that count things may be.
const COUNT: std::ops::RangeInclusive<i64> = 0..=i64::MAX;

// Parameters that go by an older name as well.
const HASH_ENTRIES: Kind = Kind::Integer(|p| &p.packed.hash_entries, COUNT);
const HASH_VALUE: Kind = Kind::Bytes(|p| &p.packed.hash_value_bytes, COUNT);
const ZSET_ENTRIES: Kind = Kind::Integer(|p| &p.packed.zset_entries, COUNT);
const ZSET_VALUE: Kind = Kind::Bytes(|p| &p.packed.zset_value_bytes, COUNT);
const BUSY_THRESHOLD: Kind = Kind::Integer(|p| &p.busy_threshold_ms, COUNT);
const LIST_SIZE: Kind = Kind::Integer(|p| &p.packed.list_size, i32::MIN as i64..=i32::MAX as i64);

static PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "appendfsync",
        kind: Kind::Special(Parameters::show_append_fsync, Parameters::set_append_fsync),
    },
    Parameter {
        name: "maxclients",
        kind: Kind::Special(Parameters::show_clients_max, Parameters::set_clients_max),
    },
    Parameter { name: "requirepass", kind: Kind::Special(Parameters::password, Parameters::set_password) },
    Parameter { name: "timeout", kind: Kind::Integer(|p| &p.idle_timeout_s, 0..=i32::MAX as i64) },
    Parameter { name: "slowlog-log-slower-than", kind: Kind::Integer(|p| &p.slow_us, -1..=i64::MAX) },
    Parameter { name: "slowlog-max-len", kind: Kind::Integer(|p| &p.slow_calls_max, 0..=i64::MAX) },
    Parameter {
        name: "latency-monitor-threshold",
        kind: Kind::Integer(|p| &p.latency_threshold_ms, 0..=i64::MAX),
    },
    Parameter { name: "latency-tracking", kind: Kind::Boolean(|p| &p.is_latency_tracked) },
    Parameter {
        name: "latency-tracking-info-percentiles",
        kind: Kind::Special(Parameters::show_percentiles, Parameters::set_percentiles),
    },
    Parameter {
        name: "client-output-buffer-limit",
        kind: Kind::Special(Parameters::show_output_limits, Parameters::set_output_limits),
    },
    Parameter {
        name: "client-query-buffer-limit",
        kind: Kind::Bytes(|p| &p.query_buffer_bytes_max, MIB..=i64::MAX),
    },
    Parameter { name: "proto-max-bulk-len", kind: Kind::Bytes(|p| &p.bulk_bytes_max, MIB..=512 * MIB) },
    Parameter { name: "gc-interval", kind: Kind::Integer(|p| &p.gc_interval_ms, 1..=i32::MAX as i64) },
    Parameter { name: "gc-batch-size", kind: Kind::Integer(|p| &p.gc_batch_size, 1..=i32::MAX as i64) },
    Parameter { name: "hash-max-listpack-entries", kind: HASH_ENTRIES },
    Parameter { name: "hash-max-ziplist-entries", kind: HASH_ENTRIES },
    Parameter { name: "hash-max-listpack-value", kind: HASH_VALUE },
    Parameter { name: "hash-max-ziplist-value", kind: HASH_VALUE },
    Parameter {
        name: "set-max-intset-entries",
        kind: Kind::Integer(|p| &p.packed.set_intset_entries, COUNT),
    },
    Parameter { name: "zset-max-listpack-entries", kind: ZSET_ENTRIES },
    Parameter { name: "zset-max-ziplist-entries", kind: ZSET_ENTRIES },
    Parameter { name: "zset-max-listpack-value", kind: ZSET_VALUE },
    Parameter { name: "zset-max-ziplist-value", kind: ZSET_VALUE },
    Parameter { name: "list-max-listpack-size", kind: LIST_SIZE },
    Parameter { name: "list-max-ziplist-size", kind: LIST_SIZE },
    Parameter { name: "busy-reply-threshold", kind: BUSY_THRESHOLD },
    Parameter { name: "lua-time-limit", kind: BUSY_THRESHOLD },
    Parameter {
        name: "lua-memory-limit",
        kind: Kind::Bytes(|p| &p.script_bytes_max, MIB..=1024 * 1024 * MIB),
    },
    Parameter { name: "list-compress-depth", kind: Kind::Only("0", "compressing is the backend's business") },
    Parameter {
        name: "save",
        kind: Kind::Special(|p| p.saving.show_points(), |p, text| p.saving.set_points(text)),
    },
    Parameter {
        name: "dbfilename",
        kind: Kind::Special(|p| p.saving.show_file_name(), |p, text| p.saving.set_file_name(text)),
    },
    Parameter {
        name: "rdb-version",
        kind: Kind::Special(|p| p.saving.show_version(), |p, text| p.saving.set_version(text)),
    },
    Parameter { name: "rdbcompression", kind: Kind::Boolean(|p| &p.saving.is_compressed) },
    Parameter { name: "rdbchecksum", kind: Kind::Boolean(|p| &p.saving.has_checksum) },
    Parameter {
        name: "appendonly",
        kind: Kind::Only("yes", "every commit is in the backend at once; that is not optional"),
    },
    Parameter {
        name: "maxmemory",
        kind: Kind::Only("0", "data lives in the backend, and no memory limit evicts it"),
    },
    Parameter { name: "maxmemory-policy", kind: Kind::Only("noeviction", "dredis never evicts keys") },
];

impl Packed {
    fn new(limits: PackedLimits) -> Self {
        let count = |count: u64| AtomicI64::new(count as i64);
        Packed {
            hash_entries: count(limits.hash_entries),
            hash_value_bytes: count(limits.hash_value_bytes),
            set_intset_entries: count(limits.set_intset_entries),
            zset_entries: count(limits.zset_entries),
            zset_value_bytes: count(limits.zset_value_bytes),
            list_size: AtomicI64::new(limits.list_size),
        }
    }
}

impl Parameters {
    /// Parameters as the command line has them.
    pub fn new(settings: &Settings, connections: Arc<Connections>, port: u16, dir: &str) -> Parameters {
        let text = |path: Option<&std::path::PathBuf>| {
            path.map(|path| path.display().to_string()).unwrap_or_default()
        };
        let fixed = vec![
            ("backend", settings.backend.to_string_lossy().into_owned()),
            ("bind", settings.host.clone()),
            ("databases", dredis_data::DATABASES.to_string()),
            ("dir", dir.to_owned()),
            ("io-threads", settings.io_threads.to_string()),
            ("port", port.to_string()),
            ("record-cache", settings.record_cache_bytes.to_string()),
            ("tcp-keepalive", crate::listener::KEEPALIVE.as_secs().to_string()),
            ("unixsocket", text(settings.unixsocket.as_ref())),
        ];
        Parameters {
            fixed,
            append_fsync: AtomicU8::new(AppendFsync::from(settings.appendfsync) as u8),
            apply_append_fsync: OnceLock::new(),
            connections,
            has_password: AtomicBool::new(!settings.requirepass.is_empty()),
            password: Mutex::new(settings.requirepass.clone()),
            idle_timeout_s: AtomicI64::new(0),
            slow_us: AtomicI64::new(10_000),
            slow_calls_max: AtomicI64::new(128),
            latency_threshold_ms: AtomicI64::new(0),
            is_latency_tracked: AtomicBool::new(true),
            percentiles: Mutex::new(vec![50.0, 99.0, 99.9]),
            output_limits: Mutex::new(OUTPUT_CLASSES.map(|(_, limit)| limit)),
            query_buffer_bytes_max: AtomicI64::new(1024 * MIB),
            bulk_bytes_max: AtomicI64::new(512 * MIB),
            gc_interval_ms: AtomicI64::new(settings.gc_interval_ms as i64),
            gc_batch_size: AtomicI64::new(settings.gc_batch_size as i64),
            packed: Packed::new(PackedLimits::default()),
            busy_threshold_ms: AtomicI64::new(5000),
            script_bytes_max: AtomicI64::new(256 * MIB),
            saving: SavingParameters::default(),
        }
    }

    /// Says what a change of `appendfsync` has to do.
    pub fn on_append_fsync(&self, apply: impl Fn(AppendFsync) -> StorageResult<()> + Send + Sync + 'static) {
        // A second caller would be a mistake of the program's, and the first stays.
        self.apply_append_fsync.set(Box::new(apply)).unwrap_or_default();
    }

    /// How RDB files are written, and when.
    pub fn saving(&self) -> &SavingParameters {
        &self.saving
    }

    /// Whether clients must give a password.
    pub fn requires_password(&self) -> bool {
        self.has_password.load(Ordering::Relaxed)
    }

    /// Whether this is the password. Takes as long for a wrong one as for the right one.
    pub fn is_password(&self, given: &[u8]) -> bool {
        let password = locked(&self.password);
        let differences = password.iter().zip(given).fold(0, |sum, (left, right)| sum | (left ^ right));
        password.is_empty() || (differences == 0 && password.len() == given.len())
    }

    /// How far a client may go in its requests.
    pub fn request_limits(&self, authenticated: bool) -> Limits {
        Limits {
            bulk_bytes_max: self.bulk_bytes_max.load(Ordering::Relaxed),
            query_buffer_bytes_max: self.query_buffer_bytes_max.load(Ordering::Relaxed) as usize,
            authenticated,
        }
    }

    /// After how many seconds of silence a client is thrown out; 0 for never.
    pub fn idle_timeout_s(&self) -> u64 {
        self.idle_timeout_s.load(Ordering::Relaxed) as u64
    }

    /// Limits of replies that wait to be taken.
    pub fn output_limit(&self) -> OutputLimit {
        locked(&self.output_limits)[0]
    }

    /// From how many microseconds on a call is slow; `None` if none is.
    pub fn slow_us(&self) -> Option<u64> {
        u64::try_from(self.slow_us.load(Ordering::Relaxed)).ok()
    }

    /// How many entries the slow log holds.
    pub fn slow_calls_max(&self) -> usize {
        self.slow_calls_max.load(Ordering::Relaxed) as usize
    }

    /// From how many milliseconds on a latency is noted; 0 for never.
    pub fn latency_threshold_ms(&self) -> u64 {
        self.latency_threshold_ms.load(Ordering::Relaxed) as u64
    }

    /// Whether the times of calls are kept.
    pub fn is_latency_tracked(&self) -> bool {
        self.is_latency_tracked.load(Ordering::Relaxed)
    }

    /// The percentiles that INFO shows.
    pub fn percentiles(&self) -> Vec<f64> {
        locked(&self.percentiles).clone()
    }

    /// Time between two steps of the garbage sweep, in milliseconds.
    pub fn gc_interval_ms(&self) -> u64 {
        self.gc_interval_ms.load(Ordering::Relaxed) as u64
    }

    /// Up to which size collections stay packed.
    pub fn packed_limits(&self) -> PackedLimits {
        let packed = &self.packed;
        let count = |field: &AtomicI64| field.load(Ordering::Relaxed) as u64;
        PackedLimits {
            hash_entries: count(&packed.hash_entries),
            hash_value_bytes: count(&packed.hash_value_bytes),
            set_intset_entries: count(&packed.set_intset_entries),
            zset_entries: count(&packed.zset_entries),
            zset_value_bytes: count(&packed.zset_value_bytes),
            list_size: packed.list_size.load(Ordering::Relaxed),
        }
    }

    /// From how many milliseconds on a script that holds the writer's turn takes too long; `None` for never.
    pub fn busy_threshold_ms(&self) -> Option<u64> {
        u64::try_from(self.busy_threshold_ms.load(Ordering::Relaxed)).ok().filter(|ms| *ms > 0)
    }

    /// How much memory a script may take, in bytes.
    pub fn script_bytes_max(&self) -> usize {
        self.script_bytes_max.load(Ordering::Relaxed) as usize
    }

    /// Records removed in one step of the garbage sweep.
    pub fn gc_batch_size(&self) -> usize {
        self.gc_batch_size.load(Ordering::Relaxed) as usize
    }

    fn show_append_fsync(&self) -> Vec<u8> {
        let mode = self.append_fsync.load(Ordering::Relaxed);
        APPEND_FSYNC.iter().find(|(_, known)| *known as u8 == mode).map_or("", |(word, _)| word).into()
    }

    fn set_append_fsync(&self, text: &[u8]) -> Result<(), String> {
        let mode = choice(text, &APPEND_FSYNC)?;
        if let Some(apply) = self.apply_append_fsync.get() {
            apply(mode).map_err(|error| error.to_string())?;
        }
        self.append_fsync.store(mode as u8, Ordering::Relaxed);
        Ok(())
    }

    fn show_clients_max(&self) -> Vec<u8> {
        self.connections.limit().to_string().into_bytes()
    }

    fn set_clients_max(&self, text: &[u8]) -> Result<(), String> {
        self.connections.set_limit(integer(text, &(1..=u32::MAX.into()))? as usize);
        Ok(())
    }

    fn password(&self) -> Vec<u8> {
        locked(&self.password).clone()
    }

    fn set_password(&self, text: &[u8]) -> Result<(), String> {
        *locked(&self.password) = text.to_vec();
        self.has_password.store(!text.is_empty(), Ordering::Relaxed);
        Ok(())
    }

    fn show_percentiles(&self) -> Vec<u8> {
        let shown: Vec<String> = self.percentiles().iter().map(f64::to_string).collect();
        shown.join(" ").into_bytes()
    }

    fn set_percentiles(&self, text: &[u8]) -> Result<(), String> {
        *locked(&self.percentiles) = percentiles(text)?;
        Ok(())
    }

    fn show_output_limits(&self) -> Vec<u8> {
        let limits = locked(&self.output_limits);
        let shown: Vec<String> = OUTPUT_CLASSES
            .iter()
            .zip(limits.iter())
            .map(|((class, _), limit)| {
                format!("{class} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft_s)
            })
            .collect();
        shown.join(" ").into_bytes()
    }

    fn set_output_limits(&self, text: &[u8]) -> Result<(), String> {
        let changed = values::output_limits(text, *locked(&self.output_limits))?;
        *locked(&self.output_limits) = changed;
        Ok(())
    }

    fn show(&self, parameter: &Parameter) -> Vec<u8> {
        match &parameter.kind {
            Kind::Integer(field, _) | Kind::Bytes(field, _) => {
                field(self).load(Ordering::Relaxed).to_string().into()
            }
            Kind::Boolean(field) => if field(self).load(Ordering::Relaxed) { "yes" } else { "no" }.into(),
            Kind::Only(value, _) => (*value).into(),
            Kind::Special(show, _) => show(self),
        }
    }

    fn change(&self, parameter: &Parameter, text: &[u8]) -> Result<(), String> {
        match &parameter.kind {
            Kind::Integer(field, range) => field(self).store(integer(text, range)?, Ordering::Relaxed),
            Kind::Bytes(field, range) => field(self).store(bytes(text, range)?, Ordering::Relaxed),
            Kind::Boolean(field) => field(self).store(boolean(text)?, Ordering::Relaxed),
            Kind::Only(value, reason) if text != value.as_bytes() => return Err((*reason).to_owned()),
            Kind::Only(..) => {}
            Kind::Special(_, set) => set(self, text)?,
        }
        Ok(())
    }
}

impl Configuration for Parameters {
    fn all(&self) -> Vec<(&'static str, Vec<u8>)> {
        let changeable = PARAMETERS.iter().map(|parameter| (parameter.name, self.show(parameter)));
        let fixed = self.fixed.iter().map(|(name, value)| (*name, value.clone().into_bytes()));
        changeable.chain(fixed).collect()
    }

    fn get(&self, name: &[u8]) -> Option<(&'static str, Vec<u8>)> {
        self.all().into_iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name))
    }

    fn set(&self, pairs: &[(&[u8], &[u8])]) -> Result<(), SettingRefused> {
        let mut found = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            let parameter =
                PARAMETERS.iter().find(|parameter| parameter.name.as_bytes().eq_ignore_ascii_case(name));
            let Some(parameter) = parameter else {
                return Err(
                    match self.fixed.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name)) {
                        Some((name, _)) => {
                            SettingRefused::Value { name, reason: "can't set immutable config".to_owned() }
                        }
                        None => SettingRefused::Unknown(name.to_vec()),
                    },
                );
            };
            if found.iter().any(|(earlier, _): &(&Parameter, _)| earlier.name == parameter.name) {
                return Err(SettingRefused::Value {
                    name: parameter.name,
                    reason: "duplicate parameter".to_owned(),
                });
            }
            found.push((parameter, *value));
        }
        let mut changed: Vec<(&Parameter, Vec<u8>)> = Vec::with_capacity(found.len());
        for (parameter, value) in found {
            let before = self.show(parameter);
            if let Err(reason) = self.change(parameter, value) {
                for (parameter, before) in changed.into_iter().rev() {
                    // It was valid a moment ago.
                    self.change(parameter, &before).unwrap_or_default();
                }
                return Err(SettingRefused::Value { name: parameter.name, reason });
            }
            changed.push((parameter, before));
        }
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
