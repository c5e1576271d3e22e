//! What has a default, and what an engine says of itself.

use std::sync::atomic::{AtomicBool, Ordering};

use dredis_contract::{Backend, DurabilityNeed, ErrorKind, Scan};

use crate::changes::{Change, Model, apply, commit, puts};
use crate::check::{During, Ending, Proof, Trial, ensure};
use crate::directory::Directory;
use crate::reading::{collect, expect_model, expect_now, expect_value};

fn filled() -> Vec<Change> {
    puts((0..2000_u32).map(|number| (format!("key {number:05}"), format!("value {number}").repeat(5))))
}

pub(super) fn capabilities(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let first = opened.capabilities();
    let limits = first.limits;
    ensure!(limits.key_bytes_max >= 255, "key_bytes_max is {}: take at least 255", limits.key_bytes_max);
    ensure!(
        limits.value_bytes_max >= 32_768,
        "value_bytes_max is {}: take at least 32768",
        limits.value_bytes_max
    );
    let largest = limits.key_bytes_max.min(1024).saturating_add(limits.value_bytes_max.min(32_768));
    ensure!(
        limits.batch_bytes_max >= largest,
        "batch_bytes_max is {}: it does not fit one record of {largest} bytes",
        limits.batch_bytes_max
    );
    ensure!(first.view_age_max_ms > 0, "view_age_max_ms is 0: no view could be read");
    commit(&*opened, &filled())?;
    opened.need_durability(DurabilityNeed::EveryCommit)?;
    ensure!(opened.capabilities() == first, "the capabilities changed while the engine was open");
    Ok(())
}

pub(super) fn durability_needs(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let mut model = Model::new();
    let needs = [DurabilityNeed::EveryCommit, DurabilityNeed::Periodic, DurabilityNeed::Relaxed];
    for (number, need) in (0_u8..).zip(needs.iter().chain(&needs).chain(needs.iter().rev())) {
        let view = opened.view()?;
        opened.need_durability(*need).during(format_args!("need_durability({need:?}) with a view open"))?;
        expect_model(&*view, &model).during("a view over a change of durability")?;
        let changes = [Change::put(&[number + 1], format!("{need:?}").as_bytes())];
        commit(&*opened, &changes)?;
        apply(&mut model, &changes);
        opened.sync()?;
        expect_now(&*opened, &model)?;
    }
    Ok(())
}

pub(super) fn checkpoint(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let mut model = Model::new();
    commit(&*opened, &filled())?;
    apply(&mut model, &filled());
    let place = Directory::fresh(trial.settings.directory.as_deref())?;
    let existing = place.path().join("existing");
    std::fs::create_dir(&existing)?;
    for dir in [existing, place.path().join("missing")] {
        opened.checkpoint(&dir).during("checkpoint")?;
        let copy = trial.target.open(&dir).during("opening a checkpoint")?;
        expect_now(&*copy, &model).during("a checkpoint")?;
        // Each goes its own way from here.
        commit(&*copy, &[Change::put(b"a", b"in the copy")])?;
        expect_value(&*opened.view()?, b"a", None)
            .during("the original, after a commit to its checkpoint")?;
        commit(&*opened, &[Change::put(b"b", b"in the original")])?;
        expect_value(&*copy.view()?, b"b", None).during("a checkpoint, after a commit to the original")?;
        commit(&*opened, &[Change::delete(b"b")])?;
        drop(copy);
        // What lies there is not written over.
        match opened.checkpoint(&dir) {
            Ok(()) => {
                return Err(Ending::failed("a checkpoint was written into a directory that is not empty"));
            }
            Err(error) => ensure!(
                error.kind() == ErrorKind::InvalidInput,
                "a checkpoint into a directory that is not empty was refused as {:?} ({error}); say InvalidInput",
                error.kind()
            ),
        }
        let copy = trial.target.open(&dir).during("opening a checkpoint again")?;
        expect_value(&*copy.view()?, b"a", Some(b"in the copy"))?;
    }
    expect_now(&*opened, &model)
}

