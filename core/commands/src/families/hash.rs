//! Hashes: fields with values under one key.
//!
//! Commands on a few fields touch those alone, however many the hash has.

mod access;
mod counter;
mod get;
mod random;
mod set;
mod whole;

use crate::command::{Argument, Deprecated, Flags, Group, KeySpec, Path};
use crate::grammar::{block, double, integer, key, pattern, text, word};
use crate::{Command, Run};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = Flags::READONLY.or(Flags::FAST);
const WRITE_FAST: Flags = Flags::WRITE.or(Flags::FAST);
const GROW_FAST: Flags = WRITE_FAST.or(Flags::DENYOOM);

/// What rows of this family begin with.
const READING: Command =
    Command { since: "2.0.0", group: Group::Hash, categories: &["hash"], path: Path::Read, ..Command::BLANK };
const WRITING: Command = Command { path: Path::Write, ..READING };

const LOOKED_AT_KEY: &[KeySpec] = &[KeySpec::first(&["RO"])];
const READ_KEY: &[KeySpec] = &[KeySpec::first(&["RO", "access"])];
const UPDATED_KEY: &[KeySpec] = &[KeySpec::first(&["RW", "update"])];
const COUNTED_KEY: &[KeySpec] = &[KeySpec::first(&["RW", "access", "update"])];

const KEY: &[Argument] = &[key("key", 0)];
const KEY_FIELD: &[Argument] = &[key("key", 0), text("field")];
const KEY_FIELDS: &[Argument] = &[key("key", 0), text("field").multiple()];
const KEY_PAIRS: &[Argument] =
    &[key("key", 0), block("field_value", &[text("field"), text("value")]).multiple()];

/// HGETALL and its halves.
const fn whole(name: &'static str, summary: &'static str, run: Run) -> Command {
    Command {
        name,
        summary,
        complexity: "O(N), N being the number of fields",
        arity: 2,
        flags: READ,
        keys: READ_KEY,
        tips: &["nondeterministic_output_order"],
        arguments: KEY,
        run,
        ..READING
    }
}

/// The table.
pub static TABLE: &[Command] = &[
    Command {
        name: "hdel",
        summary: "Removes fields of a hash, and the key with the last of them.",
        complexity: "O(N), N being the number of fields named",
        history: &[("2.4.0", "Several fields at once.")],
        arity: -3,
        flags: WRITE_FAST,
        keys: &[KeySpec::first(&["RW", "delete"])],
        arguments: KEY_FIELDS,
        run: set::hdel,
        ..WRITING
    },
    Command {
        name: "hexists",
        summary: "Tells whether a hash has a field.",
        arity: 3,
        flags: READ_FAST,
        keys: LOOKED_AT_KEY,
        arguments: KEY_FIELD,
        run: get::hexists,
        ..READING
    },
    Command {
        name: "hget",
        summary: "Answers a field's value.",
        arity: 3,
        flags: READ_FAST,
        keys: READ_KEY,
        arguments: KEY_FIELD,
        run: get::hget,
        ..READING
    },
    whole("hgetall", "Answers all fields of a hash with their values.", whole::hgetall),
    Command {
        name: "hincrby",
        summary: "Adds a number to the integer in a field; an absent field counts as 0.",
        arity: 4,
        flags: GROW_FAST,
        keys: COUNTED_KEY,
        arguments: &[key("key", 0), text("field"), integer("increment")],
        run: counter::hincrby,
        ..WRITING
    },
    Command {
        name: "hincrbyfloat",
        summary: "Adds a number to the number in a field, fractions included; an absent field counts as 0.",
        since: "2.6.0",
        arity: 4,
        flags: GROW_FAST,
        keys: COUNTED_KEY,
        arguments: &[key("key", 0), text("field"), double("increment")],
        run: counter::hincrbyfloat,
        ..WRITING
    },
    whole("hkeys", "Answers all fields of a hash.", whole::hkeys),
    Command {
        name: "hlen",
        summary: "Answers how many fields a hash has.",
        arity: 2,
        flags: READ_FAST,
        keys: LOOKED_AT_KEY,
        arguments: KEY,
        run: get::hlen,
        ..READING
    },
    Command {
        name: "hmget",
        summary: "Answers the values of several fields at once.",
        complexity: "O(N), N being the number of fields named",
        arity: -3,
        flags: READ_FAST,
        keys: READ_KEY,
        arguments: KEY_FIELDS,
        run: get::hmget,
        ..READING
    },
    Command {
        name: "hmset",
        summary: "Sets several fields at once.",
        complexity: "O(N), N being the number of fields named",
        deprecated: Some(Deprecated {
            since: "4.0.0",
            replaced_by: "`HSET` with multiple field-value pairs",
        }),
        arity: -4,
        flags: GROW_FAST,
        keys: UPDATED_KEY,
        arguments: KEY_PAIRS,
        run: set::hmset,
        ..WRITING
    },
    Command {
        name: "hrandfield",
        summary: "Answers fields picked at random.",
        since: "6.2.0",
        complexity: "O(N), N being the number of fields answered",
        arity: -2,
        flags: READ,
        keys: READ_KEY,
        tips: &["nondeterministic_output"],
        arguments: &[
            key("key", 0),
            block("options", &[integer("count"), word("withvalues", "WITHVALUES").optional()]).optional(),
        ],
        run: random::hrandfield,
        ..READING
    },
    Command {
        name: "hscan",
        summary: "Walks over the fields of a hash in steps.",
        since: "2.8.0",
        complexity: "O(1) for a step, O(N) for the whole walk, N being the number of fields",
        arity: -3,
        flags: READ,
        keys: READ_KEY,
        tips: &["nondeterministic_output"],
        arguments: &[
            key("key", 0),
            integer("cursor"),
            pattern("pattern").after("MATCH").optional(),
            integer("count").after("COUNT").optional(),
        ],
        run: whole::hscan,
        ..READING
    },
    Command {
        name: "hset",
        summary: "Sets fields of a hash to values.",
        complexity: "O(N), N being the number of fields named",
        history: &[("4.0.0", "Several fields at once.")],
        arity: -4,
        flags: GROW_FAST,
        keys: UPDATED_KEY,
        arguments: KEY_PAIRS,
        run: set::hset,
        ..WRITING
    },
    Command {
        name: "hsetnx",
        summary: "Sets a field to a value, provided that the hash does not have it.",
        arity: 4,
        flags: GROW_FAST,
        keys: &[KeySpec::first(&["RW", "insert"])],
        arguments: &[key("key", 0), text("field"), text("value")],
        run: set::hsetnx,
        ..WRITING
    },
    Command {
        name: "hstrlen",
        summary: "Answers the length of a field's value in bytes.",
        since: "3.2.0",
        arity: 3,
        flags: READ_FAST,
        keys: LOOKED_AT_KEY,
        arguments: KEY_FIELD,
        run: get::hstrlen,
        ..READING
    },
    whole("hvals", "Answers all values of a hash.", whole::hvals),
];
