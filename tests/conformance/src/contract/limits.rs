//! Limits: what is declared is taken, and what is more is refused whole.

use dredis_contract::{Backend, ErrorKind, Scan};

use crate::changes::{Change, Model, apply, commit, puts, try_commit};
use crate::check::{During, Ending, Proof, Trial, ensure};
use crate::reading::{expect_now, expect_scan, expect_value};

/// A limit as a length, unless there is none or it lies beyond what this run tries.
fn limit(trial: &Trial<'_>, name: &str, declared: u64) -> Result<usize, Ending> {
    if declared == u64::MAX {
        return Err(Ending::Skipped(format!("a limit ({name}: none)")));
    }
    let most = trial.settings.bytes_max;
    match usize::try_from(declared) {
        Ok(length) if declared <= most => Ok(length),
        _ => Err(Ending::Skipped(format!(
            "a limit that this run tries ({name}: {declared}; it tries up to {most} bytes, see --bytes-max)"
        ))),
    }
}

fn key_limit(trial: &Trial<'_>) -> Result<usize, Ending> {
    limit(trial, "key_bytes_max", trial.target.capabilities()?.limits.key_bytes_max)
}

fn value_limit(trial: &Trial<'_>) -> Result<usize, Ending> {
    limit(trial, "value_bytes_max", trial.target.capabilities()?.limits.value_bytes_max)
}

fn batch_limit(trial: &Trial<'_>) -> Result<usize, Ending> {
    limit(trial, "batch_bytes_max", trial.target.capabilities()?.limits.batch_bytes_max)
}

/// A limit as a length, or half of what this run tries where the limit lies beyond. The report says which it was.
fn limit_or_half(trial: &Trial<'_>, name: &str, declared: u64) -> usize {
    let most = trial.settings.bytes_max;
    let tried = if declared <= most { declared } else { most / 2 };
    trial.figure(format!("largest {name} tried, in bytes"), tried.to_string());
    usize::try_from(tried).unwrap_or(usize::MAX)
}

/// Commits what is too much between changes that are not, and expects all of it refused.
fn expect_refused(backend: &dyn Backend, model: &mut Model, too_much: Vec<Change>, what: &str) -> Proof {
    let mut changes = vec![Change::put(b"\x01 before", b"1")];
    changes.extend(too_much);
    changes.push(Change::put(b"\xff behind", b"1"));
    match try_commit(backend, &changes) {
        Ok(end) => {
            return Err(Ending::failed(format!(
                "{what} was not refused but ended as {end:?}: refuse it with ErrorKind::InvalidInput, or declare more"
            )));
        }
        Err(error) => ensure!(
            error.kind() == ErrorKind::InvalidInput,
            "{what} was refused as {:?} ({error}); say ErrorKind::InvalidInput",
            error.kind()
        ),
    }
    expect_now(backend, model).during(format_args!("after {what} was refused"))?;
    let changes = [Change::put(b"\x01 afterwards", b"1")];
    commit(backend, &changes).during(format_args!("after {what} was refused"))?;
    apply(model, &changes);
    expect_now(backend, model)
}

pub(super) fn longest_key(trial: &Trial<'_>) -> Proof {
    let declared = trial.target.capabilities()?.limits.key_bytes_max;
    // Where there is no limit, what the core may come to use.
    let length = if declared == u64::MAX { 4096 } else { key_limit(trial)? };
    let mut opened = trial.fresh()?;
    let mut model = Model::new();
    // Three that differ in the last byte alone, and one that is their beginning.
    let long = |last: u8| [vec![b'k'; length - 1], vec![last]].concat();
    let changes = [
        Change::put(&vec![b'k'; length - 1], b"shorter"),
        Change::put(&long(0), b"0"),
        Change::put(&long(1), b"1"),
        Change::put(&long(255), b"255"),
    ];
    commit(&*opened, &changes)?;
    apply(&mut model, &changes);
    expect_now(&*opened, &model)?;
    let changes = [Change::delete(&long(1)), Change::put(&long(255), b"other")];
    commit(&*opened, &changes)?;
    apply(&mut model, &changes);
    expect_now(&*opened, &model)?;
    let changes = [Change::delete_range(&long(0), &long(255))];
    commit(&*opened, &changes)?;
    apply(&mut model, &changes);
    expect_now(&*opened, &model)?;
    if opened.capabilities().durability != dredis_contract::Durability::Never {
        opened.reopen()?;
        expect_now(&*opened, &model).during("after opening again")?;
    }
    Ok(())
}

pub(super) fn key_too_long(trial: &Trial<'_>) -> Proof {
    let length = key_limit(trial)? + 1;
    let opened = trial.fresh()?;
    let mut model = Model::new();
    let what = format!("a key of {length} bytes");
    expect_refused(&*opened, &mut model, vec![Change::put(&vec![b'k'; length], b"v")], &what)
}

