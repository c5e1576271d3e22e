//! LMDB behind the storage contract: a B-tree in a memory-mapped file, read in place.
//!
//! All records lie in LMDB's unnamed database. Reads borrow from the map; views share read transactions
//! (`snapshots`), commits are one write transaction each (`backend`), and the file grows ahead of its use in steps
//! that really stand on the disk (`map`), so that a full disk is an error and never a signal.
//!
//! It refuses to share a file with a second writer, to run without LMDB's lock table, and to take an option that
//! it cannot honour. It never deletes a file, and gives no space back while it is open: LMDB reuses free pages.
//!
//! # What a crash may cost
//!
//! The death of the process costs nothing: what was committed is in the system's page cache. The death of the
//! *machine* between two syncs can, under the fast flags (`sync=false`, the default, while nobody asks for durable
//! commits), leave a meta page on disk whose data pages are not, and so a damaged file. Under
//! [`dredis_plugin::DurabilityNeed::EveryCommit`], or with `sync=true`, data reaches the disk before the meta page
//! that points to it, each commit is durable when it returns, and the file is whole at any moment.

mod backend;
mod config;
mod cursor;
mod error;
mod files;
mod map;
mod snapshots;
mod view;

pub use backend::Lmdb;

dredis_plugin::export_backend!(Lmdb);
