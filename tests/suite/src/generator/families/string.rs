//! Strings.

use crate::generator::Part::*;
use crate::generator::{Part, Row};

/// Options of SET. Times past leave a key that has expired but still counts; a row of its own has them.
const SET_OPTIONS: &[&[Part]] = &[
    &[Word("NX")],
    &[Word("XX")],
    &[Word("GET")],
    &[Word("KEEPTTL")],
    &[Word("EX"), FutureSeconds],
    &[Word("PX"), FutureMilliseconds],
    &[Word("EXAT"), FutureUnixSeconds],
    &[Word("PXAT"), FutureUnixMilliseconds],
];

const GETEX_OPTIONS: &[&[Part]] = &[
    &[Word("PERSIST")],
    &[Word("EX"), Seconds],
    &[Word("PX"), Milliseconds],
    &[Word("EXAT"), UnixSeconds],
    &[Word("PXAT"), UnixMilliseconds],
];

/// What may be done to a key that has expired.
const ON_EXPIRED: &[&[Part]] = &[
    &[Word("GET"), SameKey],
    &[Word("STRLEN"), SameKey],
    &[Word("EXISTS"), SameKey],
    &[Word("TYPE"), SameKey],
    &[Word("TTL"), SameKey],
    &[Word("PEXPIRETIME"), SameKey],
    &[Word("APPEND"), SameKey, Value],
    &[Word("INCR"), SameKey],
    &[Word("SET"), SameKey, Value, Word("NX")],
    &[Word("SET"), SameKey, Value, Word("XX"), Word("GET")],
    &[Word("SET"), SameKey, Value, Word("KEEPTTL")],
    &[Word("SETRANGE"), SameKey, Offset, Value],
    &[Word("PERSIST"), SameKey],
    &[Word("EXPIRE"), SameKey, Seconds],
    &[Word("GETDEL"), SameKey],
    &[Word("RENAME"), SameKey, Key],
    &[Word("RENAME"), Key, SameKey],
    &[Word("COPY"), SameKey, Key],
    &[Word("COPY"), Key, SameKey],
    &[Word("OBJECT"), Word("ENCODING"), SameKey],
];

pub(super) static TABLE: &[Row] = &[
    Row::one(30, &[&[Word("SET"), Key, Value, Shuffled(SET_OPTIONS)]]),
    Row::one(20, &[&[Word("GET"), Key]]),
    Row::one(6, &[&[Word("GETSET"), Key, Value]]),
    Row::one(6, &[&[Word("GETDEL"), Key]]),
    Row::one(10, &[&[Word("GETEX"), Key, Shuffled(GETEX_OPTIONS)]]),
    Row::one(6, &[&[Word("SETNX"), Key, Value]]),
    Row::one(4, &[&[Word("SETEX"), Key, FutureSeconds, Value]]),
    Row::one(4, &[&[Word("PSETEX"), Key, FutureMilliseconds, Value]]),
    Row::one(1, &[&[Word("SETEX"), Key, OneOf(&[&[Word("0")], &[Word("-1")]]), Value]]),
    Row::one(1, &[&[Word("SET"), Key, Value, Word("PX"), OneOf(&[&[Word("0")], &[Word("-5")]])]]),
    Row::one(12, &[&[Word("APPEND"), Key, Value]]),
    Row::one(6, &[&[Word("STRLEN"), Key]]),
    Row::one(12, &[&[Word("SETRANGE"), Key, Offset, Value]]),
    Row::one(12, &[&[Word("GETRANGE"), Key, Index, Index]]),
    Row::one(3, &[&[Word("SUBSTR"), Key, Index, Index]]),
    Row::one(8, &[&[Word("INCR"), Key]]),
    Row::one(8, &[&[Word("DECR"), Key]]),
    Row::one(10, &[&[Word("INCRBY"), Key, Integer]]),
    Row::one(10, &[&[Word("DECRBY"), Key, Integer]]),
    Row::one(12, &[&[Word("INCRBYFLOAT"), Key, Float]]),
    Row::one(8, &[&[Word("MGET"), Repeat(1, 5, &[Key])]]),
    Row::one(8, &[&[Word("MSET"), Repeat(1, 4, &[Key, Value])]]),
    Row::one(6, &[&[Word("MSETNX"), Repeat(1, 4, &[Key, Value])]]),
    Row::several(
        6,
        &[
            &[Word("SET"), Key, Value, Word("PXAT"), PastUnixMilliseconds],
            &[OneOf(ON_EXPIRED)],
            &[Word("DEL"), SameKey],
        ],
    ),
    // Texts of its own, short, because the work grows with the product of their lengths.
    Row::several(
        4,
        &[
            &[Word("MSET"), Word("LCS:1"), ShortValue, Word("LCS:2"), ShortValue],
            &[
                Word("LCS"),
                OneOf(&[&[Word("LCS:1")], &[Word("lcs:none")]]),
                Word("LCS:2"),
                Shuffled(&[
                    &[Word("LEN")],
                    &[Word("IDX")],
                    &[Word("WITHMATCHLEN")],
                    &[Word("MINMATCHLEN"), Count],
                ]),
            ],
        ],
    ),
];
