//! RDB data in and out: files of real servers, hostile bytes, and round trips of generated values.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;
mod contents;
mod files;
mod hostile;
mod payloads;
mod round_trips;
