//! A background save holds the moment at which it was asked for, however much is written beside it; and what LMDB, which
//! keeps every page of that moment, tells writers meanwhile.

use std::fs;
use std::process::Command;
use std::time::Duration;

use dredis_suite::{
    Backend, Client, Random, RedisServer, Request, Server, Settings, Value, on_every_backend, request,
};

use crate::data::{digest, eventually, files, fill, loaded};

on_every_backend!(
    a_background_save_is_of_the_moment_it_was_asked_at,
    what_comes_after_the_answer_is_not_saved
);

/// The same, however late the thread that saves comes to it: its file is a pipe that nobody reads at first.
fn what_comes_after_the_answer_is_not_saved(backend: Backend) {
    let mut server = Server::start(backend);
    let name = format!("saving-{}-0.rdb.tmp", server.process().id());
    let pipe = server.data().join(name);
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo failed");
    let mut client = server.client();
    client.check("SET before 1", "+OK");
    client.check("BGSAVE", "+Background saving started");
    client.check("SET after 1", "+OK");
    let bytes = fs::read(&pipe).unwrap();
    let holds = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    assert!(bytes.starts_with(b"REDIS0007") && holds(b"before"), "{}", bytes.escape_ascii());
    assert!(!holds(b"after"), "the file holds a moment after the answer");
    // A pipe cannot be made durable, so there is no file.
    eventually("the end of BGSAVE", || server.info("rdb_bgsave_in_progress").as_deref() == Some("0"));
    assert_eq!(server.info("rdb_last_bgsave_status").as_deref(), Some("err"));
    assert!(files(server.data(), ".tmp").is_empty());
}

fn a_background_save_is_of_the_moment_it_was_asked_at(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    client.set_timeout(Duration::from_secs(100));
    client.check("CONFIG SET dbfilename moment.rdb", "+OK");
    fill(&mut client, 41);
    for round in 0..9 {
        let before = digest(&mut client);
        // In one pipeline, so that the writes come as soon as they can.
        let mut together = vec![request("BGSAVE"), request(&format!("SET after {round}"))];
        for number in 0..300 {
            together.push(request(&format!("SET s{} {round}", number % 30)));
            together.push(request(&format!("RPUSH list{} late{number}", [1, 100, 600][number % 3])));
            together.push(request(&format!("SPOP set{} 2", [4, 130, 600][number % 3])));
            together.push(request(&format!("ZINCRBY zset600 1.5 late{number}")));
        }
        together.push(request("SWAPDB 3 15"));
        together.push(request(&format!("RENAME hash600 renamed{round}")));
        together.push(request(&format!("COPY renamed{round} hash600")));
        if round == 8 {
            together.push(request("FLUSHALL"));
        }
        client.run(&together);
        eventually("the end of BGSAVE", || server.info("rdb_bgsave_in_progress").as_deref() == Some("0"));
        assert_eq!(server.info("rdb_last_bgsave_status").as_deref(), Some("ok"));
        let again = loaded(backend, &server.data().join("moment.rdb"));
        assert_eq!(digest(&mut again.client()), before, "round {round}: the file holds another moment");
    }
}

const VALUE_BYTES: usize = 10_000;
const VALUES: usize = 800;

/// A map of a fixed size: pages of the moment that is saved are not used again, so writers may be refused until the save is
/// done; then there is room.
#[test]
fn a_fixed_map_of_lmdb_has_room_again_after_a_save() {
    // The save has to last until the map is full; how long that takes depends on the machine.
    for megabytes in [128, 512, 2048] {
        if saved_until_the_map_was_full(megabytes) {
            return;
        }
    }
    panic!("saves ended before the map was full");
}

