//! What was acknowledged is there after `kill -9`, and under `appendfsync always` after the loss of power; whole transactions
//! or none of them, and the count of keys is right.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use dredis_suite::random::seed_or;
use dredis_suite::{
    Backend, Client, PowerDisk, Random, Request, Server, Settings, Value, normalise, on_durable_backends,
    request,
};

on_durable_backends!(
    acknowledged_writes_survive_a_crash,
    under_always_acknowledged_writes_survive_the_loss_of_power,
    under_everysec_the_loss_of_power_takes_only_the_latest_writes,
    under_everysec_a_write_is_soon_on_the_disk,
    a_flush_survives_a_crash,
    expiry_survives_a_crash,
    an_orderly_end_keeps_everything,
    a_scan_goes_on_after_a_crash_or_is_refused,
    a_directory_belongs_to_one_server_and_one_backend,
);

/// Writers at a time.
const WRITERS: usize = 4;
/// Keys that each transaction sets to one value.
const TOGETHER: usize = 5;
/// What one pipeline holds: as many plain writes, and one transaction.
const WRITES: u64 = 8;

/// What one writer did, over all rounds.
#[derive(Default)]
struct Progress {
    /// Numbers of the pipelines that were answered, each of `WRITES` writes and one transaction.
    acknowledged: Mutex<Vec<u64>>,
    /// How many pipelines may have been sent.
    begun: AtomicU64,
}

fn acknowledged_writes_survive_a_crash(backend: Backend) {
    const ROUNDS: u64 = 4;
    let mut random = Random::new(seed_or(7));
    let mut server = Server::start(backend);
    let writers: [Progress; WRITERS] = Default::default();
    for round in 0..ROUNDS {
        let enough = 50 + random.below(400);
        let (done, finished) = mpsc::channel();
        std::thread::scope(|scope| {
            for (number, writer) in writers.iter().enumerate() {
                let (client, done) = (server.client(), done.clone());
                scope.spawn(move || write_until_cut_off(client, number, writer, &done));
            }
            for _ in 0..enough {
                finished.recv_timeout(Duration::from_secs(30)).expect("writers go on");
            }
            server.kill();
        });
        let took = server.restart();
        let seen = check_all(&mut server.client(), &writers);
        println!("{}: round {round}, {seen} keys, ready after {took:?}", backend.name());
    }
}

fn under_always_acknowledged_writes_survive_the_loss_of_power(backend: Backend) {
    lose_power(backend, "always", |server, writers| {
        check_all(&mut server.client(), writers);
    });
}

fn under_everysec_the_loss_of_power_takes_only_the_latest_writes(backend: Backend) {
    lose_power(backend, "everysec", |server, writers| {
        let mut client = server.client();
        for (number, writer) in writers.iter().enumerate() {
            // What is left are the first ones, however many, and no transaction in part.
            let mut acknowledged = writer.acknowledged.lock().unwrap();
            let is_left = |pipeline: &u64| match client.ask(&format!("GET w:{number}:{}", pipeline * WRITES))
            {
                Value::NullBulk => false,
                value => value.text() == (pipeline * WRITES).to_string(),
            };
            let left: Vec<bool> = acknowledged.iter().map(is_left).collect();
            let lost_from = left.iter().position(|is_left| !is_left).unwrap_or(left.len());
            assert!(!left[lost_from..].contains(&true), "a write is there, and one before it is lost");
            println!("writer {number}: {lost_from} of {} pipelines are left", left.len());
            acknowledged.truncate(lost_from);
            // The rest of the last pipeline may have come in a commit of its own.
            acknowledged.pop();
        }
        check_all(&mut client, writers);
    });
}

fn under_everysec_a_write_is_soon_on_the_disk(backend: Backend) {
    // The system itself would bring it there after half a minute.
    const SOON: Duration = Duration::from_secs(10);
    let name = format!("a write that comes to the disk on {}", backend.name());
    let Some(disk) = PowerDisk::mount_or_skip(&name, 256) else { return };
    let settings = Settings::new(backend).arguments(&["--appendfsync", "everysec"]);
    let mut server = Server::with(&settings.clone().data_in(&disk.path().join("data")));
    server.client().check("SET key value", "+OK");
    let written = Instant::now();
    loop {
        server.process().signal("STOP");
        let after = disk.after_power_loss();
        server.process().signal("CONT");
        let found =
            Server::with(&settings.clone().data_in(&after.path().join("data"))).client().ask("GET key");
        if found == Value::Bulk(b"value".to_vec()) {
            return;
        }
        assert!(written.elapsed() < SOON, "after {:?} the disk holds {found:?}", written.elapsed());
    }
}

