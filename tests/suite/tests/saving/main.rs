//! RDB files: what is saved here loads in Redis, what Redis saved loads here, and nothing is ever half there.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod commands;
mod crashes;
mod data;
mod endings;
mod exchange;
mod full_disk;
mod libraries;
mod memory;
mod moments;
mod progress;
mod refusals;
