//! The harness of dredis's end-to-end tests: servers under test and real Redis beside them, a raw client, and a
//! generator of commands whose replies are compared.
//!
//! Tests speak the product's language (`check("SET k v", "+OK")`), run on every backend, and repeat themselves: all
//! randomness is seeded. Nothing in here looks inside the server.
//!
//! The environment steers long runs: `DREDIS_SEED`, `DREDIS_OPS` (requests per backend), `DREDIS_STEPS` (steps per
//! sequence), `DREDIS_DIFFERENCES` (after how many to stop), `DREDIS_RECORD=1` (record transcripts anew),
//! `DREDIS_REQUIRE_REDIS=1` (a missing foreign program is a failure), `DREDIS_BINARY` (another server to test).
#![forbid(unsafe_code)]

pub mod backend;
pub mod client;
pub mod differential;
pub mod directory;
pub mod disk;
pub mod flag;
pub mod generator;
pub mod normalise;
pub mod notation;
pub mod oracle;
pub mod process;
pub mod programs;
pub mod random;
pub mod resp;
pub mod server;
pub mod transcript;

pub use backend::Backend;
pub use client::Client;
pub use directory::TemporaryDirectory;
pub use disk::{PowerDisk, SmallDisk};
pub use flag::SetWhenDropped;
pub use notation::{Request, request};
pub use oracle::RedisServer;
pub use process::Process;
pub use random::Random;
pub use resp::{Reply, Value};
pub use server::{Server, Settings};
