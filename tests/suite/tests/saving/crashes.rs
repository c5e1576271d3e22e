//! `kill -9` in the middle of loading and of saving: all of it is there, or nothing.

use std::fs;
use std::process::Command;
use std::time::Duration;

use dredis_suite::{
    Backend, Process, Request, Server, Settings, TemporaryDirectory, Value, on_durable_backends, programs,
    request,
};

use crate::data::{digest, eventually, files, loaded, populate};

on_durable_backends!(a_load_that_is_killed_is_not_there, a_save_that_is_killed_is_not_there);

const KEYS: usize = 60_000;

fn a_load_that_is_killed_is_not_there(backend: Backend) {
    let directory = TemporaryDirectory::new();
    let source = Server::start(backend);
    populate(source.address(), KEYS);
    let mut client = source.client();
    let members: Vec<String> = (0..2000).map(|number| format!(" member:{number}")).collect();
    client.run(&[request(&format!("SADD set{}", members.concat()))]);
    client.check("CONFIG SET dbfilename whole.rdb", "+OK");
    client.check("SAVE", "+OK");
    let file = source.data().join("whole.rdb");
    let (mut interrupted, mut delay) = (0, Duration::ZERO);
    for round in 0..6 {
        let data = directory.join(&format!("data{round}"));
        let mut command = Command::new(programs::dredis());
        command
            .args(["--port", "0", "--backend", backend.name(), "--dir"])
            .arg(&data)
            .arg("--rdb")
            .arg(&file);
        let mut process = Process::start("dredis", &mut command).unwrap();
        process
            .wait_for_line(Duration::from_secs(60), |line| line.contains("loading ").then_some(()))
            .unwrap();
        std::thread::sleep(delay);
        process.kill();
        let server = Server::with(&Settings::new(backend).data_in(&data));
        let mut client = server.client();
        match client.ask("DBSIZE") {
            Value::Integer(0) => {
                interrupted += 1;
                // What was written of it is swept.
                let batch = ["CONFIG SET gc-interval 1", "CONFIG SET gc-batch-size 100000"].map(request);
                client.run(&batch);
                eventually("the end of the sweep", || server.info("garbage_waiting").as_deref() == Some("0"));
                client.check("KEYS *", "[]");
            }
            size => {
                assert_eq!(size, Value::Integer(KEYS as i64 + 1), "a part of a file is there");
                assert_eq!(digest(&mut client), digest(&mut source.client()));
            }
        }
        delay = (delay * 3).max(Duration::from_millis(20));
    }
    assert!(interrupted > 0, "no load was killed before it was done");
}

fn a_save_that_is_killed_is_not_there(backend: Backend) {
    let mut server = Server::start(backend);
    populate(server.address(), KEYS);
    let mut client = server.client();
    client.check("CONFIG SET dbfilename killed.rdb", "+OK");
    let mut unfinished = 0;
    for round in 0..8_u64 {
        let mut client = server.client();
        client.check("CONFIG SET dbfilename killed.rdb", "+OK");
        client.check("BGSAVE", "+Background saving started");
        std::thread::sleep(Duration::from_millis(5 * round));
        server.kill();
        unfinished += files(server.data(), ".tmp").len();
        let saved = server.data().join("killed.rdb");
        if saved.exists() {
            let again = loaded(backend, &saved);
            assert_eq!(again.client().ask("DBSIZE"), Value::Integer(KEYS as i64));
            fs::remove_file(&saved).unwrap();
        }
        server.restart();
        assert!(files(server.data(), ".tmp").is_empty(), "an unfinished file stays");
        server.client().check("DBSIZE", &format!(":{KEYS}"));
    }
    assert!(unfinished > 0, "no save was killed before it was done");
    let keys: Vec<Request> = vec![request("SAVE")];
    server.client().run(&keys);
}
