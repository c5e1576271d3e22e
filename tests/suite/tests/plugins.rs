//! Engines that stall, fail and panic, and the example plugin as its author would build it.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dredis_suite::{Client, Server, Settings, TemporaryDirectory, Value, programs};

/// The server on the faulty engine, and the directory from which the engine is told what to do.
struct Faulty {
    server: Server,
    control: TemporaryDirectory,
}

impl Faulty {
    fn start(arguments: &[&str]) -> Faulty {
        let control = TemporaryDirectory::new();
        let library = programs::faulty_plugin().to_str().expect("the path of this build is text");
        let directory = control.path().to_str().expect("the path of a temporary directory is text");
        let settings = Settings::with_backend(library)
            .backend_option("control", &format!("\"{directory}\""))
            // Every read is to be the engine's.
            .arguments(&["--record-cache", "0"])
            .arguments(arguments);
        Faulty { server: Server::with(&settings), control }
    }

    /// Gives an order; it is carried out by the next call.
    fn tell(&self, order: &str) -> PathBuf {
        let file = self.control.join(order);
        fs::write(&file, b"").expect("the directory of orders can be written to");
        file
    }

    /// Sends a request that leads to a call of this method, and holds that call while `meanwhile` runs.
    fn hold(&self, method: &str, client: &mut Client, request: &str, meanwhile: impl FnOnce(&mut Client)) {
        let order = self.tell(&format!("hold_{method}"));
        client.send(format!("{request}\r\n").as_bytes()).expect("the server reads");
        await_taken(&order);
        let held = self.control.join(&format!("held_{method}"));
        meanwhile(client);
        assert!(held.exists(), "{method} was held all the time");
        fs::remove_file(&held).expect("a held call waits for this");
    }
}

/// Waits until a call has taken an order.
fn await_taken(order: &Path) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while order.exists() {
        assert!(Instant::now() < deadline, "no call has taken the order {}", order.display());
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Other clients' requests are answered, and quickly.
fn others_are_served(server: &Server, with_reads: bool) {
    let mut clients: Vec<Client> = (0..8).map(|_| server.client()).collect();
    for client in &mut clients {
        client.set_timeout(Duration::from_secs(5));
        for _ in 0..20 {
            client.check("PING", "+PONG");
            client.check("ECHO x", "\"x\"");
            if with_reads {
                client.check("GET there", "\"1\"");
                client.check("MGET there absent", "[\"1\", $-1]");
            }
        }
    }
}

#[test]
fn a_slow_read_holds_up_nobody_else() {
    let faulty = Faulty::start(&[]);
    let mut client = faulty.server.client();
    client.check("SET there 1", "+OK");
    for method in ["get", "view"] {
        let mut slow = faulty.server.client();
        slow.check("PING", "+PONG");
        faulty.hold(method, &mut slow, "GET there", |_| {
            others_are_served(&faulty.server, true);
            faulty.server.client().check("SET beside 1", "+OK");
        });
        assert_eq!(slow.read().unwrap().value, Value::Bulk(b"1".to_vec()), "the slow {method} itself");
    }
}

/// More slow calls at a time than the server has threads for its sessions.
#[test]
fn many_slow_reads_hold_up_nobody_else() {
    const SLOW: usize = 6;
    let faulty = Faulty::start(&["--io-threads", "2"]);
    faulty.server.client().check("SET there 1", "+OK");
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let order = faulty.tell("hold_get");
        let mut client = faulty.server.client();
        client.send(b"GET there\r\n").unwrap();
        await_taken(&order);
        slow.push(client);
    }
    others_are_served(&faulty.server, true);
    // All of them wait for the same file to go.
    fs::remove_file(faulty.control.join("held_get")).expect("held calls wait for this");
    for client in &mut slow {
        assert_eq!(client.read().unwrap().value, Value::Bulk(b"1".to_vec()));
    }
}

#[test]
fn a_slow_commit_holds_up_no_readers() {
    let faulty = Faulty::start(&[]);
    let mut client = faulty.server.client();
    client.check("SET there 1", "+OK");
    let (mut writer, mut second) = (faulty.server.client(), faulty.server.client());
    faulty.hold("commit", &mut writer, "SET slow 1", |_| {
        second.send(b"SET waits 1\r\n").unwrap();
        others_are_served(&faulty.server, true);
        // What has not been committed has not happened.
        faulty.server.client().check("GET slow", "$-1");
    });
    assert_eq!(writer.read().unwrap().raw, b"+OK\r\n");
    assert_eq!(second.read().unwrap().raw, b"+OK\r\n");
    client.check("MGET slow waits", "[\"1\", \"1\"]");
}

