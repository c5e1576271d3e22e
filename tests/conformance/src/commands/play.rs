//! Plays sequences on both sides, compares replies as they come and all records at the end.

use std::collections::BTreeSet;
use std::sync::Arc;

use dredis_commands::Reply;
use dredis_contract::{Backend, Durability};

use super::generate::{Row, Turn, rows, sequence};
use super::side::Side;
use crate::check::{During, Ending, Proof, Trial, ensure};
use crate::reading::expect_now;
use crate::reference::ReferenceBackend;
use crate::shrink::minimise;

/// How many shorter sequences are tried after a failure.
const SHRINK_ATTEMPTS: usize = 400;

/// Replies longer than this are shown by their beginning.
const SHOWN_CHARACTERS_MAX: usize = 120;

pub(super) fn without_reopening(trial: &Trial<'_>) -> Proof {
    play_many(trial, false)
}

pub(super) fn with_reopening(trial: &Trial<'_>) -> Proof {
    play_many(trial, true)
}

/// What sequences came to, so that a run which compared nothing but errors shows.
#[derive(Default)]
struct Tally {
    requests: usize,
    errors: usize,
    restarts: usize,
    commands: BTreeSet<Vec<u8>>,
}

fn play_many(trial: &Trial<'_>, reopens: bool) -> Proof {
    let rows: Vec<Row> = rows();
    let mut random = trial.random();
    let mut tally = Tally::default();
    let mut left = trial.settings.operations;
    while left > 0 {
        let length = (*random.pick(&[50, 200, 800])).min(left);
        left -= length;
        let mut turns = sequence(&mut random, &rows, length);
        turns.retain(|turn| reopens || *turn != Turn::Restart);
        if let Err(ending) = play(trial, &turns, &mut tally) {
            return Err(shrunk(trial, turns, ending));
        }
    }
    ensure!(
        tally.errors < tally.requests || tally.requests == 0,
        "every reply was an error: nothing was compared"
    );
    trial.figure("requests", tally.requests.to_string());
    trial.figure("answered with errors", tally.errors.to_string());
    trial.figure("commands", format!("{} of {}", tally.commands.len(), rows.len()));
    trial.figure("restarts", tally.restarts.to_string());
    Ok(())
}

fn shrunk(trial: &Trial<'_>, turns: Vec<Turn>, first: Ending) -> Ending {
    let mut last = first;
    let mut attempts = SHRINK_ATTEMPTS;
    let turns = minimise(turns, &mut attempts, |turns| match play(trial, turns, &mut Tally::default()) {
        Err(ending @ Ending::Failed(_)) => {
            last = ending;
            true
        }
        _ => false,
    });
    last.with_details(turns.iter().enumerate().map(|(at, turn)| format!("{}. {turn}", at + 1)).collect())
}

fn play(trial: &Trial<'_>, turns: &[Turn], tally: &mut Tally) -> Proof {
    let mut opened = trial.fresh()?;
    let capabilities = opened.capabilities();
    let persists = capabilities.durability != Durability::Never;
    // The same limits, so that both sides store the same records.
    let reference = Arc::new(ReferenceBackend::new(capabilities.limits));
    let mut judged = Side::open(opened.shared(), trial.seed).during("the first start")?;
    let mut judge = Side::open(Arc::clone(&reference) as Arc<dyn Backend>, trial.seed)?;
    for turn in turns {
        if *turn == Turn::Restart {
            tally.restarts += 1;
            let suspended = judged.suspend();
            if persists {
                opened.reopen()?;
            }
            judged = suspended.resume(opened.shared()).during("a restart")?;
            judge = judge.suspend().resume(Arc::clone(&reference) as Arc<dyn Backend>)?;
            continue;
        }
        let found = judged.take(turn).during(turn)?;
        let expected = judge.take(turn).during("the ordered map failed")?;
        ensure!(
            found == expected,
            "{turn} answers {}, not {}",
            show(found.as_ref()),
            show(expected.as_ref())
        );
        if let (Turn::Request(words), Some(reply)) = (turn, &found) {
            tally.requests += 1;
            tally.errors += usize::from(reply.is_error());
            tally.commands.extend(words.first().filter(|_| !reply.is_error()).cloned());
        }
    }
    expect_now(&*opened, &reference.records()).during("records at the end")
}

/// A reply on one line.
fn show(reply: Option<&Reply>) -> String {
    let Some(reply) = reply else { return "nothing".to_owned() };
    let text = match reply {
        Reply::Error(line) => format!("-{}", line.escape_ascii()),
        Reply::Bulk(bytes) => crate::bytes::show(bytes),
        other => format!("{other:?}"),
    };
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
