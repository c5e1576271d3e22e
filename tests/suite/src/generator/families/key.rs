//! Keys of any type.

use crate::generator::Part::*;
use crate::generator::{Part, Row};

const CONDITIONS: &[&[Part]] = &[&[Word("NX")], &[Word("XX")], &[Word("GT")], &[Word("LT")]];

/// How long a restored key lives. Even without ABSTTL, or with it, a time is far away in the future or in the past.
const LIFETIME: Part = OneOf(&[&[Word("0")], &[Word("0")], &[FutureMilliseconds], &[FutureUnixMilliseconds]]);
const RESTORE_OPTIONS: Part = Shuffled(&[
    &[Word("REPLACE")],
    &[Word("ABSTTL")],
    &[Word("IDLETIME"), Integer],
    &[Word("FREQ"), OneOf(&[&[Word("0")], &[Word("255")], &[Integer]])],
]);

pub(super) static TABLE: &[Row] = &[
    Row::one(8, &[&[Word("DEL"), Repeat(1, 4, &[Key])]]),
    Row::one(4, &[&[Word("UNLINK"), Repeat(1, 4, &[Key])]]),
    Row::one(6, &[&[Word("EXISTS"), Repeat(1, 4, &[Key])]]),
    Row::one(3, &[&[Word("TOUCH"), Repeat(1, 4, &[Key])]]),
    Row::one(4, &[&[Word("TYPE"), Key]]),
    Row::one(6, &[&[Word("TTL"), Key]]),
    Row::one(6, &[&[Word("PTTL"), Key]]),
    Row::one(4, &[&[Word("EXPIRETIME"), Key]]),
    Row::one(4, &[&[Word("PEXPIRETIME"), Key]]),
    Row::one(6, &[&[Word("PERSIST"), Key]]),
    Row::one(8, &[&[Word("EXPIRE"), Key, Seconds, Shuffled(CONDITIONS)]]),
    Row::one(8, &[&[Word("PEXPIRE"), Key, Milliseconds, Shuffled(CONDITIONS)]]),
    Row::one(8, &[&[Word("EXPIREAT"), Key, UnixSeconds, Shuffled(CONDITIONS)]]),
    Row::one(8, &[&[Word("PEXPIREAT"), Key, UnixMilliseconds, Shuffled(CONDITIONS)]]),
    Row::one(8, &[&[Word("RENAME"), Key, Key]]),
    Row::one(6, &[&[Word("RENAMENX"), Key, Key]]),
    Row::one(8, &[&[Word("COPY"), Key, Key, Shuffled(&[&[Word("DB"), Database], &[Word("REPLACE")]])]]),
    Row::one(6, &[&[Word("MOVE"), Key, Database]]),
    Row::one(4, &[&[Word("KEYS"), Pattern]]),
    Row::one(2, &[&[Word("RANDOMKEY")]]),
    Row::iteration(
        6,
        &[&[
            Word("SCAN"),
            Word("0"),
            Shuffled(&[
                &[Word("MATCH"), Pattern],
                &[Word("COUNT"), Count],
                &[Word("TYPE"), OneOf(&[&[Word("STRING")], &[Word("hash")], &[ShortValue]])],
            ]),
        ]],
    ),
    Row::one(1, &[&[Word("SCAN"), OneOf(&[&[Word("x")], &[Word("-1x")], &[Word("")], &[Word("1.5")]])]]),
    Row::one(6, &[&[Word("OBJECT"), Word("ENCODING"), Key]]),
    Row::one(2, &[&[Word("OBJECT"), Word("REFCOUNT"), Key]]),
    Row::one(1, &[&[Word("OBJECT"), Word("FREQ"), Key]]),
    Row::one(1, &[&[Word("OBJECT"), Word("HELP")]]),
    Row::one(1, &[&[Word("DUMP"), Key]]),
    Row::exchange(16, &[&[Word("DUMP"), Key], &[Word("RESTORE"), Key, LIFETIME, Word("-"), RESTORE_OPTIONS]]),
    Row::exchange(8, &[&[Word("DUMP"), Key], &[Word("RESTORE"), Key, Word("0"), Word("-"), Word("REPLACE")]]),
    Row::one(10, &[&[Word("RESTORE"), Key, LIFETIME, Payload, RESTORE_OPTIONS]]),
    Row::several(
        2,
        &[
            &[
                Word("RESTORE"),
                Key,
                PastUnixMilliseconds,
                Payload,
                Word("ABSTTL"),
                Optional(&[Word("REPLACE")]),
            ],
            &[Word("EXISTS"), SameKey],
        ],
    ),
    Row::one(3, &[&[Word("RESTORE"), Key, Integer, ShortValue, RESTORE_OPTIONS]]),
    Row::one(1, &[&[Word("WAIT"), Word("0"), Word("0")]]),
];
