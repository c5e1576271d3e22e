//! A full disk or a full map: writes fail and say so, reads go on, and once there is room writes work again. Nothing
//! that was acknowledged is lost.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dredis_suite::{Backend, Client, Request, Server, Settings, SmallDisk, Value, on_durable_backends};

on_durable_backends!(a_full_disk_stops_writes_alone);

const VALUE_BYTES: usize = 10_000;

fn a_full_disk_stops_writes_alone(backend: Backend) {
    let name = format!("a full disk on {}", backend.name());
    let Some(disk) = SmallDisk::mount_or_skip(&name, 96) else { return };
    // Taking this away makes room later. LevelDB asks for one and a half times its log files, and of those there may be two,
    // each as large as a write buffer (16 MiB).
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![1; 56 << 20]).expect("the disk is large enough for the ballast");
    let settings = Settings::new(backend).data_in(&disk.path().join("data"));
    let mut server = Server::with(&settings);
    let (written, refusal) = fill(&mut server.client(), 0);
    assert!(written > 0, "nothing could be written at all: {refusal}");
    assert!(refusal.starts_with("MISCONF"), "a full disk is reported as: {refusal}");
    read_all(&mut server.client(), written);
    // An engine may tidy up and find a little room, but it stays full, and says so each time.
    let (written, refusal) = fill(&mut server.client(), written);
    assert!(refusal.starts_with("MISCONF"), "a disk that is still full is reported as: {refusal}");
    read_all(&mut server.client(), written);
    server.client().check("PING", "+PONG");
    make_room(&ballast);
    await_write(&mut server.client());
    let (written, _) = fill_some(&mut server.client(), written, 200);
    read_all(&mut server.client(), written);
    server.restart();
    read_all(&mut server.client(), written);
    server.client().check("GET after", "\"room\"");
}

#[test]
fn a_map_of_lmdb_that_is_full_stops_writes_alone() {
    let settings = Settings::new(Backend::Lmdb).backend_option("map_size", &(16 << 20).to_string());
    let mut server = Server::with(&settings);
    let (written, refusal) = fill(&mut server.client(), 0);
    assert!(written > 100, "only {written} values of {VALUE_BYTES} bytes fit 16 MB: {refusal}");
    assert!(refusal.starts_with("MISCONF"), "a full map is reported as: {refusal}");
    read_all(&mut server.client(), written);
    server.restart();
    read_all(&mut server.client(), written);
    // Deleting has to work on a full map, or nobody could ever make room.
    let mut client = server.client();
    for index in 0..written / 2 {
        client.check(&format!("DEL fill:{index}"), ":1");
    }
    await_write(&mut client);
    client.check(&format!("EXISTS fill:{}", written - 1), ":1");
    client.check("FLUSHALL", "+OK");
    await_write(&mut client);
    server.restart();
    server.client().check("GET after", "\"room\"");
}

/// Writes values until one is refused: how many there are then, and what was said.
fn fill(client: &mut Client, from: usize) -> (usize, String) {
    fill_some(client, from, 100_000)
}

fn fill_some(client: &mut Client, from: usize, count: usize) -> (usize, String) {
    for index in from..from + count {
        let request: Request = vec![b"SET".to_vec(), format!("fill:{index}").into_bytes(), value(index)];
        match client.call(&request).expect("the server answers").value {
            Value::Status(_) => {}
            Value::Error(error) => return (index, String::from_utf8_lossy(&error).into_owned()),
            other => panic!("SET answers {other:?}"),
        }
    }
    (from + count, "no error".to_owned())
}

fn read_all(client: &mut Client, count: usize) {
    let requests: Vec<Request> =
        (0..count).map(|index| vec![b"GET".to_vec(), format!("fill:{index}").into_bytes()]).collect();
    for (chunk, requests) in requests.chunks(50).enumerate() {
        for (offset, found) in client.run(requests).into_iter().enumerate() {
            let index = chunk * 50 + offset;
            assert!(
                found == Value::Bulk(value(index)),
                "fill:{index} was acknowledged and is lost or changed"
            );
        }
    }
}

/// A value that does not compress.
fn value(index: usize) -> Vec<u8> {
    let mut random = dredis_suite::Random::new(index as u64);
    (0..VALUE_BYTES / 8).flat_map(|_| random.bits().to_le_bytes()).collect()
}

fn make_room(ballast: &PathBuf) {
    std::fs::remove_file(ballast).expect("the ballast is there");
}

/// Waits until a write works.
fn await_write(client: &mut Client) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let reply = client.ask("SET after room");
        if reply == Value::Status(b"OK".to_vec()) {
            return;
        }
        assert!(Instant::now() < deadline, "there is room, and writes still fail: {reply:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
