//! Checkpoints taken while commits run, and what is found in them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use dredis_contract::Backend;

use super::workload::{self, BATCHES_AHEAD};
use crate::changes::{Model, apply, commit};
use crate::check::{During, Ending, Proof, Trial, ensure};
use crate::directory::Directory;
use crate::reading::expect_now;

/// So many checkpoints are taken of one engine.
const CHECKPOINTS: usize = 8;

/// At least so many commits run from one checkpoint to the next, and up to twice as many.
const COMMITS_BETWEEN_MIN: usize = 20;

/// So many commits every copy takes of its own.
const COMMITS_TO_A_COPY: u64 = 10;

/// A checkpoint, and between which commits it was taken.
struct Copy {
    directory: PathBuf,
    /// The last commit that had returned when the checkpoint began.
    acknowledged: u64,
    /// The last commit that had begun when the checkpoint returned.
    begun: u64,
}

pub(super) fn whole(trial: &Trial<'_>) -> Proof {
    let mut opened = trial.fresh()?;
    let place = Directory::fresh(trial.settings.directory.as_deref())?;
    let (copies, last) = take_beside_commits(trial, &*opened, place.path())?;
    // The original stays open and is as it was, whatever becomes of its copies.
    let mut model = Model::new();
    let mut reached = 0;
    let mut beside = 0;
    for (number, copy) in copies.iter().enumerate() {
        let Copy { acknowledged, begun, .. } = copy;
        let what = format!(
            "checkpoint {}, begun behind commit {acknowledged} and done when commit {begun} had begun",
            number + 1
        );
        reached = expect_copy(trial, copy, &mut model, reached).during(what)?;
        beside += begun - acknowledged;
    }
    workload::expect_commits(&*opened, trial.seed, &mut model, reached, last..=last)
        .during("the original, after commits to its checkpoints")?;
    opened.reopen()?;
    expect_now(&*opened, &model).during("the original, opened again")?;
    trial.figure("checkpoints taken", copies.len().to_string());
    trial.figure("commits run beside them", beside.to_string());
    Ok(())
}

/// Takes checkpoints while another thread commits the numbered batches; returns them with the number of the last commit.
fn take_beside_commits(
    trial: &Trial<'_>,
    original: &dyn Backend,
    place: &Path,
) -> Result<(Vec<Copy>, u64), Ending> {
    let begun = AtomicU64::new(0);
    let (say, heard) = channel();
    std::thread::scope(|scope| {
        let committing = scope.spawn(|| commit_while_heard(original, trial.seed, &begun, say));
        let copies = take(trial, original, place, &begun, heard);
        let last = committing
            .join()
            .map_err(|_| Ending::failed("a commit beside a checkpoint panicked within the engine"))?
            .during("a commit beside a checkpoint")?;
        Ok((copies?, last))
    })
}

/// Commits one batch after the other as long as somebody listens. Returns the number of the last one.
fn commit_while_heard(
    original: &dyn Backend,
    seed: u64,
    begun: &AtomicU64,
    say: Sender<u64>,
) -> Result<u64, Ending> {
    let mut first = 1;
    loop {
        let batches = workload::batches(seed, first);
        first += BATCHES_AHEAD;
        for (number, changes) in &batches {
            begun.store(*number, Ordering::SeqCst);
            commit(original, changes)?;
            if say.send(*number).is_err() {
                return Ok(*number);
            }
        }
    }
}

/// Takes the checkpoints, with commits before, between and after them.
fn take(
    trial: &Trial<'_>,
    original: &dyn Backend,
    place: &Path,
    begun: &AtomicU64,
    heard: Receiver<u64>,
) -> Result<Vec<Copy>, Ending> {
    let mut random = trial.random();
    let mut wait_for_commits = || {
        let more = COMMITS_BETWEEN_MIN + random.below(COMMITS_BETWEEN_MIN);
        let wanted = begun.load(Ordering::SeqCst) + more as u64;
        let mut acknowledged = 0;
        while acknowledged < wanted {
            let gone = |_| Ending::failed("the thread that commits ended by itself");
            acknowledged = heard.recv().map_err(gone)?;
        }
        // More may have returned since that one.
        Ok::<u64, Ending>(heard.try_iter().last().unwrap_or(acknowledged))
    };
    let mut copies = Vec::new();
    for number in 1..=CHECKPOINTS {
        let acknowledged = wait_for_commits()?;
        let directory = place.join(number.to_string());
        original
            .checkpoint(&directory)
            .during(format_args!("taking checkpoint {number} while commits run"))?;
        copies.push(Copy { directory, acknowledged, begun: begun.load(Ordering::SeqCst) });
    }
    wait_for_commits()?;
    Ok(copies)
}

/// Opens a copy, expects the commits up to one that may be its last and nothing else, and lets it go its own way.
/// Returns the last one found, with the model moved on to it.
fn expect_copy(trial: &Trial<'_>, copy: &Copy, model: &mut Model, reached: u64) -> Result<u64, Ending> {
    ensure!(reached < copy.acknowledged, "the check itself is wrong: no commit lies between two checkpoints");
    let backend = trial.target.open(&copy.directory).during("opening it")?;
    let found =
        workload::expect_commits(&*backend, trial.seed, model, reached, copy.acknowledged..=copy.begun)?;
    // Others than those of the original, which would show if it got them.
    let mut own = model.clone();
    for number in found + 1..=found + COMMITS_TO_A_COPY {
        let changes = workload::batch(!trial.seed, number);
        commit(&*backend, &changes).during("a commit to it")?;
        apply(&mut own, &changes);
    }
    expect_now(&*backend, &own).during("after commits to it")?;
    drop(backend);
    let backend = trial.target.open(&copy.directory).during("opening it again")?;
    expect_now(&*backend, &own).during("opened again after commits to it")?;
    Ok(found)
}
