//! Kills, and what is found afterwards.

use std::time::{Duration, Instant};

use super::workload::expect_commits;
use crate::changes::Model;
use crate::check::{During, Ending, Proof, Trial, ensure};
use crate::child::{Child, Running};
use crate::directory::Directory;

/// So many kills fall on one directory before another one is begun.
const KILLS_PER_DIRECTORY: usize = 25;

/// A kill comes up to so many microseconds after the acknowledgement that was waited for: anywhere in a commit, be it
/// short or long.
const DELAYS_US_MAX: [usize; 4] = [30, 200, 1000, 5000];

/// A sleep takes at least about so long, whatever less was asked for.
const SHORTEST_SLEEP: Duration = Duration::from_micros(100);

/// Waits for so long. With one processor, the other process commits only while this one sleeps: waited for busily, all kills would fall
/// on the moment of the acknowledgement.
fn wait(delay: Duration) {
    if delay >= SHORTEST_SLEEP {
        return std::thread::sleep(delay);
    }
    let begun = Instant::now();
    while begun.elapsed() < delay {
        std::hint::spin_loop();
    }
}

fn child<'t>(trial: &Trial<'t>) -> Result<&'t Child, Ending> {
    trial
        .settings
        .child
        .as_ref()
        .ok_or_else(|| Ending::Skipped("a way to run it in a child process".to_owned()))
}

pub(super) fn survive(trial: &Trial<'_>) -> Proof {
    let mut random = trial.random();
    let mut commits = 0;
    let mut unacknowledged = 0;
    let mut place = None;
    for kill in 0..trial.settings.kills {
        if kill % KILLS_PER_DIRECTORY == 0 {
            let directory = Directory::fresh(trial.settings.directory.as_deref())?;
            place = Some((directory, Model::new(), 0_u64));
        }
        let Some((directory, model, last)) = &mut place else { continue };
        let mut running = Running::committing(child(trial)?, directory.path(), *last + 1, trial.seed)?;
        let wanted = 1 + random.below(60) as u64;
        let mut acknowledged = None;
        while acknowledged < Some(*last + wanted) {
            acknowledged = running.next_commit()?;
            ensure!(acknowledged.is_some(), "the process ended by itself after commit {last}");
        }
        let delay_us_max = *random.pick(&DELAYS_US_MAX);
        let delay = Duration::from_micros(random.below(delay_us_max) as u64);
        wait(delay);
        running.kill()?;
        // What it had said before it died.
        while let Some(number) = running.next_commit()? {
            acknowledged = Some(number);
        }
        drop(running);
        let acknowledged = acknowledged.unwrap_or(*last);
        let what = format!("after kill {} behind commit {acknowledged}", kill + 1);
        let found = expect_whole(trial, directory, model, *last, acknowledged).during(&what)?;
        commits += found - *last;
        unacknowledged += found - acknowledged;
        *last = found;
    }
    trial.figure("processes killed", trial.settings.kills.to_string());
    trial.figure("commits acknowledged before", commits.to_string());
    trial.figure("commits found that were not acknowledged", unacknowledged.to_string());
    Ok(())
}

/// Opens the directory and expects the commits up to the acknowledged one, or one more, and nothing else. Returns the
/// last one found, with the model moved on to it.
fn expect_whole(
    trial: &Trial<'_>,
    directory: &Directory,
    model: &mut Model,
    last: u64,
    acknowledged: u64,
) -> Result<u64, Ending> {
    let backend = trial.target.open(directory.path()).during("opening again")?;
    expect_commits(&*backend, trial.seed, model, last, acknowledged..=acknowledged + 1)
}

pub(super) fn refused(trial: &Trial<'_>) -> Proof {
    let directory = Directory::fresh(trial.settings.directory.as_deref())?;
    let mut running = Running::committing(child(trial)?, directory.path(), 1, trial.seed)?;
    ensure!(running.next_commit()?.is_some(), "the process ended by itself");
    crate::contract::expect_in_use(trial, directory.path(), "two processes have the directory open")?;
    // The refusal did the other one no harm.
    for _ in 0..20 {
        ensure!(running.next_commit()?.is_some(), "a process ended when another one was refused");
    }
    running.kill()?;
    let mut last = 0;
    while let Some(number) = running.next_commit()? {
        last = number;
    }
    drop(running);
    expect_whole(trial, &directory, &mut Model::new(), 0, last.max(21))?;
    Ok(())
}
