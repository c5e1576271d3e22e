//! What calls carry: requests, answers and errors.

use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RString, RVec};

use crate::Bytes;

/// An error of the contract.
#[repr(C)]
#[derive(Debug, StableAbi)]
pub struct Failure {
    /// The error's kind, by number (see the SDK's `codes`).
    pub kind: u8,
    /// One line for a person.
    pub message: RString,
}

/// A value of an option.
#[repr(u8)]
#[derive(Debug, StableAbi)]
pub enum OptionItem {
    /// Not given, or nothing fixed to show.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without a fraction.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// A string.
    Text(RString),
}

/// An option that the operator gave.
#[repr(C)]
#[derive(Debug, StableAbi)]
pub struct NamedOption {
    /// Its name.
    pub name: RString,
    /// Its value.
    pub value: OptionItem,
}

/// An option that the plugin takes.
#[repr(C)]
#[derive(Debug, StableAbi)]
pub struct OptionDescription {
    /// Its name.
    pub name: RString,
    /// Its type, by number.
    pub kind: u8,
    /// What holds if it is not given.
    pub default: OptionItem,
    /// One line of help.
    pub help: RString,
}

/// The host's log. Whoever holds it calls `release` once when done; `write` may be called from any thread.
#[repr(C)]
#[derive(StableAbi)]
pub struct LogSink {
    /// Goes into both functions, unchanged.
    pub context: *const (),
    /// Writes one line (UTF-8) at a level given by number.
    pub write: unsafe extern "C" fn(*const (), u8, Bytes),
    /// Gives the log back.
    pub release: unsafe extern "C" fn(*const ()),
}

/// What an engine is opened with. Everything in it passes to the plugin, except the bytes of `dir`.
#[repr(C)]
#[derive(StableAbi)]
pub struct OpenCall {
    /// The data directory, as the operating system spells it.
    pub dir: Bytes,
    /// The operator's options.
    pub options: RVec<NamedOption>,
    /// The host's log.
    pub log: LogSink,
}

/// The capabilities of an open engine; enumerations by number.
#[repr(C)]
#[derive(Clone, Copy, Debug, StableAbi)]
pub struct CapabilityTable {
    /// Who may write.
    pub sharing: u8,
    /// When commits survive the machine.
    pub durability: u8,
    /// Whether checkpoints work.
    pub checkpoint: bool,
    /// Whether range deletes are cheap.
    pub cheap_range_delete: bool,
    /// Longest life of a view, in milliseconds.
    pub view_age_max_ms: u64,
    /// Longest key, in bytes.
    pub key_bytes_max: u64,
    /// Longest value, in bytes.
    pub value_bytes_max: u64,
    /// Largest batch, in bytes.
    pub batch_bytes_max: u64,
}

/// A range to scan.
#[repr(C)]
#[derive(Clone, Copy, Debug, StableAbi)]
pub struct ScanCall {
    /// First key of the range.
    pub start: Bytes,
    /// First key after the range; none for no end.
    pub end: ROption<Bytes>,
    /// From the last key down.
    pub reverse: bool,
    /// Without values.
    pub keys_only: bool,
    /// How many records the caller expects to take; 0 if unknown.
    pub expected: usize,
}

/// One change of a batch.
#[repr(C)]
#[derive(Clone, Copy, Debug, StableAbi)]
pub struct RawOperation {
    /// [`RawOperation::PUT`], [`RawOperation::DELETE`] or [`RawOperation::DELETE_RANGE`].
    pub kind: u8,
    /// The key, or the start of the range.
    pub first: Bytes,
    /// The value, or the end of the range; empty for a delete.
    pub second: Bytes,
}

impl RawOperation {
    /// Sets `first` to `second`.
    pub const PUT: u8 = 0;
    /// Removes `first`.
    pub const DELETE: u8 = 1;
    /// Removes `first..second`.
    pub const DELETE_RANGE: u8 = 2;
}