/// Whether the save lasted long enough.
fn saved_until_the_map_was_full(megabytes: usize) -> bool {
    let settings = Settings::new(Backend::Lmdb).backend_option("map_size", &(32 << 20).to_string());
    let mut server = Server::with(&settings);
    let mut client = server.client();
    client.check("CONFIG SET dbfilename moment.rdb", "+OK");
    write(&mut client, 0..VALUES, 0).unwrap();
    client.check("SET spare 1", "+OK");
    client.check("SELECT 1", "+OK");
    // Missing segments read as zeros: this takes time to save, and no room in the map.
    for number in 0..megabytes / 128 {
        client.check(&format!("SETRANGE long{number} {} x", (128 << 20) - 1), &format!(":{}", 128 << 20));
    }
    client.check("SELECT 0", "+OK");
    client.check("BGSAVE", "+Background saving started");
    let is_saving = || server.info("rdb_bgsave_in_progress").as_deref() == Some("1");
    // Each value holds the round in which it was last acknowledged.
    let mut rounds = vec![0; VALUES];
    let mut refusal = None;
    'rounds: for round in 1..1000 {
        for (index, last) in rounds.iter_mut().enumerate() {
            match write(&mut client, index..index + 1, round) {
                Ok(()) => *last = round,
                Err(said) => {
                    refusal = Some(said);
                    break 'rounds;
                }
            }
        }
        if !is_saving() {
            return false;
        }
    }
    let refusal = refusal.expect("more was written than the map holds");
    if !is_saving() {
        // Refused or not, it may have been on the last moment.
        return false;
    }
    println!("{megabytes} MB to save; after {} values: {refusal}", rounds.iter().sum::<usize>());
    assert!(refusal.starts_with("MISCONF") && refusal.contains("map_size=33554432"), "{refusal}");
    // Reads go on, and what was refused is not there. Taking something away needs the view gone, too, or has room.
    check_values(&mut client, &rounds);
    let is_taken = match client.ask("DEL spare") {
        Value::Integer(1) => true,
        reply => {
            let Value::Error(said) = reply else { panic!("DEL answers {reply:?}") };
            assert!(said.starts_with(b"TRYAGAIN "), "{}", said.escape_ascii());
            false
        }
    };
    println!("DEL beside the save worked: {is_taken}");
    client.set_timeout(Duration::from_secs(100));
    eventually_within_minutes("the end of BGSAVE", || !is_saving());
    assert_eq!(server.info("rdb_last_bgsave_status").as_deref(), Some("ok"));
    client.check("DEL spare", if is_taken { ":0" } else { ":1" });
    // There is room again, for any number of rounds.
    for round in 2000..2003 {
        for (index, last) in rounds.iter_mut().enumerate() {
            write(&mut client, index..index + 1, round).expect("writes work after the save");
            *last = round;
        }
    }
    check_values(&mut client, &rounds);
    let directory = server.data().to_str().unwrap().to_owned();
    server.restart();
    check_values(&mut server.client(), &rounds);
    // Redis is quicker at reading long strings.
    let arguments = ["--dir", &directory, "--dbfilename", "moment.rdb"];
    let Some(redis) = RedisServer::start_with_or_skip("the moment of a save", &arguments) else {
        return true;
    };
    check_values(&mut redis.client(), &vec![0; VALUES]);
    redis.client().check("DBSIZE", &format!(":{}", VALUES + 1));
    assert!(files(server.data(), ".tmp").is_empty());
    true
}

/// A map that grows cannot move while a save reads it: once as much is written as there was room for, writers are told to
/// try again, and can do so when the save is done.
#[test]
fn a_growing_map_of_lmdb_moves_after_a_save() {
    let server = Server::start(Backend::Lmdb);
    let mut client = server.client();
    client.set_timeout(Duration::from_secs(100));
    client.check("CONFIG SET dbfilename moment.rdb", "+OK");
    client.check("SET k before", "+OK");
    client.check("SELECT 1", "+OK");
    for number in 0..200 {
        client.check(&format!("SETRANGE long{number} 499999999 x"), ":500000000");
    }
    client.check("SELECT 0", "+OK");
    client.check("BGSAVE", "+Background saving started");
    let large = vec![b'x'; 16 << 20];
    let mut written = 0;
    let refusal = loop {
        let set: Request = vec![b"SET".to_vec(), format!("large{written}").into_bytes(), large.clone()];
        match client.call(&set).unwrap().value {
            Value::Error(said) => break String::from_utf8(said).unwrap(),
            _ => written += 1,
        }
        assert!(written < 200, "a map of 1 GiB took 3 GiB beside a view");
    };
    assert_eq!(server.info("rdb_bgsave_in_progress").as_deref(), Some("1"), "{refusal}");
    println!("after {written} values of 16 MiB: {refusal}");
    assert!(refusal.starts_with("TRYAGAIN The backend is busy: the LMDB map must move"), "{refusal}");
    assert!(written >= 30, "only {written} values of 16 MiB fit a map of 1 GiB");
    client.check("GET k", "\"before\"");
    client.check("DBSIZE", &format!(":{}", written + 1));
    client.check(&format!("STRLEN large{}", written - 1), &format!(":{}", 16 << 20));
    // The save is given up with the server; nothing that was acknowledged goes with it.
    let data = server.data().to_owned();
    let mut server = server;
    assert!(server.terminate().success());
    assert!(files(&data, ".tmp").is_empty() && files(&data, ".rdb").is_empty());
    server.restart();
    let mut client = server.client();
    client.check("DBSIZE", &format!(":{}", written + 1));
    let set: Request = vec![b"SET".to_vec(), b"large".to_vec(), large];
    assert!(!client.call(&set).unwrap().value.is_error(), "there is room once nobody reads");
    client.check("GET k", "\"before\"");
}

/// Sets values that do not compress; an error's text if one is refused.
fn write(client: &mut Client, indexes: std::ops::Range<usize>, round: usize) -> Result<(), String> {
    for index in indexes {
        let set: Request = vec![b"SET".to_vec(), format!("value:{index}").into_bytes(), value(index, round)];
        if let Value::Error(said) = client.call(&set).expect("the server answers").value {
            return Err(String::from_utf8(said).unwrap());
        }
    }
    Ok(())
}

fn check_values(client: &mut Client, rounds: &[usize]) {
    for (index, round) in rounds.iter().enumerate() {
        let found = client.ask(&format!("GET value:{index}"));
        assert!(found == Value::Bulk(value(index, *round)), "value:{index} is not that of round {round}");
    }
}

fn value(index: usize, round: usize) -> Vec<u8> {
    let mut random = Random::new((index + round * 100_000) as u64);
    (0..VALUE_BYTES / 8).flat_map(|_| random.bits().to_le_bytes()).collect()
}

fn eventually_within_minutes(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..6 {
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| eventually(what, &is_so))).is_ok() {
            return;
        }
    }
    panic!("{what} does not come about");
}
