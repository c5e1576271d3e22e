//! Memory: what is taken is given back. Measured as the resident size of the process, which leaks can only raise.
//!
//! An engine may grow for a while: caches fill, allocators keep what they got. A leak is what grows in every one of
//! several rounds in a row. So one round without growth proves that there is none, and no bound has to be guessed tightly.

use dredis_contract::Scan;

use crate::changes::{Change, commit, puts};
use crate::check::{Ending, Proof, Trial};

const ROUNDS_MAX: usize = 8;

/// A round that grows the process by less than this, in bytes, is one without growth.
const GROWTH_MAX: u64 = 512 * 1024;

/// Bytes that the process has in memory.
fn resident_bytes() -> Result<u64, Ending> {
    const PAGE_BYTES: u64 = 4096;
    let unknown = || Ending::Skipped("/proc/self/statm, from which memory is read".to_owned());
    let text = std::fs::read_to_string("/proc/self/statm").map_err(|_| unknown())?;
    let pages: u64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).ok_or_else(unknown)?;
    Ok(pages * PAGE_BYTES)
}

/// Expects at least one round in which the process does not grow.
fn expect_flat(trial: &Trial<'_>, what: &str, mut round: impl FnMut() -> Proof) -> Proof {
    round()?;
    let mut grown = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let before = resident_bytes()?;
        round()?;
        let growth = resident_bytes()?.saturating_sub(before);
        if growth < GROWTH_MAX {
            trial.figure("rounds until memory stayed level", (grown.len() + 1).to_string());
            return Ok(());
        }
        grown.push(format!("{} KiB", growth / 1024));
    }
    Err(Ending::failed(format!("each round of {what} made the process larger: by {}", grown.join(", "))))
}

pub(super) fn of_instances(trial: &Trial<'_>) -> Proof {
    expect_flat(trial, "60 openings", || {
        for _ in 0..60 {
            let opened = trial.fresh()?;
            commit(&*opened, &[Change::put(b"key", &[b'v'; 20_000])])?;
            drop(opened.view()?);
        }
        Ok(())
    })
}

pub(super) fn of_reads(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    commit(&*opened, &puts((0..500).map(|number| (format!("{number:03}"), vec![b'v'; number * 10]))))?;
    expect_flat(trial, "40,000 reads", || {
        for round in 0..80 {
            let view = opened.view()?;
            for number in 0..500 {
                view.get(format!("{number:03}").as_bytes())?;
            }
            view.get_many(&[b"001", b"400", b"absent"])?;
            // To the end, and given up on the way.
            for scan in [Scan::all(), Scan::all().reverse(), Scan::all().keys()] {
                let mut cursor = view.scan(&scan)?;
                let taken = if round % 2 == 0 { usize::MAX } else { 3 };
                for _ in 0..taken {
                    if cursor.next()?.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(())
    })
}

pub(super) fn of_commits(trial: &Trial<'_>) -> Proof {
    expect_flat(trial, "2,000 commits", || {
        let opened = trial.fresh()?;
        for number in 0..2000_u32 {
            let key = (number % 50).to_be_bytes();
            commit(&*opened, &[Change::put(&key, &[b'v'; 1000]), Change::delete(b"z")])?;
        }
        Ok(())
    })
}
