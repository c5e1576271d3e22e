//! The connection itself.

use crate::generator::Part::*;
use crate::generator::Row;

pub(super) static TABLE: &[Row] = &[
    Row::one(3, &[&[Word("PING"), Optional(&[ShortValue])]]),
    Row::one(3, &[&[Word("ECHO"), Value]]),
    Row::one(8, &[&[Word("SELECT"), Database]]),
    Row::one(4, &[&[Word("SELECT"), Word("0")]]),
    Row::one(2, &[&[Word("RESET")]]),
    Row::one(
        3,
        &[&[
            Word("HELLO"),
            Optional(&[
                OneOf(&[&[Word("2")], &[Word("3")], &[Word("1")], &[Word("4")], &[Integer]]),
                Shuffled(&[
                    &[Word("SETNAME"), ShortValue],
                    &[Word("AUTH"), Word("default"), ShortValue],
                    &[Word("AUTH"), ShortValue, ShortValue],
                ]),
            ]),
        ]],
    ),
    Row::one(1, &[&[Word("CLIENT"), Word("ID")]]),
    Row::one(2, &[&[Word("CLIENT"), Word("GETNAME")]]),
    Row::one(2, &[&[Word("CLIENT"), Word("SETNAME"), ShortValue]]),
    Row::one(1, &[&[Word("CLIENT"), Word("INFO")]]),
    Row::one(1, &[&[Word("CLIENT"), Word("HELP")]]),
    Row::one(
        1,
        &[&[Word("CLIENT"), Word("NO-EVICT"), OneOf(&[&[Word("ON")], &[Word("OFF")], &[ShortValue]])]],
    ),
    Row::one(1, &[&[Word("CLIENT"), Word("GETREDIR")]]),
    Row::one(1, &[&[Word("CLIENT"), Word("TRACKINGINFO")]]),
    Row::one(1, &[&[Word("CLIENT"), Word("TRACKING"), OneOf(&[&[Word("OFF")], &[ShortValue]])]]),
    Row::one(
        1,
        &[&[Word("CLIENT"), Word("CACHING"), OneOf(&[&[Word("YES")], &[Word("NO")], &[ShortValue]])]],
    ),
    Row::one(1, &[&[Word("CLIENT"), Word("UNBLOCK"), Integer]]),
];
