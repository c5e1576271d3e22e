//! Lists, and SORT.

use crate::generator::Part::*;
use crate::generator::{Part, Row};

const ELEMENTS: Part = Repeat(1, 5, &[Member]);
const SIDE: Part =
    OneOf(&[&[Word("LEFT")], &[Word("RIGHT")], &[Word("LEFT")], &[Word("RIGHT")], &[Word("UP")]]);
const GET: &[Part] =
    &[Word("GET"), OneOf(&[&[Word("#")], &[Word("key:*")], &[Word("*->a")], &[Word("c")], &[Word("#")]])];
const BY: &[Part] =
    &[Word("BY"), OneOf(&[&[Word("key:*")], &[Word("*")], &[Word("a*->a")], &[Word("*->field:1")]])];
const LIMIT: &[Part] = &[Word("LIMIT"), Place, Place];
/// Of BY and ALPHA together, Redis leaves elements that are alike in the order of its hash table.
const SORTING: Part = OneOf(&[
    &[Shuffled(&[BY, LIMIT, GET, GET, &[Word("ASC")], &[Word("DESC")]])],
    &[Shuffled(&[&[Word("ALPHA")], &[Word("ALPHA")], LIMIT, GET, GET, &[Word("ASC")], &[Word("DESC")]])],
]);
/// Redis takes a number for too large if an earlier one was; after this it has mostly forgotten that, also in a transaction.
/// Where it has not, the comparison asks it again (see `differential/sorting.rs`).
const FORGET: &[Part] = &[Word("INCRBYFLOAT"), Word("counter"), Word("1")];

pub(super) static TABLE: &[Row] = &[
    Row::one(12, &[&[Word("RPUSH"), Key, ELEMENTS]]),
    Row::one(12, &[&[Word("LPUSH"), Key, ELEMENTS]]),
    Row::one(4, &[&[OneOf(&[&[Word("RPUSH")], &[Word("LPUSH")]]), Key, Value]]),
    Row::one(3, &[&[Word("RPUSHX"), Key, ELEMENTS]]),
    Row::one(3, &[&[Word("LPUSHX"), Key, ELEMENTS]]),
    Row::one(5, &[&[Word("LPOP"), Key, Optional(&[Place])]]),
    Row::one(5, &[&[Word("RPOP"), Key, Optional(&[Place])]]),
    Row::one(4, &[&[Word("LLEN"), Key]]),
    Row::one(5, &[&[Word("LINDEX"), Key, Place]]),
    Row::one(6, &[&[Word("LRANGE"), Key, Place, Place]]),
    Row::one(5, &[&[Word("LSET"), Key, Place, Member]]),
    Row::one(2, &[&[Word("LSET"), Key, Place, Value]]),
    Row::one(
        7,
        &[&[
            Word("LINSERT"),
            Key,
            OneOf(&[&[Word("BEFORE")], &[Word("AFTER")], &[Word("AT")]]),
            Member,
            Member,
        ]],
    ),
    Row::one(6, &[&[Word("LREM"), Key, Place, Member]]),
    Row::one(5, &[&[Word("LTRIM"), Key, Place, Place]]),
    Row::one(
        6,
        &[&[
            Word("LPOS"),
            Key,
            Member,
            Shuffled(&[&[Word("RANK"), Place], &[Word("COUNT"), Place], &[Word("MAXLEN"), Place]]),
        ]],
    ),
    Row::one(5, &[&[Word("RPOPLPUSH"), Key, Key]]),
    Row::one(6, &[&[Word("LMOVE"), Key, Key, SIDE, SIDE]]),
    Row::several(2, &[&[Word("LPUSH"), Key, ELEMENTS], &[Word("LMOVE"), SameKey, SameKey, SIDE, SIDE]]),
    Row::one(5, &[&[Word("LMPOP"), CountedKeys, SIDE, Optional(&[Word("COUNT"), Place])]]),
    // Redis unpacks a sorted set when it sorts it; here sorting changes nothing. So the key goes afterwards.
    Row::several(6, &[FORGET, &[Word("SORT"), Key, SORTING], &[Word("DEL"), SameKey]]),
    Row::several(3, &[FORGET, &[Word("SORT_RO"), Key, SORTING], &[Word("DEL"), SameKey]]),
    Row::several(4, &[FORGET, &[Word("SORT"), Key, SORTING, Word("STORE"), Key], &[Word("DEL"), SameKey]]),
    Row::several(
        2,
        &[&[Word("SORT"), Key, Word("ALPHA"), Word("BY"), Word("key:*")], &[Word("DEL"), SameKey]],
    ),
    Row::several(
        2,
        &[
            FORGET,
            &[
                Word("SORT"),
                Key,
                Word("BY"),
                Word("nosort"),
                Shuffled(&[&[Word("DESC")], &[Word("GET"), Word("#")]]),
            ],
            &[Word("DEL"), SameKey],
        ],
    ),
];
