//! Processes killed during commits: what was acknowledged is there, batches are whole, and the directory opens.
//! And checkpoints taken during commits: each holds the commits up to one of them, whole.
//!
//! The death of a process loses nothing, also on engines that are durable on `sync`
//! ([`dredis_contract::Durability::OnSync`]): what a commit handed to the operating system stays there. Loss at the death
//! of the machine, which may only concern what came after the last `sync`, is not brought about here.

mod copies;
mod kills;
mod workload;

use crate::check::{Check, Level, Need};

pub(crate) use workload::commit_for_ever;

const fn check(
    name: &'static str,
    proves: &'static str,
    run: fn(&crate::Trial<'_>) -> crate::Proof,
) -> Check {
    Check::new(Level::Recovery, name, proves, run).needing(Need::Child)
}

/// All checks of the level.
pub(crate) const CHECKS: &[Check] = &[
    check(
        "acknowledged_commits_survive_a_killed_process",
        "It survives the death of the process. A batch is applied whole or not at all.",
        kills::survive,
    ),
    check(
        "another_process_is_refused",
        "Opening: InvalidInput if the directory is in use, by another process; whoever uses it is not disturbed.",
        kills::refused,
    )
    .needing(Need::ExclusiveChild),
    check(
        "a_checkpoint_taken_while_commits_run_is_whole",
        "The copy holds every commit that returned before this call, none that begins after it has returned, and each whole.",
        copies::whole,
    )
    .needing(Need::Checkpoint),
];
