//! The server ends while it saves, reloads or loads: at once, and nothing unfinished stays.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use dredis_suite::{
    Backend, Process, RedisServer, Server, Settings, TemporaryDirectory, on_durable_backends,
    on_every_backend, programs,
};

use crate::data::{eventually, files, loaded, populate};

on_every_backend!(
    an_end_cuts_a_background_save_off,
    an_end_cuts_a_save_off_that_a_client_waits_for,
    an_end_cuts_a_reload_off,
    an_end_between_saves_saves_anew,
);
on_durable_backends!(a_signal_cuts_a_load_off);

/// Saving these few keys takes minutes, while they take next to nothing: missing segments read as zeros.
const LONG_KEYS: usize = 40;
/// An end that waits for none of it is quicker, on a slow machine too.
const AT_ONCE: Duration = Duration::from_secs(8);

/// The ways in which a server may be told to end.
const WAYS: [&str; 4] = ["SHUTDOWN NOSAVE", "SHUTDOWN", "SIGTERM", "SIGINT"];

fn slow_to_save(settings: &Settings) -> Server {
    let server = Server::with(settings);
    let mut client = server.client();
    client.check("CONFIG SET dbfilename cut.rdb", "+OK");
    for number in 0..LONG_KEYS {
        client.check(&format!("SETRANGE long{number} 499999999 x"), ":500000000");
    }
    server
}

/// Waits until a save has written something.
fn await_writing(server: &Server) {
    let data = server.data().to_owned();
    eventually("a file that grows", || {
        files(&data, ".tmp").iter().any(|file| fs::metadata(file).is_ok_and(|file| file.len() > 1 << 20))
    });
}

/// Ends a server in this way; it must be quick.
fn end(process: &mut Process, address: std::net::SocketAddr, way: &str) {
    let began = Instant::now();
    match way.strip_prefix("SIG") {
        Some(signal) => process.signal(signal),
        None => {
            let mut client = dredis_suite::Client::connect(address).unwrap();
            client.send(format!("{way}\r\n").as_bytes()).unwrap();
        }
    }
    let status = process.wait(Duration::from_secs(60)).unwrap();
    assert!(status.success(), "{way}: {status}");
    let took = began.elapsed();
    assert!(took < AT_ONCE, "{way}: the end waited {took:?} for a save");
}

/// All files in a directory that have to do with saving.
fn saved(directory: &Path) -> Vec<PathBuf> {
    [files(directory, ".rdb"), files(directory, ".tmp")].concat()
}

fn an_end_cuts_a_background_save_off(backend: Backend) {
    for way in WAYS {
        let mut server = slow_to_save(&Settings::new(backend));
        let mut client = server.client();
        client.check("SET k v", "+OK");
        client.check("BGSAVE", "+Background saving started");
        client.check("BGSAVE", "-ERR Background save already in progress");
        await_writing(&server);
        let address = server.address();
        end(server.process(), address, way);
        assert_eq!(saved(server.data()), Vec::<PathBuf>::new(), "{way}");
        if backend != Backend::Memory {
            server.restart();
            server.client().check("GET k", "\"v\"");
            server.client().check("DBSIZE", &format!(":{}", LONG_KEYS + 1));
        }
    }
}

fn an_end_cuts_a_save_off_that_a_client_waits_for(backend: Backend) {
    let mut server = slow_to_save(&Settings::new(backend));
    let mut waiting = server.client();
    waiting.send(b"SAVE\r\n").unwrap();
    await_writing(&server);
    let address = server.address();
    end(server.process(), address, "SIGTERM");
    // Either word of it, or none: but not that it was saved.
    let said = String::from_utf8(waiting.read_to_close().unwrap()).unwrap();
    assert!(said.is_empty() || said.starts_with("-ERR the save was given up"), "{said}");
    assert_eq!(saved(server.data()), Vec::<PathBuf>::new());
}

fn an_end_cuts_a_reload_off(backend: Backend) {
    let mut server = slow_to_save(&Settings::new(backend));
    let mut waiting = server.client();
    waiting.send(b"DEBUG RELOAD\r\n").unwrap();
    await_writing(&server);
    let address = server.address();
    end(server.process(), address, "SIGTERM");
    let said = String::from_utf8(waiting.read_to_close().unwrap()).unwrap();
    assert!(said.is_empty() || said.starts_with("-ERR "), "{said}");
    assert_eq!(saved(server.data()), Vec::<PathBuf>::new());
    if backend != Backend::Memory {
        server.restart();
        server.client().check("DBSIZE", &format!(":{LONG_KEYS}"));
    }
}

