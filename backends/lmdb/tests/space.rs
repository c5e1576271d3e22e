//! Growth, fixed maps, full disks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::*;
use dredis_backend_lmdb::Lmdb;
use dredis_plugin::{Backend, ErrorKind, Operation, Result, Scan};

const MIB: usize = 1 << 20;

#[test]
fn the_map_grows_past_its_first_size_around_views() {
    let dir = Dir::new();
    let lmdb = open(dir.path());
    let first = stat(&lmdb, "map_bytes");
    let value = vec![7; 16 * MIB];
    let fill = |from: u32, count: u32| -> Result<()> {
        (from..from + count).try_for_each(|key| commit(&lmdb, &[put(&key.to_be_bytes(), &value)]))
    };
    fill(0, 5).unwrap();
    // A view that stays: the map must not move under it, and commits go on while there is room.
    let view = lmdb.view().unwrap();
    let borrowed = view.get(&0_u32.to_be_bytes()).unwrap().unwrap();
    fill(5, 45).unwrap();
    assert_eq!(stat(&lmdb, "map_bytes"), first);
    let full = fill(50, 30).expect_err("the map is full and a view is open");
    assert_eq!(full.kind(), ErrorKind::Retry, "{full}");
    assert_eq!(*borrowed, value[..], "the view's bytes are still there");
    let held = lmdb.view().unwrap();
    assert_eq!(collect(&*held, &Scan::all().keys()).len() as u64, stat(&lmdb, "entries"));
    drop(borrowed);
    drop((view, held));
    // With nobody reading it grows by itself, be it by a commit or by the next view.
    let next = stat(&lmdb, "entries") as u32;
    fill(next, 10).unwrap();
    assert!(stat(&lmdb, "map_bytes") > first);
    let all = next + 10;
    drop(lmdb);
    let on_disk = std::fs::metadata(dir.path().join("data.mdb")).unwrap().len();
    assert!(on_disk < all as u64 * (17 * MIB) as u64, "closing cuts the file to what is used: {on_disk}");
    let lmdb = open(dir.path());
    for key in 0..all {
        assert!(get(&lmdb, &key.to_be_bytes()).is_some_and(|found| found == value), "{key}");
    }
}

#[test]
fn the_next_view_moves_a_map_that_is_half_full() {
    let dir = Dir::new();
    let lmdb = open(dir.path());
    let first = stat(&lmdb, "map_bytes");
    let value = vec![7; 64 * MIB];
    // As a host does that reads for its next batch on a view which it holds while it commits.
    let mut view = lmdb.view().unwrap();
    for key in 0..10_u32 {
        commit(&lmdb, &[put(&key.to_be_bytes(), &value)]).unwrap();
        drop(view);
        view = lmdb.view().unwrap();
        assert!(view.get(&key.to_be_bytes()).unwrap().is_some());
    }
    assert_eq!(stat(&lmdb, "map_bytes"), 2 * first);
}

#[test]
fn a_batch_larger_than_the_map_is_tried_again() {
    let dir = Dir::new();
    let lmdb = open(dir.path());
    let value = vec![9; 300 * MIB];
    commit(&lmdb, &[put(b"1", &value), put(b"2", &value), put(b"3", &value)]).unwrap();
    let large = vec![8; 400 * MIB];
    commit(&lmdb, &[put(b"4", &large), put(b"5", &large)]).unwrap();
    for key in [b"1", b"2", b"3"] {
        assert_eq!(get(&lmdb, key).unwrap().len(), value.len());
    }
    assert_eq!(get(&lmdb, b"5").unwrap().len(), large.len());
}

/// Commits records from `next` on until there is no room; what was acknowledged goes to the model.
fn fill(lmdb: &Lmdb, model: &mut Model, random: &mut Random, next: &mut u32) -> dredis_plugin::Error {
    loop {
        let records: Vec<_> = (0..1 + random.below(20))
            .map(|index| {
                let length = if random.below(40) == 0 { 30_000 } else { 300 };
                ((*next + index as u32).to_be_bytes().to_vec(), random.bytes(length))
            })
            .collect();
        let puts: Vec<_> = records.iter().map(|(key, value)| put(key, value)).collect();
        match commit(lmdb, &puts) {
            Ok(()) => {
                *next += records.len() as u32;
                model.extend(records);
            }
            // A long value wants neighbouring pages; full is what has no room for a short one either.
            Err(_) if records.iter().any(|(_, value)| value.len() > 300) => {}
            Err(error) => return error,
        }
        assert!(*next < 10_000_000, "it never fills");
    }
}

