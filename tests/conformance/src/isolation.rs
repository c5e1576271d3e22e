//! Engines that several servers share: what rests on a view that is not true any more is not applied.

mod conflicts;
mod races;

use dredis_contract::{Backend, Commit, Moment};

use crate::changes::{Change, operations};
use crate::check::{Check, During, Ending, Level, Need, Proof, Trial};

const fn check(name: &'static str, proves: &'static str, run: fn(&Trial<'_>) -> Proof) -> Check {
    Check::new(Level::Isolation, name, proves, run).needing(Need::Sharing)
}

/// All checks of the level.
pub(crate) const CHECKS: &[Check] = &[
    check(
        "what_one_opening_commits_the_others_see",
        "Shared: other processes may commit too, and so may a second opening; what one commits, the others see.",
        conflicts::seen_by_all,
    ),
    check(
        "a_commit_whose_reads_changed_is_a_conflict",
        "Ends as Conflict, and nothing of it is applied, if a key that was read does not hold any more what the view \
         showed, be it by a put, a delete or a range, and however long ago.",
        conflicts::changed,
    ),
    check(
        "a_commit_whose_reads_stand_is_done",
        "Who tries again on a fresh view, while nobody changes what it reads, gets through.",
        conflicts::unchanged,
    ),
    check(
        "a_commit_that_rests_on_nothing_is_done",
        "A batch which rests on nothing is applied to whatever is there, and never ends as Conflict.",
        conflicts::on_nothing,
    ),
    check(
        "no_update_is_lost",
        "Conflict if a key that was read has changed: whether the batch changes that key itself does not matter.",
        races::updates,
    ),
    check(
        "no_write_skew_is_let_through",
        "Two batches of which each changes what the other one read can not both be done.",
        races::write_skew,
    ),
];

/// A commit may be refused so often for no reason that the kit sees before it counts as refused for ever.
const ATTEMPTS_MAX: usize = 100;

/// Commits what rests on keys that were read at a moment.
fn commit_resting(
    backend: &dyn Backend,
    changes: &[Change],
    moment: Moment,
    reads: &[&[u8]],
) -> Result<Commit, Ending> {
    let operations = operations(changes);
    let batch = dredis_contract::Batch::new(&operations).resting_on(moment, reads);
    backend.commit(&batch).during("a commit that rests on a view")
}

/// The same on a fresh view, until it is done; `changes` are made from what the view shows.
fn commit_until_done(
    backend: &dyn Backend,
    reads: &[&[u8]],
    attempts_max: usize,
    changes: impl Fn(&[Option<Vec<u8>>]) -> Vec<Change>,
) -> Proof {
    for _ in 0..attempts_max {
        let view = backend.view().during("taking a view")?;
        let moment = view.moment().during("asking a view for its moment")?;
        let mut found = Vec::new();
        for key in reads {
            found.push(crate::reading::get(&*view, key)?);
        }
        drop(view);
        match commit_resting(backend, &changes(&found), moment, reads)? {
            Commit::Done => return Ok(()),
            Commit::Conflict => std::thread::yield_now(),
            Commit::Unknown => return Err(unknown()),
        }
    }
    Err(Ending::failed(format!(
        "a commit was a conflict {attempts_max} times, each time on a fresh view: nobody gets through"
    )))
}

fn unknown() -> Ending {
    Ending::failed("a commit ended as Unknown, although nothing stood in its way: say Done or Conflict")
}

/// A second opening of the directory of the first, as another server's would be.
fn second_opening(
    trial: &Trial<'_>,
    first: &crate::Opened<'_>,
) -> Result<std::sync::Arc<dyn Backend>, Ending> {
    trial.target.open(first.path()).during("opening a second time, as a server does that shares the engine")
}
