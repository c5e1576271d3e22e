//! What a Redis value is on an ordered key-value store.
//!
//! Below this crate there are only records in `memcmp` order; above it there are keys with types, expiry
//! times and values. [`Store`] opens a backend, [`Transaction`] reads and changes it. This crate never reads
//! the clock, takes no part in scheduling and knows no wire format.
#![forbid(unsafe_code)]

mod codec;
mod copy;
mod databases;
mod expiry;
mod format;
mod garbage;
mod heads;
mod ids;
mod keyspace;
mod meta;
mod overlay;
mod random;
mod sample;
mod scan;
mod store;
pub mod string;
mod transaction;

pub use dredis_contract as contract;

pub use databases::{DATABASES, DatabaseFigures};
pub use expiry::ExpirySweep;
pub use format::FORMAT_VERSION;
pub use garbage::GarbageSweep;
pub use meta::{Entry, Form, Head, Kind, Stored};
pub use random::Random;
pub use scan::{KeyPage, KeyPosition};
pub use store::{Store, WriterState};
pub use transaction::{Lookups, Observer, Outcome, Transaction};