/// Deletes the older half of the records, a few at a time. (Neighbours: LMDB frees pages, not gaps in pages.)
fn delete_half(lmdb: &Lmdb, model: &mut Model) {
    let keys: Vec<_> = model.keys().take(model.len() / 2).cloned().collect();
    for (round, keys) in keys.chunks(7).enumerate() {
        let mut operations: Vec<_> = keys.iter().map(|key| Operation::Delete { key }).collect();
        let note = (round as u32).to_be_bytes();
        // As when a collection goes to a queue: a small record is written with the deletes.
        operations.push(put(b"\xffnote", &note));
        commit(lmdb, &operations).unwrap_or_else(|error| panic!("a delete in round {round}: {error}"));
        for key in keys {
            model.remove(key);
        }
        model.insert(b"\xffnote".to_vec(), note.to_vec());
    }
}

fn full_then_deleted_then_written(dir: &Path, options: &[(&str, dredis_plugin::OptionValue)], word: &str) {
    let mut random = Random::from_environment();
    let (mut model, mut next) = (Model::new(), 0);
    let lmdb = open_with(dir, options).unwrap();
    for round in 0..3 {
        let error = fill(&lmdb, &mut model, &mut random, &mut next);
        assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
        assert!(error.message().contains(word), "{error}");
        assert_same(&lmdb, &model);
        // Still full: the same answer, and reads go on.
        let again = fill(&lmdb, &mut model, &mut random, &mut next);
        assert_eq!(again.kind(), ErrorKind::NoSpace);
        let before = next;
        delete_half(&lmdb, &mut model);
        assert_same(&lmdb, &model);
        let error = fill(&lmdb, &mut model, &mut random, &mut next);
        assert_eq!(error.kind(), ErrorKind::NoSpace);
        assert!(next > before + 100, "round {round}: only {} records fitted again", next - before);
        assert_same(&lmdb, &model);
    }
    drop(lmdb);
    let lmdb = open_with(dir, options).unwrap();
    assert_same(&lmdb, &model);
}

#[test]
fn a_full_fixed_map_takes_deletes_and_then_writes() {
    let dir = Dir::new();
    full_then_deleted_then_written(dir.path(), &[("map_size", number(6 << 20))], "map_size=6291456");
}

#[test]
fn a_full_fixed_map_without_writemap_takes_deletes_and_then_writes() {
    let dir = Dir::new();
    let options = [("map_size", number(3 << 20)), ("writemap", flag(false))];
    full_then_deleted_then_written(dir.path(), &options, "map_size=3145728");
}

#[test]
fn the_smallest_map_takes_deletes_when_full() {
    let dir = Dir::new();
    full_then_deleted_then_written(dir.path(), &[("map_size", number(1 << 20))], "map_size");
}

/// A file system of its own size; `None`, with the reason printed, where this user may not mount.
struct Disk {
    path: PathBuf,
    _parent: Dir,
}

