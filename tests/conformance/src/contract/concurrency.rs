//! Several threads at once. Threads wait for events, never for times.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::ScopedJoinHandle;

use dredis_contract::{Backend, Scan};

use crate::changes::{Change, Model, apply, commit, puts};
use crate::check::{During, Ending, Proof, Trial, ensure};
use crate::reading::{collect, expect_model, expect_now, get};

const READERS: usize = 3;

/// More commits than this are not made, however little readers got to see.
const COMMITS_MAX: u64 = 20_000;

/// How a thread ended; a panic in it is a failure like any other.
fn join(thread: ScopedJoinHandle<'_, Proof>) -> Proof {
    thread.join().unwrap_or_else(|_| Err(Ending::failed("a thread of the check panicked within the engine")))
}

/// Commits `batch(1)`, `batch(2)`, ... until each reader has looked at many of them. A reader gets the number of the
/// newest commit that has returned, looks at a view, and says which commit it saw.
fn beside_commits(
    backend: &dyn Backend,
    batch: impl Fn(u64) -> Vec<Change>,
    look: impl Fn(u64) -> Result<u64, Ending> + Sync,
) -> Proof {
    const LOOKS_MIN: u64 = 100;
    let returned = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let looks: [AtomicU64; READERS] = Default::default();
    let reader = |looks: &AtomicU64| -> Proof {
        let mut newest = 0;
        while !stop.load(Ordering::SeqCst) {
            let least = returned.load(Ordering::SeqCst);
            let seen = look(least).inspect_err(|_| stop.store(true, Ordering::SeqCst))?;
            let goes_on = seen >= least.max(newest);
            stop.fetch_or(!goes_on, Ordering::SeqCst);
            ensure!(
                goes_on,
                "a view shows commit {seen} after {} was seen or had returned",
                least.max(newest)
            );
            newest = seen;
            looks.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> = looks.iter().map(|looks| scope.spawn(|| reader(looks))).collect();
        let enough = || looks.iter().all(|looks| looks.load(Ordering::SeqCst) >= LOOKS_MIN);
        let mut written = Ok(());
        for number in 1..=COMMITS_MAX {
            if stop.load(Ordering::SeqCst) || (number > 120 && enough()) {
                break;
            }
            written = commit(backend, &batch(number));
            if written.is_err() {
                break;
            }
            returned.store(number, Ordering::SeqCst);
        }
        stop.store(true, Ordering::SeqCst);
        let read: Vec<Proof> = readers.into_iter().map(join).collect();
        written?;
        read.into_iter().collect::<Proof>()
    })
}

/// The number in a value.
fn number_in(value: &[u8]) -> Result<u64, Ending> {
    let bytes = value.try_into().map_err(|_| Ending::failed("a value is not the one that was put"))?;
    Ok(u64::from_be_bytes(bytes))
}

pub(super) fn whole_batches(trial: &Trial<'_>) -> Proof {
    const KEYS: u64 = 300;
    let opened = trial.fresh()?;
    let key = |number: u64| format!("key {:05}", number * 37 % 1000);
    // Odd commits write all keys, even ones remove the upper half by range and write the lower half.
    let half = "key 00500";
    let lower = (0..KEYS).filter(|number| key(*number).as_str() < half).count();
    let batch = |number: u64| {
        let value = number.to_be_bytes();
        let mut changes = puts((0..KEYS).map(|index| (key(index), value)));
        if number.is_multiple_of(2) {
            changes.retain(|change| change.start() < half.as_bytes());
            changes.push(Change::delete_range(half.as_bytes(), b"key 99999"));
        }
        changes
    };
    let look = |_: u64| {
        let view = opened.view()?;
        let scan = Scan::all();
        let records = collect(&*view, &scan)?;
        let Some((_, first)) = records.first() else { return Ok(0) };
        let torn = records.iter().find(|(_, value)| value != first);
        ensure!(torn.is_none(), "a view shows parts of two batches: values of different commits in one view");
        let number = number_in(first)?;
        let count = if number.is_multiple_of(2) { lower } else { KEYS as usize };
        ensure!(
            records.len() == count,
            "a view shows {} records of a batch that leaves {count}",
            records.len()
        );
        for index in [0, KEYS / 2, KEYS - 1] {
            let found = get(&*view, key(index).as_bytes())?;
            let expected = (number % 2 == 1 || key(index).as_str() < half).then_some(first);
            ensure!(
                found.as_ref() == expected,
                "one view shows a key differently when read and when scanned"
            );
        }
        Ok(number)
    };
    beside_commits(&*opened, batch, look)
}

pub(super) fn visible_everywhere(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    commit(&*opened, &[Change::put(b"n", &0_u64.to_be_bytes())])?;
    let batch = |number: u64| vec![Change::put(b"n", &number.to_be_bytes())];
    let look = |_: u64| {
        let value = get(&*opened.view()?, b"n")?;
        number_in(&value.ok_or_else(|| Ending::failed("a key vanished while it was overwritten"))?)
    };
    beside_commits(&*opened, batch, look)
}

pub(super) fn shared_views(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let keys: Vec<[u8; 4]> = (0..2000_u32).map(u32::to_be_bytes).collect();
    let changes = puts(keys.iter().map(|key| (key, key)));
    let mut model = Model::new();
    commit(&*opened, &changes)?;
    apply(&mut model, &changes);
    let view = opened.view()?;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..READERS)
            .map(|_| scope.spawn(|| expect_model(&*view, &model).during("a shared view")))
            .collect();
        threads.into_iter().try_for_each(join)
    })?;
    std::thread::scope(|scope| {
        let mut threads = vec![scope.spawn(move || {
            drop(view);
            Ok(())
        })];
        // Taken here, read and dropped elsewhere, while commits go on.
        for number in 0..50_u32 {
            let changes =
                [Change::put(&number.to_be_bytes(), b"changed"), Change::put(b"\xff", &number.to_be_bytes())];
            commit(&*opened, &changes)?;
            apply(&mut model, &changes);
            let (view, expected) = (opened.view()?, model.get(&b"\xff"[..]).cloned());
            threads.push(scope.spawn(move || {
                let found = get(&*view, b"\xff")?;
                ensure!(found == expected, "a view that went to another thread shows another commit");
                let mut cursor = view.scan(&Scan::all())?;
                ensure!(cursor.next()?.is_some(), "a view that went to another thread shows nothing");
                drop(cursor);
                drop(view);
                Ok(())
            }));
        }
        threads.into_iter().try_for_each(join)
    })?;
    expect_now(&*opened, &model)
}

pub(super) fn sync(trial: &Trial<'_>) -> Proof {
    let opened = trial.fresh()?;
    let done = AtomicBool::new(false);
    let mut model = Model::new();
    std::thread::scope(|scope| {
        let syncing = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                opened.sync().during("sync beside commits")?;
            }
            Ok(())
        });
        let mut committing = || {
            for number in 0..300_u32 {
                let changes = [Change::put(&number.to_be_bytes(), &[number as u8; 100])];
                commit(&*opened, &changes).during("a commit beside sync")?;
                apply(&mut model, &changes);
            }
            Ok::<(), Ending>(())
        };
        let committed = committing();
        done.store(true, Ordering::SeqCst);
        join(syncing)?;
        committed
    })?;
    opened.sync()?;
    expect_now(&*opened, &model)
}
