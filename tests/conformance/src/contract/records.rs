//! Single records: keys, values, puts, deletes and lookups.

use dredis_contract::Scan;

use crate::bytes::show;
use crate::changes::{Change, Model, apply, commit, puts};
use crate::check::{During, Proof, Trial, ensure};
use crate::reading::{collect, expect_model, expect_now, expect_value};

/// Commits and expects the engine to hold just this.
fn put_and_expect(trial: &Trial<'_>, changes: &[Change]) -> Proof {
    let opened = trial.fresh()?;
    commit(&*opened, changes)?;
    let mut model = Model::new();
    apply(&mut model, changes);
    expect_now(&*opened, &model)
}

pub(super) fn order(trial: &Trial<'_>) -> Proof {
    // Where signed bytes, numbers, text or length would give another order.
    let keys: [&[u8]; 14] = [
        b"\x00",
        b"\x00\x00",
        b"\x00\x01",
        b"\x01",
        b"10",
        b"9",
        b"A",
        b"a",
        b"a\x00",
        b"aa",
        b"b",
        b"\x7f",
        b"\x80",
        b"\xff",
    ];
    let opened = trial.fresh()?;
    // One by one from the middle outwards, so that the order of arrival is not theirs.
    for (at, key) in keys.iter().enumerate() {
        commit(&*opened, &[Change::put(keys[(at * 5) % keys.len()], key)])?;
    }
    let found: Vec<Vec<u8>> =
        collect(&*opened.view()?, &Scan::all().keys())?.into_iter().map(|(key, _)| key).collect();
    for pair in found.windows(2) {
        ensure!(pair[0] < pair[1], "key {} stands before {}", show(&pair[0]), show(&pair[1]));
    }
    ensure!(found == keys, "{} keys were put in and {} come out", keys.len(), found.len());
    Ok(())
}

pub(super) fn any_byte(trial: &Trial<'_>) -> Proof {
    let one = (0..=255_u8).map(|byte| vec![byte]);
    let within = (0..=255_u8).map(|byte| vec![b'k', byte, b'k']);
    let last = (0..=255_u8).map(|byte| vec![b'k', b'k', byte]);
    let keys: Vec<Vec<u8>> = one.chain(within).chain(last).collect();
    put_and_expect(trial, &puts(keys.iter().map(|key| (key, key))))
}

pub(super) fn empty_values(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    commit(&*opened, &[Change::put(b"a", b""), Change::put(b"b", b"full")])?;
    commit(&*opened, &[Change::put(b"b", b""), Change::put(b"c", b"full")])?;
    let model =
        Model::from([(b"a".to_vec(), vec![]), (b"b".to_vec(), vec![]), (b"c".to_vec(), b"full".to_vec())]);
    expect_now(&*opened, &model)?;
    expect_value(&*opened.view()?, b"absent", None)
}

pub(super) fn values(trial: &Trial<'_>) -> Proof {
    let mut random = trial.random();
    let sizes = [1, 2, 127, 128, 255, 256, 511, 1000, 4000, 4096, 8192, 16_320, 32_768, 100_000, 1 << 20];
    let limits = trial.target.capabilities()?.limits;
    let fitting = sizes.into_iter().filter(|size| *size as u64 <= limits.value_bytes_max);
    let pairs: Vec<(Vec<u8>, Vec<u8>)> =
        fitting.map(|size| (format!("value of {size}").into_bytes(), random.bytes(size))).collect();
    let opened = trial.fresh()?;
    let mut model = Model::new();
    for (key, value) in &pairs {
        let changes = [Change::put(key, value)];
        commit(&*opened, &changes)?;
        apply(&mut model, &changes);
    }
    expect_now(&*opened, &model)
}

pub(super) fn put(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    for value in [&b"first"[..], b"second, and longer", b"3", b""] {
        commit(&*opened, &[Change::put(b"key", value)])?;
        expect_now(&*opened, &Model::from([(b"key".to_vec(), value.to_vec())]))?;
    }
    Ok(())
}

pub(super) fn delete(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    commit(&*opened, &[Change::delete(b"never there")]).during("deleting from an empty engine")?;
    let keys: Vec<String> = (0..40).map(|number| format!("key {number:02}")).collect();
    let changes = puts(keys.iter().map(|key| (key, "value")));
    let mut model = Model::new();
    commit(&*opened, &changes)?;
    apply(&mut model, &changes);
    // The first, the last, neighbours, one that is not there, and one twice.
    for numbers in [&[0, 39][..], &[10, 11, 12], &[20], &[20], &[1]] {
        let changes: Vec<Change> =
            numbers.iter().map(|number| Change::delete(format!("key {number:02}").as_bytes())).collect();
        commit(&*opened, &changes)?;
        apply(&mut model, &changes);
        expect_now(&*opened, &model)?;
    }
    commit(&*opened, &[Change::put(b"key 20", b"again")])?;
    expect_value(&*opened.view()?, b"key 20", Some(b"again"))
}

pub(super) fn get_many(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let pairs = [("a", "1"), ("b", ""), ("c", "3"), ("d", "4")];
    commit(&*opened, &puts(pairs))?;
    let model: Model = pairs.map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec())).into();
    let view = opened.view()?;
    let asked: [&[u8]; 8] = [b"d", b"absent", b"a", b"a", b"b", b"zz", b"c", b"\x00"];
    for count in 0..=asked.len() {
        let keys = &asked[..count];
        let found = view.get_many(keys).during("get_many")?;
        ensure!(found.len() == count, "get_many of {count} keys answers {} values", found.len());
        for (at, (key, value)) in keys.iter().zip(&found).enumerate() {
            let expected = model.get(*key).map(Vec::as_slice);
            ensure!(value.as_deref() == expected, "get_many answers key {} at place {at} wrongly", show(key));
        }
    }
    expect_model(&*view, &model)
}
