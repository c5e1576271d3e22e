//! LMDB behind the storage contract: a B-tree in a memory-mapped file, read in place.
//!
//! All records lie in LMDB's unnamed database, but for the latest, which wait in a log and in memory until there are enough of
//! them (`buffer`). Reads borrow from the map; views share read transactions (`snapshots`), a write transaction is one
//! batch (`engine`), and the file grows ahead of its use in steps that really stand on the disk (`map`), so that a full
//! disk is an error and never a signal.
//!
//! It refuses to share a file with a second writer, to run without LMDB's lock table, and to take an option that
//! it cannot honour. It deletes no file but its own log, and gives no space back while it is open: LMDB reuses free pages.
//!
//! # What a crash may cost
//!
//! The death of the process costs nothing: what was committed is in the system's page cache. The death of the *machine*
//! costs what was committed since the last sync: the log is written in order, and all of LMDB's transactions are durable.
//!
//! Without the write buffer (`write_buffer_size=0`) and under the fast flags (`sync=false`, while nobody asks for durable commits),
//! the death of the machine between two syncs can leave a meta page on disk whose data pages are not, and so a damaged file. Under
//! [`dredis_plugin::DurabilityNeed::EveryCommit`], or with `sync=true`, data reaches the disk before the meta page
//! that points to it, each commit is durable when it returns, and the file is whole at any moment.

mod backend;
mod buffer;
mod config;
mod cursor;
mod demand;
mod engine;
mod error;
mod files;
mod map;
mod snapshots;
mod view;

pub use backend::Lmdb;

dredis_plugin::export_backend!(Lmdb);
