//! One commit at a time: which ones are conflicts, and which are not.

use dredis_contract::{Backend, Commit, Moment};

use super::{ATTEMPTS_MAX, commit_resting, commit_until_done, second_opening, unknown};
use crate::changes::{Change, Model, apply, commit, puts};
use crate::check::{During, Ending, Proof, Trial, ensure};
use crate::reading::{expect_now, expect_value};

/// So many commits that concern nobody may lie between a view and the commit that rests on it.
const COMMITS_BETWEEN: u32 = 2000;

/// What other servers find before anything happens.
fn filled() -> Vec<Change> {
    puts((b'a'..=b'z').map(|letter| ([letter], "old")))
}

pub(super) fn seen_by_all(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let other = second_opening(trial, &opened)?;
    let mut model = Model::new();
    for number in 0..40_u8 {
        let (one, another): (&dyn Backend, &dyn Backend) =
            if number % 2 == 0 { (&*opened, &*other) } else { (&*other, &*opened) };
        let changes = match number % 5 {
            4 => vec![Change::delete_range(b"key", b"key\x05")],
            _ => puts([(vec![b'k', b'e', b'y', number % 8], vec![number])]),
        };
        let before = another.view()?;
        let shown = model.clone();
        commit(one, &changes)?;
        apply(&mut model, &changes);
        expect_now(another, &model).during("another opening, after a commit returned")?;
        crate::reading::expect_model(&*before, &shown)
            .during("a view that another opening had taken before")?;
    }
    Ok(())
}

/// Ways in which a key that was read can change. The key is `m`, or `m!`, which is not there.
const CHANGES: &[(&str, &[u8], Way)] = &[
    ("was put anew", b"m", Way::Put),
    ("was put where there was none", b"m!", Way::Put),
    ("was removed", b"m", Way::Delete),
    ("was removed by a range", b"m", Way::DeleteRange),
    ("was removed and put again with another value", b"m", Way::DeleteAndPut),
];

#[derive(Clone, Copy)]
enum Way {
    Put,
    Delete,
    DeleteRange,
    DeleteAndPut,
}

impl Way {
    /// The commits that make the change.
    fn commits(self, key: &[u8]) -> Vec<Vec<Change>> {
        match self {
            Way::Put => vec![vec![Change::put(key, b"new")]],
            Way::Delete => vec![vec![Change::delete(key)]],
            Way::DeleteRange => vec![vec![Change::delete_range(b"l\xff", b"n")]],
            Way::DeleteAndPut => vec![vec![Change::delete(key)], vec![Change::put(key, b"new")]],
        }
    }
}

pub(super) fn changed(trial: &Trial<'_>) -> Proof {
    for (what, key, way) in CHANGES {
        // By another opening, by the same one, and with much between.
        for (from_another, commits_between) in [(true, 0), (false, 0), (true, COMMITS_BETWEEN)] {
            // The key that was read is also written, or something else alone is.
            for written in [&key[..], b"elsewhere"] {
                let whose = if from_another { "another opening" } else { "this opening" };
                expect_conflict(trial, key, written, from_another, commits_between, *way).during(format_args!(
                    "key {} was read, then {what} through {whose}, {commits_between} commits ago; then {} is written",
                    key.escape_ascii(),
                    written.escape_ascii()
                ))?;
            }
        }
    }
    Ok(())
}

fn expect_conflict(
    trial: &Trial<'_>,
    key: &[u8],
    written: &[u8],
    from_another: bool,
    commits_between: u32,
    way: Way,
) -> Proof {
    let opened = trial.fresh()?;
    let other = second_opening(trial, &opened)?;
    let mut model = Model::new();
    commit(&*opened, &filled())?;
    apply(&mut model, &filled());
    let moment = moment_now(&*opened)?;
    for changes in way.commits(key) {
        commit(if from_another { &*other } else { &*opened }, &changes)?;
        apply(&mut model, &changes);
    }
    for number in 0..commits_between {
        let changes = [Change::put(b"z", &number.to_be_bytes())];
        commit(&*other, &changes)?;
        apply(&mut model, &changes);
    }
    // Among keys that did not change, and with other changes around it.
    let mut changes = puts([(written, "mine"), (b"0", "mine"), (b"~", "mine")]);
    changes.insert(1, Change::delete_range(b"1", b"9"));
    let end = commit_resting(&*opened, &changes, moment, &[b"c", key, b"x"])?;
    ensure!(
        end == Commit::Conflict,
        "the commit ended as {end:?}, although it rests on what is not true any more: answer Conflict"
    );
    for backend in [&*opened, &*other] {
        expect_now(backend, &model).during("after a conflict, of which nothing may be applied")?;
    }
    // On a fresh view the same is done.
    commit_until_done(&*opened, &[b"c", key, b"x"], ATTEMPTS_MAX, |_| changes.clone())?;
    apply(&mut model, &changes);
    expect_now(&*other, &model).during("after trying again on a fresh view")
}

