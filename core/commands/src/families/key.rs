//! Keys of any type: existence, removal, names, expiry, walks over all of them.

mod copy;
mod dump;
mod existence;
mod expiry;
pub(super) mod object;
pub(super) mod scan;
mod sort;

use crate::command::{Argument, Flags, KeySpec, Path};
use crate::grammar::{block, integer, key, one_of, pattern, text, unix_time, word};
use crate::help::help;
use crate::{Command, Run};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = Flags::READONLY.or(Flags::FAST);
const WRITE: Flags = Flags::WRITE;
const WRITE_FAST: Flags = Flags::WRITE.or(Flags::FAST);

/// What rows of this family begin with.
const READING: Command = Command { categories: &["keyspace"], path: Path::Read, ..Command::BLANK };
const WRITING: Command = Command { path: Path::Write, ..READING };

const READ_KEY: &[KeySpec] = &[KeySpec::first(&["RO", "access"])];
const CHANGED_KEY: &[KeySpec] = &[KeySpec::first(&["RW", "update"])];
/// The key of OBJECT's subcommands.
const LOOKED_AT_KEY: &[KeySpec] = &[KeySpec::range(&["RO"], 2, 0, 1)];

const KEY: &[Argument] = &[key("key", 0)];
const KEYS: &[Argument] = &[key("key", 0).multiple()];
const SUM_OVER_SHARDS: &[&str] = &["request_policy:multi_shard", "response_policy:agg_sum"];
const MISSING_TOLD_APART: &[(&str, &str)] = &[("2.8.0", "The answer -2 for a key that is absent.")];
const PER_KEY: &str = "O(N), N being the number of keys";

/// The key at argument 2, which is overwritten.
const fn destination(flags: &'static [&'static str]) -> KeySpec {
    KeySpec::range(flags, 2, 0, 1)
}

/// The four kinds of EXPIRE.
const fn expire(
    name: &'static str,
    summary: &'static str,
    since: &'static str,
    arguments: &'static [Argument],
    run: Run,
) -> Command {
    Command {
        name,
        summary,
        since,
        history: &[("7.0.0", "Options NX, XX, GT and LT.")],
        arity: -3,
        flags: WRITE_FAST,
        keys: CHANGED_KEY,
        arguments,
        run,
        ..WRITING
    }
}

/// TTL and its kin.
const fn ask_expiry(name: &'static str, summary: &'static str, since: &'static str, run: Run) -> Command {
    Command {
        name,
        summary,
        since,
        arity: 2,
        flags: READ_FAST,
        keys: READ_KEY,
        arguments: KEY,
        run,
        ..READING
    }
}

/// The condition that EXPIRE and its kin may set.
const CONDITION: Argument =
    one_of("condition", &[word("nx", "NX"), word("xx", "XX"), word("gt", "GT"), word("lt", "LT")])
        .since("7.0.0")
        .optional();

/// What both kinds of SORT begin with.
const SORTABLE: Command = Command { categories: &["set", "sortedset", "list", "dangerous"], ..READING };
const SORTING: &str = "O(N*log(N)+M), N being the number of elements and M the number of those that are answered; \
                       O(log(N)+M) for a list or sorted set that keeps the order it has";
/// The arguments of both; keys that patterns name are found by the second specification.
const SORT_BY: Argument = Argument { key_spec: Some(1), ..pattern("pattern") }.after("BY").optional();
const SORT_GET: Argument =
    Argument { key_spec: Some(1), ..pattern("pattern") }.after("GET").optional().multiple_token();
const SORT_LIMIT: Argument =
    block("offset_count", &[integer("offset"), integer("count")]).after("LIMIT").optional();
const SORT_ORDER: Argument = one_of("order", &[word("asc", "ASC"), word("desc", "DESC")]).optional();
const SORT_ALPHA: Argument = word("sorting", "ALPHA").optional();

/// A subcommand of OBJECT that looks at a key.
const fn look(name: &'static str, summary: &'static str, since: &'static str, run: Run) -> Command {
    Command {
        name,
        summary,
        since,
        arity: 3,
        flags: READ,
        keys: LOOKED_AT_KEY,
        tips: &["nondeterministic_output"],
        arguments: KEY,
        run,
        ..READING
    }
}

