//! Data of every type, in every form, and ways to compare two servers that should hold the same.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use dredis_suite::{Backend, Client, Process, Random, Request, Server, Settings, Value, programs, request};

/// Fills databases with keys of every type: small and large, short and long elements, numbers, some that expire.
pub fn fill(client: &mut Client, seed: u64) {
    let mut random = Random::new(seed);
    for db in [0, 3, 15] {
        client.check(&format!("SELECT {db}"), "+OK");
        let mut requests: Vec<Request> = Vec::new();
        for number in 0..30 {
            requests.push(request(&format!("SET s{number} {}", word(&mut random))));
        }
        for count in [1, 4, 100, 130, 600] {
            for number in 0..count {
                let (word, other) = (word(&mut random), word(&mut random));
                requests.push(request(&format!("RPUSH list{count} {word}")));
                requests.push(request(&format!("SADD set{count} {word}")));
                requests.push(request(&format!("SADD numbers{count} {}", number * 7 - 100)));
                requests.push(request(&format!("HSET hash{count} {word} {other}")));
                let score = scores(&mut random);
                requests.push(request(&format!("ZADD zset{count} {score} {word}")));
            }
        }
        let long = "x".repeat(40_000);
        for text in [
            "SET s1000 12345678901",
            "APPEND appended 1",
            "SETRANGE sparse 50000 end",
            "PEXPIREAT s1 4102444800123",
            "EXPIRE hash100 100000",
            "EXPIRE zset600 100000",
            &format!("SET large {long}"),
            &format!("RPUSH list4 {long}"),
            &format!("SET {} named", &long[..3000]),
        ] {
            requests.push(request(text));
        }
        requests.push(vec![b"SET".to_vec(), b"\x00\xff\r\n\"".to_vec(), b"\xff\x00".to_vec()]);
        requests.push(vec![b"SET".to_vec(), Vec::new(), Vec::new()]);
        for chunk in requests.chunks(500) {
            client.run(chunk);
        }
    }
    client.check("SELECT 0", "+OK");
}

fn word(random: &mut Random) -> String {
    match random.below(5) {
        0 => random.below(100).to_string(),
        1 => format!("-{}", random.below(1 << 40)),
        2 => "y".repeat(70) + &random.below(1000).to_string(),
        _ => format!("word:{}", random.below(1_000_000)),
    }
}

fn scores(random: &mut Random) -> String {
    match random.below(6) {
        0 => "inf".to_owned(),
        1 => "-inf".to_owned(),
        2 => "1e300".to_owned(),
        3 => format!("{}.1", random.below(1000)),
        _ => random.below(1000).to_string(),
    }
}

/// The digest of everything that a server holds.
pub fn digest(client: &mut Client) -> String {
    client.set_timeout(Duration::from_secs(100));
    let digest = client.ask("DEBUG DIGEST").text();
    assert_eq!(digest.len(), 40, "DEBUG DIGEST answers {digest}");
    digest
}

/// Compares two servers, and tells which keys differ if any do.
#[track_caller]
pub fn check_same(mut left: Client, mut right: Client, what: &str) {
    if digest(&mut left) == digest(&mut right) {
        return;
    }
    let mut differences = Vec::new();
    for db in 0..16 {
        let keys = [&mut left, &mut right].map(|client| {
            client.check(&format!("SELECT {db}"), "+OK");
            let keys = client.ask("KEYS *");
            let mut keys: Vec<Vec<u8>> =
                keys.elements().unwrap().iter().filter_map(Value::bytes).map(<[u8]>::to_vec).collect();
            keys.sort();
            keys
        });
        for key in keys.concat() {
            let ask = [b"DEBUG".to_vec(), b"DIGEST-VALUE".to_vec(), key.clone()];
            if left.call(&ask).unwrap().raw != right.call(&ask).unwrap().raw {
                differences.push(format!("{db}: {}", key.escape_ascii()));
            }
        }
    }
    differences.truncate(20);
    panic!("{what}: these keys differ: {differences:?}");
}

/// A server that has loaded a file.
pub fn loaded(backend: Backend, file: &Path) -> Server {
    Server::with(&Settings::new(backend).arguments(&["--rdb", file.to_str().unwrap()]))
}

/// What a server says that refuses to start with these arguments, and its exit code.
pub fn refused(backend: Backend, data: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let mut command = Command::new(programs::dredis());
    command.args(["--port", "0", "--backend", backend.name(), "--dir"]).arg(data).args(arguments);
    let mut process = Process::start("dredis", &mut command).unwrap();
    let status = process.wait(Duration::from_secs(60)).unwrap();
    (process.output(), status.code())
}

/// The files in a directory that end so.
pub fn files(directory: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.to_str().is_some_and(|path| path.ends_with(end))).collect();
    files.sort();
    files
}

/// Asks until an answer is the right one.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} does not come about");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sets so many small keys.
pub fn populate(address: SocketAddr, count: usize) {
    let mut client = Client::connect(address).unwrap();
    let keys: Vec<Request> =
        (0..count).map(|number| request(&format!("SET key:{number} {number}"))).collect();
    for chunk in keys.chunks(5000) {
        client.run(chunk);
    }
}
