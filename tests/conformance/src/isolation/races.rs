//! Several servers at once, each reading, computing and writing.

use std::thread::ScopedJoinHandle;

use dredis_contract::{Backend, Commit};

use super::{commit_resting, commit_until_done, second_opening, unknown};
use crate::changes::{Change, commit};
use crate::check::{During, Ending, Proof, Trial, ensure};
use crate::reading::{expect_value, get};

/// Each thread gets through so often.
const UPDATES_PER_THREAD: u64 = 150;

/// Others get through in between, so that much is allowed.
const ATTEMPTS_AMONG_OTHERS_MAX: usize = 20_000;

const THREADS: u64 = 4;

/// How a thread ended; a panic in it is a failure like any other.
pub(super) fn join(thread: ScopedJoinHandle<'_, Proof>) -> Proof {
    thread.join().unwrap_or_else(|_| Err(Ending::failed("a thread of the check panicked within the engine")))
}

fn number(value: Option<&Vec<u8>>) -> u64 {
    value.and_then(|bytes| bytes.as_slice().try_into().ok()).map_or(0, u64::from_be_bytes)
}

/// Two updates of one number, in turn and then from several threads and through two openings.
pub(super) fn updates(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let other = second_opening(trial, &opened)?;
    let backends: [&dyn Backend; 2] = [&*opened, &*other];
    // Both read before either writes.
    let mut moments = Vec::new();
    for backend in backends {
        moments.push(backend.view()?.moment()?);
    }
    let one = [Change::put(b"number", &1_u64.to_be_bytes())];
    let mut done = 0;
    for (backend, moment) in backends.into_iter().zip(moments) {
        done += u64::from(commit_resting(backend, &one, moment, &[b"number"])? == Commit::Done);
    }
    ensure!(
        done < 2,
        "two servers read the same number and both put what they made of it: an update is lost"
    );
    commit(&*opened, &[Change::delete(b"number")])?;

    let add_one = |found: &[Option<Vec<u8>>]| {
        let sum = number(found.first().and_then(Option::as_ref)) + 1;
        vec![Change::put(b"number", &sum.to_be_bytes())]
    };
    let work = |backend: &dyn Backend| -> Proof {
        (0..UPDATES_PER_THREAD)
            .try_for_each(|_| commit_until_done(backend, &[b"number"], ATTEMPTS_AMONG_OTHERS_MAX, add_one))
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let backend = backends[thread as usize % 2];
                scope.spawn(move || work(backend))
            })
            .collect();
        threads.into_iter().try_for_each(join)
    })?;
    let sum = THREADS * UPDATES_PER_THREAD;
    expect_value(&*other.view()?, b"number", Some(&sum.to_be_bytes()))
        .during(format_args!("after {sum} updates that added 1 each and were done"))
}

/// Of two that are on duty each may leave if the other one stays: at no time may both be gone.
pub(super) fn write_skew(trial: &Trial<'_>) -> Proof {
    let keys: [&[u8]; 2] = [b"first on duty", b"second on duty"];
    let opened = trial.fresh()?;
    let other = second_opening(trial, &opened)?;
    let backends: [&dyn Backend; 2] = [&*opened, &*other];
    // In turn: both read both keys, then each removes one of them.
    for order in [[0, 1], [1, 0]] {
        let both = keys.map(|key| Change::put(key, b"1"));
        commit(&*opened, &both)?;
        let mut moments = Vec::new();
        for backend in backends {
            moments.push(backend.view()?.moment()?);
        }
        let mut done = 0;
        for at in order {
            let leave = [Change::delete(keys[at])];
            done += usize::from(commit_resting(backends[at], &leave, moments[at], &keys)? == Commit::Done);
        }
        ensure!(
            done < 2,
            "each of two batches removed what the other one had read to be there, and both were done"
        );
    }
    // At once, many times.
    for round in 0..UPDATES_PER_THREAD {
        let both = keys.map(|key| Change::put(key, b"1"));
        commit(&*opened, &both)?;
        std::thread::scope(|scope| {
            let threads = [0, 1].map(|at| {
                let backend = backends[at];
                let keys = &keys;
                scope.spawn(move || leave(backend, keys, at))
            });
            threads.into_iter().try_for_each(join)
        })?;
        let view = opened.view()?;
        let mut there = 0;
        for key in keys {
            there += usize::from(get(&*view, key)?.is_some());
        }
        ensure!(
            there == 1,
            "in round {round} {there} of two are on duty, not 1: each left because the other stayed"
        );
    }
    Ok(())
}

/// Removes a key if the other one is there, else nothing; tries again after a conflict.
fn leave(backend: &dyn Backend, keys: &[&[u8]; 2], at: usize) -> Proof {
    for _ in 0..ATTEMPTS_AMONG_OTHERS_MAX {
        let view = backend.view()?;
        let moment = view.moment()?;
        if get(&*view, keys[1 - at])?.is_none() {
            return Ok(());
        }
        drop(view);
        match commit_resting(backend, &[Change::delete(keys[at])], moment, keys)? {
            Commit::Done => return Ok(()),
            Commit::Conflict => std::thread::yield_now(),
            Commit::Unknown => return Err(unknown()),
        }
    }
    Err(Ending::failed("of two that conflict with each other none gets through"))
}