/// The moment of a view that is dropped at once: a commit may rest on it all the same.
fn moment_now(backend: &dyn Backend) -> Result<Moment, Ending> {
    backend.view()?.moment().during("asking a view for its moment")
}

pub(super) fn unchanged(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let other = second_opening(trial, &opened)?;
    commit(&*opened, &filled())?;
    // What the neighbours of the keys that were read go through, and keys that are written but were not read.
    let around = [
        vec![Change::put(b"l", b"new"), Change::put(b"m\x00", b"new"), Change::put(b"n", b"new")],
        vec![Change::delete(b"l"), Change::delete(b"written")],
        vec![Change::delete_range(b"m\x00", b"m!"), Change::delete_range(b"n", b"x")],
        vec![Change::put(b"written", b"theirs")],
    ];
    for (number, changes) in (0_u8..).zip(around) {
        let mine = [Change::put(b"written", &[number])];
        let mut end = Commit::Conflict;
        for _ in 0..ATTEMPTS_MAX {
            let moment = moment_now(&*opened)?;
            commit(&*other, &changes)?;
            end = commit_resting(&*opened, &mine, moment, &[b"m", b"m!"])?;
            if end == Commit::Done {
                break;
            }
            commit_until_done(&*opened, &[b"m", b"m!"], ATTEMPTS_MAX, |_| mine.to_vec())?;
        }
        ensure!(
            end == Commit::Done,
            "a commit was a conflict {ATTEMPTS_MAX} times, although only other keys changed than those that it read"
        );
        expect_value(&*other.view()?, b"written", Some(&[number]))?;
    }
    // It may rest on a view and on no key of it.
    let moment = moment_now(&*opened)?;
    commit(&*other, &[Change::put(b"m", b"theirs")])?;
    let end = commit_resting(&*opened, &[Change::put(b"m", b"mine")], moment, &[])?;
    ensure!(
        end == Commit::Done,
        "a commit that read no key ended as {end:?}: there is nothing to be in conflict with"
    );
    expect_value(&*other.view()?, b"m", Some(b"mine"))
}

pub(super) fn on_nothing(trial: &Trial<'_>) -> Proof {
    const COMMITS_PER_THREAD: u32 = 300;
    let opened = trial.fresh()?;
    let other = second_opening(trial, &opened)?;
    // Beside each other, on the same keys.
    let committing = |backend: &dyn Backend, value: u8| -> Proof {
        for number in 0..COMMITS_PER_THREAD {
            let changes = puts((0..3_u8).map(|key| ([b'k', key], [value])));
            match crate::changes::try_commit(backend, &changes).during("a commit that rests on nothing")? {
                Commit::Done => {}
                Commit::Unknown => return Err(unknown()),
                Commit::Conflict => {
                    return Err(Ending::failed(format!(
                        "commit {number} of a thread was a conflict, although it rests on nothing: apply it"
                    )));
                }
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads = [(&*opened, 1), (&*other, 2), (&*opened, 3)]
            .map(|(backend, value)| scope.spawn(move || committing(backend, value)));
        threads.into_iter().try_for_each(super::races::join)
    })?;
    let records = crate::reading::collect(&*other.view()?, &dredis_contract::Scan::all())?;
    let whole = records.len() == 3 && records.iter().all(|(_, value)| *value == records[0].1);
    ensure!(whole, "batches that were committed beside each other are mixed with each other");
    Ok(())
}
