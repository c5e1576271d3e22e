//! The LevelDB backend: dredis on LevelDB 1.22 (a log-structured merge tree with snappy compression).
//!
//! A view is a LevelDB snapshot, a commit is one write batch, a cursor is an iterator. Three things are more than
//! LevelDB itself offers, because the contract asks for them:
//!
//! - [`LevelDb`]'s `sync` writes every log file through to the disk, not just the newest one, and never holds up
//!   commits while it does (`durable`).
//! - After a failed write, as on a full disk, LevelDB either refuses every later write or appends to a log that
//!   recovery would read no further than the tear. Here nothing more is written until the database has been closed
//!   and opened again, which happens by itself once there is room; reads go on in between (`health`).
//! - A range delete becomes one delete per key that is there, within the same batch.
//!
//! It knows nothing of Redis, starts no thread of its own, and keeps `unsafe` in `binding`.

mod backend;
mod binding;
mod checkpoint;
mod config;
mod cursor;
mod directory;
mod durable;
mod error;
mod health;
mod view;

pub use backend::LevelDb;

dredis_plugin::export_backend!(LevelDb);
