//! Strings. Bit operations have a family of their own.
//!
//! A string may be as long as Redis allows (512 MB). Commands on a part of one touch that part only.

mod access;
mod counter;
mod get;
mod lcs;
mod range;
mod set;

use crate::command::{Argument, Deprecated, Flags, Group, KeySpec, Path};
use crate::grammar::{block, double, integer, key, one_of, text, unix_time, word};
use crate::{Command, Run};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = Flags::READONLY.or(Flags::FAST);
const WRITE_FAST: Flags = Flags::WRITE.or(Flags::FAST);
const GROW: Flags = Flags::WRITE.or(Flags::DENYOOM);
const GROW_FAST: Flags = GROW.or(Flags::FAST);

/// What rows of this family begin with.
const READING: Command =
    Command { group: Group::String, categories: &["string"], path: Path::Read, ..Command::BLANK };
const WRITING: Command = Command { path: Path::Write, ..READING };

const READ_KEY: &[KeySpec] = &[KeySpec::first(&["RO", "access"])];
const CHANGE_KEY: &[KeySpec] = &[KeySpec::first(&["RW", "access", "update"])];
const OVERWRITE_KEY: &[KeySpec] = &[KeySpec::first(&["OW", "update"])];
const ALL_TO_READ: &[KeySpec] = &[KeySpec::range(&["RO", "access"], 1, -1, 1)];
const BOTH_TO_READ: &[KeySpec] = &[KeySpec::range(&["RO", "access"], 1, 1, 1)];

const KEY: &[Argument] = &[key("key", 0)];
const KEY_VALUE: &[Argument] = &[key("key", 0), text("value")];
const PAIRS: &[Argument] = &[block("key_value", KEY_VALUE).multiple()];
const START_END: &[Argument] = &[key("key", 0), integer("start"), integer("end")];

/// INCR and DECR.
const fn step(name: &'static str, summary: &'static str, run: Run) -> Command {
    Command { name, summary, arity: 2, flags: GROW_FAST, keys: CHANGE_KEY, arguments: KEY, run, ..WRITING }
}

/// GETRANGE and its old name.
const fn part(name: &'static str, summary: &'static str, since: &'static str) -> Command {
    Command {
        name,
        summary,
        since,
        complexity: "O(N), N being the length of the answer",
        arity: 4,
        flags: READ,
        keys: READ_KEY,
        arguments: START_END,
        run: range::getrange,
        ..READING
    }
}

