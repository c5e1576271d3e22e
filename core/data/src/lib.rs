//! What a Redis value is on an ordered key-value store.
//!
//! Below this crate there are only records in `memcmp` order; above it there are keys with types, expiry
//! times and values. [`Store`] opens a backend, [`Transaction`] reads and changes it. This crate never reads
//! the clock, takes no part in scheduling and knows no wire format.
#![forbid(unsafe_code)]

mod bounds;
mod building;
mod cache;
mod claims;
mod codec;
mod copy;
mod counted;
mod databases;
mod digest;
mod elements;
mod expiry;
mod format;
mod gaps;
mod garbage;
pub mod hash;
mod heads;
mod ids;
mod keyspace;
mod libraries;
pub mod list;
mod loading;
mod meta;
mod overlay;
mod packed;
mod random;
pub mod rdb;
mod sample;
mod saving;
mod scan;
pub mod set;
mod size;
pub mod sorted_set;
mod sorting;
mod store;
pub mod string;
mod transaction;

pub use dredis_contract as contract;

pub use bounds::MemoryBounds;
pub use building::Building;
pub use databases::{DATABASES, DatabaseFigures};
pub use digest::Digest;
pub use elements::{ElementPage, NamedElement, Parts, Picks};
pub use expiry::ExpirySweep;
pub use format::FORMAT_VERSION;
pub use garbage::GarbageSweep;
pub use libraries::{Function, LIBRARY_BYTES_MAX, Libraries, Library};
pub use loading::{Deposit, Load, LoadError, Loaded, ObjectIds, Records};
pub use meta::{Entry, Form, Head, Kind, Stored};
pub use packed::{
    Element, Elements, Intset, IntsetRef, Listpack, ListpackRef, PACKED_BYTES_MAX, PackedLimits,
};
pub use random::Random;
pub use saving::Pace;
pub use scan::{KeyPage, KeyPosition};
pub use sorting::{SortItem, Sorted, Sorter, Spilling};
pub use store::{Store, WriterState};
pub use transaction::{Lookups, Observer, Outcome, Transaction};

// So that unit tests can use the backend that integration tests have.
#[cfg(test)]
extern crate self as dredis_data;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod test_backend;
