//! The contract's verbs, timed. Figures to look at; nothing can fail here but the engine itself.

use std::hint::black_box;
use std::time::{Duration, Instant};

use dredis_contract::Scan;

use crate::changes::{Change, commit, puts};
use crate::check::{Check, Level, Proof, Trial};

/// All checks of the level.
pub(crate) const CHECKS: &[Check] =
    &[Check::new(Level::Speed, "verbs_timed", "What costs what. Informative.", timed).alone()];

const RECORDS: usize = 50_000;
const BATCH: usize = 1000;
const VALUE_BYTES: usize = 100;

/// After so long, a verb has been timed well enough, if it was called a few times.
const ENOUGH: Duration = Duration::from_secs(2);
const CALLS_MIN: usize = 3;

fn key(number: usize) -> Vec<u8> {
    // Spread, so that neither arrival nor lookup follows the order of keys.
    let spread = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    [&spread.to_be_bytes()[..], &(number as u64).to_be_bytes()].concat()
}

/// Notes what one of `count` took, as the middle of the times of as many calls.
fn note(trial: &Trial<'_>, name: &str, count: usize, mut times: Vec<Duration>) {
    times.sort();
    let Some(middle) = times.get(times.len() / 2) else { return };
    let micros = middle.as_secs_f64() * 1e6 / count as f64;
    trial.figure(name, format!("{micros:.2} us"));
}

/// Calls `action` with 0, 1, ... and times each call. A slow engine makes fewer of them.
fn times(calls: usize, mut action: impl FnMut(usize) -> Proof) -> Result<Vec<Duration>, crate::Ending> {
    let mut times = Vec::with_capacity(calls);
    let all_begun = Instant::now();
    for number in 0..calls {
        if number >= CALLS_MIN && all_begun.elapsed() > ENOUGH {
            break;
        }
        let begun = Instant::now();
        action(number)?;
        times.push(begun.elapsed());
    }
    Ok(times)
}

fn timed(trial: &Trial<'_>) -> Proof {
    let mut random = trial.random();
    let opened = trial.fresh()?;
    let value = random.bytes(VALUE_BYTES);
    let batches: Vec<Vec<Change>> = (0..RECORDS / BATCH)
        .map(|batch| puts((0..BATCH).map(|number| (key(batch * BATCH + number), &value))))
        .collect();
    note(
        trial,
        "put, a thousand to a commit",
        BATCH,
        times(batches.len(), |at| commit(&*opened, &batches[at]))?,
    );
    let single = |number: usize| commit(&*opened, &[Change::put(&key(number * 7 % RECORDS), &value)]);
    note(trial, "put, a commit each", 1, times(2000, single)?);
    note(
        trial,
        "sync after a commit",
        1,
        times(20, |number| {
            single(number)?;
            Ok(opened.sync()?)
        })?,
    );
    note(
        trial,
        "view",
        1,
        times(5000, |_| {
            black_box(opened.view()?);
            Ok(())
        })?,
    );
    let view = opened.view()?;
    for (name, offset) in [("get, there", 0), ("get, not there", RECORDS)] {
        note(
            trial,
            name,
            1,
            times(20_000, |_| {
                black_box(view.get(&key(random.below(RECORDS) + offset))?);
                Ok(())
            })?,
        );
    }
    let keys: Vec<Vec<u8>> = (0..100).map(|number| key(number * 401 % RECORDS)).collect();
    let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    note(
        trial,
        "get_many, of a hundred each",
        100,
        times(200, |_| {
            black_box(view.get_many(&asked)?);
            Ok(())
        })?,
    );
    note(
        trial,
        "first record from a key on",
        1,
        times(5000, |_| {
            let start = key(random.below(RECORDS));
            black_box(view.scan(&Scan { start: &start, ..Scan::all() }.expecting(1))?.next()?);
            Ok(())
        })?,
    );
    for (name, scan) in [
        ("scan, a record", Scan::all()),
        ("scan for keys, a record", Scan::all().keys()),
        ("reverse scan, a record", Scan::all().reverse()),
    ] {
        note(
            trial,
            name,
            RECORDS,
            times(5, |_| {
                let mut cursor = view.scan(&scan)?;
                while let Some(record) = cursor.next()? {
                    black_box(record);
                }
                Ok(())
            })?,
        );
    }
    drop(view);
    let range = |number: usize| {
        let start = (number as u16 * 256).to_be_bytes();
        let end = (number as u16 * 256 + 200).to_be_bytes();
        commit(&*opened, &[Change::delete_range(&start, &end)])
    };
    note(trial, "delete of a range of about 150 records", 1, times(100, range)?);
    Ok(())
}
