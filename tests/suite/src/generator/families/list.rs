//! Lists, and SORT.

use crate::generator::Part::*;
use crate::generator::{Part, Row};

const ELEMENTS: Part = Repeat(1, 5, &[Member]);
const SIDE: Part =
    OneOf(&[&[Word("LEFT")], &[Word("RIGHT")], &[Word("LEFT")], &[Word("RIGHT")], &[Word("UP")]]);
const SORTING: Part = Shuffled(&[
    &[Word("BY"), OneOf(&[&[Word("key:*")], &[Word("*")], &[Word("a*->a")], &[Word("*->field:1")]])],
    &[Word("LIMIT"), Place, Place],
    &[Word("GET"), OneOf(&[&[Word("#")], &[Word("key:*")], &[Word("*->a")], &[Word("c")]])],
    &[Word("GET"), Word("#")],
    &[Word("ASC")],
    &[Word("DESC")],
    &[Word("ALPHA")],
    &[Word("ALPHA")],
]);

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
    Row::several(6, &[&[Word("SORT"), Key, SORTING], &[Word("DEL"), SameKey]]),
    Row::several(3, &[&[Word("SORT_RO"), Key, SORTING], &[Word("DEL"), SameKey]]),
    Row::several(4, &[&[Word("SORT"), Key, SORTING, Word("STORE"), Key], &[Word("DEL"), SameKey]]),
    Row::several(
        2,
        &[
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
