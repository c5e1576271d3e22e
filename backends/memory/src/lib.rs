//! The memory backend: an ordered map that remembers what open views still see, in a plugin like any other.
//!
//! For tests, for caches, and to measure the rest of dredis without a disk. It writes nothing anywhere: the data
//! directory stays empty, and everything is gone with the process, which [`Durability::Never`] says.
//!
//! There is one map of current records, changed in place, and beside it a *history*: what a record was before it
//! changed, kept only as long as an open view is older than the change. Without old views there is no history, and a
//! commit costs what its insertions cost. Commits are numbered; a view is the number of the last commit that it sees.
//!
//! Nobody holds a lock for long: a large commit works in steps of some dozen records, a scan fetches a page
//! at a time, and between the two everyone else has a turn.
//!
//! [`Durability::Never`]: dredis_plugin::Durability::Never
#![forbid(unsafe_code)]

mod backend;
mod config;
mod cursor;
mod history;
mod key;
mod page;
mod records;
mod registry;
mod view;

pub use backend::MemoryBackend;

dredis_plugin::export_backend!(MemoryBackend);
