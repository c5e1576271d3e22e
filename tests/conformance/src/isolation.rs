//! Engines that several servers share.

use crate::check::{Check, Ending, Level, Need, Proof, Trial};

/// All checks of the level.
pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        Level::Isolation,
        "a_commit_whose_reads_changed_is_a_conflict",
        "A shared engine answers Conflict if any of them changed since the view was taken.",
        unproven,
    )
    .needing(Need::Sharing),
    Check::new(Level::Isolation, "no_update_is_lost", "A shared engine answers Conflict.", unproven)
        .needing(Need::Sharing),
    Check::new(
        Level::Isolation,
        "no_write_skew_is_let_through",
        "A shared engine answers Conflict.",
        unproven,
    )
    .needing(Need::Sharing),
];

/// A batch names the keys that were read, but not the view through which: until it does, nobody can tell what "since"
/// means. So a shared engine is not called proven.
fn unproven(_: &Trial<'_>) -> Proof {
    Err(Ending::failed(
        "this kit cannot prove shared engines yet, and dredis does not run on them; declare Sharing::Exclusive",
    ))
}
