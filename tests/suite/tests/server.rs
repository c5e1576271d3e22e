//! What operators do to a running server: pause its clients, look at figures and the slow log, refuse writes.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::time::{Duration, Instant};

use dredis_suite::{Backend, Client, RedisServer, Server, Settings, Value, on_every_backend};

on_every_backend!(
    paused_clients_wait_and_go_on,
    figures_follow_what_happens,
    records_used_lately_take_the_memory_they_may,
    a_readonly_server_refuses_writes
);

fn paused_clients_wait_and_go_on(backend: Backend) {
    let check = |connect: &dyn Fn() -> Client| {
        let [mut operator, mut reader, mut writer] = [connect(), connect(), connect()];
        operator.check("SET k 1", "+OK");
        operator.check("CLIENT PAUSE 100000 WRITE", "+OK");
        reader.check("GET k", "\"1\"");
        writer.send(b"SET k 2\r\n").unwrap();
        // A round trip later the write would have been seen, had it not been held back.
        reader.check("GET k", "\"1\"");
        operator.check("CLIENT UNPAUSE", "+OK");
        assert_eq!(writer.read().unwrap().raw, b"+OK\r\n");
        reader.check("GET k", "\"2\"");
        operator.check("CLIENT PAUSE 100 ALL", "+OK");
        let paused = Instant::now();
        reader.check("GET k", "\"2\"");
        assert!(paused.elapsed() > Duration::from_millis(50), "a pause of all holds readers, too");
    };
    let server = Server::start(backend);
    check(&|| server.client());
    if let Some(redis) = RedisServer::start_or_skip("CLIENT PAUSE against Redis") {
        check(&|| redis.client());
    }
}

fn records_used_lately_take_the_memory_they_may(backend: Backend) {
    for (given, bytes, is_kept) in [("1mb", "1048576", true), ("0", "0", false)] {
        let server = Server::with(&Settings::new(backend).arguments(&["--record-cache", given]));
        let mut client = server.client();
        let reply = format!("*2\r\n$12\r\nrecord-cache\r\n${}\r\n{bytes}\r\n", bytes.len());
        assert_eq!(client.call(&["CONFIG", "GET", "record-cache"]).unwrap().raw, reply.as_bytes());
        for number in 0..20_000 {
            client.send(format!("SET key:{number} {number:0100}\r\n").as_bytes()).unwrap();
        }
        for _ in 0..20_000 {
            assert_eq!(client.read().unwrap().raw, b"+OK\r\n");
        }
        // The first of them may have been read lately, the last may not be kept, and all are there.
        for number in [0, 1, 19_999] {
            client.check(&format!("GET key:{number}"), &format!("\"{number:0100}\""));
        }
        let used: usize = server.info("record_cache_bytes").unwrap().parse().unwrap();
        // The engine that keeps all in memory has no use for it.
        let is_kept = is_kept && backend != Backend::Memory;
        assert!(used <= 1 << 20 && (used > 1 << 19) == is_kept, "{used} bytes with --record-cache {given}");
    }
}

fn figures_follow_what_happens(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    let figure = |name: &str| -> u64 {
        let text = server.info(name).unwrap_or_else(|| panic!("INFO tells no {name}"));
        text.parse().unwrap_or_else(|_| panic!("{name} is '{text}'"))
    };
    client.check("CONFIG RESETSTAT", "+OK");
    let before = figure("total_commands_processed");
    client.check("SET k 1", "+OK");
    for _ in 0..10 {
        client.check("GET k", "\"1\"");
        client.check("GET absent", "$-1");
    }
    assert!(figure("total_commands_processed") >= before + 21);
    assert_eq!((figure("keyspace_hits"), figure("keyspace_misses")), (10, 10));
    assert_eq!(server.info("db0").as_deref().map(|line| line.starts_with("keys=1,expires=0")), Some(true));
    let calls = server.info("cmdstat_get").unwrap_or_default();
    assert!(calls.starts_with("calls=20,"), "cmdstat_get is {calls}");
    client.check("INCRBY k x", "-ERR value is not an integer or out of range");
    let errors = server.info("errorstat_ERR").unwrap_or_default();
    assert_eq!(errors, "count=1");
    client.check("CONFIG SET slowlog-log-slower-than 0", "+OK");
    client.check("SLOWLOG RESET", "+OK");
    client.check("ECHO remembered", "\"remembered\"");
    let log = client.ask("SLOWLOG GET 10");
    let entries = log.elements().expect("the slow log is a list");
    let is_echo = |entry: &Value| {
        entry
            .elements()
            .and_then(|fields| fields[3].elements())
            .is_some_and(|arguments| arguments.iter().map(Value::text).eq(["ECHO", "remembered"]))
    };
    assert!(entries.iter().any(is_echo), "{log:?}");
}

fn a_readonly_server_refuses_writes(backend: Backend) {
    let server = Server::with(&Settings::new(backend).arguments(&["--readonly"]));
    let mut client = server.client();
    const REFUSAL: &str = "-READONLY You can't write against a read only replica.";
    for request in ["SET k 1", "DEL k", "FLUSHALL", "EXPIRE k 1", "GETDEL k"] {
        client.check(request, REFUSAL);
    }
    client.check("GET k", "$-1");
    client.check("MULTI", "+OK");
    client.check("SET k 1", REFUSAL);
    client.check("EXEC", "-EXECABORT Transaction discarded because of previous errors.");
    client.check("DBSIZE", ":0");
}
