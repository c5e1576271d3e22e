//! Files that are refused, and that nothing has changed then.

use std::fs;
use std::process::Command;

use dredis_suite::{Backend, Server, Settings, TemporaryDirectory, on_durable_backends, on_every_backend};

use crate::data::{digest, fill, loaded, refused};

on_every_backend!(bad_files_are_refused_with_their_place);
on_durable_backends!(keys_are_not_replaced_unasked, a_bad_file_changes_nothing);

/// A file with all types.
fn good_file(backend: Backend) -> Vec<u8> {
    let server = Server::start(backend);
    let mut client = server.client();
    fill(&mut client, 31);
    client.check("CONFIG SET dbfilename good.rdb rdb-version 10", "+OK");
    client.check("SAVE", "+OK");
    fs::read(server.data().join("good.rdb")).unwrap()
}

fn bad_files_are_refused_with_their_place(backend: Backend) {
    let good = good_file(backend);
    let directory = TemporaryDirectory::new();
    let file = directory.join("bad.rdb");
    let path = file.to_str().unwrap();
    let (middle, end) = (good.len() / 2, good.len() - 1);
    let mut unchecked = good.clone();
    unchecked[end] ^= 1;
    let mut flipped = good.clone();
    flipped[middle] ^= 0x10;
    for (bytes, words) in [
        (b"".to_vec(), "at byte"),
        (b"hello, world".to_vec(), "no RDB file"),
        (b"REDIS0099".to_vec(), "RDB version 99"),
        (good[..middle].to_vec(), "at byte"),
        (good[..end].to_vec(), "at byte"),
        (unchecked, "checksum"),
        (flipped, "at byte"),
    ] {
        fs::write(&file, bytes).unwrap();
        let data = directory.join("data");
        let (said, code) = refused(backend, &data, &["--rdb", path]);
        assert_eq!(code, Some(1), "{said}");
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains("dredis: --rdb: cannot load") && last.contains(words), "{words}: {said}");
        assert!(!data.exists(), "{words}: a directory is left");
        // One that was there and empty is empty again.
        fs::create_dir(&data).unwrap();
        refused(backend, &data, &["--rdb", path]);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "{words}");
        fs::remove_dir(&data).unwrap();
    }
    let (said, code) = refused(backend, &directory.join("data"), &["--rdb", "/no/such/file.rdb"]);
    assert!(code == Some(1) && said.contains("cannot open /no/such/file.rdb"), "{said}");
}

/// What is no file of Redis's at all: one line that says so, at once, and nothing done.
#[test]
fn what_is_no_file_is_refused() {
    let directory = TemporaryDirectory::new();
    let data = directory.join("data");
    fs::create_dir(directory.join("directory")).unwrap();
    fs::write(directory.join("empty"), b"").unwrap();
    fs::write(directory.join("zipped"), b"\x1f\x8b\x08\x08\xc3\xa3\x03k\x00\x03ok.rdb\x00").unwrap();
    fs::write(directory.join("locked"), b"REDIS0007\xff").unwrap();
    // A reader that opens it waits for a writer, and there is none.
    let made = Command::new("mkfifo").arg(directory.join("fifo")).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo failed");
    let lock = Command::new("chmod").arg("000").arg(directory.join("locked")).status();
    assert!(lock.is_ok_and(|status| status.success()), "chmod failed");
    let is_locked = fs::File::open(directory.join("locked")).is_err();
    for (name, words) in [
        ("directory", "cannot open PATH: it is no regular file"),
        ("fifo", "cannot open PATH: it is no regular file"),
        ("empty", "cannot load PATH: the data end too early (at byte 0)"),
        ("zipped", "cannot load PATH: no RDB file: it begins with \"\\x1f\\x8b\\x08\\x08"),
        ("missing", "cannot open PATH: No such file or directory (os error 2)"),
        ("locked", "cannot open PATH: Permission denied (os error 13)"),
    ] {
        if name == "locked" && !is_locked {
            // Root may read everything.
            continue;
        }
        let path = directory.join(name);
        let path = path.to_str().unwrap();
        let (said, code) = refused(Backend::Memory, &data, &["--rdb", path]);
        assert_eq!((said.lines().count(), code), (1, Some(1)), "{said}");
        let line = format!("dredis: --rdb: {}", words.replace("PATH", path));
        assert!(said.trim_start().starts_with(&line), "{name}: {said}");
        assert!(!data.exists(), "{name}: a directory is left");
    }
}

fn keys_are_not_replaced_unasked(backend: Backend) {
    let directory = TemporaryDirectory::new();
    let file = directory.join("good.rdb");
    fs::write(&file, good_file(backend)).unwrap();
    let path = file.to_str().unwrap();
    let mut server = Server::start(backend);
    server.client().check("SET mine 1", "+OK");
    assert!(server.terminate().success());
    let (said, code) = refused(backend, server.data(), &["--rdb", path]);
    assert_eq!(code, Some(1), "{said}");
    for words in ["holds 1 keys", "without --rdb", "--flushall"] {
        assert!(said.contains(words), "'{words}' is not in {said}");
    }
    server.restart();
    server.client().check("KEYS *", "[\"mine\"]");
    server.kill();
    let replaced = Server::with(&Settings::new(backend).data_in(server.data()).arguments(&[
        "--rdb",
        path,
        "--flushall",
    ]));
    assert_eq!(digest(&mut replaced.client()), digest(&mut loaded(backend, &file).client()));
    replaced.client().check("EXISTS mine", ":0");
}

fn a_bad_file_changes_nothing(backend: Backend) {
    let directory = TemporaryDirectory::new();
    let file = directory.join("bad.rdb");
    let mut bytes = good_file(backend);
    let end = bytes.len() - 1;
    bytes[end] ^= 1;
    fs::write(&file, bytes).unwrap();
    let mut server = Server::start(backend);
    let mut client = server.client();
    fill(&mut client, 32);
    let before = digest(&mut client);
    assert!(server.terminate().success());
    let (said, code) = refused(backend, server.data(), &["--rdb", file.to_str().unwrap(), "--flushall"]);
    assert!(code == Some(1) && said.contains("checksum"), "{said}");
    server.restart();
    assert_eq!(digest(&mut server.client()), before);
    // In a running server, too.
    let mut client = server.client();
    fs::copy(&file, server.data().join("bad.rdb")).unwrap();
    client.check("CONFIG SET dbfilename bad.rdb", "+OK");
    let reply = client.ask("DEBUG RELOAD NOSAVE");
    assert!(reply.is_error(), "{reply:?}");
    assert_eq!(digest(&mut client), before);
    crate::data::eventually("the end of the sweep", || {
        server.info("garbage_waiting").as_deref() == Some("0")
    });
    assert_eq!(digest(&mut client), before);
}
