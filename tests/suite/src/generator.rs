//! Seeded sequences of requests, made from a compact grammar with one table per family of commands.
//!
//! A new family adds a table under `families/` and nothing else. Generators favour what breaks servers: a small
//! set of colliding keys, edges of numbers and sizes, options in any order, and now and then a flaw.

pub mod families;
mod grammar;
pub mod payloads;
mod sequence;
mod words;

pub use grammar::{Part, Play, Row};
pub use sequence::{Action, Generator, Sequence, Step};
