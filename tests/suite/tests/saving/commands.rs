//! SAVE, BGSAVE, LASTSAVE, the parameter `save`, SHUTDOWN SAVE, DEBUG RELOAD and DEBUG DIGEST.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dredis_suite::{Backend, RedisServer, Request, Server, SetWhenDropped, Value, on_every_backend, request};

use crate::data::{check_same, digest, eventually, files, fill, loaded, populate};

on_every_backend!(
    saves_come_and_are_told_of,
    a_save_shows_one_moment,
    a_save_that_fails_leaves_nothing,
    the_server_saves_by_itself,
    shutdown_saves_when_asked,
    a_reload_changes_nothing,
    digests_are_those_of_redis,
);

fn saves_come_and_are_told_of(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    populate(server.address(), 500);
    assert_eq!(server.info("rdb_changes_since_last_save").as_deref(), Some("500"));
    assert_eq!(server.info("rdb_saves").as_deref(), Some("0"));
    let started = client.ask("LASTSAVE").integer().unwrap();
    client.check("SAVE", "+OK");
    let saved = files(server.data(), ".rdb");
    assert_eq!(saved.len(), 1);
    let name = saved[0].file_name().unwrap().to_str().unwrap();
    // dump_2026-11-22T22:38:40.rdb
    let shape: String = name.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "dump_0000-00-00T00:00:00.rdb", "{name}");
    assert!(client.ask("LASTSAVE").integer().unwrap() >= started);
    client.check("CONFIG SET dbfilename again.rdb", "+OK");
    // In one pipeline: what stands before it is saved, what stands after it is not.
    let together = ["SET before 1", "BGSAVE", "SET after 1"].map(request);
    let replies = client.pipeline(&together).unwrap();
    assert_eq!(replies[1].raw, b"+Background saving started\r\n");
    eventually("the end of BGSAVE", || {
        server.info("rdb_bgsave_in_progress").as_deref() == Some("0")
            && server.info("rdb_saves").as_deref() == Some("2")
    });
    assert_eq!(server.info("rdb_last_bgsave_status").as_deref(), Some("ok"));
    assert_eq!(server.info("rdb_last_bgsave_time_sec").as_deref(), Some("0"));
    let again = loaded(backend, &server.data().join("again.rdb"));
    again.client().check("EXISTS before", ":1");
    assert_eq!(
        again.info("rdb_last_load_keys_loaded").as_deref(),
        again.client().ask("DBSIZE").integer().map(|n| n.to_string()).as_deref()
    );
    for (text, reply) in [
        ("BGSAVE SCHEDULE now", "-ERR syntax error"),
        ("BGSAVE x", "-ERR syntax error"),
        ("SAVE x", "-ERR wrong number of arguments for 'save' command"),
        (
            "CONFIG SET dbfilename data.mdb",
            "-ERR CONFIG SET failed (possibly related to argument 'dbfilename') - dbfilename must end in .rdb, or be empty for a name made of the time",
        ),
        (
            "CONFIG SET rdb-version 8",
            "-ERR CONFIG SET failed (possibly related to argument 'rdb-version') - argument(s) must be one of the following: 7, 9, 10, 11",
        ),
        ("MULTI", "+OK"),
        ("SAVE", "-ERR Command not allowed inside a transaction"),
        ("DISCARD", "+OK"),
        ("MULTI", "+OK"),
        ("SET within 1", "+QUEUED"),
        ("BGSAVE", "+QUEUED"),
        ("EXEC", "[+OK, +Background saving scheduled]"),
    ] {
        client.check(text, reply);
    }
    eventually("a scheduled save", || {
        server.info("rdb_saves").as_deref() == Some("3")
            && server.info("rdb_bgsave_in_progress").as_deref() == Some("0")
    });
    loaded(backend, &server.data().join("again.rdb")).client().check("EXISTS within", ":1");
}

