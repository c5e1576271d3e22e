//! Keys of any type.

use crate::generator::Part::*;
use crate::generator::{Part, Row};

const CONDITIONS: &[&[Part]] = &[&[Word("NX")], &[Word("XX")], &[Word("GT")], &[Word("LT")]];

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
    Row::one(1, &[&[Word("WAIT"), Word("0"), Word("0")]]),
];
