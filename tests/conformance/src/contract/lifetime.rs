//! Opening, closing and opening again.

use std::path::Path;

use dredis_contract::ErrorKind;

use crate::changes::{Change, Model, apply, commit, puts};
use crate::check::{During, Ending, Proof, Trial, ensure};
use crate::reading::{expect_now, expect_value};

pub(super) fn reopen(trial: &Trial<'_>) -> Proof {
    let mut random = trial.random();
    let mut opened = trial.fresh()?;
    let mut model = Model::new();
    for round in 0..8_u32 {
        for number in 0..10 {
            let changes = puts((0..50).map(|_| {
                let length = random.below(200);
                let mut key = random.bytes(2);
                key.push(number);
                (key, random.bytes(length))
            }));
            commit(&*opened, &changes)?;
            apply(&mut model, &changes);
        }
        if round % 2 == 0 {
            opened.sync()?;
        }
        opened.reopen()?;
        expect_now(&*opened, &model).during(format_args!("after opening for time {}", round + 2))?;
    }
    // And without any change between.
    opened.reopen()?;
    opened.reopen()?;
    expect_now(&*opened, &model)
}

pub(super) fn last_commit(trial: &Trial<'_>) -> Proof {
    let mut opened = trial.fresh()?;
    let mut model = Model::new();
    for number in 0..10_u8 {
        let changes = [Change::put(&[number + 1], b"its own commit"), Change::put(b"last", &[number])];
        commit(&*opened, &changes)?;
        apply(&mut model, &changes);
        opened.reopen()?;
        expect_now(&*opened, &model).during("the commit just before closing")?;
    }
    Ok(())
}

pub(super) fn deletions(trial: &Trial<'_>) -> Proof {
    let mut opened = trial.fresh()?;
    let mut model = Model::new();
    let filled = puts((0..100).map(|number| (format!("{number:02}"), "value")));
    let rounds = [
        filled.clone(),
        vec![Change::delete(b"10"), Change::delete_range(b"20", b"30")],
        vec![Change::put(b"25", b"back")],
        vec![Change::delete_range(b"\x00", b"\xff")],
        filled,
    ];
    for changes in rounds {
        commit(&*opened, &changes)?;
        apply(&mut model, &changes);
        opened.reopen()?;
        expect_now(&*opened, &model)?;
    }
    Ok(())
}

pub(super) fn second_opening(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    commit(&*opened, &[Change::put(b"a", b"1")])?;
    expect_in_use(trial, opened.path(), "the directory was opened a second time")?;
    // The refusal leaves the first one as it was.
    commit(&*opened, &[Change::put(b"b", b"2")]).during("after a second opening was refused")?;
    expect_value(&*opened.view()?, b"a", Some(b"1"))?;
    expect_value(&*opened.view()?, b"b", Some(b"2"))
}

/// Expects the opening of a directory refused that is in use.
pub(crate) fn expect_in_use(trial: &Trial<'_>, directory: &Path, if_opened: &str) -> Proof {
    let Err(error) = trial.target.open(directory) else {
        return Err(Ending::failed(format!("{if_opened}: lock it, and refuse, or declare Sharing::Shared")));
    };
    ensure!(
        error.kind() == ErrorKind::InvalidInput,
        "a directory that is in use was refused as {:?} ({error}); say ErrorKind::InvalidInput",
        error.kind()
    );
    Ok(())
}

pub(super) fn empty_directory(trial: &Trial<'_>) -> Proof {
    for _ in 0..3 {
        let opened = trial.fresh()?;
        expect_now(&*opened, &Model::new()).during("a fresh engine")?;
        opened.sync().during("sync of a fresh engine")?;
        opened.compact(&[], None).during("compact of a fresh engine")?;
    }
    Ok(())
}
