//! The memory backend: a [`SnapshotMap`] in a plugin like any other.
//!
//! For tests, for caches, and to measure the rest of dredis without a disk. It writes nothing anywhere: the data
//! directory stays empty, and everything is gone with the process, which [`Durability::Never`] says.
//!
//! [`SnapshotMap`]: dredis_snapshot_map::SnapshotMap
//! [`Durability::Never`]: dredis_plugin::Durability::Never
#![forbid(unsafe_code)]

mod backend;

pub use backend::MemoryBackend;

dredis_plugin::export_backend!(MemoryBackend);
