//! The help text, from one table that also knows every option's name.

use std::fmt::Write as _;

use super::Settings;

/// One option in the help text.
pub(super) struct Row {
    /// Long name, without its hyphens.
    pub name: &'static str,
    /// What stands for its value; empty if it takes none.
    pub value: &'static str,
    help: &'static str,
}

const fn row(name: &'static str, value: &'static str, help: &'static str) -> Row {
    Row { name, value, help }
}

/// Headings with their options, in the order of the help text.
pub(super) const SECTIONS: &[(&str, &[Row])] = &[
    (
        "Network",
        &[
            row("host", "ADDRESS", "address or name to listen on (default 127.0.0.1)"),
            row("port", "PORT", "TCP port; 0 picks a free one and says which (default 6377)"),
            row("unixsocket", "PATH", "listen on this Unix socket as well"),
            row("requirepass", "PASSWORD", "clients must give this password first"),
            row("maxclients", "NUMBER", "most clients at a time (default 10000)"),
            row(
                "io-threads",
                "NUMBER",
                "threads that clients are served on (default: processors, at least 2)",
            ),
        ],
    ),
    (
        "Data",
        &[
            row("dir", "DIR", "directory of the data (default: a fresh temporary one)"),
            row(
                "backend",
                "NAME|PATH",
                "engine that keeps the data, by name or as a library (default leveldb)",
            ),
            row("backend-option", "NAME=JSON", "option of the engine; may be repeated"),
            row(
                "backend-path",
                "DIR",
                "look for engines here instead of beside the program; may be repeated",
            ),
            row(
                "appendfsync",
                "WHEN",
                "when writes reach the disk: always, everysec or no (default everysec)",
            ),
            row(
                "record-cache",
                "BYTES",
                "memory for records used lately, as 100mb or 1gb; 0 for none (default 256mb)",
            ),
            row("flushall", "", "empty all databases at the start"),
            row("readonly", "", "refuse commands that write"),
            row("rdb", "FILE", "load an RDB file at the start, into an empty DIR or with --flushall"),
            row("gc-interval", "MS", "milliseconds between steps of the garbage sweep (default 500)"),
            row("gc-batch-size", "NUMBER", "records that one step of it removes (default 10000)"),
        ],
    ),
    (
        "Information",
        &[
            row("list-backends", "", "show the engines that are there and what they can do, and exit"),
            row("backend-help", "NAME|PATH", "show an engine's options, and exit"),
            row("debug", "", "log more"),
            row("version", "", "show the version, and exit (-v)"),
            row("help", "", "show this text, and exit (-h)"),
        ],
    ),
];

/// Every long option's name.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().flat_map(|(_, rows)| rows.iter().map(|row| row.name))
}

pub(super) fn text() -> String {
    let defaults = Settings::default();
    let mut text = format!(
        "dredis {}: a Redis server on a storage engine of your choice\n\nUsage: dredis [OPTION]...\n",
        env!("CARGO_PKG_VERSION")
    );
    for (heading, rows) in SECTIONS {
        push(&mut text, format_args!("\n{heading}:\n"));
        for row in *rows {
            let option = format!("--{} {}", row.name, row.value);
            push(&mut text, format_args!("  {option:<27} {}\n", row.help));
        }
    }
    let address = format!("{}:{}", defaults.host, defaults.port);
    push(
        &mut text,
        format_args!(
            "\nExamples:\n  \
             dredis --dir data                                       keep data in ./data with {}, listen on {address}\n  \
             dredis --dir data --backend lmdb --appendfsync always   lose nothing, whatever happens\n  \
             dredis --backend ./libmine.so --backend-option size=10  use an engine of your own\n",
            defaults.backend.to_string_lossy()
        ),
    );
    text
}

fn push(text: &mut String, formatted: std::fmt::Arguments<'_>) {
    text.write_fmt(formatted).expect("a string takes everything");
}
