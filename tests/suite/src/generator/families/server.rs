//! The server, and the commands themselves.

use crate::generator::Part::*;
use crate::generator::{Part, Row};

const HOW: &[&[Part]] = &[&[], &[], &[Word("ASYNC")], &[Word("SYNC")], &[ShortValue]];

pub(super) static TABLE: &[Row] = &[
    Row::one(5, &[&[Word("DBSIZE")]]),
    Row::one(1, &[&[Word("FLUSHDB"), OneOf(HOW)]]),
    Row::one(1, &[&[Word("FLUSHALL"), OneOf(HOW)]]),
    Row::one(5, &[&[Word("SWAPDB"), Database, Database]]),
    Row::one(1, &[&[Word("TIME")]]),
    Row::one(1, &[&[Word("LASTSAVE")]]),
    Row::one(1, &[&[Word("INFO"), Optional(&[Word("server")])]]),
    Row::one(1, &[&[Word("ROLE")]]),
    Row::one(1, &[&[Word("MEMORY"), Word("USAGE"), Key, Optional(&[Word("SAMPLES"), Count])]]),
    Row::one(1, &[&[Word("MEMORY"), OneOf(&[&[Word("DOCTOR")], &[Word("STATS")], &[Word("MALLOC-STATS")]])]]),
    Row::one(1, &[&[Word("MEMORY"), OneOf(&[&[Word("HELP")], &[Word("PURGE")], &[ShortValue]])]]),
    Row::one(1, &[&[Word("LATENCY"), OneOf(&[&[Word("DOCTOR")], &[Word("HISTOGRAM")], &[Word("HELP")]])]]),
    Row::one(
        1,
        &[&[Word("LATENCY"), OneOf(&[&[Word("LATEST")], &[Word("RESET")]]), Repeat(0, 2, &[ShortValue])]],
    ),
    Row::one(1, &[&[Word("LATENCY"), OneOf(&[&[Word("HISTORY")], &[Word("GRAPH")]]), ShortValue]]),
    Row::one(1, &[&[Word("LOLWUT")]]),
    Row::one(1, &[&[Word("COMMAND"), Word("COUNT")]]),
    Row::one(1, &[&[Word("COMMAND"), Word("HELP")]]),
    Row::one(2, &[&[Word("COMMAND"), Word("GETKEYS"), OneOf(REQUESTS)]]),
    Row::one(2, &[&[Word("COMMAND"), Word("GETKEYSANDFLAGS"), OneOf(REQUESTS)]]),
    Row::one(1, &[&[Word("CONFIG"), Word("HELP")]]),
    Row::one(1, &[&[Word("SLOWLOG"), Word("HELP")]]),
    Row::one(1, &[&[Word("SLOWLOG"), Word("RESET")]]),
    // A name that no server knows.
    Row::one(1, &[&[Word("GETT"), Repeat(0, 3, &[Value])]]),
];

/// Requests whose keys are asked for.
const REQUESTS: &[&[Part]] = &[
    &[Word("GET"), Key],
    &[Word("SET"), Key, ShortValue, Word("EX"), Word("5")],
    &[Word("SET"), Key, ShortValue, Word("GET")],
    &[Word("MSET"), Repeat(1, 3, &[Key, ShortValue])],
    &[Word("MSET"), Key, ShortValue, Key],
    &[Word("MGET"), Repeat(1, 3, &[Key])],
    &[Word("DEL"), Repeat(1, 3, &[Key])],
    &[Word("RENAME"), Key, Key],
    &[Word("COPY"), Key, Key],
    &[Word("OBJECT"), Word("ENCODING"), Key],
    &[Word("PING")],
    &[Word("GET")],
    &[Word("NOSUCH"), Key],
    &[ShortValue],
];
