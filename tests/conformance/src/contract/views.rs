//! Views: what they show, and what they never do.

use dredis_contract::{Scan, View};

use crate::changes::{Change, Model, apply, commit, puts};
use crate::check::{During, Proof, Trial, ensure};
use crate::reading::{expect_model, expect_now, expect_value};

/// The changes of one round: some keys come, some change, some go.
fn round(number: u32) -> Vec<Change> {
    if number % 3 == 2 {
        let start = format!("key {:03}", number * 5 % 90);
        return vec![Change::delete_range(start.as_bytes(), format!("{start}~").as_bytes())];
    }
    let text = format!("round {number}");
    puts((0..20_u32).map(|index| (format!("key {:03}", (index * 7 + number * 3) % 100), &text)))
}

pub(super) fn shows_before(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let mut model = Model::new();
    expect_now(&*opened, &model).during("a view of an empty engine")?;
    for number in 0..60 {
        let changes = round(number);
        commit(&*opened, &changes)?;
        apply(&mut model, &changes);
        expect_now(&*opened, &model)?;
    }
    Ok(())
}

pub(super) fn hides_later(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let before = opened.view()?;
    let mut model = Model::new();
    let changes = puts((0..50).map(|number| (format!("key {number:03}"), "old")));
    commit(&*opened, &changes)?;
    apply(&mut model, &changes);
    let view = opened.view()?;
    // Overwritten, removed, removed by range, and new, before and behind everything.
    for changes in [
        vec![Change::put(b"key 010", b"new")],
        vec![Change::delete(b"key 020")],
        vec![Change::delete_range(b"key 030", b"key 040")],
        vec![Change::put(b"a", b"new"), Change::put(b"key 0105", b"new"), Change::put(b"z", b"new")],
        vec![Change::delete_range(b"\x00", b"\xff")],
    ] {
        commit(&*opened, &changes)?;
        let what = format!("a view older than the commit [{}]", changes[0]);
        expect_model(&*view, &model).during(&what)?;
        expect_value(&*view, b"z", None).during(&what)?;
        expect_model(&*before, &Model::new()).during("a view of an empty engine, later")?;
    }
    Ok(())
}

pub(super) fn repeats(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let mut model = Model::new();
    for number in 0..5 {
        let changes = round(number);
        commit(&*opened, &changes)?;
        apply(&mut model, &changes);
    }
    let view = opened.view()?;
    for number in 5..40 {
        expect_model(&*view, &model).during(format_args!("reading number {number} of one view"))?;
        commit(&*opened, &round(number))?;
        if number % 10 == 0 {
            opened.sync()?;
            crate::contract::compact_beside_views(&*opened, &[], None)?;
        }
    }
    expect_model(&*view, &model)
}

pub(super) fn cursor(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let keys: Vec<Vec<u8>> = (0..1000_u32).map(|number| number.to_be_bytes().to_vec()).collect();
    commit(&*opened, &puts(keys.iter().map(|key| (key, "old"))))?;
    let view = opened.view()?;
    for scan in [Scan::all(), Scan::all().reverse()] {
        let mut cursor = view.scan(&scan)?;
        let mut count = 0;
        while let Some(record) = cursor.next()? {
            ensure!(record.value == b"old", "a cursor shows a commit that is newer than its view");
            count += 1;
            // What lies ahead of the cursor changes, goes, and gets new neighbours.
            if count % 100 == 1 {
                let ahead = keys[(count + 50) % keys.len()].clone();
                let neighbour = [&ahead[..], b"+"].concat();
                commit(&*opened, &[Change::put(&ahead, b"new"), Change::put(&neighbour, b"new")])?;
                let gone = &keys[(count + 70) % keys.len()];
                commit(&*opened, &[Change::delete(gone)])?;
            }
        }
        ensure!(count == keys.len(), "a cursor shows {count} records of a view that has {}", keys.len());
    }
    Ok(())
}

pub(super) fn borrowed_values(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let text = |number: u32, round: u32| format!("{number} in {round}, ").repeat(1 + number as usize * 3);
    let key = |number: u32| format!("key {number:03}");
    commit(&*opened, &puts((0..100).map(|number| (key(number), text(number, 0)))))?;
    let view = opened.view()?;
    let mut values = Vec::new();
    for number in 0..100 {
        values.push(view.get(key(number).as_bytes())?);
    }
    for round in 1..5 {
        commit(&*opened, &puts((0..100).map(|number| (key(number), text(number, round)))))?;
        commit(&*opened, &[Change::delete_range(key(20).as_bytes(), key(40).as_bytes())])?;
    }
    for (number, value) in (0..).zip(&values) {
        let expected = text(number, 0);
        ensure!(
            value.as_deref() == Some(expected.as_bytes()),
            "a value of {} bytes changed while its view was open",
            expected.len()
        );
    }
    Ok(())
}

pub(super) fn many(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let mut model = Model::new();
    let mut kept: Vec<(Box<dyn View + '_>, Model)> = Vec::new();
    for number in 0..100 {
        let changes = round(number);
        commit(&*opened, &changes)?;
        apply(&mut model, &changes);
        kept.push((opened.view()?, model.clone()));
    }
    // Dropped in no order, the rest read after each tenth.
    for number in 0..100_usize {
        let at = number * 37 % kept.len();
        let (view, model) = kept.swap_remove(at);
        expect_model(&*view, &model).during("one view of a hundred")?;
        drop(view);
        if number % 10 == 0 {
            for (view, model) in kept.iter().step_by(7) {
                expect_model(&**view, model).during("a view among others that are dropped")?;
            }
        }
    }
    expect_now(&*opened, &model)
}