pub(super) fn key_beyond(trial: &Trial<'_>) -> Proof {
    let declared = trial.target.capabilities()?.limits.key_bytes_max;
    let opened = trial.fresh()?;
    // Where there is no limit, what hardly anybody has tried.
    let longest = usize::try_from(declared).unwrap_or(usize::MAX).min(1 << 20);
    let long = |length: usize| vec![b'k'; length];
    let mut model = Model::new();
    let changes = puts([(long(longest), "longest"), (b"a".to_vec(), "first"), (b"z".to_vec(), "last")]);
    commit(&*opened, &changes)?;
    apply(&mut model, &changes);
    let view = opened.view()?;
    for beyond in [longest + 1, longest + 2, longest * 2, longest + 70_000] {
        let key = long(beyond);
        expect_value(&*view, &key, None).during(format_args!("a key of {beyond} bytes"))?;
        let asked: [&[u8]; 3] = [b"a", &key, b"z"];
        let many = view.get_many(&asked).during(format_args!("get_many with a key of {beyond} bytes"))?;
        let there: Vec<bool> = many.iter().map(Option::is_some).collect();
        ensure!(there == [true, false, true], "get_many with a key of {beyond} bytes finds {there:?}");
        // The longest key lies before all of these, and `z` behind them.
        for (start, end) in
            [(&b""[..], Some(&key[..])), (&key, None), (&key, Some(&b"z"[..])), (&key, Some(&key))]
        {
            let scan = Scan { start, end, ..Scan::all() };
            expect_scan(&*view, &model, &scan)?;
            expect_scan(&*view, &model, &scan.reverse())?;
        }
        opened.approximate_size(&key, None).during("approximate_size from a key beyond the limit")?;
        opened.approximate_size(b"", Some(&key)).during("approximate_size up to a key beyond the limit")?;
    }
    Ok(())
}

pub(super) fn longest_value(trial: &Trial<'_>) -> Proof {
    let declared = trial.target.capabilities()?.limits;
    // As much as fits into a batch beside what is put with it.
    let fits = declared.batch_bytes_max.saturating_sub(100);
    let length = limit_or_half(trial, "value", declared.value_bytes_max.min(fits));
    let opened = trial.fresh()?;
    let mut value = vec![b'v'; length];
    if let [first, .., last] = value.as_mut_slice() {
        (*first, *last) = (b'<', b'>');
    }
    commit(&*opened, &[Change::put(b"large", &value), Change::put(b"small", b"1")])?;
    expect_value(&*opened.view()?, b"large", Some(&value))?;
    commit(&*opened, &[Change::put(b"large", b"now small")])?;
    expect_value(&*opened.view()?, b"large", Some(b"now small"))
}

pub(super) fn value_too_long(trial: &Trial<'_>) -> Proof {
    let length = value_limit(trial)? + 1;
    let opened = trial.fresh()?;
    let mut model = Model::new();
    let what = format!("a value of {length} bytes");
    expect_refused(&*opened, &mut model, vec![Change::put(b"k", &vec![b'v'; length])], &what)
}

/// Puts whose keys and values together have this many bytes.
fn batch_of(bytes: usize, value_bytes_max: usize) -> Vec<Change> {
    const KEY_BYTES: usize = 8;
    let value_bytes = value_bytes_max.min(16_384);
    let mut changes = Vec::new();
    let mut left = bytes;
    while left > KEY_BYTES {
        // The last value takes what would not be enough for another key.
        let take = if left <= value_bytes + 2 * KEY_BYTES { left - KEY_BYTES } else { value_bytes };
        let take = take.min(value_bytes);
        changes
            .push(Change::Put((changes.len() as u64 + (1 << 56)).to_be_bytes().to_vec(), vec![b'v'; take]));
        left -= KEY_BYTES + take;
    }
    if let (Some(Change::Put(key, _)), true) = (changes.last_mut(), left > 0) {
        key.extend(vec![b'+'; left]);
    }
    changes
}

pub(super) fn largest_batch(trial: &Trial<'_>) -> Proof {
    let limits = trial.target.capabilities()?.limits;
    let bytes = limit_or_half(trial, "batch", limits.batch_bytes_max);
    let opened = trial.fresh()?;
    let changes = batch_of(bytes, usize::try_from(limits.value_bytes_max).unwrap_or(usize::MAX));
    let mut model = Model::new();
    commit(&*opened, &changes)?;
    apply(&mut model, &changes);
    expect_now(&*opened, &model)
}

pub(super) fn batch_too_large(trial: &Trial<'_>) -> Proof {
    let bytes = batch_limit(trial)? + 1;
    let value_bytes_max = trial.target.capabilities()?.limits.value_bytes_max;
    let opened = trial.fresh()?;
    let mut model = Model::new();
    let changes = batch_of(bytes, usize::try_from(value_bytes_max).unwrap_or(usize::MAX));
    expect_refused(&*opened, &mut model, changes, &format!("a batch of more than {bytes} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_have_the_size_that_was_asked_for() {
        for bytes in [9, 100, 16_384, 16_392, 16_393, 16_400, 16_401, 100_000, 1 << 20] {
            let found: usize = batch_of(bytes, usize::MAX)
                .iter()
                .map(|change| match change {
                    Change::Put(key, value) => key.len() + value.len(),
                    Change::Delete(_) | Change::DeleteRange(..) => 0,
                })
                .sum();
            assert_eq!(found, bytes);
        }
    }
}