/// Two keys that change together have one value in a file.
fn a_save_shows_one_moment(backend: Backend) {
    let server = Server::start(backend);
    populate(server.address(), 20_000);
    let mut client = server.client();
    client.check("CONFIG SET dbfilename moment.rdb", "+OK");
    client.check("MSET a:first 0 z:last 0", "+OK");
    let is_over = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut writer = server.client();
            let mut count = 0_u64;
            while !is_over.load(Ordering::Relaxed) {
                count += 1;
                let pipeline: Vec<Request> = [
                    format!("MSET a:first {count} z:last {count}"),
                    format!("SET new:{count} 1"),
                    format!("DEL key:{count}"),
                ]
                .iter()
                .map(|text| request(text))
                .collect();
                writer.run(&pipeline);
            }
            count
        });
        let writing_ends = SetWhenDropped(&is_over);
        for _ in 0..3 {
            client.check("SAVE", "+OK");
        }
        drop(writing_ends);
        writing.join().unwrap()
    });
    assert!(written > 3, "writers stood still: {written} rounds");
    let again = loaded(backend, &server.data().join("moment.rdb"));
    let both = again.client().ask("MGET a:first z:last");
    let both = both.elements().unwrap();
    assert_eq!(both[0], both[1]);
    // Each round adds one key and takes one.
    let count: u64 = both[0].text().parse().unwrap();
    let size = again.client().ask("DBSIZE").integer().unwrap();
    assert!((20_002..=20_003).contains(&size), "{size} keys after {count} rounds");
}

fn a_save_that_fails_leaves_nothing(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    client.check("SET k v", "+OK");
    // A directory stands where the file should go: all of it is written, and then cannot get its name.
    fs::create_dir(server.data().join("taken.rdb")).unwrap();
    client.check("CONFIG SET dbfilename taken.rdb", "+OK");
    let before = client.ask("LASTSAVE");
    let reply = client.ask("SAVE");
    assert!(reply.is_error(), "{reply:?}");
    // As in Redis, the figure is about saves that nobody waits for, and those that fail are counted.
    assert_eq!(server.info("rdb_last_bgsave_status").as_deref(), Some("ok"));
    assert_eq!(server.info("rdb_saves").as_deref(), Some("1"));
    client.check("BGSAVE", "+Background saving started");
    eventually("the end of BGSAVE", || server.info("rdb_bgsave_in_progress").as_deref() == Some("0"));
    assert_eq!(server.info("rdb_last_bgsave_status").as_deref(), Some("err"));
    assert_eq!(server.info("rdb_saves").as_deref(), Some("2"));
    assert_eq!(server.info("rdb_changes_since_last_save").as_deref(), Some("1"));
    assert_eq!(client.ask("LASTSAVE"), before);
    assert!(files(server.data(), ".tmp").is_empty());
    client.check("SHUTDOWN SAVE", "-ERR Errors trying to SHUTDOWN. Check logs.");
    client.check("GET k", "\"v\"");
    client.check("CONFIG SET dbfilename free.rdb", "+OK");
    client.check("SAVE", "+OK");
    assert_eq!(server.info("rdb_last_bgsave_status").as_deref(), Some("ok"));
}

fn the_server_saves_by_itself(backend: Backend) {
    let mut server = Server::start(backend);
    let mut client = server.client();
    client.check("CONFIG GET save", "[\"save\", \"\"]");
    client.check("CONFIG SET dbfilename auto.rdb save \"3600 100 1 2\"", "+OK");
    client.check("CONFIG GET save", "[\"save\", \"3600 100 1 2\"]");
    client.check("SET one 1", "+OK");
    client.check("SET two 2", "+OK");
    let file = server.data().join("auto.rdb");
    eventually("a save after two changes", || file.exists());
    loaded(backend, &file).client().check("DBSIZE", ":2");
    // At the end, too.
    client.check("CONFIG SET save \"3600 1\"", "+OK");
    client.check("SET three 3", "+OK");
    assert!(server.terminate().success());
    loaded(backend, &file).client().check("DBSIZE", ":3");
}

