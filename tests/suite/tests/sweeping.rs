//! What large collections leave behind: swept after a `kill -9` in the middle of the sweep, or of the making of a value, and
//! the space used again.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::path::Path;
use std::time::{Duration, Instant};

use dredis_suite::{Backend, Client, Request, Server, Settings, on_durable_backends};

on_durable_backends!(
    a_sweep_goes_on_after_a_crash,
    a_value_half_made_at_a_crash_is_swept,
    space_is_given_back,
);

/// Elements of each collection.
const ELEMENTS: usize = 12_000;
/// Records that one step of the sweep removes.
const BATCH: u64 = 1_500;
/// How often the server is killed while it sweeps.
const KILLS: usize = 3;
/// Longest that anything is waited for.
const WITHIN: Duration = Duration::from_secs(60);

/// A server that sweeps in small steps.
fn sweeping_slowly(backend: Backend) -> Server {
    let batch = BATCH.to_string();
    Server::with(&Settings::new(backend).arguments(&["--gc-interval", "40", "--gc-batch-size", &batch]))
}

fn a_sweep_goes_on_after_a_crash(backend: Backend) {
    let mut server = sweeping_slowly(backend);
    let mut client = server.client();
    client.check("SET kept 1", "+OK");
    // Once without a crash, to see how many records there are: the same for the same elements.
    fill(&mut client);
    client.check("DEL h s z l", ":4");
    await_swept(&server);
    let records = swept(&server);
    let entries = entries(&mut server);
    assert!(records > 4 * ELEMENTS as u64, "only {records} records were swept");
    assert!(entries.is_none_or(|entries| entries < 10), "{entries:?} records are left");

    let mut client = server.client();
    fill(&mut client);
    let before = swept(&server);
    client.check("DEL h", ":1");
    client.check("UNLINK s z", ":2");
    client.check("SET l 1", "+OK");
    client.check("DEL l", ":1");
    let mut seen = 0;
    for kill in 0..KILLS {
        let known = if kill == 0 { before } else { 0 };
        await_or_panic("a step of the sweep", || swept(&server) > known);
        let (waiting, swept) = (waiting(&server), swept(&server) - known);
        server.kill();
        assert!(waiting > 0, "the sweep was over before kill {kill}");
        seen += swept;
        server.restart();
        let mut client = server.client();
        client.check("EXISTS h s z l", ":0");
        client.check("DBSIZE", ":1");
    }
    await_swept(&server);
    seen += swept(&server);
    // Between the last look at the figure and the end of the process there may have been some steps more, which nobody saw.
    assert!(seen <= records, "{seen} records were swept of {records}");
    assert!(seen * 2 > records, "only {seen} records were swept of {records}");
    assert_eq!(self::entries(&mut server), entries, "records are left");
    println!("{}: {seen} of {records} records seen swept in {} runs", backend.name(), KILLS + 1);
    let mut client = server.client();
    client.check("GET kept", "\"1\"");
    fill(&mut client);
    client.check("HLEN h", &format!(":{ELEMENTS}"));
    client.check("ZRANK z m000100", ":100");
    client.check("LLEN l", &format!(":{ELEMENTS}"));
}

fn a_value_half_made_at_a_crash_is_swept(backend: Backend) {
    // So much that it takes several commits, and sorting it more than one run.
    const MEMBERS: usize = 60_000;
    let mut server = Server::with(&Settings::new(backend).arguments(&["--gc-interval", "50"]));
    let padding = "x".repeat(900);
    let adds: Vec<Request> = (0..MEMBERS / 200)
        .map(|part| {
            let members =
                (part * 200..(part + 1) * 200).map(|number| format!("{number:06}{padding}").into_bytes());
            [b"SADD".to_vec(), b"s".to_vec()].into_iter().chain(members).collect()
        })
        .collect();
    for part in adds.chunks(20) {
        server.client().run(part);
    }
    server.client().check("SET d untouched", "+OK");
    let entries = entries(&mut server);
    for command in [
        "SUNIONSTORE d s none",
        "SORT s ALPHA STORE d",
        "SORT s ALPHA DESC GET # STORE d",
        "COPY s d REPLACE",
    ] {
        let mut client = server.client();
        let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        client.send(&encode(&words)).unwrap();
        await_or_panic("a part of a value", || waiting(&server) > 0);
        server.kill();
        assert!(client.read().is_err(), "{command} was done before the server was killed");
        server.restart();
        let mut client = server.client();
        client.check("GET d", "\"untouched\"");
        client.check("SCARD s", &format!(":{MEMBERS}"));
        await_swept(&server);
        assert!(swept(&server) > 0, "{command} had left nothing");
        assert_eq!(self::entries(&mut server), entries, "{command} left records for good");
    }
    // Undisturbed, the same is done, and its runs are swept.
    let mut client = server.client();
    client.set_timeout(WITHIN);
    client.check("SORT s ALPHA STORE d", &format!(":{MEMBERS}"));
    client.check("LINDEX d 777", &format!("\"000777{padding}\""));
    await_swept(&server);
    client.check("DEL d", ":1");
    await_swept(&server);
    client.check("SET d untouched", "+OK");
    assert_eq!(self::entries(&mut server), entries, "a sort left records for good");
}