/// With a parameter `save`, or asked to, a server gives the save under way up, and saves what there is by then.
fn an_end_between_saves_saves_anew(backend: Backend) {
    for way in ["SHUTDOWN SAVE", "SHUTDOWN", "SIGTERM"] {
        let mut server = slow_to_save(&Settings::new(backend));
        let mut client = server.client();
        client.check("CONFIG SET save \"3600 1000000\"", "+OK");
        client.check("BGSAVE", "+Background saving started");
        await_writing(&server);
        // Only with these gone is there little to save.
        client.check("FLUSHALL", "+OK");
        client.check("SET late 1", "+OK");
        let address = server.address();
        end(server.process(), address, way);
        let file = server.data().join("cut.rdb");
        assert_eq!(saved(server.data()), std::slice::from_ref(&file), "{way}");
        let again = loaded(backend, &file);
        again.client().check("KEYS *", "[\"late\"]");
    }
}

/// Redis ends the same way, file for file.
#[test]
fn redis_ends_the_same_way() {
    for (way, is_saving, file) in [
        ("SHUTDOWN NOSAVE", true, false),
        ("SHUTDOWN", false, false),
        ("SHUTDOWN", true, true),
        ("SIGTERM", false, false),
        ("SIGTERM", true, true),
    ] {
        let directory = TemporaryDirectory::new();
        let path = directory.path().to_str().unwrap();
        // Half a second a key, which only the saving child sees.
        let arguments = ["--dir", path, "--dbfilename", "cut.rdb", "--rdb-key-save-delay", "500000"];
        let Some(mut redis) = RedisServer::start_with_or_skip("how Redis ends", &arguments) else { return };
        let mut client = redis.client();
        for number in 0..60 {
            client.check(&format!("SET long{number} 1"), "+OK");
        }
        if is_saving {
            client.check("CONFIG SET save \"3600 1000000\"", "+OK");
        }
        client.check("BGSAVE", "+Background saving started");
        eventually("a file of the child's", || {
            let entries = fs::read_dir(directory.path()).unwrap().flatten();
            entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("temp-"))
        });
        client.check("CONFIG SET rdb-key-save-delay 0", "+OK");
        let address = redis.address();
        end(redis.process(), address, way);
        let names: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let expected: &[&str] = if file { &["cut.rdb"] } else { &[] };
        assert_eq!(names, expected, "{way}, save points: {is_saving}");
    }
}

/// One huge value is no reason to wait either.
fn a_signal_cuts_a_load_off(backend: Backend) {
    let directory = TemporaryDirectory::new();
    let file = directory.join("huge.rdb");
    // One set; that the file ends early is nothing that a load would get to.
    let mut bytes = b"REDIS0007\xfe\x00\x02\x03set\x80\x10\x00\x00\x00".to_vec();
    for number in 0..3_000_000_u32 {
        bytes.extend_from_slice(format!("\x0e{number:014}").as_bytes());
    }
    fs::write(&file, bytes).unwrap();
    let data = directory.join("data");
    let mut command = Command::new(programs::dredis());
    command.args(["--port", "0", "--backend", backend.name(), "--dir"]).arg(&data).arg("--rdb").arg(&file);
    let mut process = Process::start("dredis", &mut command).unwrap();
    let begun = |line: &str| line.contains("loading ").then_some(());
    process.wait_for_line(Duration::from_secs(60), begun).unwrap();
    // In the middle of the value.
    eventually("half a second of work", || process.processor_time() > Duration::from_millis(500));
    let began = Instant::now();
    process.signal("TERM");
    let status = process.wait(Duration::from_secs(60)).unwrap();
    let took = began.elapsed();
    assert_eq!(status.code(), Some(1), "{}", process.output());
    assert!(process.output().contains("told to stop"), "{}", process.output());
    assert!(took < AT_ONCE, "the end waited {took:?} for a load");
    assert!(!data.exists(), "a directory is left");
    let server = Server::with(&Settings::new(backend).data_in(&data));
    populate(server.address(), 10);
    server.client().check("DBSIZE", ":10");
}
