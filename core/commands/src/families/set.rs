//! Sets: distinct members under one key.

mod access;
mod algebra;
mod members;
mod random;

use dredis_data::{Kind, Transaction};

use super::element_scan;
use crate::command::{Argument, BeginSearch, FindKeys, Flags, Group, KeySpec, Path};
use crate::grammar::{integer, key, pattern, text};
use crate::{Arguments, Command, CommandResult, Context, Reply, Run};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = Flags::READONLY.or(Flags::FAST);
const WRITE_FAST: Flags = Flags::WRITE.or(Flags::FAST);
const GROW: Flags = Flags::WRITE.or(Flags::DENYOOM);
const GROW_FAST: Flags = GROW.or(Flags::FAST);

/// What rows of this family begin with.
const READING: Command =
    Command { group: Group::Set, categories: &["set"], path: Path::Read, ..Command::BLANK };
const WRITING: Command = Command { path: Path::Write, ..READING };

const LOOK_AT_KEY: &[KeySpec] = &[KeySpec::first(&["RO"])];
const READ_KEY: &[KeySpec] = &[KeySpec::first(&["RO", "access"])];
const ALL_TO_READ: &[KeySpec] = &[KeySpec::range(&["RO", "access"], 1, -1, 1)];
const OVERWRITE_FROM_OTHERS: &[KeySpec] =
    &[KeySpec::first(&["OW", "update"]), KeySpec::range(&["RO", "access"], 2, -1, 1)];

const KEY: &[Argument] = &[key("key", 0)];
const KEYS: &[Argument] = &[key("key", 0).multiple()];
const KEY_MEMBER: &[Argument] = &[key("key", 0), text("member")];
const KEY_MEMBERS: &[Argument] = &[key("key", 0), text("member").multiple()];
const DESTINATION_KEYS: &[Argument] = &[key("destination", 0), key("key", 1).multiple()];

const ANY_ORDER: &[&str] = &["nondeterministic_output_order"];
const ANY_OUTPUT: &[&str] = &["nondeterministic_output"];

const SEVERAL_MEMBERS: &[(&str, &str)] = &[("2.4.0", "Several members at once.")];
const ALL_MEMBERS: &str = "O(N), N being the number of members in all sets";
const SMALLEST_IN_OTHERS: &str =
    "O(N*M) at worst, N being the number of members in the smallest set and M the number of sets";

/// SDIFF, SINTER and SUNION.
const fn combine(name: &'static str, summary: &'static str, complexity: &'static str, run: Run) -> Command {
    Command {
        name,
        summary,
        complexity,
        arity: -2,
        flags: READ,
        keys: ALL_TO_READ,
        tips: ANY_ORDER,
        arguments: KEYS,
        run,
        ..READING
    }
}

/// The same with a key for the result.
const fn store(name: &'static str, summary: &'static str, complexity: &'static str, run: Run) -> Command {
    Command {
        name,
        summary,
        complexity,
        arity: -3,
        flags: GROW,
        keys: OVERWRITE_FROM_OTHERS,
        arguments: DESTINATION_KEYS,
        run,
        ..WRITING
    }
}

