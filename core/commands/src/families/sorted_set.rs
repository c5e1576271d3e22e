//! Sorted sets: members in the order of their scores under one key.
//!
//! Ranks and ranges are found without walking from an end, however large the sorted set is.

mod access;
mod algebra;
pub(super) mod number;
mod pop;
mod random;
mod range;
mod read;
mod rows;
mod write;

use crate::Command;
use crate::command::{Argument, BeginSearch, FindKeys, Flags, Group, KeySpec, Path};
use crate::grammar::{block, double, integer, key, one_of, pattern, text, word};

use rows::{combine, old_range, pop, rank, remove, store};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = Flags::READONLY.or(Flags::FAST);
const READ_MANY: Flags = Flags::READONLY.or(Flags::MOVABLE_KEYS);
const WRITE: Flags = Flags::WRITE;
const WRITE_FAST: Flags = Flags::WRITE.or(Flags::FAST);
const GROW: Flags = Flags::WRITE.or(Flags::DENYOOM);
const GROW_FAST: Flags = GROW.or(Flags::FAST);
const STORE_MANY: Flags = GROW.or(Flags::MOVABLE_KEYS);

/// What rows of this family begin with.
const READING: Command =
    Command { group: Group::SortedSet, categories: &["sortedset"], path: Path::Read, ..Command::BLANK };
const WRITING: Command = Command { path: Path::Write, ..READING };

const READ_KEY: &[KeySpec] = &[KeySpec::first(&["RO", "access"])];
const POP_KEY: &[KeySpec] = &[KeySpec::first(&["RW", "access", "delete"])];
const REMOVE_KEY: &[KeySpec] = &[KeySpec::first(&["RW", "delete"])];
const READ_KEYS: &[KeySpec] = &[counted(&["RO", "access"], 1)];
const STORE_KEYS: &[KeySpec] = &[KeySpec::first(&["OW", "update"]), counted(&["RO", "access"], 2)];

/// Keys behind their number.
const fn counted(flags: &'static [&'static str], begin: i32) -> KeySpec {
    let find = FindKeys::Count { count_at: 0, first: 1, step: 1 };
    KeySpec { flags, begin: BeginSearch::Index(begin), find }
}

const KEY: &[Argument] = &[key("key", 0)];
const KEY_MEMBER: &[Argument] = &[key("key", 0), text("member")];
const KEY_MEMBERS: &[Argument] = &[key("key", 0), text("member").multiple()];
const KEY_COUNT: &[Argument] = &[key("key", 0), integer("count").optional()];
const KEY_RANKS: &[Argument] = &[key("key", 0), integer("start"), integer("stop")];
const KEY_SCORES: &[Argument] = &[key("key", 0), double("min"), double("max")];
const KEY_TEXTS: &[Argument] = &[key("key", 0), text("min"), text("max")];
const LIMIT: Argument =
    block("offset_count", &[integer("offset"), integer("count")]).after("LIMIT").optional();
const SORT_BY: Argument = one_of("sortby", &[word("byscore", "BYSCORE"), word("bylex", "BYLEX")]).optional();
const REV: Argument = word("rev", "REV").optional();
const WITH_SCORES: Argument = word("withscores", "WITHSCORES").optional();
const WEIGHTS: Argument = integer("weight").after("WEIGHTS").optional().multiple();
const AGGREGATE: Argument =
    one_of("aggregate", &[word("sum", "SUM"), word("min", "MIN"), word("max", "MAX")])
        .after("AGGREGATE")
        .optional();

const LOG: &str = "O(log(N)), N being the number of members";
const LOG_AND_ANSWER: &str = "O(log(N)+M), N being the number of members and M that of those answered";
const LOG_AND_REMOVED: &str = "O(M*log(N)), N being the number of members and M that of those removed";
const EACH_LOG: &str = "O(log(N)) for each member named, N being the number of members";
const UNION: &str = "O(N+M*log(M)), N being the number of members in all keys and M that in the result";
const INTERSECTION: &str = "O(N*K+M*log(M)), N being the size of the smallest key, K the number of keys and M the \
                            size of the result";
const DIFFERENCE: &str = "O(L+M*log(M)), L being the number of members in all keys and M that in the result";

