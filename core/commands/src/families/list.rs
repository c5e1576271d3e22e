//! Lists: elements in the order in which they were put, reached from either end or by place.
//!
//! What is done at an end costs the same for lists of any size, and an index is found in logarithmic time wherever it
//! lies.

mod access;
mod change;
mod moving;
mod pop;
mod push;
mod read;
mod search;

use crate::command::{Argument, BeginSearch, Deprecated, FindKeys, Flags, Group, KeySpec, Path};
use crate::grammar::{integer, key, one_of, text, word};
use crate::{Command, Run};

const READ: Flags = Flags::READONLY;
const WRITE: Flags = Flags::WRITE;
const WRITE_FAST: Flags = Flags::WRITE.or(Flags::FAST);
const GROW: Flags = Flags::WRITE.or(Flags::DENYOOM);
const GROW_FAST: Flags = GROW.or(Flags::FAST);

/// What rows of this family begin with.
const READING: Command =
    Command { group: Group::List, categories: &["list"], path: Path::Read, ..Command::BLANK };
const WRITING: Command = Command { path: Path::Write, ..READING };

const READ_KEY: &[KeySpec] = &[KeySpec::first(&["RO", "access"])];
const GROWING_KEY: &[KeySpec] = &[KeySpec::first(&["RW", "insert"])];
const SHRINKING_KEY: &[KeySpec] = &[KeySpec::first(&["RW", "delete"])];
const POPPED: &[&str] = &["RW", "access", "delete"];
const POPPED_KEY: &[KeySpec] = &[KeySpec::first(POPPED)];
/// From a key to another.
const FROM_AND_TO: &[KeySpec] = &[KeySpec::first(POPPED), KeySpec::range(&["RW", "insert"], 2, 0, 1)];
/// A count of keys, and so many keys.
const COUNTED_KEYS: &[KeySpec] = &[KeySpec {
    flags: POPPED,
    begin: BeginSearch::Index(1),
    find: FindKeys::Count { count_at: 0, first: 1, step: 1 },
}];

/// The two ends of a list.
const ENDS: &[Argument] = &[word("left", "LEFT"), word("right", "RIGHT")];
const KEY: Argument = key("key", 0);
const KEY_ELEMENTS: &[Argument] = &[KEY, text("element").multiple()];
const KEY_COUNT: &[Argument] = &[KEY, integer("count").since("6.2.0").optional()];
const PER_ELEMENT: &str = "O(N), N being the number of elements that are pushed";

/// LPUSH and its kin.
const fn push(
    name: &'static str,
    summary: &'static str,
    since: &'static str,
    history: &'static [(&'static str, &'static str)],
    run: Run,
) -> Command {
    Command {
        name,
        summary,
        since,
        complexity: PER_ELEMENT,
        history,
        arity: -3,
        flags: GROW_FAST,
        keys: GROWING_KEY,
        arguments: KEY_ELEMENTS,
        run,
        ..WRITING
    }
}

/// LPOP and RPOP.
const fn pop(name: &'static str, summary: &'static str, run: Run) -> Command {
    Command {
        name,
        summary,
        complexity: "O(N), N being the number of elements that are answered",
        history: &[("6.2.0", "Argument `count`.")],
        arity: -2,
        flags: WRITE_FAST,
        keys: POPPED_KEY,
        arguments: KEY_COUNT,
        run,
        ..WRITING
    }
}

