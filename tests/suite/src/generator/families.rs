//! One table per family of commands.

mod bitmap;
mod connection;
mod hash;
mod key;
mod list;
pub(crate) mod scripting;
mod server;
mod set;
mod sorted_set;
mod string;
mod transaction;

use super::Row;

/// The tables of all families.
pub static TABLES: &[&[Row]] = &[
    bitmap::TABLE,
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

/// Commands of dredis for which there is no row, and where they are tested instead.
pub static WITHOUT_ROW: &[(&str, &str)] = &[
    ("auth", "wire tests: needs a server with a password"),
    ("bgsave", "saving tests: writes files, and answers by what else is being saved"),
    ("client|kill", "wire tests: ends connections"),
    ("client|list", "wire tests: the other connections differ"),
    ("client|pause", "server tests: stops everybody"),
    ("client|unpause", "server tests: goes with CLIENT PAUSE"),
    ("client|reply", "wire tests: takes replies away"),
    ("command|docs", "the tests of the command table"),
    ("command|info", "the tests of the command table"),
    ("command|list", "the tests of the command table"),
    ("config|get", "transcripts: what is configured is the server's own"),
    ("config|set", "transcripts: later sequences would run under it"),
    ("config|resetstat", "server tests: figures are the server's own"),
    ("config|rewrite", "transcripts"),
    ("debug", "transcripts: what it offers is the server's own"),
    ("save", "saving tests: writes files"),
    ("function|kill", "script tests: needs a function that does not end"),
    ("object|idletime", "dredis keeps no times of access, and says so"),
    ("quit", "wire tests: ends the connection"),
    ("script|debug", "command tests: dredis has no debugger, and says so"),
    ("shutdown", "durability tests: ends the server"),
    ("slowlog|get", "server tests: depends on how long commands take"),
    ("slowlog|len", "transcripts: depends on how long commands take"),
];

/// Tables of commands that any script may call, and whose replies say only what the data says.
static DATA: &[&[Row]] =
    &[bitmap::TABLE, hash::TABLE, key::TABLE, list::TABLE, set::TABLE, sorted_set::TABLE, string::TABLE];

/// Whether a row is about data, and nothing else.
pub(super) fn is_about_data(row: &Row) -> bool {
    DATA.iter().copied().flatten().any(|known| std::ptr::eq(known, row))
}

/// All rows.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    TABLES.iter().copied().flatten()
}