/// The table.
pub static TABLE: &[Command] = &[
    Command {
        name: "zadd",
        summary: "Adds members with their scores, or changes the scores of those that are there.",
        since: "1.2.0",
        complexity: EACH_LOG,
        history: &[
            ("2.4.0", "Several members at once."),
            ("3.0.2", "Options XX, NX, CH and INCR."),
            ("6.2.0", "Options GT and LT."),
        ],
        arity: -4,
        flags: GROW_FAST,
        keys: &[KeySpec::first(&["RW", "update"])],
        arguments: &[
            key("key", 0),
            one_of("condition", &[word("nx", "NX"), word("xx", "XX")]).since("3.0.2").optional(),
            one_of("comparison", &[word("gt", "GT"), word("lt", "LT")]).since("6.2.0").optional(),
            word("change", "CH").since("3.0.2").optional(),
            word("increment", "INCR").since("3.0.2").optional(),
            block("score_member", &[double("score"), text("member")]).multiple(),
        ],
        run: write::zadd,
        ..WRITING
    },
    Command {
        name: "zcard",
        summary: "Answers how many members there are.",
        since: "1.2.0",
        arity: 2,
        flags: READ_FAST,
        keys: &[KeySpec::first(&["RO"])],
        arguments: KEY,
        run: read::zcard,
        ..READING
    },
    Command {
        name: "zcount",
        summary: "Answers how many members have scores within a range.",
        since: "2.0.0",
        complexity: LOG,
        arity: 4,
        flags: READ_FAST,
        keys: READ_KEY,
        arguments: KEY_SCORES,
        run: read::zcount,
        ..READING
    },
    combine(
        "zdiff",
        "Answers the members of the first key that stand in none of the others.",
        DIFFERENCE,
        &[integer("numkeys"), key("key", 0).multiple(), WITH_SCORES],
        algebra::zdiff,
    ),
    store(
        "zdiffstore",
        "Stores the members of the first key that stand in none of the others.",
        "6.2.0",
        DIFFERENCE,
        &[key("destination", 0), integer("numkeys"), key("key", 1).multiple()],
        algebra::zdiffstore,
    ),
    Command {
        name: "zincrby",
        summary: "Adds a number to a member's score; an absent member counts as one of score 0.",
        since: "1.2.0",
        complexity: LOG,
        arity: 4,
        flags: GROW_FAST,
        keys: &[KeySpec::first(&["RW", "access", "update"])],
        arguments: &[key("key", 0), integer("increment"), text("member")],
        run: write::zincrby,
        ..WRITING
    },
    combine(
        "zinter",
        "Answers the members that stand in all keys.",
        INTERSECTION,
        &[integer("numkeys"), key("key", 0).multiple(), WEIGHTS, AGGREGATE, WITH_SCORES],
        algebra::zinter,
    ),
    Command {
        since: "7.0.0",
        ..combine(
            "zintercard",
            "Answers how many members stand in all keys.",
            "O(N*K), N being the size of the smallest key and K the number of keys",
            &[integer("numkeys"), key("key", 0).multiple(), integer("limit").after("LIMIT").optional()],
            algebra::zintercard,
        )
    },
    store(
        "zinterstore",
        "Stores the members that stand in all keys.",
        "2.0.0",
        INTERSECTION,
        &[key("destination", 0), integer("numkeys"), key("key", 1).multiple(), WEIGHTS, AGGREGATE],
        algebra::zinterstore,
    ),
    Command {
        name: "zlexcount",
        summary: "Answers how many members lie within a range of members, if all have the same score.",
        since: "2.8.9",
        complexity: LOG,
        arity: 4,
        flags: READ_FAST,
        keys: READ_KEY,
        arguments: KEY_TEXTS,
        run: read::zlexcount,
        ..READING
    },
    Command {
        name: "zmpop",
        summary: "Removes the first or last members of the first key that has any, and answers them.",
        since: "7.0.0",
        complexity: "O(K+M*log(N)), K being the number of keys, N that of members and M that of those removed",
        arity: -4,
        flags: Flags::WRITE.or(Flags::MOVABLE_KEYS),
        keys: &[counted(&["RW", "access", "delete"], 1)],
        arguments: &[
            integer("numkeys"),
            key("key", 0).multiple(),
            one_of("where", &[word("min", "MIN"), word("max", "MAX")]),
            integer("count").after("COUNT").optional(),
        ],
        run: pop::zmpop,
        ..WRITING
    },
    Command {
        name: "zmscore",
        summary: "Answers the scores of several members.",
        since: "6.2.0",
        complexity: "O(N), N being the number of members asked for",
        arity: -3,
        flags: READ_FAST,
        keys: READ_KEY,
        arguments: KEY_MEMBERS,
        run: read::zmscore,
        ..READING
    },
    pop("zpopmax", "Removes the members with the highest scores and answers them.", pop::zpopmax),
    pop("zpopmin", "Removes the members with the lowest scores and answers them.", pop::zpopmin),
    Command {
        name: "zrandmember",
        summary: "Answers members picked at random.",
        since: "6.2.0",
        complexity: "O(N), N being the number of members answered",
        arity: -2,
        flags: READ,
        keys: READ_KEY,
        tips: &["nondeterministic_output"],
        arguments: &[key("key", 0), block("options", &[integer("count"), WITH_SCORES]).optional()],
        run: random::zrandmember,
        ..READING
    },
    Command {
        name: "zrange",
        summary: "Answers a range of members by rank, score or member.",
        since: "1.2.0",
        complexity: LOG_AND_ANSWER,
        history: &[("6.2.0", "Options REV, BYSCORE, BYLEX and LIMIT.")],
        arity: -4,
        flags: READ,
        keys: READ_KEY,
        arguments: &[
            key("key", 0),
            text("start"),
            text("stop"),
            SORT_BY.since("6.2.0"),
            REV.since("6.2.0"),
            LIMIT.since("6.2.0"),
            WITH_SCORES,
        ],
        run: range::zrange,
        ..READING
    },
    Command {
        arguments: &[key("key", 0), text("min"), text("max"), LIMIT],
        ..old_range(
            "zrangebylex",
            "Answers a range of members, if all have the same score.",
            "2.8.9",
            "`ZRANGE` with the `BYLEX` argument",
            range::zrangebylex,
        )
    },
    Command {
        history: &[("2.0.0", "Option WITHSCORES.")],
        arguments: &[key("key", 0), double("min"), double("max"), WITH_SCORES.since("2.0.0"), LIMIT],
        ..old_range(
            "zrangebyscore",
            "Answers the members with scores within a range.",
            "1.0.5",
            "`ZRANGE` with the `BYSCORE` argument",
            range::zrangebyscore,
        )
    },
    Command {
        name: "zrangestore",
        summary: "Stores a range of members under another key.",
        since: "6.2.0",
        complexity: "O(log(N)+M*log(M)), N being the number of members and M that of those stored",
        arity: -5,
        flags: GROW,
        keys: &[KeySpec::first(&["OW", "update"]), KeySpec::range(&["RO", "access"], 2, 0, 1)],
        arguments: &[key("dst", 0), key("src", 1), text("min"), text("max"), SORT_BY, REV, LIMIT],
        run: range::zrangestore,
        ..WRITING
    },
    rank("zrank", "Answers how many members stand before a member.", read::zrank),
    Command {
        name: "zrem",
        summary: "Removes members; a sorted set without members is gone.",
        since: "1.2.0",
        complexity: LOG_AND_REMOVED,
        history: &[("2.4.0", "Several members at once.")],
        arity: -3,
        flags: WRITE_FAST,
        keys: REMOVE_KEY,
        arguments: KEY_MEMBERS,
        run: write::zrem,
        ..WRITING
    },
    remove(
        "zremrangebylex",
        "Removes the members within a range of members, if all have the same score.",
        "2.8.9",
        KEY_TEXTS,
        range::zremrangebylex,
    ),
    remove(
        "zremrangebyrank",
        "Removes the members within a range of ranks.",
        "2.0.0",
        KEY_RANKS,
        range::zremrangebyrank,
    ),
    remove(
        "zremrangebyscore",
        "Removes the members with scores within a range.",
        "1.2.0",
        KEY_SCORES,
        range::zremrangebyscore,
    ),
    Command {
        arguments: &[key("key", 0), integer("start"), integer("stop"), WITH_SCORES],
        ..old_range(
            "zrevrange",
            "Answers a range of members by rank, the highest score first.",
            "1.2.0",
            "`ZRANGE` with the `REV` argument",
            range::zrevrange,
        )
    },
    Command {
        arguments: &[key("key", 0), text("max"), text("min"), LIMIT],
        ..old_range(
            "zrevrangebylex",
            "Answers a range of members backwards, if all have the same score.",
            "2.8.9",
            "`ZRANGE` with the `REV` and `BYLEX` arguments",
            range::zrevrangebylex,
        )
    },
    Command {
        history: &[("2.1.6", "Ends that do not belong to the range.")],
        arguments: &[key("key", 0), double("max"), double("min"), WITH_SCORES, LIMIT],
        ..old_range(
            "zrevrangebyscore",
            "Answers the members with scores within a range, the highest first.",
            "2.2.0",
            "`ZRANGE` with the `REV` and `BYSCORE` arguments",
            range::zrevrangebyscore,
        )
    },
    rank("zrevrank", "Answers how many members stand behind a member.", read::zrevrank),
    Command {
        name: "zscan",
        summary: "Walks over members and scores, some at a time.",
        since: "2.8.0",
        complexity: "O(1) for a step, O(N) for a whole walk, N being the number of members",
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
        run: read::zscan,
        ..READING
    },
    Command {
        name: "zscore",
        summary: "Answers a member's score.",
        since: "1.2.0",
        arity: 3,
        flags: READ_FAST,
        keys: READ_KEY,
        arguments: KEY_MEMBER,
        run: read::zscore,
        ..READING
    },
    combine(
        "zunion",
        "Answers the members that stand in any key.",
        UNION,
        &[integer("numkeys"), key("key", 0).multiple(), WEIGHTS, AGGREGATE, WITH_SCORES],
        algebra::zunion,
    ),
    store(
        "zunionstore",
        "Stores the members that stand in any key.",
        "2.0.0",
        UNION,
        &[key("destination", 0), integer("numkeys"), key("key", 1).multiple(), WEIGHTS, AGGREGATE],
        algebra::zunionstore,
    ),
];
