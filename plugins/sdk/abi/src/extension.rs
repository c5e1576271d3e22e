//! Optional tables beside the core, each asked for by name and frozen once published.
//!
//! To grow the ABI, add a table here with the next number in its name; never touch one that exists. A host that does
//! not find a table does without it; a plugin that is not asked for a table does not care.

use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RResult, RString, RVec, Tuple2};

use crate::{Bytes, Failure, Object, RawOperation};

/// A table that can be asked for by name.
pub trait Table: StableAbi + 'static {
    /// Name and number, for example `compact/1`.
    const NAME: &'static str;
}

/// `checkpoint/1`.
#[repr(C)]
#[derive(StableAbi)]
pub struct Checkpoint1 {
    /// Copies the engine into a directory, spelt as the operating system does.
    pub checkpoint: unsafe extern "C" fn(*const (), Bytes) -> RResult<(), Failure>,
}

impl Table for Checkpoint1 {
    const NAME: &'static str = "checkpoint/1";
}

/// `compact/1`.
#[repr(C)]
#[derive(StableAbi)]
pub struct Compact1 {
    /// Gives space back in a range; no end means up to the last key.
    pub compact: unsafe extern "C" fn(*const (), Bytes, ROption<Bytes>) -> RResult<(), Failure>,
}

impl Table for Compact1 {
    const NAME: &'static str = "compact/1";
}

/// `approximate-size/1`.
#[repr(C)]
#[derive(StableAbi)]
pub struct ApproximateSize1 {
    /// Bytes on disk of a range, if the engine can say; no end means up to the last key.
    pub approximate_size:
        unsafe extern "C" fn(*const (), Bytes, ROption<Bytes>) -> RResult<ROption<u64>, Failure>,
}

impl Table for ApproximateSize1 {
    const NAME: &'static str = "approximate-size/1";
}

/// `stats/1`.
#[repr(C)]
#[derive(StableAbi)]
pub struct Stats1 {
    /// Names and values of the engine's own figures.
    pub stats: unsafe extern "C" fn(*const ()) -> RResult<RVec<Tuple2<RString, RString>>, Failure>,
}

impl Table for Stats1 {
    const NAME: &'static str = "stats/1";
}

/// `isolation/1`: what engines need that several servers share.
#[repr(C)]
#[derive(StableAbi)]
pub struct Isolation1 {
    /// The moment that a view shows.
    pub moment: unsafe extern "C" fn(*const (), Object) -> RResult<u64, Failure>,
    /// As the core's `commit`, for operations that rest on a moment and on that many keys read in it; the outcome by
    /// number.
    pub commit_resting: unsafe extern "C" fn(
        *const (),
        *const RawOperation,
        usize,
        u64,
        *const Bytes,
        usize,
    ) -> RResult<u8, Failure>,
}

impl Table for Isolation1 {
    const NAME: &'static str = "isolation/1";
}
