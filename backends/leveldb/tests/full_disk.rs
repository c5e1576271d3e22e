//! A disk that is full in earnest (a small tmpfs): writes answer an error, reads go on, nothing is lost, and writes work
//! again once there is room. Needs the right to mount; without it each test says so and checks nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use dredis_backend_leveldb::LevelDb;
use dredis_plugin::{Backend, Batch, ErrorKind, Operation, OptionValue};
use support::*;

const DISK_MEBIBYTES: usize = 96;

/// A small tmpfs, unmounted at the end.
struct SmallDisk {
    dir: TestDir,
}

impl SmallDisk {
    fn mount(test: &str) -> Option<Self> {
        let dir = TestDir::new(test);
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={DISK_MEBIBYTES}m"), "tmpfs"])
            .arg(dir.path())
            .output();
        match output {
            Ok(output) if output.status.success() => Some(SmallDisk { dir }),
            Ok(output) => {
                println!(
                    "SKIPPED {test}: mounting a tmpfs failed: {}",
                    String::from_utf8_lossy(&output.stderr).trim()
                );
                None
            }
            Err(error) => {
                println!("SKIPPED {test}: mounting a tmpfs failed: {error}");
                None
            }
        }
    }

    fn database(&self) -> PathBuf {
        let path = self.dir.path().join("database");
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// Takes all room but this, to be given back by [`SmallDisk::free`].
    fn leave(&self, mebibytes: usize) {
        let used: u64 = std::fs::read_dir(self.database())
            .unwrap()
            .map(|entry| entry.unwrap().metadata().map_or(0, |metadata| metadata.len()))
            .sum();
        let filler = ((DISK_MEBIBYTES - mebibytes) << 20) - used as usize;
        std::fs::write(self.dir.path().join("filler"), vec![1; filler]).unwrap();
    }

    fn free(&self) {
        std::fs::remove_file(self.dir.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.dir.path()).status();
    }
}

/// One writer with the record of what was acknowledged.
struct Writer {
    random: Random,
    next: u32,
    model: Model,
}

impl Writer {
    fn new(test: &str) -> Self {
        Writer { random: Random::seeded(test), next: 0, model: Model::new() }
    }

    /// Commits a batch of two records that compress badly and reach over several blocks of the log.
    fn commit(&mut self, db: &LevelDb) -> dredis_plugin::Result<()> {
        self.next += 1;
        let length = 1 + self.random.below(40_000) as usize;
        let value = self.random.bytes(length);
        let keys = [
            [b"a", self.next.to_be_bytes().as_slice()].concat(),
            [b"b", self.next.to_be_bytes().as_slice()].concat(),
        ];
        let operations = [0, 1].map(|index| Operation::Put { key: &keys[index], value: &value });
        db.commit(&Batch::new(&operations))?;
        self.model.extend(keys.map(|key| (key, value.clone())));
        Ok(())
    }

    fn commit_until_full(&mut self, db: &LevelDb) {
        let error = (0..100_000).find_map(|_| self.commit(db).err()).expect("the disk is small");
        assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    }

