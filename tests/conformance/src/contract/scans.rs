//! Scans: ranges, directions, projections and ends.

use dredis_contract::Scan;

use crate::bytes::show;
use crate::changes::{self, Change, Model, Records, apply, commit, puts};
use crate::check::{During, Proof, Trial, ensure};
use crate::reading::{collect, expect_scan, first_difference};
use crate::target::Opened;

/// An engine that holds these keys, each with itself as its value.
fn holding<'t>(trial: &Trial<'t>, keys: &[&[u8]]) -> Result<(Opened<'t>, Model), crate::Ending> {
    let opened = trial.fresh()?;
    let changes = puts(keys.iter().map(|key| (key, key)));
    commit(&*opened, &changes)?;
    let mut model = Model::new();
    apply(&mut model, &changes);
    Ok((opened, model))
}

const KEYS: [&[u8]; 9] = [b"\x00", b"a", b"a\x00", b"aa", b"b", b"c\xff", b"d", b"\xff", b"\xff\xff"];

/// What lies on keys, just beside them, and far from them.
const ENDS: [&[u8]; 12] = [
    b"",
    b"\x00",
    b"\x00\x00",
    b"a",
    b"a\x00\x00",
    b"ab",
    b"b",
    b"b\x00",
    b"c",
    b"e",
    b"\xff\xff",
    b"\xff\xff\xff",
];

/// Calls `look` with a scan of every range that [`ENDS`] make.
fn each_range(mut look: impl FnMut(Scan<'static>) -> Proof) -> Proof {
    for start in ENDS {
        for end in ENDS.into_iter().map(Some).chain([None]) {
            look(Scan { start, end, ..Scan::all() })?;
        }
    }
    Ok(())
}

pub(super) fn both_ways(trial: &Trial<'_>) -> Proof {
    let (opened, model) = holding(trial, &KEYS)?;
    let view = opened.view()?;
    expect_scan(&*view, &model, &Scan::all())?;
    expect_scan(&*view, &model, &Scan::all().reverse())?;
    // Reverse within a range begins at the last key before its end, whether or not that end is a key.
    each_range(|scan| expect_scan(&*view, &model, &scan.reverse()))
}

pub(super) fn bounds(trial: &Trial<'_>) -> Proof {
    let (opened, model) = holding(trial, &KEYS)?;
    let view = opened.view()?;
    each_range(|scan| expect_scan(&*view, &model, &scan))
}

pub(super) fn empty(trial: &Trial<'_>) -> Proof {
    let nothing = trial.fresh()?;
    let view = nothing.view()?;
    each_range(|scan| {
        expect_scan(&*view, &Model::new(), &scan)?;
        expect_scan(&*view, &Model::new(), &scan.reverse())
    })
    .during("an engine without records")?;
    let (opened, model) = holding(trial, &KEYS)?;
    let view = opened.view()?;
    let ranges: [(&[u8], &[u8]); 6] =
        [(b"a", b"a"), (b"b", b"a"), (b"", b""), (b"\xff", b"\x00"), (b"ab", b"ac"), (b"c", b"c")];
    for (start, end) in ranges {
        for scan in [Scan::range(start, end), Scan::range(start, end).reverse()] {
            expect_scan(&*view, &model, &scan)?;
        }
    }
    Ok(())
}

pub(super) fn keys_only(trial: &Trial<'_>) -> Proof {
    let (opened, model) = holding(trial, &KEYS)?;
    let view = opened.view()?;
    for scan in [Scan::all().keys(), Scan::all().reverse().keys()] {
        for (key, value) in collect(&*view, &scan)? {
            ensure!(value.is_empty(), "a scan for keys brings {} with key {}", show(&value), show(&key));
        }
        expect_scan(&*view, &model, &scan)?;
    }
    Ok(())
}

pub(super) fn expected(trial: &Trial<'_>) -> Proof {
    let (opened, model) = holding(trial, &KEYS)?;
    let view = opened.view()?;
    for count in [0, 1, 2, 9, 10, 1000, usize::MAX] {
        expect_scan(&*view, &model, &Scan::all().expecting(count))?;
        expect_scan(&*view, &model, &Scan::all().reverse().expecting(count))?;
    }
    Ok(())
}

pub(super) fn end(trial: &Trial<'_>) -> Proof {
    let (opened, model) = holding(trial, &KEYS)?;
    let view = opened.view()?;
    for scan in
        [Scan::all(), Scan::all().reverse(), Scan::range(b"a", b"b"), Scan::range(b"x", b"y").reverse()]
    {
        let mut cursor = view.scan(&scan)?;
        for _ in 0..expected_length(&model, &scan) {
            ensure!(cursor.next()?.is_some(), "a cursor ends before its range does");
        }
        for _ in 0..5 {
            ensure!(cursor.next()?.is_none(), "a cursor goes on behind its end");
        }
    }
    // Dropped in the middle, or never asked: no harm.
    for taken in 0..3 {
        let mut cursor = view.scan(&Scan::all())?;
        for _ in 0..taken {
            cursor.next()?;
        }
    }
    Ok(())
}

fn expected_length(model: &Model, scan: &Scan<'_>) -> usize {
    changes::expected(model, scan).len()
}

pub(super) fn long(trial: &Trial<'_>) -> Proof {
    let mut random = trial.random();
    let opened = trial.fresh()?;
    let mut model = Model::new();
    // In several commits, so that a log-structured engine has several places to look at.
    for round in 0..5_u32 {
        let changes = puts((0..3000_u32).map(|number| {
            let length = random.below(60);
            ((number * 7 + round).wrapping_mul(0x85eb_ca6b).to_be_bytes(), random.bytes(length))
        }));
        commit(&*opened, &changes)?;
        apply(&mut model, &changes);
    }
    let gone: Vec<Change> = model.keys().step_by(3).map(|key| Change::delete(key)).collect();
    commit(&*opened, &gone)?;
    apply(&mut model, &gone);
    let view = opened.view()?;
    for scan in [Scan::all(), Scan::all().reverse()] {
        expect_scan(&*view, &model, &scan)?;
    }
    for _ in 0..40 {
        let mut ends = [random.bytes(3), random.bytes(3)];
        ends.sort();
        let scan = Scan::range(&ends[0], &ends[1]);
        let forwards = collect(&*view, &scan)?;
        let mut backwards: Records = collect(&*view, &scan.reverse())?;
        backwards.reverse();
        let difference = first_difference(&backwards, &forwards);
        ensure!(
            difference.is_none(),
            "a reverse scan is not the scan reversed: {}",
            difference.unwrap_or_default()
        );
        expect_scan(&*view, &model, &scan)?;
    }
    Ok(())
}
