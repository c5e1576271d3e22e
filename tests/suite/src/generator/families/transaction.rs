//! Transactions. The generator adds EXEC and DISCARD of its own, so that what is opened is closed.

use crate::generator::Part::*;
use crate::generator::Row;

pub(super) static TABLE: &[Row] = &[
    Row::one(10, &[&[Word("MULTI")]]),
    Row::one(2, &[&[Word("EXEC")]]),
    Row::one(1, &[&[Word("DISCARD")]]),
    Row::one(10, &[&[Word("WATCH"), Repeat(1, 3, &[Key])]]),
    Row::one(2, &[&[Word("UNWATCH")]]),
    // Watched, touched by nobody else, run.
    Row::several(
        4,
        &[
            &[Word("WATCH"), Key],
            &[Word("MULTI")],
            &[Word("INCR"), SameKey],
            &[Word("GET"), SameKey],
            &[Word("EXEC")],
        ],
    ),
];