    fn commit_until_it_works(&mut self, db: &LevelDb) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while let Err(error) = self.commit(db) {
            assert!(Instant::now() < deadline, "writes do not work again: {error}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn figure(db: &LevelDb, name: &str) -> String {
    db.stats().into_iter().find(|(own, _)| own == name).unwrap().1
}

/// Fills the disk with these options, frees room, writes on, and looks for everything, then and after reopening.
fn survives_a_full_disk(test: &str, options: &[(&str, OptionValue)]) {
    let Some(disk) = SmallDisk::mount(test) else { return };
    let db = open_with(&disk.database(), options).unwrap();
    let mut writer = Writer::new(test);
    for round in 1..=3 {
        disk.leave(8);
        writer.commit_until_full(&db);
        assert_eq!(figure(&db, "writes_failing"), "1");
        assert_holds(&db, &writer.model);
        for _ in 0..100 {
            assert_eq!(writer.commit(&db).unwrap_err().kind(), ErrorKind::NoSpace);
        }
        assert_holds(&db, &writer.model);

        disk.free();
        writer.commit_until_it_works(&db);
        assert_holds(&db, &writer.model);
        for _ in 0..20 {
            writer.commit(&db).unwrap();
        }
        assert!(figure(&db, "opened_anew").parse::<u32>().unwrap() >= round);
        assert_eq!(figure(&db, "writes_failing"), "0");
        db.sync().unwrap();
        assert_holds(&db, &writer.model);
    }
    drop(db);
    assert_holds(&open_with(&disk.database(), options).unwrap(), &writer.model);
}

#[test]
fn a_log_that_is_torn_by_a_full_disk() {
    // All data stays in the log: what fails is a commit's own record.
    survives_a_full_disk("torn-log", &[]);
}

#[test]
fn a_table_that_does_not_fit_a_full_disk() {
    // Tables are written all the time: what fails may be one of them, in the background.
    survives_a_full_disk(
        "torn-table",
        &[("write_buffer_size", integer(65_536)), ("max_file_size", integer(1 << 20))],
    );
}

#[test]
fn paranoid_checks_get_over_a_torn_log_too() {
    survives_a_full_disk("torn-paranoid", &[("paranoid_checks", OptionValue::Bool(true))]);
}

#[test]
fn an_open_view_stays_readable_and_holds_writes_up_until_it_ends() {
    let Some(disk) = SmallDisk::mount("view") else { return };
    let db = open(&disk.database());
    let mut writer = Writer::new("view");
    disk.leave(8);
    writer.commit_until_full(&db);
    let view = db.view().unwrap();
    let mut cursor = view.scan(&dredis_plugin::Scan::all()).unwrap();
    assert!(cursor.next().unwrap().is_some());
    disk.free();
    // The database cannot be closed under the view, neither by a commit nor by another view.
    for _ in 0..20 {
        assert_eq!(writer.commit(&db).unwrap_err().kind(), ErrorKind::NoSpace);
        assert_holds(&db, &writer.model);
    }
    let mut records = 1;
    while cursor.next().unwrap().is_some() {
        records += 1;
    }
    assert_eq!(records, writer.model.len());
    drop(cursor);
    drop(view);
    writer.commit_until_it_works(&db);
    assert_holds(&db, &writer.model);
}

#[test]
fn a_view_taken_before_the_commit_lets_the_next_view_repair() {
    // The order in which a server works: the batch is computed on a view that is still open when it is committed.
    let Some(disk) = SmallDisk::mount("server") else { return };
    let db = open(&disk.database());
    let mut writer = Writer::new("server");
    disk.leave(8);
    writer.commit_until_full(&db);
    disk.free();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let view = db.view().unwrap();
        if writer.commit(&db).is_ok() {
            break;
        }
        drop(view);
        assert!(Instant::now() < deadline, "writes do not work again");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_holds(&db, &writer.model);
    drop(db);
    assert_holds(&open(&disk.database()), &writer.model);
}

#[test]
fn readers_never_fail_while_the_disk_is_full_and_freed() {
    let Some(disk) = SmallDisk::mount("readers") else { return };
    let db = open(&disk.database());
    put(&db, b"constant", b"value").unwrap();
    let mut writer = Writer::new("readers");
    writer.model.insert(b"constant".to_vec(), b"value".to_vec());
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let view = db.view().unwrap();
                    assert_eq!(get(&*view, b"constant").as_deref(), Some(b"value".as_slice()));
                }
            });
        }
        for _ in 0..3 {
            disk.leave(8);
            writer.commit_until_full(&db);
            disk.free();
            writer.commit_until_it_works(&db);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_holds(&db, &writer.model);
    drop(db);
    assert_holds(&open(&disk.database()), &writer.model);
}

#[test]
fn opening_on_a_full_disk_says_so() {
    let Some(disk) = SmallDisk::mount("opening") else { return };
    let mut writer = Writer::new("opening");
    {
        let db = open(&disk.database());
        for _ in 0..100 {
            writer.commit(&db).unwrap();
        }
    }
    disk.leave(1);
    let error = refused(&disk.database(), &[]);
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    disk.free();
    assert_holds(&open(&disk.database()), &writer.model);
}
