//! What the server has measured about itself: INFO, SLOWLOG, LATENCY, MEMORY.

use crate::CommandId;

/// Everything measured.
pub trait Measurements: Send + Sync {
    /// Writes the lines of a section, each ended by CR and LF, without the section's title. What can only be
    /// known from the data ([`InfoSection::Keyspace`]) is not written here.
    fn info(&self, section: InfoSection, text: &mut String);

    /// Forgets all statistics (CONFIG RESETSTAT).
    fn reset_statistics(&self);

    /// The latest entries of the slow log, newest first: `limit` of them, or all.
    fn slow_calls(&self, limit: Option<usize>) -> Vec<SlowCall>;

    /// How many entries the slow log has.
    fn slow_call_count(&self) -> usize;

    /// Empties the slow log.
    fn forget_slow_calls(&self);

    /// Above which latency an event is noted, in milliseconds; 0 if none is.
    fn latency_threshold_ms(&self) -> u64;

    /// Every latency event of which there are samples.
    fn latency_events(&self) -> Vec<LatencyEvent>;

    /// Forgets samples of these events, or of all if none is named; of how many events there were any.
    fn forget_latency_events(&self, names: &[&[u8]]) -> usize;

    /// How often a command was called, and how many of its calls took up to so many microseconds, each power of
    /// two of them. `None` if it was never called, or times were not kept.
    fn latency_distribution(&self, command: CommandId) -> Option<(u64, Vec<(u64, u64)>)>;

    /// Memory of the process.
    fn memory(&self) -> MemoryFigures;
}

/// A section of INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are Redis's own, but for the last")]
pub enum InfoSection {
    Server,
    Clients,
    Memory,
    Persistence,
    Stats,
    Replication,
    Cpu,
    Modules,
    CommandStats,
    ErrorStats,
    LatencyStats,
    Cluster,
    Keyspace,
    /// The storage engine beneath.
    Backend,
}

impl InfoSection {
    /// All of them, in the order in which INFO shows them.
    pub const ALL: [InfoSection; 14] = [
        InfoSection::Server,
        InfoSection::Clients,
        InfoSection::Memory,
        InfoSection::Persistence,
        InfoSection::Stats,
        InfoSection::Replication,
        InfoSection::Cpu,
        InfoSection::Modules,
        InfoSection::CommandStats,
        InfoSection::ErrorStats,
        InfoSection::LatencyStats,
        InfoSection::Cluster,
        InfoSection::Backend,
        InfoSection::Keyspace,
    ];

    /// The title above its lines; in lower case, the name by which it is asked for.
    pub fn title(self) -> &'static str {
        match self {
            InfoSection::Server => "Server",
            InfoSection::Clients => "Clients",
            InfoSection::Memory => "Memory",
            InfoSection::Persistence => "Persistence",
            InfoSection::Stats => "Stats",
            InfoSection::Replication => "Replication",
            InfoSection::Cpu => "CPU",
            InfoSection::Modules => "Modules",
            InfoSection::CommandStats => "Commandstats",
            InfoSection::ErrorStats => "Errorstats",
            InfoSection::LatencyStats => "Latencystats",
            InfoSection::Cluster => "Cluster",
            InfoSection::Keyspace => "Keyspace",
            InfoSection::Backend => "Backend",
        }
    }

    /// Whether INFO without arguments shows it.
    pub fn is_default(self) -> bool {
        !matches!(self, InfoSection::CommandStats | InfoSection::LatencyStats)
    }
}

/// An entry of the slow log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowCall {
    /// Its number; never used again while the process lives.
    pub id: u64,
    /// When, in seconds of the Unix epoch.
    pub at_s: u64,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The request, shortened if it was large.
    pub arguments: Vec<Vec<u8>>,
    /// The client's address and port.
    pub address: String,
    /// The client's name.
    pub client_name: Vec<u8>,
}

/// What is known of a latency event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatencyEvent {
    /// Its name.
    pub name: &'static str,
    /// Samples, oldest first; at least one.
    pub samples: Vec<LatencySample>,
    /// The worst of all time, in milliseconds.
    pub worst_ms: u64,
}

/// The worst that an event took within one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencySample {
    /// When, in seconds of the Unix epoch.
    pub at_s: u64,
    /// How long, in milliseconds.
    pub ms: u64,
}

/// Memory of the process, in bytes, as the operating system counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryFigures {
    /// Resident now.
    pub resident: u64,
    /// The most that was ever resident.
    pub peak: u64,
    /// Resident when the server began to serve.
    pub at_start: u64,
    /// Buffers of clients.
    pub clients: u64,
}
