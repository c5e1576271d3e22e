//! The memory backend: an ordered map whose snapshots are free, in a plugin like any other.
//!
//! For tests, for caches, and to measure the rest of dredis without a disk. It writes nothing anywhere: the data
//! directory stays empty, and everything is gone with the process, which [`Durability::Never`] says.
//!
//! [`Durability::Never`]: dredis_plugin::Durability::Never
#![forbid(unsafe_code)]

mod backend;
mod config;
mod cursor;
mod view;

pub use backend::MemoryBackend;

dredis_plugin::export_backend!(MemoryBackend);