impl Disk {
    fn new(size: &str) -> Option<Disk> {
        let parent = Dir::new();
        let path = parent.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let options = format!("size={size}");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&path).output();
        match output {
            Ok(output) if output.status.success() => Some(Disk { path, _parent: parent }),
            Ok(output) => {
                println!(
                    "SKIPPED: cannot mount a small disk: {}",
                    String::from_utf8_lossy(&output.stderr).trim()
                );
                None
            }
            Err(error) => {
                println!("SKIPPED: cannot run mount: {error}");
                None
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

#[test]
fn a_full_disk_is_an_error_until_room_is_made() {
    let Some(disk) = Disk::new("64m") else { return };
    let filler = disk.path.join("filler");
    std::fs::write(&filler, vec![1; 24 * MIB]).unwrap();
    let dir = disk.path.join("data");
    let mut random = Random::from_environment();
    let (mut model, mut next) = (Model::new(), 0);
    let lmdb = open(&dir);
    let error = fill(&lmdb, &mut model, &mut random, &mut next);
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    let used = stat(&lmdb, "used_bytes");
    assert!(used > 30 << 20, "the disk was used to near its end: {used}");
    assert_same(&lmdb, &model);
    // Somebody else takes what little is left: still no signal.
    let _ = std::fs::write(disk.path.join("more"), vec![1; MIB]);
    let error = fill(&lmdb, &mut model, &mut random, &mut next);
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    assert_same(&lmdb, &model);
    std::fs::remove_file(&filler).unwrap();
    let before = next;
    let error = fill(&lmdb, &mut model, &mut random, &mut next);
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    assert!(next > before + 10_000, "room was made for more than {} records", next - before);
    assert_same(&lmdb, &model);
    drop(lmdb);
    let lmdb = open(&dir);
    assert_same(&lmdb, &model);
}

#[test]
fn a_full_disk_takes_deletes_and_then_writes() {
    let Some(disk) = Disk::new("40m") else { return };
    full_then_deleted_then_written(&disk.path, &[], "disk is full");
}

#[test]
fn a_full_disk_without_writemap_takes_deletes_and_then_writes() {
    let Some(disk) = Disk::new("24m") else { return };
    full_then_deleted_then_written(&disk.path, &[("writemap", flag(false))], "disk is full");
}

#[test]
fn a_full_disk_under_an_open_view_is_an_error() {
    let Some(disk) = Disk::new("32m") else { return };
    let mut random = Random::from_environment();
    let (mut model, mut next) = (Model::new(), 0);
    let lmdb = open(&disk.path);
    commit(&lmdb, &[put(b"first", b"1")]).unwrap();
    let view = lmdb.view().unwrap();
    let error = fill(&lmdb, &mut model, &mut random, &mut next);
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    assert_eq!(collect(&*view, &Scan::all()).len(), 1);
    drop(view);
    // The map can now be cut to what has blocks, and be filled to the end.
    let before = next;
    let error = fill(&lmdb, &mut model, &mut random, &mut next);
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    assert!(next > before);
    model.insert(b"first".to_vec(), b"1".to_vec());
    assert_same(&lmdb, &model);
}

#[test]
fn a_disk_that_others_fill_keeps_what_the_write_buffer_holds() {
    let Some(disk) = Disk::new("64m") else { return };
    let mut random = Random::from_environment();
    let (mut model, mut next) = (Model::new(), 0_u32);
    let dir = disk.path.join("data");
    let lmdb = open(&dir);
    let before = stat(&lmdb, "last_txn_id");
    while next < 3000 {
        let record = (next.to_be_bytes(), random.bytes(300));
        commit(&lmdb, &[put(&record.0, &record.1)]).unwrap();
        model.insert(record.0.to_vec(), record.1);
        next += 1;
    }
    assert_eq!(stat(&lmdb, "last_txn_id"), before, "all of it is in the buffer");
    let filler = disk.path.join("filler");
    let _ = std::fs::write(&filler, vec![1; 128 * MIB]);
    let error = fill(&lmdb, &mut model, &mut random, &mut next);
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    assert_same(&lmdb, &model);
    std::fs::remove_file(&filler).unwrap();
    commit(&lmdb, &[put(b"again", b"v")]).unwrap();
    model.insert(b"again".to_vec(), b"v".to_vec());
    drop(lmdb);
    assert_same(&open(&dir), &model);
}

#[test]
fn a_disk_that_is_full_from_the_start_refuses_the_opening_or_the_commit() {
    let Some(disk) = Disk::new("1m") else { return };
    let dir = disk.path.join("data");
    std::fs::create_dir(&dir).unwrap();
    let _ = std::fs::write(disk.path.join("filler"), vec![1; 2 * MIB]);
    let error = open_with(&dir, &[]).err().expect("no room for a byte");
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    std::fs::remove_file(disk.path.join("filler")).unwrap();
    let lmdb = open(&dir);
    commit(&lmdb, &[put(b"k", b"v")]).unwrap();
    drop(lmdb);
    // Existing data on a full disk: it opens, reads, and says no to what does not fit.
    let _ = std::fs::write(disk.path.join("filler"), vec![1; 2 * MIB]);
    let lmdb = open(&dir);
    assert_eq!(get(&lmdb, b"k"), Some(b"v".to_vec()));
    let error = commit(&lmdb, &[put(b"large", &vec![1; MIB])]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    assert_eq!(get(&lmdb, b"k"), Some(b"v".to_vec()));
}
