//! Range deletes.

use crate::changes::{Change, Model, apply, commit, puts};
use crate::check::{During, Proof, Trial};
use crate::reading::{expect_model, expect_now};

/// Keys `00` to `99`, with neighbours that merely begin like them.
fn filled() -> Vec<Change> {
    let numbers = (0..100).map(|number| format!("{number:02}"));
    let longer = (0..100).step_by(10).map(|number| format!("{number:02}\0"));
    puts(numbers.chain(longer).map(|key| (key.clone(), key)))
}

/// Plays range deletes one after the other, each compared with the model.
fn expect_deletes(trial: &Trial<'_>, ranges: &[(&[u8], &[u8])]) -> Proof {
    let opened = trial.fresh()?;
    let mut model = Model::new();
    commit(&*opened, &filled())?;
    apply(&mut model, &filled());
    for (start, end) in ranges {
        let changes = [Change::delete_range(start, end)];
        commit(&*opened, &changes)?;
        apply(&mut model, &changes);
        expect_now(&*opened, &model).during(&changes[0])?;
    }
    Ok(())
}

pub(super) fn delete(trial: &Trial<'_>) -> Proof {
    let ranges: [(&[u8], &[u8]); 8] = [
        (b"20", b"30"),
        (b"40", b"40\x00"),
        (b"50\x00", b"51"),
        (b"605", b"62"),
        (b"\x00", b"05"),
        (b"95", b"\xff\xff"),
        // Over one that is gone already, and beyond both of its ends.
        (b"15", b"35"),
        (b"70", b"71"),
    ];
    expect_deletes(trial, &ranges)
}

pub(super) fn delete_empty(trial: &Trial<'_>) -> Proof {
    let ranges: [(&[u8], &[u8]); 5] =
        [(b"20", b"20"), (b"205", b"206"), (b"30", b"20"), (b"\xff", b"\xff\xff"), (b"\x00", b"0")];
    expect_deletes(trial, &ranges)
}

pub(super) fn delete_everything(trial: &Trial<'_>) -> Proof {
    expect_deletes(trial, &[(b"\x00", b"\xff\xff")])?;
    expect_large_delete(trial)?;
    // And with what was put back afterwards.
    let opened = trial.fresh()?;
    for _ in 0..3 {
        commit(&*opened, &filled())?;
        commit(&*opened, &[Change::delete_range(b"\x00", b"\xff")])?;
        expect_now(&*opened, &Model::new())?;
    }
    commit(&*opened, &[Change::put(b"50", b"back")])?;
    expect_now(&*opened, &Model::from([(b"50".to_vec(), b"back".to_vec())]))
}

/// A range with more in it than engines do at one go, under the eyes of a view.
fn expect_large_delete(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let filled = puts((0..20_000_u32).map(|number| (number.to_be_bytes(), "value")));
    let mut model = Model::new();
    commit(&*opened, &filled)?;
    apply(&mut model, &filled);
    let (view, before) = (opened.view()?, model.clone());
    let changes = [Change::delete_range(&10_u32.to_be_bytes(), &19_990_u32.to_be_bytes())];
    commit(&*opened, &changes)?;
    model.retain(|key, _| *key < 10_u32.to_be_bytes().to_vec() || *key >= 19_990_u32.to_be_bytes().to_vec());
    expect_now(&*opened, &model).during(&changes[0])?;
    expect_model(&*view, &before).during("a view over a large range delete")
}
