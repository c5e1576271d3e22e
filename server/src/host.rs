//! The server around the commands: clients, configuration, statistics, watched keys, open cursors.

mod clients;
mod configuration;
mod cursors;
mod info;
mod pause;
pub(crate) mod process;
mod scripts;
mod slow;
mod statistics;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use dredis_commands::{
    Call, CallEnd, Clients, CommandId, Configuration, Flags, Host, InfoSection, LatencyEvent, Measurements,
    MemoryFigures, Registry, Scripts, Session, SlowCall, Snapshots, Watched,
};
use dredis_contract::Result as StorageResult;
use dredis_data::{KeyPosition, Random, Store, Transaction};

pub use clients::{Buffers, Client, ClientTable};
pub use configuration::{OutputLimit, Parameters, SaveOptions, SavePoint, SavingParameters};
pub use pause::Pause;
pub use scripts::{Hooks, ScriptTable};
pub use statistics::Statistics;
pub use watch::WatchTable;

use crate::listener::Connections;
use crate::rdb_files::RdbFiles;
use crate::shutdown::Shutdown;
use crate::startup::{Engine, Opened};
use cursors::Cursors;
use slow::{Latency, SlowLog, shortened};

/// The state of the server that commands see.
pub struct ServerHost {
    started: Instant,
    run_id: String,
    port: u16,
    io_threads: usize,
    is_readonly: bool,
    resident_at_start_bytes: u64,
    engine: Engine,
    store: Arc<Store>,
    connections: Arc<Connections>,
    shutdown: Shutdown,
    clients: ClientTable,
    parameters: Parameters,
    statistics: Statistics,
    slow_log: SlowLog,
    latency: Latency,
    scripts: ScriptTable,
    watches: Arc<WatchTable>,
    cursors: Cursors,
    rdb_files: Arc<RdbFiles>,
    is_expiry_active: AtomicBool,
    is_sync_failing: AtomicBool,
}

impl ServerHost {
    /// The state of a server that has just opened its store.
    pub fn new(opened: &Opened) -> ServerHost {
        let mut random = Random::new(opened.seed);
        let dir = opened.engine.dir.display().to_string();
        ServerHost {
            started: Instant::now(),
            run_id: format!(
                "{:016x}{:016x}{:08x}",
                random.next_u64(),
                random.next_u64(),
                random.next_u64() as u32
            ),
            port: opened.port,
            io_threads: opened.settings.io_threads,
            is_readonly: opened.settings.readonly,
            resident_at_start_bytes: process::resident_bytes(),
            engine: opened.engine.clone(),
            store: Arc::clone(&opened.store),
            connections: Arc::clone(&opened.connections),
            shutdown: opened.shutdown.clone(),
            clients: ClientTable::default(),
            parameters: Parameters::new(&opened.settings, Arc::clone(&opened.connections), opened.port, &dir),
            statistics: Statistics::default(),
            slow_log: SlowLog::default(),
            latency: Latency::default(),
            scripts: ScriptTable::default(),
            watches: Arc::default(),
            cursors: Cursors::new(random.next_u64()),
            rdb_files: RdbFiles::new(
                Arc::clone(&opened.store),
                &opened.engine.dir,
                opened.engine.capabilities,
            ),
            is_expiry_active: AtomicBool::new(true),
            is_sync_failing: AtomicBool::new(false),
        }
    }

    /// The connected clients.
    pub fn client_table(&self) -> &ClientTable {
        &self.clients
    }

    /// The configuration parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The counters.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Scripts.
    pub fn script_table(&self) -> &ScriptTable {
        &self.scripts
    }

    /// RDB files.
    pub fn rdb_files(&self) -> &Arc<RdbFiles> {
        &self.rdb_files
    }

    /// The watched keys.
    pub fn watches(&self) -> &Arc<WatchTable> {
        &self.watches
    }

    /// Whether keys that have expired are removed before anyone asks for them.
    pub fn is_expiry_active(&self) -> bool {
        self.is_expiry_active.load(Ordering::Relaxed)
    }

    /// Notes whether syncs to disk fail.
    pub fn set_sync_failing(&self, is_failing: bool) {
        self.is_sync_failing.store(is_failing, Ordering::Relaxed);
    }

    /// A client that is gone is forgotten.
    pub fn disconnected(&self, client: &Client) {
        self.watches.unwatch(client.id());
        self.clients.unregister(client.id());
    }

    fn is_sync_failing(&self) -> bool {
        self.is_sync_failing.load(Ordering::Relaxed)
    }

    fn garbage_waiting(&self, limit: usize) -> StorageResult<usize> {
        Transaction::read_only(&self.store, unix_time_us() / 1000).garbage_waiting(limit)
    }

