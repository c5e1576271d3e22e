//! Lua 5.1 as Redis 7.0 gives it to scripts and functions.
//!
//! [`Interpreter`] is one Lua state: its sandbox, the `redis` table, the libraries `cjson`, `cmsgpack`, `struct` and `bit`, the
//! compiled scripts and the loaded function libraries. What a script asks of the server goes through [`Surroundings`].
//! This crate knows no commands, no store, no clock and no socket.
#![forbid(unsafe_code)]

mod answer;
mod arguments;
mod bit;
mod convert;
mod digest;
mod failure;
mod flags;
mod interpreter;
mod json;
mod library;
mod machine;
mod msgpack;
mod number;
mod pattern;
mod raise;
mod random;
mod redis_table;
mod run;
mod shebang;
mod structure;
mod surroundings;
mod text;

pub use answer::Answer;
pub use digest::sha1_hex;
pub use failure::{Failure, ScriptError};
pub use flags::Flags;
pub use interpreter::{FunctionInfo, Interpreter, Library, Limits};
pub use json::JsonSettings;
pub use shebang::{LibraryMetadata, Shebang, library_metadata, script_shebang};
pub use surroundings::{LogLevel, Protocol, Stop, Surroundings};
