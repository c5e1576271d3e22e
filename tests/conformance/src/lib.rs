//! The conformance kit: does an engine keep the promises of the storage contract?
//!
//! A check is a row in a table: a name, the sentence of the contract's documentation that it proves, what an engine must
//! be able to do for it to apply, and a function over a [`Trial`]. The same rows serve the command
//! `dredis-conformance`, which loads a plugin, and [`suite!`], which makes a `cargo test` case of each:
//!
//! ```ignore
//! // tests/conformance.rs of a plugin whose crate is an `rlib` too
//! dredis_conformance::suite!(my_engine::MyBackend);
//! ```
//!
//! A check that does not apply is reported with what the engine lacks, never passed over. A run in which nothing was
//! proven counts as failed. This crate mends nothing and knows no engine by name.
#![forbid(unsafe_code)]

mod abi;
mod bytes;
mod changes;
mod check;
mod child;
mod commands;
mod contract;
mod directory;
mod histories;
mod isolation;
mod limit;
pub mod matrix;
mod random;
mod reading;
mod recovery;
mod reference;
pub mod report;
mod runner;
mod shrink;
pub mod skeleton;
mod speed;
mod suite;
mod target;

pub use check::{Check, Ending, Failure, Figure, Level, Need, Proof, Settings, Trial};
pub use child::{Child, run_child};
pub use directory::Directory;
pub use reference::ReferenceBackend;
pub use runner::{Report, Result, Verdict, run, run_check};
#[doc(hidden)]
pub use suite::run_as_test;
pub use target::{Opened, Target};

/// Every check there is, level by level.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    [abi::CHECKS, contract::CHECKS, recovery::CHECKS, commands::CHECKS, isolation::CHECKS, speed::CHECKS]
        .into_iter()
        .flatten()
}