#[test]
fn a_slow_sync_delays_nobody_unless_replies_depend_on_it() {
    let faulty = Faulty::start(&["--appendfsync", "everysec"]);
    let mut client = faulty.server.client();
    client.check("SET there 1", "+OK");
    faulty.hold("sync", &mut client, "SET again 1", |client| {
        assert_eq!(client.read().unwrap().raw, b"+OK\r\n");
        others_are_served(&faulty.server, true);
        client.check("SET during 1", "+OK");
    });
}

#[test]
fn always_means_that_a_reply_waits_for_its_sync() {
    let faulty = Faulty::start(&["--appendfsync", "always"]);
    let mut client = faulty.server.client();
    client.check("SET there 1", "+OK");
    let mut writer = faulty.server.client();
    faulty.hold("sync", &mut writer, "SET slow 1", |writer| {
        // Reads might see the write that is not durable yet, so they may wait, too.
        others_are_served(&faulty.server, false);
        writer.set_timeout(Duration::from_millis(100));
        assert!(writer.read().is_err(), "a write was acknowledged before it was durable");
        writer.set_timeout(Duration::from_secs(20));
    });
    assert_eq!(writer.read().unwrap().raw, b"+OK\r\n");
}

#[test]
fn a_panic_in_the_engine_is_an_error_and_not_the_end() {
    for (method, request) in [
        ("get", "GET there"),
        ("view", "GET there"),
        ("drop", "GET there"),
        ("scan", "KEYS *"),
        ("next", "KEYS *"),
        ("commit", "SET other 1"),
    ] {
        let faulty = Faulty::start(&[]);
        let mut client = faulty.server.client();
        client.check("SET there 1", "+OK");
        faulty.tell(&format!("panic_{method}"));
        // Any client's call, or work in the background, may be the one that panics; from then on all report it.
        let deadline = Instant::now() + Duration::from_secs(20);
        let said = loop {
            match client.ask(request) {
                Value::Error(said) => break String::from_utf8_lossy(&said).into_owned(),
                _ => assert!(Instant::now() < deadline, "a panic in {method} led to no error"),
            }
        };
        assert!(
            said.contains("faulty") && said.contains(method),
            "a panic in {method} is reported as: {said}"
        );
        assert!(said.starts_with("ERR") || said.starts_with("MISCONF"), "a panic in {method}: {said}");
        let mut other = faulty.server.client();
        other.check("PING", "+PONG");
        assert!(other.ask("GET there").is_error(), "an engine that panicked in {method} is used again");
        assert!(other.ask("SET more 1").is_error(), "an engine that panicked in {method} is used again");
        other.check("ECHO alive", "\"alive\"");
        other.check("SELECT 1", "+OK");
        // What operators look at when something is wrong.
        let info = other.ask("INFO everything");
        assert!(!info.is_error(), "INFO on an engine that panicked in {method}: {info:?}");
    }
}

#[test]
fn a_full_engine_refuses_writes_until_there_is_room() {
    let faulty = Faulty::start(&[]);
    let mut client = faulty.server.client();
    client.check("SET there 1", "+OK");
    let order = faulty.tell("full_commit");
    let said = client.ask("SET more 1");
    assert!(matches!(&said, Value::Error(said) if said.starts_with(b"MISCONF")), "{said:?}");
    client.check("GET there", "\"1\"");
    client.check("GET more", "$-1");
    // One of the commands fails, none has happened; the connection goes on.
    client.check("MULTI", "+OK");
    client.check("SET there 2", "+QUEUED");
    client.check("GET there", "+QUEUED");
    let said = client.ask("EXEC");
    assert!(said.is_error(), "EXEC on a full engine answers {said:?}");
    client.check("GET there", "\"1\"");
    fs::remove_file(order).unwrap();
    client.check("SET more 1", "+OK");
    client.check("MGET there more", "[\"1\", \"1\"]");
}

#[test]
fn the_example_plugin_serves_as_its_author_would_build_it() {
    let library = programs::foreign(
        "plugins/examples/minimal",
        programs::Build::Debug,
        &programs::library_name("minimal"),
    );
    let library = library.expect("this build's compiler is there");
    let library = library.to_str().expect("the path of this build is text");
    let server = Server::with(&Settings::with_backend(library).backend_option("records_max", "1000"));
    let mut client = server.client();
    client.check("SET k v", "+OK");
    client.check("INCR n", ":1");
    client.check("MGET k n absent", "[\"v\", \"1\", $-1]");
    client.check("KEYS *", "[\"k\", \"n\"]");
    client.check("DEL k", ":1");
    client.check("DBSIZE", ":1");
    client.check("SETRANGE long 100000 x", ":100001");
    client.check("STRLEN long", ":100001");
    // Its own option is in force.
    let full = (0..2000).find_map(|index| match client.ask(&format!("SET fill:{index} 1")) {
        Value::Error(said) => Some(String::from_utf8_lossy(&said).into_owned()),
        _ => None,
    });
    assert!(full.as_ref().is_some_and(|said| said.contains("records_max")), "{full:?}");
}
