//! The storage contract: what an ordered key-value engine owes dredis, in plain Rust.
//!
//! An engine implements [`Backend`] and owes three verbs: take a [`View`], read or scan it, commit a [`Batch`].
//! Everything else has a default. The core keeps each transaction's writes to itself and hands the engine one
//! finished, sorted batch, so an engine needs no transactions of its own.
//!
//! This crate uses nothing but `std`, contains no `unsafe`, never reads the clock and starts no thread.
//!
//! # What every engine promises
//!
//! - Keys are non-empty byte strings in `memcmp` order. Values are byte strings, possibly empty. (Kit:
//!   `keys_stand_in_the_order_of_their_bytes`, `keys_may_hold_any_byte`, `values_may_be_empty`,
//!   `values_come_back_as_they_went_in`.)
//! - A view shows all commits that returned before it was taken, and nothing that is committed later.
//! - A batch is applied whole or not at all, and it survives the death of the process.
//! - After [`Backend::sync`] returns, every commit that returned before the call survives the death of the machine,
//!   as far as [`Capabilities::durability`] says so.
//! - Limits are declared in [`Capabilities`]; the core never exceeds them.
//!
//! All of it together is tried in generated histories, each compared with an ordered map (kit:
//! `histories_agree_with_an_ordered_map`, `histories_agree_when_reopened_on_the_way`).
//!
//! Behind a promise stands, as "kit", the name of the check in the conformance kit (`dredis-conformance`) that proves
//! it.
#![forbid(unsafe_code)]

mod backend;
mod batch;
mod capabilities;
mod error;
mod log;
mod options;
mod setting;
mod view;

pub use backend::{Backend, Commit, DurabilityNeed, Open, OpenRequest};
pub use batch::{Basis, Batch, Operation};
pub use capabilities::{Capabilities, Durability, Limits, Sharing};
pub use error::{Context, Error, ErrorKind, Result};
pub use log::{LogLevel, Logger};
pub use options::{OptionError, OptionKind, OptionRange, OptionSpec, OptionValue, Options, nearest_name};
pub use setting::{Setting, SettingValue};
pub use view::{Cursor, Direction, Moment, Projection, Record, Scan, Value, View};