fn space_is_given_back(backend: Backend) {
    const ROUNDS: usize = 10;
    let mut settings = Settings::new(backend).arguments(&["--gc-interval", "20"]);
    if backend == Backend::Lmdb {
        // So little that its log is full within the first rounds.
        settings = settings.backend_option("write_buffer_size", &(2 << 20).to_string());
    }
    let server = Server::with(&settings);
    let mut sizes = Vec::new();
    for _ in 0..ROUNDS {
        fill(&mut server.client());
        server.client().check("FLUSHALL", "+OK");
        await_swept(&server);
        sizes.push(bytes_of(server.data()));
    }
    println!("{}: bytes after each round: {sizes:?}", backend.name());
    // In the first rounds logs fill up, and what an engine has not tidied up yet.
    let (early, late) = sizes.split_at(ROUNDS / 2);
    let enough = match backend {
        // It tidies up when a level is full, about every tenth round, and never holds what more than five have left.
        Backend::LevelDb => sizes[0] * ROUNDS as u64 / 2,
        _ => early.iter().max().unwrap() * 3 / 2,
    };
    assert!(*late.iter().max().unwrap() < enough, "the directory grows with each round: {sizes:?}");
}

/// Collections of [`ELEMENTS`] elements: a hash, a set, a sorted set and a list of many chunks.
fn fill(client: &mut Client) {
    let padding = "y".repeat(300);
    for start in (0..ELEMENTS).step_by(500) {
        let numbers = start..start + 500;
        let request = |head: &str, each: &dyn Fn(usize) -> String| -> Request {
            let text = numbers.clone().map(each).collect::<String>();
            format!("{head}{text}").split(' ').map(|word| word.as_bytes().to_vec()).collect()
        };
        client.run(&[
            request("HSET h", &|number| format!(" f{number} value:{number}")),
            request("SADD s", &|number| format!(" m{number}")),
            request("ZADD z", &|number| format!(" {number} m{number:06}")),
            request("RPUSH l", &|number| format!(" {number}{padding}")),
        ]);
    }
}

/// How many objects wait for the sweep.
fn waiting(server: &Server) -> u64 {
    figure(server, "garbage_waiting")
}

/// How many records have been swept since the server started.
fn swept(server: &Server) -> u64 {
    figure(server, "garbage_swept_records")
}

fn figure(server: &Server, field: &str) -> u64 {
    let figure = server.info(field).unwrap_or_else(|| panic!("INFO tells no {field}"));
    figure.parse().unwrap_or_else(|_| panic!("{field} is '{figure}'"))
}

/// How many records there are in all, of an engine that tells it. The server starts anew for it: at its end everything goes from
/// LMDB's log into its tree.
fn entries(server: &mut Server) -> Option<u64> {
    server.info("engine_entries")?;
    server.terminate();
    server.restart();
    server.info("engine_entries").map(|figure| figure.parse().expect("a count is a number"))
}

fn await_swept(server: &Server) {
    await_or_panic("the end of the sweep", || waiting(server) == 0);
}

fn await_or_panic(what: &str, is_there: impl Fn() -> bool) {
    let deadline = Instant::now() + WITHIN;
    while !is_there() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A request as a client sends it.
fn encode(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Room that the files of a directory take on the disk.
fn bytes_of(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        // A file may go while the engine tidies up.
        let Ok(metadata) = entry.metadata() else { continue };
        bytes += if metadata.is_dir() { bytes_of(&entry.path()) } else { metadata.blocks() * 512 };
    }
    bytes
}