/// Has writers write, cuts the power, and lets `check` look at a server on what the disk holds then.
fn lose_power(backend: Backend, appendfsync: &str, check: impl Fn(&Server, &[Progress])) {
    const ROUNDS: usize = 2;
    let name = format!("the loss of power under {appendfsync} on {}", backend.name());
    let mut random = Random::new(seed_or(8));
    let Some(mut disk) = PowerDisk::mount_or_skip(&name, 256) else { return };
    let writers: [Progress; WRITERS] = Default::default();
    for _ in 0..ROUNDS {
        // Small buffers, so that there is more than a log to lose.
        let settings = Settings::new(backend)
            .arguments(&["--appendfsync", appendfsync])
            .backend_option("write_buffer_size", "131072")
            .data_in(&disk.path().join("data"));
        let mut server = Server::with(&settings);
        let enough = 100 + random.below(2000);
        let (done, finished) = mpsc::channel();
        let after = std::thread::scope(|scope| {
            for (number, writer) in writers.iter().enumerate() {
                let (client, done) = (server.client(), done.clone());
                scope.spawn(move || write_until_cut_off(client, number, writer, &done));
            }
            for _ in 0..enough {
                finished.recv_timeout(Duration::from_secs(30)).expect("writers go on");
            }
            server.process().signal("STOP");
            let after = disk.after_power_loss();
            server.kill();
            after
        });
        drop(server);
        disk = after;
        let settings = settings.data_in(&disk.path().join("data"));
        check(&Server::with(&settings), &writers);
    }
}

/// Sends pipelines until the connection breaks.
fn write_until_cut_off(mut client: Client, writer: usize, progress: &Progress, done: &mpsc::Sender<()>) {
    loop {
        let number = progress.begun.fetch_add(1, Ordering::SeqCst);
        let mut requests: Vec<Request> = (number * WRITES..(number + 1) * WRITES)
            .map(|index| request(&format!("SET w:{writer}:{index} {index}")))
            .collect();
        requests.push(request("MULTI"));
        requests.extend((0..TOGETHER).map(|key| request(&format!("SET together:{writer}:{key} {number}"))));
        requests.push(request(&format!("INCR count:{writer}")));
        requests.push(request("EXEC"));
        let Ok(replies) = client.pipeline(&requests) else { return };
        for (request, reply) in requests.iter().zip(&replies) {
            assert!(!reply.value.is_error(), "{request:?}: {reply:?}");
        }
        progress.acknowledged.lock().unwrap().push(number);
        // Nobody listens any more once there were enough.
        done.send(()).ok();
    }
}

/// Checks what the writers were told, and that nothing else is there. How many keys there are.
fn check_all(client: &mut Client, writers: &[Progress]) -> usize {
    let mut expected_max = 0;
    for (number, writer) in writers.iter().enumerate() {
        let begun = writer.begun.load(Ordering::SeqCst);
        let acknowledged = writer.acknowledged.lock().unwrap();
        let indices = acknowledged.iter().flat_map(|pipeline| pipeline * WRITES..(pipeline + 1) * WRITES);
        for chunk in indices.collect::<Vec<u64>>().chunks(1000) {
            let names = chunk.iter().map(|index| format!(" w:{number}:{index}")).collect::<String>();
            let values = client.ask(&format!("MGET{names}"));
            for (index, value) in chunk.iter().zip(values.elements().expect("MGET answers with a list")) {
                assert_eq!(value.text(), index.to_string(), "w:{number}:{index} was acknowledged");
            }
        }
        let names = (0..TOGETHER).map(|key| format!(" together:{number}:{key}")).collect::<String>();
        let values = client.ask(&format!("MGET{names}"));
        let values: BTreeSet<String> =
            values.elements().expect("MGET answers with a list").iter().map(Value::text).collect();
        assert_eq!(values.len(), 1, "a transaction of writer {number} is there in part: {values:?}");
        let last: Option<u64> = values.first().and_then(|value| value.parse().ok());
        let expected = acknowledged.last().copied()..Some(begun);
        assert!(expected.contains(&last), "the last transaction is number {last:?}, not within {expected:?}");
        // The others may have done all before this one's first was committed.
        let count = match client.ask(&format!("GET count:{number}")) {
            Value::NullBulk => 0,
            count => count.text().parse().unwrap_or_else(|_| panic!("count:{number} is {count:?}")),
        };
        let done = acknowledged.len() as u64;
        assert!((done..=begun).contains(&count), "count:{number} is {count}, of {done} to {begun}");
        expected_max += begun * WRITES + TOGETHER as u64 + 1;
    }
    let keys = scan_all(client);
    assert_eq!(client.ask("DBSIZE"), Value::Integer(keys.len() as i64), "DBSIZE after a crash");
    assert!(keys.len() as u64 <= expected_max, "keys have come from nowhere");
    keys.len()
}

/// All keys, by SCAN.
fn scan_all(client: &mut Client) -> BTreeSet<Vec<u8>> {
    let mut keys = BTreeSet::new();
    let mut cursor = "0".to_owned();
    loop {
        let reply = client.ask(&format!("SCAN {cursor} COUNT 1000"));
        let (next, found) = normalise::page(&reply).unwrap_or_else(|| panic!("SCAN {cursor}: {reply:?}"));
        keys.extend(found.iter().filter_map(Value::bytes).map(<[u8]>::to_vec));
        cursor = String::from_utf8_lossy(next).into_owned();
        if cursor == "0" {
            return keys;
        }
    }
}

