//! The contract's promises, against a `BTreeMap`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod common;

use std::sync::atomic::{AtomicU64, Ordering};

use common::*;
use dredis_plugin::{Backend, Durability, DurabilityNeed, ErrorKind, Open, OptionValue, Scan};

fn compare_reads(engine: &dyn Backend, model: &Model, random: &mut Random) {
    let view = engine.view().unwrap();
    let (start, end) = (random.key(), random.key());
    for start in [&[][..], &start] {
        for end in [None, Some(&[][..]), Some(&end[..]), Some(start)] {
            let scan = Scan { start, end, ..Scan::all() };
            for scan in [scan, scan.reverse(), scan.keys(), scan.keys().reverse().expecting(2)] {
                assert!(collect(&*view, &scan) == expected(model, &scan), "{scan:?}");
            }
        }
    }
    let keys: Vec<_> = (0..20).map(|_| random.key()).collect();
    let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    for (key, found) in keys.iter().zip(view.get_many(&asked).unwrap()) {
        assert_eq!(found.as_deref(), model.get(key).map(Vec::as_slice));
    }
}

fn behave(options: &[(&str, OptionValue)], rounds: usize) {
    let mut random = Random::from_environment();
    let dir = Dir::new();
    let mut engine = open_with(dir.path(), options).unwrap();
    let mut model = Model::new();
    let mut reopened = 0;
    for round in 0..rounds {
        let changes = random.batch();
        commit_changes(&engine, &mut model, &changes);
        if round % 4 == 0 {
            compare_reads(&engine, &model, &mut random);
        }
        match random.below(40) {
            0 => {
                drop(engine);
                engine = open_with(dir.path(), options).unwrap();
                assert_same(&*engine.view().unwrap(), &model);
                reopened += 1;
            }
            1 => engine.sync().unwrap(),
            2 => engine.need_durability(DurabilityNeed::EveryCommit).unwrap(),
            3 => engine.compact(&[], None).unwrap(),
            4 => engine.compact(b"a", Some(b"k")).unwrap(),
            _ => {}
        }
    }
    assert_same(&*engine.view().unwrap(), &model);
    assert!(!model.is_empty() && reopened > 0, "the generator did too little");
}

#[test]
fn behaves_like_an_ordered_map() {
    behave(&[], 500);
}

#[test]
fn behaves_like_an_ordered_map_with_the_smallest_cache_and_journal() {
    behave(&[("cache_size", integer(1 << 20)), ("journal_size", integer(64 << 10))], 500);
}

#[test]
fn a_view_keeps_showing_its_moment() {
    let dir = Dir::new();
    let engine = open_with(dir.path(), &[("journal_size", integer(64 << 10))]).unwrap();
    let (mut random, mut model, mut past) = (Random::from_environment(), Model::new(), Vec::new());
    for _ in 0..60 {
        commit_changes(&engine, &mut model, &random.batch());
        past.push((engine.view().unwrap(), engine.view().unwrap(), model.clone()));
    }
    engine.sync().unwrap();
    assert!(stat(&engine, "redb_durable_commits") > 0, "the journal was never settled under the views");
    for (view, twin, model) in &past {
        assert_same(&**view, model);
        assert_same(&**twin, model);
    }
}

#[test]
fn views_taken_after_a_commit_see_it_on_every_thread() {
    const LAST: u64 = 5000;
    let dir = Dir::new();
    let engine = open(dir.path());
    let committed = AtomicU64::new(0);
    commit(&engine, &[put(b"n", &0_u64.to_be_bytes())]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let least = committed.load(Ordering::SeqCst);
                    let view = engine.view().unwrap();
                    let value = view.get(b"n").unwrap().unwrap();
                    let found = u64::from_be_bytes(value[..].try_into().unwrap());
                    assert!(found >= least, "a view shows {found} after {least} was committed");
                    if found == LAST {
                        break;
                    }
                }
            });
        }
        for number in 1..=LAST {
            commit(&engine, &[put(b"n", &number.to_be_bytes())]).unwrap();
            committed.store(number, Ordering::SeqCst);
        }
    });
}

#[test]
fn views_and_cursors_move_between_threads_while_commits_and_syncs_go_on() {
    let dir = Dir::new();
    let engine = open_with(dir.path(), &[("journal_size", integer(64 << 10))]).unwrap();
    let keys: Vec<_> = (0..3000_u32).map(u32::to_be_bytes).collect();
    let puts: Vec<_> = keys.iter().map(|key| put(key, key)).collect();
    commit(&engine, &puts).unwrap();
    std::thread::scope(|scope| {
        let syncer = scope.spawn(|| (0..30).for_each(|_| engine.sync().unwrap()));
        for round in 0..200_u32 {
            commit(&engine, &[put(b"round", &round.to_be_bytes()), put(b"x", &[7; 900])]).unwrap();
            let view = engine.view().unwrap();
            scope.spawn(move || {
                let view = view;
                let mut cursor = view.scan(&Scan::all().reverse()).unwrap();
                assert_eq!(cursor.next().unwrap().unwrap().key, b"x");
                assert_eq!(collect(&*view, &Scan::all()).len(), 3002);
                let found = view.get(b"round").unwrap().unwrap();
                assert_eq!(*found, round.to_be_bytes());
            });
        }
        syncer.join().unwrap();
    });
    assert!(stat(&engine, "redb_durable_commits") > 0);
}

