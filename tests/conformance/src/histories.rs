//! Generated histories: what a host might do to an engine, played against an ordered map, shrunk when they fail.

mod generate;

use std::fmt;

use dredis_contract::{Backend, Direction, DurabilityNeed, Projection, Scan, View};

pub(crate) use generate::Generator;

use crate::bytes::show;
use crate::changes::{Change, Model, apply, commit};
use crate::check::{During, Ending, Proof, Trial, ensure};
use crate::reading::{expect_model, expect_scan, expect_value, get};
use crate::shrink::minimise;

/// How many shorter histories are tried after a failure.
const SHRINK_ATTEMPTS: usize = 600;

/// A range with the way through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub start: Vec<u8>,
    pub end: Option<Vec<u8>>,
    pub direction: Direction,
    pub projection: Projection,
    pub expected: usize,
}

impl Range {
    fn scan(&self) -> Scan<'_> {
        Scan {
            start: &self.start,
            end: self.end.as_deref(),
            direction: self.direction,
            projection: self.projection,
            expected: self.expected,
        }
    }
}

/// One thing that a host does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Commit(Vec<Change>),
    Get(Vec<Vec<u8>>),
    Scan(Range),
    /// Takes a view and keeps it.
    TakeView,
    /// Reads all of a kept view, or drops it: the one at this place, counted around.
    ReadKept(usize),
    DropKept(usize),
    Sync,
    Need(DurabilityNeed),
    Compact(Vec<u8>, Option<Vec<u8>>),
    Measure(Vec<u8>, Option<Vec<u8>>),
    /// Closes the engine and opens it again; nothing happens where data does not outlive that.
    Reopen,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |end: &Option<Vec<u8>>| end.as_deref().map_or_else(String::new, show);
        match self {
            Step::Commit(changes) => {
                let changes: Vec<String> = changes.iter().map(Change::to_string).collect();
                write!(formatter, "commit [{}]", changes.join(", "))
            }
            Step::Get(keys) => {
                let keys: Vec<String> = keys.iter().map(|key| show(key)).collect();
                write!(formatter, "get {}", keys.join(", "))
            }
            Step::Scan(range) => write!(formatter, "{}", crate::reading::describe(&range.scan())),
            Step::TakeView => formatter.write_str("take a view and keep it"),
            Step::ReadKept(at) => write!(formatter, "read kept view {at}"),
            Step::DropKept(at) => write!(formatter, "drop kept view {at}"),
            Step::Sync => formatter.write_str("sync"),
            Step::Need(need) => write!(formatter, "need durability {need:?}"),
            Step::Compact(start, to) => write!(formatter, "compact {}..{}", show(start), end(to)),
            Step::Measure(start, to) => write!(formatter, "approximate size of {}..{}", show(start), end(to)),
            Step::Reopen => formatter.write_str("close and open again"),
        }
    }
}

/// Plays histories of together about `operations` steps. The first that fails is shrunk.
pub(crate) fn play_many(trial: &Trial<'_>, generator: &Generator) -> Proof {
    let mut random = trial.random();
    let mut left = trial.settings.operations;
    while left > 0 {
        let length = (*random.pick(&[30, 60, 150, 400])).min(left);
        left -= length;
        let steps = generator.history(&mut random, length);
        if let Err(ending) = play(trial, &steps) {
            return Err(shrunk(trial, steps, ending));
        }
    }
    Ok(())
}

/// The failure of the shortest history found that still fails.
fn shrunk(trial: &Trial<'_>, steps: Vec<Step>, first: Ending) -> Ending {
    let mut last = first;
    let mut attempts = SHRINK_ATTEMPTS;
    let mut fails = |steps: &[Step]| match play(trial, steps) {
        Err(ending @ Ending::Failed(_)) => {
            last = ending;
            true
        }
        _ => false,
    };
    let mut steps = minimise(steps, &mut attempts, &mut fails);
    for at in 0..steps.len() {
        let Step::Commit(changes) = steps[at].clone() else { continue };
        let with = |changes: &[Change]| {
            let mut candidate = steps.clone();
            candidate[at] = Step::Commit(changes.to_vec());
            candidate
        };
        let changes = minimise(changes, &mut attempts, |changes| fails(&with(changes)));
        steps[at] = Step::Commit(changes);
    }
    let details = steps.iter().enumerate().map(|(at, step)| format!("{}. {step}", at + 1)).collect();
    last.with_details(details)
}

/// Plays one history from its beginning, in a fresh directory.
pub(crate) fn play(trial: &Trial<'_>, steps: &[Step]) -> Proof {
    let mut opened = trial.fresh()?;
    let persists = opened.capabilities().durability != dredis_contract::Durability::Never;
    let mut model = Model::new();
    for (index, part) in steps.split(|step| *step == Step::Reopen).enumerate() {
        if index > 0 && persists {
            opened.reopen()?;
            expect_now_after_reopen(&*opened, &model)?;
        }
        play_open(&*opened, &mut model, part)?;
    }
    Ok(())
}

fn expect_now_after_reopen(backend: &dyn Backend, model: &Model) -> Proof {
    crate::reading::expect_now(backend, model).during("after opening again")
}

/// Plays the part of a history between two openings.
fn play_open(backend: &dyn Backend, model: &mut Model, steps: &[Step]) -> Proof {
    let mut kept: Vec<(Box<dyn View + '_>, Model)> = Vec::new();
    for step in steps {
        match step {
            Step::Commit(changes) => {
                commit(backend, changes)?;
                apply(model, changes);
            }
            Step::Get(keys) => expect_values(&*backend.view()?, model, keys)?,
            Step::Scan(range) => expect_scan(&*backend.view()?, model, &range.scan())?,
            Step::TakeView => kept.push((backend.view()?, model.clone())),
            Step::ReadKept(at) if !kept.is_empty() => {
                let (view, model) = &kept[at % kept.len()];
                expect_model(&**view, model).during("a view that was kept")?;
            }
            Step::DropKept(at) if !kept.is_empty() => drop(kept.swap_remove(at % kept.len())),
            Step::ReadKept(_) | Step::DropKept(_) | Step::Reopen => {}
            Step::Sync => backend.sync().during("sync")?,
            Step::Need(need) => backend.need_durability(*need).during("need_durability")?,
            Step::Compact(start, end) if !kept.is_empty() => {
                crate::contract::compact_beside_views(backend, start, end.as_deref())?;
            }
            Step::Compact(start, end) => backend.compact(start, end.as_deref()).during("compact")?,
            Step::Measure(start, end) => {
                backend.approximate_size(start, end.as_deref()).during("approximate_size")?;
            }
        }
    }
    expect_model(&*backend.view()?, model).during("at the end")?;
    for (view, model) in &kept {
        expect_model(&**view, model).during("a view that was kept to the end")?;
    }
    Ok(())
}

/// One by one and all at once.
fn expect_values(view: &dyn View, model: &Model, keys: &[Vec<u8>]) -> Proof {
    let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let many = view.get_many(&asked).during("get_many")?;
    ensure!(many.len() == keys.len(), "get_many of {} keys answers {} values", keys.len(), many.len());
    for (key, together) in keys.iter().zip(&many) {
        expect_value(view, key, model.get(key).map(Vec::as_slice))?;
        let alone = get(view, key)?;
        ensure!(together.as_deref() == alone.as_deref(), "get_many and get differ for key {}", show(key));
    }
    Ok(())
}