    fn note_slow(&self, session: &Session, call: &Call<'_>) {
        let client = self.clients.find(session.id);
        let entry = SlowCall {
            id: 0,
            at_s: unix_time_us() / 1_000_000,
            micros: call.micros,
            arguments: shortened(call.arguments),
            address: client.map(|client| client.address().to_owned()).unwrap_or_default(),
            client_name: session.name.to_vec(),
        };
        self.slow_log.add(entry, self.parameters.slow_calls_max());
    }
}

impl Host for ServerHost {
    fn monotonic_us(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    fn unix_time_us(&self) -> u64 {
        unix_time_us()
    }

    fn call_finished(&self, session: &Session, call: &Call<'_>) {
        self.statistics.count_call(call, self.parameters.is_latency_tracked());
        if call.end == CallEnd::Rejected {
            return;
        }
        let flags = || Registry::get().entry(call.command).command.flags;
        if self.parameters.slow_us().is_some_and(|slow_us| call.micros >= slow_us)
            && !flags().contains(Flags::SKIP_SLOWLOG)
        {
            self.note_slow(session, call);
        }
        let threshold_ms = self.parameters.latency_threshold_ms();
        if threshold_ms > 0 && call.micros / 1000 >= threshold_ms {
            let event = if flags().contains(Flags::FAST) { "fast-command" } else { "command" };
            self.latency.add(event, unix_time_us() / 1_000_000, call.micros / 1000);
        }
    }

    fn error_answered(&self, line: &[u8]) {
        self.statistics.count_error(line);
    }

    fn is_readonly(&self) -> bool {
        self.is_readonly
    }

    fn requires_password(&self) -> bool {
        self.parameters.requires_password()
    }

    fn is_password(&self, given: &[u8]) -> bool {
        self.parameters.is_password(given)
    }

    fn packed_limits(&self) -> dredis_data::PackedLimits {
        self.parameters.packed_limits()
    }

    fn clients(&self) -> &dyn Clients {
        &self.clients
    }

    fn configuration(&self) -> &dyn Configuration {
        &self.parameters
    }

    fn scripts(&self) -> &dyn Scripts {
        self
    }

    fn measurements(&self) -> &dyn Measurements {
        self
    }

    fn snapshots(&self) -> &dyn Snapshots {
        self
    }

    fn shut_down(&self) {
        self.shutdown.begin();
    }

    fn set_active_expiry(&self, active: bool) {
        self.is_expiry_active.store(active, Ordering::Relaxed);
    }

    fn watch(&self, session: u64, db: u32, key: &[u8], expired: bool) {
        self.watches.watch(session, db, key, expired);
    }

    fn unwatch(&self, session: u64) {
        self.watches.unwatch(session);
    }

    fn watched(&self, session: u64) -> Watched {
        self.watches.watched(session)
    }

    fn open_cursor(&self, position: KeyPosition, previous: u64) -> u64 {
        self.cursors.open(position, previous)
    }

    fn cursor(&self, number: u64) -> Option<KeyPosition> {
        self.cursors.position(number)
    }
}

impl Snapshots for ServerHost {
    fn last_save_s(&self) -> u64 {
        self.rdb_files.status().last_save_s()
    }

    fn is_saving(&self) -> bool {
        self.rdb_files.is_saving()
    }

    fn saves_at_end(&self) -> bool {
        !self.parameters.saving().points().is_empty()
    }

    fn end_without_saving(&self) {
        self.rdb_files.end_without_saving();
    }
}

impl Measurements for ServerHost {
    fn info(&self, section: InfoSection, text: &mut String) {
        self.write_info(section, text);
    }

    fn reset_statistics(&self) {
        self.statistics.reset();
    }

    fn slow_calls(&self, limit: Option<usize>) -> Vec<SlowCall> {
        self.slow_log.latest(limit)
    }

    fn slow_call_count(&self) -> usize {
        self.slow_log.len()
    }

    fn forget_slow_calls(&self) {
        self.slow_log.clear();
    }

    fn latency_threshold_ms(&self) -> u64 {
        self.parameters.latency_threshold_ms()
    }

    fn latency_events(&self) -> Vec<LatencyEvent> {
        self.latency.all()
    }

    fn forget_latency_events(&self, names: &[&[u8]]) -> usize {
        self.latency.forget(names)
    }

    fn latency_distribution(&self, command: CommandId) -> Option<(u64, Vec<(u64, u64)>)> {
        let distribution = self.statistics.command(command).distribution();
        let calls = distribution.last()?.1;
        Some((calls, distribution))
    }

    fn memory(&self) -> MemoryFigures {
        let (.., buffers) = self.clients.figures();
        MemoryFigures {
            resident: process::resident_bytes(),
            peak: process::peak_bytes(),
            at_start: self.resident_at_start_bytes,
            clients: buffers as u64,
        }
    }
}

/// The time, in microseconds of the Unix epoch.
fn unix_time_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
