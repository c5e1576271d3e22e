//! One file per family of commands, each with its table on top.

mod connection;
mod key;
mod server;
mod string;
mod transaction;

use crate::Command;

pub(crate) use transaction::abort_exec;

/// The tables of all families.
pub static TABLES: &[&[Command]] =
    &[connection::TABLE, key::TABLE, server::TABLE, string::TABLE, transaction::TABLE];
