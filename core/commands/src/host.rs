//! What commands may ask of the server around them.

mod clients;
mod configuration;
mod measurements;
mod scripts;
mod snapshots;

use dredis_data::{KeyPosition, PackedLimits};

pub use clients::{ClientFilter, ClientKind, Clients, Killed, PauseScope, UnblockWith};
pub use configuration::{Configuration, SettingRefused};
pub use measurements::{InfoSection, LatencyEvent, LatencySample, Measurements, MemoryFigures, SlowCall};
pub use scripts::{Ended, Killing, Origin, Run, ScriptKind, Scripts, Seat};
pub use snapshots::{Afterwards, ReloadFrom, Snapshots};

use crate::{Arguments, CommandId, Session};

/// The server around a command. Implemented by the server, and by a small stand-in in tests.
pub trait Host: Send + Sync {
    /// A clock that only goes forward, in microseconds since some point; for measuring.
    fn monotonic_us(&self) -> u64;

    /// The time of day, in microseconds of the Unix epoch; for TIME, and nothing that touches data.
    fn unix_time_us(&self) -> u64;

    /// A command has run (or was refused): statistics, slow log.
    fn call_finished(&self, session: &Session, call: &Call<'_>);

    /// An error is about to be answered; its line without the leading minus. Every error passes here once.
    fn error_answered(&self, line: &[u8]);

    /// Whether writes are refused (`--readonly`).
    fn is_readonly(&self) -> bool;

    /// Whether clients must give a password first.
    fn requires_password(&self) -> bool;

    /// Whether this is the password of the default user; any is while none is required.
    fn is_password(&self, given: &[u8]) -> bool;

    /// Up to which size collections stay packed.
    fn packed_limits(&self) -> PackedLimits;

    /// The clients.
    fn clients(&self) -> &dyn Clients;

    /// The configuration parameters.
    fn configuration(&self) -> &dyn Configuration;

    /// Scripts and functions.
    fn scripts(&self) -> &dyn Scripts;

    /// Everything that the server has measured about itself.
    fn measurements(&self) -> &dyn Measurements;

    /// RDB files.
    fn snapshots(&self) -> &dyn Snapshots;

    /// Ends the server in an orderly way. Returns at once.
    fn shut_down(&self);

    /// Whether keys that have expired are removed before anyone asks for them (DEBUG SET-ACTIVE-EXPIRE).
    fn set_active_expiry(&self, active: bool);

    /// Watches a key for a session. `expired`: it stood there expired when WATCH ran.
    fn watch(&self, session: u64, db: u32, key: &[u8], expired: bool);

    /// Forgets all that a session watches.
    fn unwatch(&self, session: u64);

    /// What has become of a session's watched keys.
    fn watched(&self, session: u64) -> Watched;

    /// Keeps a position of SCAN and gives it a number. `previous`: the number that the scan came with; its
    /// own predecessor is not needed any more.
    fn open_cursor(&self, position: KeyPosition, previous: u64) -> u64;

    /// The position of a number, unless it was given out by another process or too long ago.
    fn cursor(&self, number: u64) -> Option<KeyPosition>;
}

/// What is known of a session's WATCH.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Whether a watched key was touched.
    pub touched: bool,
    /// The keys with their databases, those left out that had expired when WATCH ran.
    pub live: Vec<(u32, Vec<u8>)>,
}

/// A command that has run.
pub struct Call<'a> {
    /// Which.
    pub command: CommandId,
    /// With what.
    pub arguments: Arguments<'a>,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// How it ended.
    pub end: CallEnd,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// With a reply that is no error.
    Done,
    /// With an error reply.
    Failed,
    /// It was refused before it ran.
    Rejected,
}