#[test]
fn limits_are_what_they_say() {
    let dir = Dir::new();
    let engine = open(dir.path());
    let limits = engine.capabilities().limits;
    let key = vec![b'k'; limits.key_bytes_max as usize];
    let value = Random::new(1).bytes(1000).repeat(limits.value_bytes_max as usize / 1000 + 1);
    let value = &value[..limits.value_bytes_max as usize];
    commit(&engine, &[put(&key, value)]).unwrap();
    let beyond_key = vec![b'k'; key.len() + 1];
    let beyond_value = [value, b"!"].concat();
    for operations in [
        &[put(b"a", b"1"), put(&beyond_key, b"")][..],
        &[put(b"a", b"1"), put(b"b", &beyond_value)],
        &[put(b"", b"1")],
    ] {
        let error = commit(&engine, operations).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.message().starts_with("redb could not commit: a "), "{error}");
    }
    drop(engine);
    let engine = open(dir.path());
    assert_eq!(get(&engine, b"a"), None, "a batch that failed leaves nothing");
    assert!(get(&engine, &key).is_some_and(|found| found == value), "the largest record came back");
    assert_eq!(get(&engine, &beyond_key), None);
    let view = engine.view().unwrap();
    for (start, end, found) in [
        (&key[..], Some(&beyond_key[..]), 1),
        (&beyond_key, None, 0),
        (&beyond_key, Some(&[&beyond_key[..], b"k"].concat()), 0),
        (b"a", Some(&beyond_key), 1),
    ] {
        let scan = Scan { start, end, ..Scan::all() }.keys();
        assert_eq!((collect(&*view, &scan).len(), collect(&*view, &scan.reverse()).len()), (found, found));
    }
    drop(view);
    commit(&engine, &[]).unwrap();
    assert_eq!(collect(&*engine.view().unwrap(), &Scan::all().keys()).len(), 1);
    assert_eq!(engine.capabilities().durability, Durability::OnSync);
}

#[test]
fn options_are_checked_and_used() {
    let dir = Dir::new();
    for (name, value) in [("cache_size", 1), ("journal_size", 0), ("journal_size", 1 << 40)] {
        let Err(error) = open_with(dir.path(), &[(name, integer(value))]) else {
            panic!("{name} was accepted")
        };
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().starts_with(&format!("option '{name}' takes a number from ")), "{error}");
    }
    for spec in dredis_backend_redb::Redb::options() {
        assert!(spec.kind.accepts(&spec.default) && !spec.help.contains('\n'), "{spec:?}");
        drop(open_with(dir.path(), &[(&spec.name, spec.default)]).expect("the defaults are accepted"));
    }
    let engine = open_with(dir.path(), &[("cache_size", integer(2 << 20))]).unwrap();
    assert_eq!(stat(&engine, "redb_cache_size"), 2 << 20);
}

#[test]
fn a_directory_opens_once() {
    let dir = Dir::new();
    let engine = open(dir.path());
    let Err(error) = open_with(dir.path(), &[]) else { panic!("opened twice") };
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("another server uses it"), "{error}");
    drop(engine);
    open(dir.path());
}

#[test]
fn a_checkpoint_opens_as_a_backend_while_commits_go_on() {
    let (dir, copy) = (Dir::new(), Dir::new());
    let engine = open(dir.path());
    let keys: Vec<_> = (0..20_000_u32).map(u32::to_be_bytes).collect();
    let puts: Vec<_> = keys.iter().map(|key| put(key, key)).collect();
    commit(&engine, &puts).unwrap();
    let target = copy.path().join("made/here");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..200_u32 {
                // Both or neither: a copy that is not of one moment would show it.
                commit(
                    &engine,
                    &[put(b"\0first", &round.to_be_bytes()), put(b"\xfflast", &round.to_be_bytes())],
                )
                .unwrap();
            }
        });
        engine.checkpoint(&target).unwrap();
        writer.join().unwrap();
    });
    let error = engine.checkpoint(&target).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("is not empty"), "{error}");
    let copied = open(&target);
    let records = collect(&*copied.view().unwrap(), &Scan::all());
    assert_eq!(records.iter().filter(|(key, _)| key.len() == 4).count(), keys.len());
    assert_eq!(get(&copied, b"\0first"), get(&copied, b"\xfflast"));
    commit(&copied, &[put(b"own", b"life")]).unwrap();
    assert_eq!(get(&engine, b"own"), None);
}

#[test]
fn compaction_gives_space_back_unless_somebody_reads() {
    let dir = Dir::new();
    let engine = open(dir.path());
    let value = Random::new(2).bytes(1000);
    for batch in 0..20_u32 {
        let keys: Vec<_> = (0..500).map(|number| (batch * 500 + number).to_be_bytes()).collect();
        commit(&engine, &keys.iter().map(|key| put(key, &value)).collect::<Vec<_>>()).unwrap();
    }
    engine.compact(&[], None).unwrap();
    let full = engine.approximate_size(&[], None).unwrap().unwrap();
    commit(&engine, &[dredis_plugin::Operation::DeleteRange { start: &[0], end: &[1] }]).unwrap();
    let view = engine.view().unwrap();
    assert_eq!(engine.compact(&[], None).unwrap_err().kind(), ErrorKind::Retry);
    drop(view);
    engine.compact(&[], None).unwrap();
    let empty = engine.approximate_size(&[], None).unwrap().unwrap();
    assert!(empty < full / 4, "{full} bytes became {empty}");
    assert_eq!(engine.approximate_size(b"a", None).unwrap(), None);
    assert_eq!(stat(&engine, "redb_entries"), 0);
}