fn shutdown_saves_when_asked(backend: Backend) {
    for (command, is_saved) in [("SHUTDOWN NOSAVE", false), ("SHUTDOWN", false), ("SHUTDOWN SAVE", true)] {
        let mut server = Server::start(backend);
        let mut client = server.client();
        client.check("CONFIG SET dbfilename end.rdb", "+OK");
        client.check("SET k v", "+OK");
        if command == "SHUTDOWN NOSAVE" {
            client.check("CONFIG SET save \"3600 1\"", "+OK");
            client.check("BGSAVE", "+Background saving started");
            eventually("the end of BGSAVE", || server.info("rdb_bgsave_in_progress").as_deref() == Some("0"));
            fs::remove_file(server.data().join("end.rdb")).unwrap();
        }
        client.send(format!("{command}\r\n").as_bytes()).unwrap();
        assert_eq!(client.read_to_close().unwrap(), b"", "{command}");
        assert!(server.process().wait(Duration::from_secs(30)).unwrap().success(), "{command}");
        assert_eq!(server.data().join("end.rdb").exists(), is_saved, "{command}");
        assert!(files(server.data(), ".tmp").is_empty());
    }
}

fn a_reload_changes_nothing(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    fill(&mut client, 5);
    let whole = digest(&mut client);
    let mut watcher = server.client();
    watcher.check("WATCH s2", "+OK");
    client.check("DEBUG RELOAD", "+OK");
    assert_eq!(digest(&mut client), whole);
    watcher.check("MULTI", "+OK");
    watcher.check("EXEC", "*-1");
    assert!(files(server.data(), ".tmp").is_empty());
    client.check("DEBUG RELOAD NOSAVE", "-ERR this server has not saved yet, and dbfilename names no file");
    client.check("SAVE", "+OK");
    client.check("SET new 1", "+OK");
    client.check("DEBUG RELOAD NOSAVE", "+OK");
    client.check("EXISTS new", ":0");
    assert_eq!(digest(&mut client), whole);
    for option in ["MERGE", "NOFLUSH"] {
        assert!(client.ask(&format!("DEBUG RELOAD {option}")).is_error());
    }
    client.check("DEBUG RELOAD X", "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    // Writers wait, and lose nothing.
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut writer = server.client();
            let mut count = 0;
            while !is_over.load(Ordering::Relaxed) {
                count += 1;
                writer.check("INCR count", &format!(":{count}"));
            }
            count
        });
        let writing_ends = SetWhenDropped(&is_over);
        for _ in 0..3 {
            client.check("DEBUG RELOAD", "+OK");
        }
        drop(writing_ends);
        let count: u64 = writing.join().unwrap();
        client.check("GET count", &format!("\"{count}\""));
    });
    client.check("FLUSHALL", "+OK");
    client.check("DEBUG RELOAD", "+OK");
    client.check("DBSIZE", ":0");
}

fn digests_are_those_of_redis(backend: Backend) {
    let Some(redis) = RedisServer::start_or_skip("DEBUG DIGEST against Redis") else { return };
    let server = Server::start(backend);
    for client in [&mut redis.client(), &mut server.client()] {
        assert_eq!(client.ask("DEBUG DIGEST"), Value::Status(vec![b'0'; 40]));
        fill(client, 21);
    }
    check_same(redis.client(), server.client(), "DEBUG DIGEST");
    let ask = "DEBUG DIGEST-VALUE s1 list600 set130 numbers600 hash100 zset600 zset4 absent appended";
    assert_eq!(server.client().ask(ask), redis.client().ask(ask));
    assert_eq!(server.client().ask("DEBUG DIGEST-VALUE"), redis.client().ask("DEBUG DIGEST-VALUE"));
}