/// The table.
pub static TABLE: &[Command] = &[
    Command {
        name: "append",
        summary: "Adds bytes to the end of a string, or makes a string of them.",
        since: "2.0.0",
        arity: 3,
        flags: GROW_FAST,
        keys: &[KeySpec::first(&["RW", "insert"])],
        arguments: KEY_VALUE,
        run: range::append,
        ..WRITING
    },
    step("decr", "Takes one from the integer in a string; an absent key counts as 0.", counter::decr),
    Command {
        name: "decrby",
        summary: "Takes a number from the integer in a string; an absent key counts as 0.",
        arity: 3,
        flags: GROW_FAST,
        keys: CHANGE_KEY,
        arguments: &[key("key", 0), integer("decrement")],
        run: counter::decrby,
        ..WRITING
    },
    Command {
        name: "get",
        summary: "Answers a string.",
        arity: 2,
        flags: READ_FAST,
        keys: READ_KEY,
        arguments: KEY,
        run: get::get,
        ..READING
    },
    Command {
        name: "getdel",
        summary: "Answers a string and removes its key.",
        since: "6.2.0",
        arity: 2,
        flags: WRITE_FAST,
        keys: &[KeySpec::first(&["RW", "access", "delete"])],
        arguments: KEY,
        run: get::getdel,
        ..WRITING
    },
    Command {
        name: "getex",
        summary: "Answers a string and sets, or takes away, its expiry.",
        since: "6.2.0",
        arity: -2,
        flags: WRITE_FAST,
        keys: CHANGE_KEY,
        arguments: &[
            key("key", 0),
            one_of(
                "expiration",
                &[
                    integer("seconds").after("EX"),
                    integer("milliseconds").after("PX"),
                    unix_time("unix-time-seconds").after("EXAT"),
                    unix_time("unix-time-milliseconds").after("PXAT"),
                    word("persist", "PERSIST"),
                ],
            )
            .optional(),
        ],
        run: get::getex,
        ..WRITING
    },
    part("getrange", "Answers a part of a string, its ends given by place.", "2.4.0"),
    Command {
        name: "getset",
        summary: "Sets a string and answers what it was.",
        deprecated: Some(Deprecated { since: "6.2.0", replaced_by: "`SET` with the `!GET` argument" }),
        arity: 3,
        flags: GROW_FAST,
        keys: CHANGE_KEY,
        arguments: KEY_VALUE,
        run: get::getset,
        ..WRITING
    },
    step("incr", "Adds one to the integer in a string; an absent key counts as 0.", counter::incr),
    Command {
        name: "incrby",
        summary: "Adds a number to the integer in a string; an absent key counts as 0.",
        arity: 3,
        flags: GROW_FAST,
        keys: CHANGE_KEY,
        arguments: &[key("key", 0), integer("increment")],
        run: counter::incrby,
        ..WRITING
    },
    Command {
        name: "incrbyfloat",
        summary: "Adds a number to the number in a string, fractions included; an absent key counts as 0.",
        since: "2.6.0",
        arity: 3,
        flags: GROW_FAST,
        keys: CHANGE_KEY,
        arguments: &[key("key", 0), double("increment")],
        run: counter::incrbyfloat,
        ..WRITING
    },
    Command {
        name: "lcs",
        summary: "Finds the longest sequence of bytes that two strings share, in order but not always adjoining.",
        since: "7.0.0",
        complexity: "O(N*M), N and M being the lengths of the strings",
        arity: -3,
        flags: READ,
        keys: BOTH_TO_READ,
        arguments: &[
            key("key1", 0),
            key("key2", 0),
            word("len", "LEN").optional(),
            word("idx", "IDX").optional(),
            integer("len").after("MINMATCHLEN").optional(),
            word("withmatchlen", "WITHMATCHLEN").optional(),
        ],
        run: lcs::lcs,
        ..READING
    },
    Command {
        name: "mget",
        summary: "Answers several strings at once.",
        complexity: "O(N), N being the number of keys",
        arity: -2,
        flags: READ_FAST,
        keys: ALL_TO_READ,
        tips: &["request_policy:multi_shard"],
        arguments: &[key("key", 0).multiple()],
        run: get::mget,
        ..READING
    },
    Command {
        name: "mset",
        summary: "Sets several strings at once.",
        since: "1.0.1",
        complexity: "O(N), N being the number of keys",
        arity: -3,
        flags: GROW,
        keys: &[KeySpec::range(&["OW", "update"], 1, -1, 2)],
        tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
        arguments: PAIRS,
        run: set::mset,
        ..WRITING
    },
    Command {
        name: "msetnx",
        summary: "Sets several strings at once, provided that none of the keys exists.",
        since: "1.0.1",
        complexity: "O(N), N being the number of keys",
        arity: -3,
        flags: GROW,
        keys: &[KeySpec::range(&["OW", "insert"], 1, -1, 2)],
        tips: &["request_policy:multi_shard", "response_policy:agg_min"],
        arguments: PAIRS,
        run: set::msetnx,
        ..WRITING
    },
    Command {
        name: "psetex",
        summary: "Sets a string that expires after so many milliseconds.",
        since: "2.6.0",
        arity: 4,
        flags: GROW,
        keys: OVERWRITE_KEY,
        arguments: &[key("key", 0), integer("milliseconds"), text("value")],
        run: set::psetex,
        ..WRITING
    },
    Command {
        name: "set",
        summary: "Sets a string, whatever the key held before.",
        history: &[
            ("2.6.12", "Options NX, XX, EX and PX."),
            ("6.0.0", "Option KEEPTTL."),
            ("6.2.0", "Options GET, EXAT and PXAT."),
            ("7.0.0", "GET together with NX."),
        ],
        arity: -3,
        flags: GROW,
        keys: &[KeySpec::first(&["RW", "access", "update", "variable_flags"])],
        key_flags: Some(set::key_flags),
        arguments: &[
            key("key", 0),
            text("value"),
            one_of("condition", &[word("nx", "NX"), word("xx", "XX")]).since("2.6.12").optional(),
            word("get", "GET").since("6.2.0").optional(),
            one_of(
                "expiration",
                &[
                    integer("seconds").after("EX").since("2.6.12"),
                    integer("milliseconds").after("PX").since("2.6.12"),
                    unix_time("unix-time-seconds").after("EXAT").since("6.2.0"),
                    unix_time("unix-time-milliseconds").after("PXAT").since("6.2.0"),
                    word("keepttl", "KEEPTTL").since("6.0.0"),
                ],
            )
            .optional(),
        ],
        run: set::set,
        ..WRITING
    },
    Command {
        name: "setex",
        summary: "Sets a string that expires after so many seconds.",
        since: "2.0.0",
        arity: 4,
        flags: GROW,
        keys: OVERWRITE_KEY,
        arguments: &[key("key", 0), integer("seconds"), text("value")],
        run: set::setex,
        ..WRITING
    },
    Command {
        name: "setnx",
        summary: "Sets a string, provided that the key does not exist.",
        arity: 3,
        flags: GROW_FAST,
        keys: &[KeySpec::first(&["OW", "insert"])],
        arguments: KEY_VALUE,
        run: set::setnx,
        ..WRITING
    },
    Command {
        name: "setrange",
        summary: "Overwrites a part of a string; what was missing before it becomes zero bytes.",
        since: "2.2.0",
        complexity: "O(N), N being the length of the value",
        arity: 4,
        flags: GROW,
        keys: &[KeySpec::first(&["RW", "update"])],
        arguments: &[key("key", 0), integer("offset"), text("value")],
        run: range::setrange,
        ..WRITING
    },
    Command {
        name: "strlen",
        summary: "Answers the length of a string in bytes.",
        since: "2.2.0",
        arity: 2,
        flags: READ_FAST,
        keys: &[KeySpec::first(&["RO"])],
        arguments: KEY,
        run: get::strlen,
        ..READING
    },
    Command {
        deprecated: Some(Deprecated { since: "2.0.0", replaced_by: "`GETRANGE`" }),
        ..part("substr", "The old name of GETRANGE.", "1.0.0")
    },
];