/// The table.
pub static TABLE: &[Command] = &[
    Command {
        name: "copy",
        summary: "Copies a key, with its value and expiry, to another key.",
        since: "6.2.0",
        complexity: "O(N), N being the number of elements; O(1) for strings of up to 16 KB",
        arity: -3,
        flags: WRITE.or(Flags::DENYOOM),
        keys: &[KeySpec::first(&["RO", "access"]), destination(&["OW", "update"])],
        arguments: &[
            key("source", 0),
            key("destination", 1),
            integer("destination-db").after("DB").optional(),
            word("replace", "REPLACE").optional(),
        ],
        run: copy::copy,
        ..WRITING
    },
    Command {
        name: "del",
        summary: "Removes keys. Elements of large values are cleared away later, in the background.",
        complexity: PER_KEY,
        arity: -2,
        flags: WRITE,
        keys: &[KeySpec::range(&["RM", "delete"], 1, -1, 1)],
        tips: SUM_OVER_SHARDS,
        arguments: KEYS,
        run: existence::del,
        ..WRITING
    },
    Command {
        name: "dump",
        summary: "Answers a key's value in a form that RESTORE takes, here and in Redis.",
        since: "2.6.0",
        complexity: "O(N), N being the value's size",
        arity: 2,
        flags: READ,
        keys: READ_KEY,
        tips: &["nondeterministic_output"],
        arguments: KEY,
        run: dump::dump,
        ..READING
    },
    Command {
        name: "exists",
        summary: "Counts how many of the keys exist; one named twice counts twice.",
        history: &[("3.0.3", "Several keys at once.")],
        complexity: PER_KEY,
        arity: -2,
        flags: READ_FAST,
        keys: &[KeySpec::range(&["RO"], 1, -1, 1)],
        tips: SUM_OVER_SHARDS,
        arguments: KEYS,
        run: existence::exists,
        ..READING
    },
    expire(
        "expire",
        "Lets a key expire after so many seconds.",
        "1.0.0",
        &[key("key", 0), integer("seconds"), CONDITION],
        expiry::expire,
    ),
    expire(
        "expireat",
        "Lets a key expire at a time, in seconds of the Unix epoch.",
        "1.2.0",
        &[key("key", 0), unix_time("unix-time-seconds"), CONDITION],
        expiry::expireat,
    ),
    ask_expiry(
        "expiretime",
        "Answers when a key expires, in seconds of the Unix epoch.",
        "7.0.0",
        expiry::expiretime,
    ),
    Command {
        name: "keys",
        summary: "Lists the keys that match a pattern. Reads only keys that begin as the pattern does.",
        complexity: "O(N), N being the number of keys that begin with the pattern's literal beginning",
        arity: 2,
        flags: READ,
        categories: &["keyspace", "dangerous"],
        tips: &["request_policy:all_shards", "nondeterministic_output_order"],
        arguments: &[pattern("pattern")],
        run: scan::keys,
        ..READING
    },
    Command {
        name: "move",
        summary: "Moves a key to another database, unless there is one of that name.",
        arity: 3,
        flags: WRITE_FAST,
        keys: &[KeySpec::first(&["RW", "access", "update"])],
        arguments: &[key("key", 0), integer("db")],
        run: copy::r#move,
        ..WRITING
    },
    Command {
        name: "object",
        summary: "Looks behind a key at how its value is kept; a container of subcommands.",
        since: "2.2.3",
        complexity: "Depends on the subcommand",
        arity: -2,
        categories: &[],
        subcommands: &[
            look("encoding", "Answers how a value is encoded, in Redis's words.", "2.2.3", object::encoding),
            look(
                "freq",
                "Would answer how often a key is used; there is no such count here.",
                "4.0.0",
                object::freq,
            ),
            Command {
                name: "help",
                summary: "Explains the subcommands.",
                since: "6.2.0",
                arity: 2,
                flags: Flags::LOADING.or(Flags::STALE),
                path: Path::Session,
                run: help,
                ..READING
            },
            look(
                "idletime",
                "Would answer how long a key has not been used; access times are not kept here.",
                "2.2.3",
                object::idletime,
            ),
            look(
                "refcount",
                "Answers how many references a value has, as Redis would count them.",
                "2.2.3",
                object::refcount,
            ),
        ],
        path: Path::Session,
        ..READING
    },
    Command {
        name: "persist",
        summary: "Takes a key's expiry away.",
        since: "2.2.0",
        arity: 2,
        flags: WRITE_FAST,
        keys: CHANGED_KEY,
        arguments: KEY,
        run: expiry::persist,
        ..WRITING
    },
    expire(
        "pexpire",
        "Lets a key expire after so many milliseconds.",
        "2.6.0",
        &[key("key", 0), integer("milliseconds"), CONDITION],
        expiry::pexpire,
    ),
    expire(
        "pexpireat",
        "Lets a key expire at a time, in milliseconds of the Unix epoch.",
        "2.6.0",
        &[key("key", 0), unix_time("unix-time-milliseconds"), CONDITION],
        expiry::pexpireat,
    ),
    ask_expiry(
        "pexpiretime",
        "Answers when a key expires, in milliseconds of the Unix epoch.",
        "7.0.0",
        expiry::pexpiretime,
    ),
    Command {
        history: MISSING_TOLD_APART,
        tips: &["nondeterministic_output"],
        ..ask_expiry("pttl", "Answers in how many milliseconds a key expires.", "2.6.0", expiry::pttl)
    },
    Command {
        name: "randomkey",
        summary: "Answers a key picked at random, each with the same chance.",
        arity: 1,
        flags: READ,
        tips: &["request_policy:all_shards", "nondeterministic_output"],
        run: existence::randomkey,
        ..READING
    },
    Command {
        name: "rename",
        summary: "Gives a key another name, over whatever bears it already.",
        arity: 3,
        flags: WRITE,
        keys: &[KeySpec::first(&["RW", "access", "delete"]), destination(&["OW", "update"])],
        arguments: &[key("key", 0), key("newkey", 1)],
        run: copy::rename,
        ..WRITING
    },
    Command {
        name: "renamenx",
        summary: "Gives a key another name, provided that no key bears it.",
        history: &[("3.2.0", "A name and itself are no error.")],
        arity: 3,
        flags: WRITE_FAST,
        keys: &[KeySpec::first(&["RW", "access", "delete"]), destination(&["OW", "insert"])],
        arguments: &[key("key", 0), key("newkey", 1)],
        run: copy::renamenx,
        ..WRITING
    },
    Command {
        name: "restore",
        summary: "Makes a key out of what DUMP answered, here or in Redis. When and how often it was used is not kept.",
        since: "2.6.0",
        history: &[
            ("3.0.0", "Option REPLACE."),
            ("5.0.0", "Option ABSTTL."),
            ("5.0.0", "Options IDLETIME and FREQ."),
        ],
        complexity: "O(N), N being the value's size; O(N*log(N)) for sorted sets",
        arity: -4,
        flags: WRITE.or(Flags::DENYOOM),
        categories: &["keyspace", "dangerous"],
        keys: &[KeySpec::first(&["OW", "update"])],
        arguments: &[
            key("key", 0),
            integer("ttl"),
            text("serialized-value"),
            word("replace", "REPLACE").since("3.0.0").optional(),
            word("absttl", "ABSTTL").since("5.0.0").optional(),
            integer("seconds").after("IDLETIME").since("5.0.0").optional(),
            integer("frequency").after("FREQ").since("5.0.0").optional(),
        ],
        run: dump::restore,
        ..WRITING
    },
    Command {
        name: "scan",
        summary: "Walks over the keys in steps. Reads only keys that begin as the pattern does.",
        history: &[("6.0.0", "Option TYPE.")],
        since: "2.8.0",
        complexity: "O(1) for a step; O(N) for a whole walk, N being the number of keys that begin with the pattern's literal beginning",
        arity: -2,
        flags: READ,
        tips: &["nondeterministic_output", "request_policy:special"],
        arguments: &[
            integer("cursor"),
            pattern("pattern").after("MATCH").optional(),
            integer("count").after("COUNT").optional(),
            text("type").after("TYPE").since("6.0.0").optional(),
        ],
        run: scan::scan,
        ..READING
    },
    Command {
        name: "sort",
        summary: "Sorts the elements of a list, set or sorted set, and answers or stores them, or what other keys hold for them.",
        complexity: SORTING,
        arity: -2,
        flags: WRITE.or(Flags::DENYOOM).or(Flags::MOVABLE_KEYS),
        keys: &[
            KeySpec::first(&["RO", "access"]),
            KeySpec::unknown(&["RO", "access"]),
            KeySpec::unknown(&["OW", "update"]),
        ],
        other_keys: Some(sort::other_keys),
        arguments: &[
            key("key", 0),
            SORT_BY,
            SORT_LIMIT,
            SORT_GET,
            SORT_ORDER,
            SORT_ALPHA,
            key("destination", 2).after("STORE").optional(),
        ],
        run: sort::sort,
        path: Path::Write,
        ..SORTABLE
    },
    Command {
        name: "sort_ro",
        summary: "Sorts the elements of a list, set or sorted set, and answers them or what other keys hold for them.",
        since: "7.0.0",
        complexity: SORTING,
        arity: -2,
        flags: READ.or(Flags::MOVABLE_KEYS),
        keys: &[KeySpec::first(&["RO", "access"]), KeySpec::unknown(&["RO", "access"])],
        arguments: &[key("key", 0), SORT_BY, SORT_LIMIT, SORT_GET, SORT_ORDER, SORT_ALPHA],
        run: sort::sort_ro,
        ..SORTABLE
    },
    Command {
        name: "touch",
        summary: "Counts how many of the keys exist. Access times are not kept here, so none changes.",
        since: "3.2.1",
        complexity: PER_KEY,
        arity: -2,
        flags: READ_FAST,
        keys: &[KeySpec::range(&["RO"], 1, -1, 1)],
        tips: SUM_OVER_SHARDS,
        arguments: KEYS,
        run: existence::exists,
        ..READING
    },
    Command {
        history: MISSING_TOLD_APART,
        tips: &["nondeterministic_output"],
        ..ask_expiry("ttl", "Answers in how many seconds a key expires.", "1.0.0", expiry::ttl)
    },
    Command {
        name: "type",
        summary: "Answers the type of a key's value.",
        arity: 2,
        flags: READ_FAST,
        keys: &[KeySpec::first(&["RO"])],
        arguments: KEY,
        run: existence::r#type,
        ..READING
    },
    Command {
        name: "unlink",
        summary: "Removes keys, as DEL does.",
        since: "4.0.0",
        complexity: PER_KEY,
        arity: -2,
        flags: WRITE_FAST,
        keys: &[KeySpec::range(&["RM", "delete"], 1, -1, 1)],
        tips: SUM_OVER_SHARDS,
        arguments: KEYS,
        run: existence::del,
        ..WRITING
    },
];