/// The table.
pub static TABLE: &[Command] = &[
    Command {
        name: "lindex",
        summary: "Answers the element at an index of a list.",
        complexity: "O(log(N)), N being the number of elements",
        arity: 3,
        flags: READ,
        keys: READ_KEY,
        arguments: &[KEY, integer("index")],
        run: read::lindex,
        ..READING
    },
    Command {
        name: "linsert",
        summary: "Puts an element into a list, beside the first one that is equal to a pivot.",
        since: "2.2.0",
        complexity: "O(N), N being the number of elements up to the pivot",
        arity: 5,
        flags: GROW,
        keys: GROWING_KEY,
        arguments: &[
            KEY,
            one_of("where", &[word("before", "BEFORE"), word("after", "AFTER")]),
            text("pivot"),
            text("element"),
        ],
        run: change::linsert,
        ..WRITING
    },
    Command {
        name: "llen",
        summary: "Answers how many elements a list has.",
        arity: 2,
        flags: Flags::READONLY.or(Flags::FAST),
        keys: &[KeySpec::first(&["RO"])],
        arguments: &[KEY],
        run: read::llen,
        ..READING
    },
    Command {
        name: "lmove",
        summary: "Takes an element off an end of a list and puts it at an end of another one, or of the same.",
        since: "6.2.0",
        arity: 5,
        flags: GROW,
        keys: FROM_AND_TO,
        arguments: &[
            key("source", 0),
            key("destination", 1),
            one_of("wherefrom", ENDS),
            one_of("whereto", ENDS),
        ],
        run: moving::lmove,
        ..WRITING
    },
    Command {
        name: "lmpop",
        summary: "Takes elements off an end of the first list among several keys that has any.",
        since: "7.0.0",
        complexity: "O(N+M), N being the number of keys and M the number of elements that are answered",
        arity: -4,
        flags: WRITE.or(Flags::MOVABLE_KEYS),
        keys: COUNTED_KEYS,
        arguments: &[
            integer("numkeys"),
            KEY.multiple(),
            one_of("where", ENDS),
            integer("count").after("COUNT").optional(),
        ],
        run: pop::lmpop,
        ..WRITING
    },
    pop("lpop", "Takes elements off the left end of a list.", pop::lpop),
    Command {
        name: "lpos",
        summary: "Answers the indexes at which an element stands in a list.",
        since: "6.0.6",
        complexity: "O(N), N being the number of elements that are looked at",
        arity: -3,
        flags: READ,
        keys: READ_KEY,
        arguments: &[
            KEY,
            text("element"),
            integer("rank").after("RANK").optional(),
            integer("num-matches").after("COUNT").optional(),
            integer("len").after("MAXLEN").optional(),
        ],
        run: search::lpos,
        ..READING
    },
    push(
        "lpush",
        "Puts elements at the left end of a list, or makes a list of them.",
        "1.0.0",
        &[("2.4.0", "Several elements at once.")],
        push::lpush,
    ),
    push(
        "lpushx",
        "Puts elements at the left end of a list, provided that there is one.",
        "2.2.0",
        &[("4.0.0", "Several elements at once.")],
        push::lpushx,
    ),
    Command {
        name: "lrange",
        summary: "Answers a part of a list, its ends given by index.",
        complexity: "O(log(N)+M), N being the number of elements and M the number of those that are answered",
        arity: 4,
        flags: READ,
        keys: READ_KEY,
        arguments: &[KEY, integer("start"), integer("stop")],
        run: read::lrange,
        ..READING
    },
    Command {
        name: "lrem",
        summary: "Removes elements by their value from a list.",
        complexity: "O(N), N being the number of elements that are looked at",
        arity: 4,
        flags: WRITE,
        keys: SHRINKING_KEY,
        arguments: &[KEY, integer("count"), text("element")],
        run: change::lrem,
        ..WRITING
    },
    Command {
        name: "lset",
        summary: "Replaces the element at an index of a list.",
        complexity: "O(log(N)), N being the number of elements",
        arity: 4,
        flags: GROW,
        keys: &[KeySpec::first(&["RW", "update"])],
        arguments: &[KEY, integer("index"), text("element")],
        run: change::lset,
        ..WRITING
    },
    Command {
        name: "ltrim",
        summary: "Removes all but a part of a list, its ends given by index.",
        complexity: "O(N), N being the number of elements that go or the number of those that stay, whichever is less",
        arity: 4,
        flags: WRITE,
        keys: SHRINKING_KEY,
        arguments: &[KEY, integer("start"), integer("stop")],
        run: change::ltrim,
        ..WRITING
    },
    pop("rpop", "Takes elements off the right end of a list.", pop::rpop),
    Command {
        name: "rpoplpush",
        summary: "Takes the last element off a list and puts it at the left end of another one, or of the same.",
        since: "1.2.0",
        deprecated: Some(Deprecated {
            since: "6.2.0",
            replaced_by: "`LMOVE` with the `RIGHT` and `LEFT` arguments",
        }),
        arity: 3,
        flags: GROW,
        keys: FROM_AND_TO,
        arguments: &[key("source", 0), key("destination", 1)],
        run: moving::rpoplpush,
        ..WRITING
    },
    push(
        "rpush",
        "Puts elements at the right end of a list, or makes a list of them.",
        "1.0.0",
        &[("2.4.0", "Several elements at once.")],
        push::rpush,
    ),
    push(
        "rpushx",
        "Puts elements at the right end of a list, provided that there is one.",
        "2.2.0",
        &[("4.0.0", "Several elements at once.")],
        push::rpushx,
    ),
];
