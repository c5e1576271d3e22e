//! Redis commands on the engine, compared with the same commands on the simplest engine that is right.
//!
//! Requests are generated from the grammar in the command table, so that a family which the table gains is tried without
//! a word here. Both sides run the same command model with the same clock and randomness: whatever differs, in a reply or
//! in a record, is the engine's doing.

mod generate;
mod host;
mod play;
mod scripts;
mod side;

use crate::check::{Check, Level, Need};

/// All checks of the level.
pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        Level::Commands,
        "commands_answer_as_on_an_ordered_map",
        "Every command answers alike on every engine.",
        play::without_reopening,
    )
    .needing(Need::Exclusiveness),
    Check::new(
        Level::Commands,
        "commands_answer_the_same_when_reopened_on_the_way",
        "Every command answers alike on every engine, also after it was closed and opened.",
        play::with_reopening,
    )
    .needing(Need::ExclusivePersistence),
];