/// The table.
pub static TABLE: &[Command] = &[
    Command {
        name: "sadd",
        summary: "Adds members to a set; an absent key counts as empty.",
        complexity: "O(N), N being the number of members given",
        history: SEVERAL_MEMBERS,
        arity: -3,
        flags: GROW_FAST,
        keys: &[KeySpec::first(&["RW", "insert"])],
        arguments: KEY_MEMBERS,
        run: members::sadd,
        ..WRITING
    },
    Command {
        name: "scard",
        summary: "Answers how many members a set has.",
        arity: 2,
        flags: READ_FAST,
        keys: LOOK_AT_KEY,
        arguments: KEY,
        run: members::scard,
        ..READING
    },
    combine(
        "sdiff",
        "Answers the members of the first set that are in none of the others.",
        ALL_MEMBERS,
        algebra::sdiff,
    ),
    store(
        "sdiffstore",
        "Stores the members of the first set that are in none of the others.",
        ALL_MEMBERS,
        algebra::sdiffstore,
    ),
    combine("sinter", "Answers the members that all sets share.", SMALLEST_IN_OTHERS, algebra::sinter),
    Command {
        name: "sintercard",
        summary: "Answers how many members all sets share.",
        since: "7.0.0",
        complexity: SMALLEST_IN_OTHERS,
        arity: -3,
        flags: READ.or(Flags::MOVABLE_KEYS),
        keys: &[KeySpec {
            flags: &["RO", "access"],
            begin: BeginSearch::Index(1),
            find: FindKeys::Count { count_at: 0, first: 1, step: 1 },
        }],
        arguments: &[
            integer("numkeys"),
            key("key", 0).multiple(),
            integer("limit").after("LIMIT").optional(),
        ],
        run: algebra::sintercard,
        ..READING
    },
    Command {
        // As Redis has it, although the destination is overwritten here too.
        keys: &[KeySpec::first(&["RW", "update"]), KeySpec::range(&["RO", "access"], 2, -1, 1)],
        ..store(
            "sinterstore",
            "Stores the members that all sets share.",
            SMALLEST_IN_OTHERS,
            algebra::sinterstore,
        )
    },
    Command {
        name: "sismember",
        summary: "Answers whether this is a member of a set.",
        arity: 3,
        flags: READ_FAST,
        keys: LOOK_AT_KEY,
        arguments: KEY_MEMBER,
        run: members::sismember,
        ..READING
    },
    Command {
        name: "smembers",
        summary: "Answers all members of a set.",
        complexity: "O(N), N being the number of members",
        arity: 2,
        flags: READ,
        keys: READ_KEY,
        tips: ANY_ORDER,
        arguments: KEY,
        run: members::smembers,
        ..READING
    },
    Command {
        name: "smismember",
        summary: "Answers which of these are members of a set.",
        since: "6.2.0",
        complexity: "O(N), N being the number of members asked for",
        arity: -3,
        flags: READ_FAST,
        keys: READ_KEY,
        arguments: KEY_MEMBERS,
        run: members::smismember,
        ..READING
    },
    Command {
        name: "smove",
        summary: "Moves a member from one set to another.",
        arity: 4,
        flags: WRITE_FAST,
        keys: &[KeySpec::first(&["RW", "access", "delete"]), KeySpec::range(&["RW", "insert"], 2, 0, 1)],
        arguments: &[key("source", 0), key("destination", 1), text("member")],
        run: members::smove,
        ..WRITING
    },
    Command {
        name: "spop",
        summary: "Takes members, picked at random, away from a set and answers them.",
        complexity: "O(log N) for one, N being the number of members; O(N) at most for many",
        history: &[("3.2.0", "Argument `count`.")],
        arity: -2,
        flags: WRITE_FAST,
        keys: &[KeySpec::first(&["RW", "access", "delete"])],
        tips: ANY_OUTPUT,
        arguments: &[key("key", 0), integer("count").since("3.2.0").optional()],
        run: random::spop,
        ..WRITING
    },
    Command {
        name: "srandmember",
        summary: "Answers members of a set, picked at random.",
        complexity: "O(log N) for one, N being the number of members; O(N) at most for many",
        history: &[("2.6.0", "Argument `count`.")],
        arity: -2,
        flags: READ,
        keys: READ_KEY,
        tips: ANY_OUTPUT,
        arguments: &[key("key", 0), integer("count").since("2.6.0").optional()],
        run: random::srandmember,
        ..READING
    },
    Command {
        name: "srem",
        summary: "Takes members away from a set.",
        complexity: "O(N), N being the number of members given",
        history: SEVERAL_MEMBERS,
        arity: -3,
        flags: WRITE_FAST,
        keys: &[KeySpec::first(&["RW", "delete"])],
        arguments: KEY_MEMBERS,
        run: members::srem,
        ..WRITING
    },
    Command {
        name: "sscan",
        summary: "Answers a part of a set's members, and where to go on.",
        since: "2.8.0",
        complexity: "O(N), N being the number of members looked at",
        arity: -3,
        flags: READ,
        keys: READ_KEY,
        tips: ANY_OUTPUT,
        arguments: &[
            key("key", 0),
            integer("cursor"),
            pattern("pattern").after("MATCH").optional(),
            integer("count").after("COUNT").optional(),
        ],
        run: sscan,
        ..READING
    },
    combine("sunion", "Answers the members of all sets together.", ALL_MEMBERS, algebra::sunion),
    store("sunionstore", "Stores the members of all sets together.", ALL_MEMBERS, algebra::sunionstore),
];

/// `SSCAN key cursor [MATCH pattern] [COUNT count]`.
fn sscan(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    element_scan::answer(context, arguments, Kind::Set, Transaction::set_page, |element, found| {
        found.push(Reply::Bulk(element.name));
    })
}
