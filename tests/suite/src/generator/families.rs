//! One table per family of commands.

mod bitmap;
mod connection;
mod key;
mod server;
mod string;
mod transaction;

use super::Row;

/// The tables of all families.
pub static TABLES: &[&[Row]] =
    &[bitmap::TABLE, connection::TABLE, key::TABLE, server::TABLE, string::TABLE, transaction::TABLE];

/// Commands of dredis for which there is no row, and where they are tested instead.
pub static WITHOUT_ROW: &[(&str, &str)] = &[
    ("auth", "wire tests: needs a server with a password"),
    ("client|kill", "wire tests: ends connections"),
    ("client|list", "transcripts and wire tests: the other connections differ"),
    ("client|pause", "wire tests: stops everybody"),
    ("client|unpause", "wire tests: goes with CLIENT PAUSE"),
    ("client|reply", "wire tests: takes replies away"),
    ("command|docs", "the tests of the command table"),
    ("command|info", "the tests of the command table"),
    ("command|list", "the tests of the command table"),
    ("config|get", "the tests of the configuration: what is configured is the server's own"),
    ("config|set", "the tests of the configuration"),
    ("config|resetstat", "the tests of the configuration"),
    ("config|rewrite", "the tests of the configuration"),
    ("debug", "for tests themselves"),
    ("monitor", "wire tests: replies without end"),
    ("quit", "wire tests: ends the connection"),
    ("shutdown", "durability tests: ends the server"),
    ("slowlog|get", "depends on how long commands take"),
    ("slowlog|len", "depends on how long commands take"),
];

/// All rows.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    TABLES.iter().copied().flatten()
}
