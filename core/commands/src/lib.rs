//! The command model: one table row and one function per command, one file per family.
//!
//! A command function is a function of its arguments, a transaction, the time and a source of randomness.
//! This crate never reads the clock, opens no socket, takes no lock and writes no log: what a command needs
//! of the server around it (its clients, its configuration) comes through [`Host`].
#![forbid(unsafe_code)]

pub mod categories;
pub mod command;
mod context;
mod dispatch;
mod double_text;
pub mod errors;
mod expiry_options;
pub mod glob;
mod grammar;
mod help;
mod host;
pub mod key_positions;
pub mod long_double;
pub mod numbers;
mod registry;
mod reply;
mod session;

pub mod families;

pub use dredis_lua as lua;

pub use command::{Argument, ArgumentKind, Command, Deprecated, Flags, Group, KeySpec, Path, Run};
pub use context::{Arguments, Context};
pub use dispatch::{Classifier, execute};
pub use double_text::DoubleText;
pub use errors::{CommandError, CommandResult};
pub use families::{SameName, add_library};
pub use host::{
    Afterwards, Call, CallEnd, ClientFilter, ClientKind, Clients, Configuration, Ended, Host, InfoSection,
    Killed, Killing, LatencyEvent, LatencySample, Measurements, MemoryFigures, Origin, PauseScope,
    ReloadFrom, Run as ScriptRun, ScriptKind, Scripts, Seat, SettingRefused, SlowCall, Snapshots,
    UnblockWith, Watched,
};
pub use registry::{CommandId, Registry};
pub use reply::Reply;
pub use session::{Multi, Protocol, ReplyMode, Session};

/// The version of Redis that this command model follows, and that clients are told.
pub const REDIS_VERSION: &str = "7.0.15";