pub(super) fn checkpoint_beside_commits(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    commit(&*opened, &filled())?;
    let numbered =
        |number: u32| puts((0..50_u32).map(|key| ((key * 31).to_be_bytes(), number.to_be_bytes())));
    commit(&*opened, &numbered(0))?;
    let place = Directory::fresh(trial.settings.directory.as_deref())?;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let committing = scope.spawn(|| {
            for number in 1.. {
                if done.load(Ordering::SeqCst) {
                    break;
                }
                commit(&*opened, &numbered(number)).during("a commit beside a checkpoint")?;
            }
            Ok::<(), Ending>(())
        });
        let copies = || {
            for number in 0..5 {
                let dir = place.path().join(number.to_string());
                opened.checkpoint(&dir).during("checkpoint beside commits")?;
                let copy = trial.target.open(&dir).during("opening a checkpoint")?;
                let records = collect(&*copy.view()?, &Scan::all())?;
                ensure!(records.len() == 2050, "a checkpoint holds {} records, not 2050", records.len());
                let mut values = records.iter().filter(|(key, _)| key.len() == 4).map(|(_, value)| value);
                let first = values.next();
                ensure!(values.all(|value| Some(value) == first), "a checkpoint holds parts of two batches");
            }
            Ok(())
        };
        let copied = copies();
        done.store(true, Ordering::SeqCst);
        committing.join().map_err(|_| Ending::failed("a commit beside a checkpoint panicked"))??;
        copied
    })
}

pub(super) fn no_checkpoint(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let place = Directory::fresh(trial.settings.directory.as_deref())?;
    match opened.checkpoint(&place.path().join("copy")) {
        Ok(()) => Err(Ending::failed("checkpoint works but is not declared: set Capabilities::checkpoint")),
        Err(error) => {
            let kind = error.kind();
            ensure!(kind == ErrorKind::Unsupported, "checkpoint is refused as {kind:?}: say Unsupported");
            Ok(())
        }
    }
}

pub(super) fn compact(trial: &Trial<'_>) -> Proof {
    let mut opened = trial.fresh()?;
    let mut model = Model::new();
    for changes in [filled(), vec![Change::delete_range(b"key 00100", b"key 01500")], filled()] {
        commit(&*opened, &changes)?;
        apply(&mut model, &changes);
        let view = opened.view()?;
        let ranges: [(&[u8], Option<&[u8]>); 5] = [
            (b"", None),
            (b"key 00100", Some(b"key 00200")),
            (b"b", Some(b"a")),
            (b"x", Some(b"x")),
            (b"", Some(b"key 01")),
        ];
        for (start, end) in ranges {
            compact_beside_views(&*opened, start, end)?;
            expect_model(&*view, &model).during("a view over a compaction")?;
        }
        drop(view);
        for (start, end) in ranges {
            opened.compact(start, end).during("compact without a view open")?;
        }
        expect_now(&*opened, &model).during("after a compaction")?;
    }
    if opened.capabilities().durability != dredis_contract::Durability::Never {
        opened.reopen()?;
        expect_now(&*opened, &model).during("after a compaction and opening again")?;
    }
    Ok(())
}

/// Compacts; while views are open an engine may ask to try again later.
pub(crate) fn compact_beside_views(backend: &dyn Backend, start: &[u8], end: Option<&[u8]>) -> Proof {
    match backend.compact(start, end) {
        Err(error) if error.kind() == ErrorKind::Retry => Ok(()),
        other => other.during("compact with a view open"),
    }
}

pub(super) fn measures(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let mut model = Model::new();
    let ranges: [(&[u8], Option<&[u8]>); 4] =
        [(b"", None), (b"key 001", Some(b"key 002")), (b"b", Some(b"a")), (b"key 00100", Some(b"key 00100"))];
    for changes in [Vec::new(), filled()] {
        commit(&*opened, &changes)?;
        apply(&mut model, &changes);
        for (start, end) in ranges {
            opened.approximate_size(start, end).during("approximate_size")?;
        }
        let figures = opened.stats();
        for (at, (name, value)) in figures.iter().enumerate() {
            let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            ensure!(
                !name.is_empty() && name.bytes().all(legal),
                "figure '{name}' is not named in snake_case"
            );
            ensure!(!value.contains(['\r', '\n']), "figure '{name}' has a value of several lines");
            let twice = figures[..at].iter().any(|(earlier, _)| earlier == name);
            ensure!(!twice, "figure '{name}' is there twice");
        }
        expect_now(&*opened, &model).during("after measuring")?;
    }
    Ok(())
}
