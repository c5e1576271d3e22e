//! One file per family of commands, each with its table on top.

mod connection;
mod element_scan;
mod hash;
mod key;
mod list;
mod scripting;
mod server;
mod set;
mod sorted_set;
mod string;
mod transaction;
mod typed;

use crate::Command;

pub use scripting::{SameName, add_library};
pub(crate) use transaction::abort_exec;

/// The tables of all families.
pub static TABLES: &[&[Command]] = &[
    connection::TABLE,
    hash::TABLE,
    key::TABLE,
    list::TABLE,
    scripting::TABLE,
    server::TABLE,
    set::TABLE,
    sorted_set::TABLE,
    string::TABLE,
    transaction::TABLE,
];
