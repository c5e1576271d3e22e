//! Batches: what one commit may hold.

use dredis_contract::{Batch, Commit, Operation};

use crate::changes::{Change, Model, apply, commit, puts};
use crate::check::{During, Proof, Trial, ensure};
use crate::reading::{expect_now, expect_value};

pub(super) fn mixed(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let mut model = Model::new();
    let before = puts((b'a'..=b'z').map(|letter| ([letter], "old")));
    let changes = [
        Change::put(b"A", b"new"),
        Change::delete(b"a"),
        Change::put(b"b", b"new"),
        Change::delete_range(b"c", b"f"),
        // The first key that a range spares may be changed in the same batch.
        Change::put(b"f", b"new"),
        Change::delete_range(b"g", b"g\x00"),
        Change::delete_range(b"g\x00", b"k"),
        Change::delete(b"k"),
        Change::put(b"k\x00", b"new"),
        Change::delete(b"nothing"),
        Change::delete_range(b"x", b"\xff"),
    ];
    for changes in [&before[..], &changes, &before, &changes] {
        commit(&*opened, changes)?;
        apply(&mut model, changes);
        expect_now(&*opened, &model)?;
    }
    Ok(())
}

pub(super) fn empty(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    commit(&*opened, &[]).during("an empty batch on an empty engine")?;
    commit(&*opened, &[Change::put(b"a", b"1")])?;
    commit(&*opened, &[])?;
    expect_now(&*opened, &Model::from([(b"a".to_vec(), b"1".to_vec())]))
}

pub(super) fn large(trial: &Trial<'_>) -> Proof {
    let mut random = trial.random();
    let opened = trial.fresh()?;
    let pairs: Vec<(Vec<u8>, Vec<u8>)> = (0..20_000_u32)
        .map(|number| {
            let key = number.wrapping_mul(0x9e37_79b1).to_be_bytes().to_vec();
            let length = random.below(100);
            (key, random.bytes(length))
        })
        .collect();
    let changes = puts(pairs);
    let mut model = Model::new();
    commit(&*opened, &changes)?;
    apply(&mut model, &changes);
    expect_now(&*opened, &model)?;
    // Every other one goes, in one batch.
    let changes: Vec<Change> = model.keys().step_by(2).map(|key| Change::delete(key)).collect();
    commit(&*opened, &changes)?;
    apply(&mut model, &changes);
    expect_now(&*opened, &model)
}

pub(super) fn done(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    commit(&*opened, &[Change::put(b"read", b"1")])?;
    let operations = [Operation::Put { key: b"written", value: b"1" }];
    let moment = opened.view()?.moment().during("asking a view for its moment")?;
    let batch = Batch::new(&operations).resting_on(moment, &[b"read", b"absent"]);
    // Changed since: a shared engine would have to care.
    commit(&*opened, &[Change::put(b"read", b"2")])?;
    let end = opened.commit(&batch).during("a commit with keys that were read")?;
    ensure!(end == Commit::Done, "a commit with keys that were read ended as {end:?} on an exclusive engine");
    expect_value(&*opened.view()?, b"written", Some(b"1"))
}
