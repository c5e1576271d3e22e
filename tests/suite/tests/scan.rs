//! SCAN's promise: what is there all the time is returned, whatever others write meanwhile. And deletion in the
//! background.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dredis_suite::{
    Backend, Client, Request, Server, SetWhenDropped, Value, normalise, on_every_backend, request,
};

on_every_backend!(
    a_scan_returns_what_stays_while_others_write,
    a_scan_of_a_pattern_returns_what_matches,
    what_was_deleted_is_swept_in_the_background,
);

fn a_scan_returns_what_stays_while_others_write(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    let stays: BTreeSet<Vec<u8>> =
        (0..2000).map(|index| format!("stays:{}", index * 7919).into_bytes()).collect();
    let requests: Vec<Request> =
        stays.iter().map(|key| vec![b"SET".to_vec(), key.clone(), b"1".to_vec()]).collect();
    client.run(&requests);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Adds and removes keys all over the order of keys, and overwrites those that stay.
        let writer = scope.spawn(|| {
            let mut writer = server.client();
            let mut round = 0;
            while !over.load(Ordering::Relaxed) {
                round += 1;
                let requests: Vec<Request> = (0..20)
                    .flat_map(|index| {
                        let key =
                            format!("{}:{}", ["a", "stays:5", "stays:9", "z"][index % 4], round % 50 + index);
                        [request(&format!("SET {key} {round}")), request(&format!("DEL {}:{round}", &key))]
                    })
                    .chain([
                        request("DEL a:10 z:12 stays:5:13"),
                        request("SET stays:0 2"),
                        request("RENAME stays:0 stays:0"),
                    ])
                    .collect();
                writer.run(&requests);
            }
            round
        });
        let writing_ends = SetWhenDropped(&over);
        for count in [1, 10, 100] {
            let seen = scan(&mut client, &format!("COUNT {count}"));
            let missing: Vec<String> =
                stays.difference(&seen).map(|key| key.escape_ascii().to_string()).collect();
            assert!(missing.is_empty(), "COUNT {count} left out {missing:?}");
        }
        drop(writing_ends);
        assert!(writer.join().expect("the writer goes on") > 0, "nothing was written meanwhile");
    });
}

fn a_scan_of_a_pattern_returns_what_matches(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    let requests: Vec<Request> = (0..1500)
        .map(|index| request(&format!("SET user:{}:{} 1", index % 30, index)))
        .chain([request("SET user 1"), request("SET user: 1"), request("SET userx 1"), request("SET v 1")])
        .collect();
    client.run(&requests);
    for (pattern, expected) in [
        ("user:7:*", 50),
        ("user:*", 1501),
        ("user:2?:*", 500),
        ("*:7", 1),
        ("user*", 1503),
        ("user:7", 0),
        ("[uv]*", 1504),
        ("zzz*", 0),
    ] {
        let seen = scan(&mut client, &format!("MATCH {pattern} COUNT 7"));
        assert_eq!(seen.len(), expected, "SCAN MATCH {pattern}");
        let keys = client.ask(&format!("KEYS {pattern}"));
        assert_eq!(keys.elements().map(<[Value]>::len), Some(expected), "KEYS {pattern}");
    }
}

fn what_was_deleted_is_swept_in_the_background(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    for index in 0..20 {
        client.check(&format!("SETRANGE large:{index} 1500000 x"), ":1500001");
    }
    client.check("SELECT 1", "+OK");
    let requests: Vec<Request> =
        (0..5000).map(|index| request(&format!("SET flushed:{index} {index}"))).collect();
    client.run(&requests);
    client.check("FLUSHDB ASYNC", "+OK");
    client.check("SELECT 0", "+OK");
    client.check("SET kept 1", "+OK");
    for index in 0..20 {
        let command = ["DEL", "UNLINK"][index % 2];
        client.check(&format!("{command} large:{index}"), ":1");
    }
    client.check("DBSIZE", ":1");
    let waiting = || -> u64 {
        let figure =
            server.info("garbage_waiting").unwrap_or_else(|| panic!("INFO tells no garbage_waiting"));
        figure.parse().unwrap_or_else(|_| panic!("garbage_waiting is '{figure}'"))
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    while waiting() > 0 {
        assert!(Instant::now() < deadline, "{} objects are still not swept", waiting());
        client.check("GET kept", "\"1\"");
        std::thread::sleep(Duration::from_millis(10));
    }
    client.check("GET kept", "\"1\"");
    client.check("GET large:0", "$-1");
}

/// All keys of a full iteration.
fn scan(client: &mut Client, options: &str) -> BTreeSet<Vec<u8>> {
    let mut keys = BTreeSet::new();
    let mut cursor = "0".to_owned();
    for _ in 0..100_000 {
        let reply = client.ask(&format!("SCAN {cursor} {options}"));
        let (next, found) =
            normalise::page(&reply).unwrap_or_else(|| panic!("SCAN {cursor} {options}: {reply:?}"));
        keys.extend(found.iter().filter_map(Value::bytes).map(<[u8]>::to_vec));
        cursor = String::from_utf8_lossy(next).into_owned();
        if cursor == "0" {
            return keys;
        }
    }
    panic!("SCAN {options} does not end");
}
