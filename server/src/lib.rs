//! The dredis server: command line, listeners, sessions, and the running of commands on a storage engine that is
//! loaded when it starts. No engine is linked into it.
#![forbid(unsafe_code)]

pub mod background;
pub mod cli;
pub mod directory;
pub mod executor;
pub mod failure;
pub mod host;
pub mod listener;
pub mod log;
pub mod rdb_files;
pub mod resp;
pub mod server;
pub mod session;
pub mod shutdown;
pub mod startup;
mod threads;
mod units;