fn a_flush_survives_a_crash(backend: Backend) {
    let mut server = Server::start(backend);
    fill(&mut server.client(), 3000);
    let mut client = server.client();
    client.check("SETRANGE large 300000 x", ":300001");
    client.check("SELECT 1", "+OK");
    client.check("SET stays 1", "+OK");
    client.check("SELECT 0", "+OK");
    client.check("FLUSHDB", "+OK");
    server.restart();
    let mut client = server.client();
    client.check("DBSIZE", ":0");
    client.check("KEYS *", "[]");
    client.check("GET large", "$-1");
    client.check("SET large small", "+OK");
    client.check("SELECT 1", "+OK");
    client.check("KEYS *", "[\"stays\"]");
    client.check("FLUSHALL", "+OK");
    server.restart();
    let mut client = server.client();
    client.check("DBSIZE", ":0");
    client.check("GET large", "$-1");
}

fn expiry_survives_a_crash(backend: Backend) {
    let mut server = Server::start(backend);
    let mut client = server.client();
    client.check("SET later v PXAT 4102444800123", "+OK");
    client.check("SET soon v PX 400", "+OK");
    client.check("SET never v", "+OK");
    server.restart();
    let mut client = server.client();
    client.check("PEXPIRETIME later", ":4102444800123");
    client.check("TTL never", ":-1");
    let deadline = Instant::now() + Duration::from_secs(20);
    while client.ask("EXISTS soon") != Value::Integer(0) {
        assert!(Instant::now() < deadline, "a key outlived its expiry");
    }
    // Expired keys leave the count without being asked for.
    while client.ask("DBSIZE") != Value::Integer(2) {
        assert!(Instant::now() < deadline, "an expired key still counts: {:?}", client.ask("DBSIZE"));
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn an_orderly_end_keeps_everything(backend: Backend) {
    let mut server = Server::start(backend);
    fill(&mut server.client(), 1000);
    let status = server.terminate();
    assert!(status.success(), "after SIGTERM: {status}");
    server.restart();
    let mut client = server.client();
    client.check("DBSIZE", ":1000");
    client.check("SET one more", "+OK");
    // No reply comes: the server is gone.
    client.send(b"SHUTDOWN\r\n").unwrap();
    assert_eq!(client.read_to_close().unwrap(), b"");
    let status = server.process().wait(Duration::from_secs(20)).unwrap();
    assert!(status.success(), "after SHUTDOWN: {status}");
    server.restart();
    server.client().check("DBSIZE", ":1001");
}

fn a_scan_goes_on_after_a_crash_or_is_refused(backend: Backend) {
    let mut server = Server::start(backend);
    fill(&mut server.client(), 3000);
    let reply = server.client().ask("SCAN 0 COUNT 10");
    let (cursor, first) = normalise::page(&reply).expect("SCAN answers with a page");
    assert_ne!(cursor, b"0", "a page of ten is not all");
    let mut keys: BTreeSet<Vec<u8>> = first.iter().filter_map(Value::bytes).map(<[u8]>::to_vec).collect();
    let mut cursor = String::from_utf8_lossy(cursor).into_owned();
    server.restart();
    let mut client = server.client();
    // Something has begun to scan meanwhile, and may have been given the same number.
    client.ask("SCAN 0 COUNT 20");
    client.ask("SCAN 0 COUNT 30");
    while cursor != "0" {
        let reply = client.ask(&format!("SCAN {cursor} COUNT 500"));
        if reply.is_error() {
            return;
        }
        let (next, found) = normalise::page(&reply).expect("SCAN answers with a page");
        keys.extend(found.iter().filter_map(Value::bytes).map(<[u8]>::to_vec));
        cursor = String::from_utf8_lossy(next).into_owned();
    }
    assert_eq!(keys.len(), 3000, "a scan that went on after a crash left keys out");
}

fn a_directory_belongs_to_one_server_and_one_backend(backend: Backend) {
    let mut server = Server::start(backend);
    server.client().check("SET mine 1", "+OK");
    let same = Settings::new(backend).data_in(server.data());
    let refusal = refused(&same, "two servers opened one directory");
    assert!(refusal.contains("ended"), "the second server goes on without its data: {refusal}");
    server.client().check("GET mine", "\"1\"");
    server.kill();
    let other = if backend == Backend::Lmdb { Backend::LevelDb } else { Backend::Lmdb };
    let foreign = Settings::new(other).data_in(server.data());
    let refusal = refused(&foreign, "another backend opened the directory");
    assert!(refusal.contains(backend.name()), "the refusal does not name {}: {refusal}", backend.name());
    server.restart();
    server.client().check("GET mine", "\"1\"");
}

/// What the server says when it does not start.
fn refused(settings: &Settings, otherwise: &str) -> String {
    match Server::try_with(settings) {
        Ok(_) => panic!("{otherwise}"),
        Err(refusal) => refusal,
    }
}

/// Sets this many keys.
fn fill(client: &mut Client, count: usize) {
    let requests: Vec<Request> =
        (0..count).map(|index| request(&format!("SET key:{index} {index}"))).collect();
    for chunk in requests.chunks(500) {
        client.run(chunk);
    }
}
