//! A disk that is full before a save is done: it fails and says so, nothing of it stays, and the server goes on.

use std::fs;
use std::path::Path;

use dredis_suite::{Backend, Client, Random, Request, Server, Settings, SmallDisk, Value, on_every_backend};

use crate::data::{eventually, files, loaded, refused};

on_every_backend!(a_full_disk_stops_a_save_alone);

/// Longer than the whole disk, while the data take next to nothing: a string's missing segments read as zeros.
const LONG: &str = "SETRANGE long 99999999 end";

fn a_full_disk_stops_a_save_alone(backend: Backend) {
    let name = format!("saving to a full disk on {}", backend.name());
    let Some(disk) = SmallDisk::mount_or_skip(&name, 64) else { return };
    let data = disk.path().join("data");
    let mut server = Server::with(&Settings::new(backend).data_in(&data));
    let mut client = server.client();
    client.check("CONFIG SET dbfilename full.rdb", "+OK");
    client.check("SET k before", "+OK");
    client.check("SAVE", "+OK");
    let (good, saved) = (data.join("full.rdb"), fs::read(data.join("full.rdb")).unwrap());
    let time = client.ask("LASTSAVE");
    let room = free_bytes(disk.path());
    client.check(LONG, ":100000002");

    let refusal = refused_with(&mut client, "SAVE");
    for words in ["ERR cannot write ", ".rdb.tmp: No space left on device", "(at byte "] {
        assert!(refusal.contains(words), "'{words}' is not in {refusal}");
    }
    goes_on(&server, &mut client, "1");
    assert_eq!(server.info("rdb_last_bgsave_status").as_deref(), Some("ok"), "nobody ran a BGSAVE");
    client.check("BGSAVE", "+Background saving started");
    eventually("the end of BGSAVE", || server.info("rdb_bgsave_in_progress").as_deref() == Some("0"));
    assert_eq!(server.info("rdb_last_bgsave_status").as_deref(), Some("err"));
    assert_ne!(server.info("rdb_last_bgsave_time_sec").as_deref(), Some("-1"));
    goes_on(&server, &mut client, "2");
    let refusal = refused_with(&mut client, "DEBUG RELOAD");
    assert!(refusal.contains("No space left on device"), "{refusal}");
    goes_on(&server, &mut client, "3");
    assert_eq!(client.ask("LASTSAVE"), time);
    assert_eq!(server.info("rdb_saves").as_deref(), Some("3"));
    assert_ne!(server.info("rdb_changes_since_last_save").as_deref(), Some("0"));
    assert_eq!(fs::read(&good).unwrap(), saved, "a save that failed has changed the file of the one before");
    assert_eq!(files(&data, ".rdb"), [good.as_path()]);
    // What the engine wrote meanwhile aside, all of the room is there again.
    eventually("room on the disk", || free_bytes(disk.path()) + (40 << 20) > room);
    client.check("SHUTDOWN SAVE", "-ERR Errors trying to SHUTDOWN. Check logs.");
    goes_on(&server, &mut client, "4");

    // What is compressed has room, and is whole.
    client.check("CONFIG SET rdbcompression yes", "+OK");
    client.check("DEL long", ":1");
    client.check("SETRANGE long 9999999 end", ":10000002");
    client.check("SAVE", "+OK");
    assert_eq!(server.info("rdb_last_bgsave_status").as_deref(), Some("ok"));
    assert_eq!(server.info("rdb_changes_since_last_save").as_deref(), Some("0"));
    let again = loaded(Backend::Memory, &good);
    again.client().check("GET k", "\"4\"");
    again.client().check("STRLEN long", ":10000002");
    again.client().check("GETRANGE long 9999997 -1", "\"\\x00\\x00end\"");
    assert!(server.terminate().success());
    assert!(files(&data, ".tmp").is_empty());
}

fn refused_with(client: &mut Client, text: &str) -> String {
    match client.ask(text) {
        Value::Error(said) => String::from_utf8(said).unwrap(),
        reply => panic!("{text} found room for 100 MB on a disk of 64 MB: {reply:?}"),
    }
}

/// Nothing unfinished lies about, and writes work.
fn goes_on(server: &Server, client: &mut Client, value: &str) {
    assert!(files(server.data(), ".tmp").is_empty(), "an unfinished file stays");
    client.check(&format!("SET k {value}"), "+OK");
    client.check("GET k", &format!("\"{value}\""));
}

/// What `df` says.
fn free_bytes(path: &Path) -> u64 {
    let output = std::process::Command::new("df").args(["--output=avail", "-B1"]).arg(path).output();
    let text = String::from_utf8(output.expect("df runs").stdout).unwrap();
    text.lines().nth(1).and_then(|line| line.trim().parse().ok()).expect("df answers a number")
}

/// A file whose data do not fit the disk is not loaded, and leaves the directory as it was.
#[test]
fn a_full_disk_stops_a_load_alone() {
    let source = Server::start(Backend::Memory);
    let mut client = source.client();
    client.check("CONFIG SET dbfilename large.rdb", "+OK");
    let mut random = Random::new(61);
    for number in 0..100 {
        let value: Vec<u8> = (0..1 << 17).flat_map(|_| random.bits().to_le_bytes()).collect();
        let set: Request = vec![b"SET".to_vec(), format!("large{number}").into_bytes(), value];
        client.run(&[set]);
    }
    client.check("SAVE", "+OK");
    let file = source.data().join("large.rdb");
    for backend in [Backend::LevelDb, Backend::Lmdb] {
        let name = format!("loading to a full disk on {}", backend.name());
        let Some(disk) = SmallDisk::mount_or_skip(&name, 64) else { return };
        let data = disk.path().join("data");
        let (said, code) = refused(backend, &data, &["--rdb", file.to_str().unwrap()]);
        assert_eq!(code, Some(1), "{said}");
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains("--rdb: cannot load") && last.contains("nothing was loaded"), "{said}");
        assert!(!data.exists(), "a directory is left");
        let server = Server::with(&Settings::new(backend).data_in(&data));
        server.client().check("DBSIZE", ":0");
        server.client().check("SET k v", "+OK");
    }
}
