//! Clients that others wrote work unchanged: redis-cli, redis-benchmark, redis-py, and Rust's redis crate.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use dredis_suite::resp::encode_to;
use dredis_suite::{Backend, Server, on_every_backend, programs};
use redis::Commands as _;

on_every_backend!(
    redis_cli_loads_a_pipe,
    redis_benchmark_sees_no_error,
    redis_py_works,
    the_redis_crate_works
);

/// The port of a server, as an argument.
fn port(server: &Server) -> String {
    server.address().port().to_string()
}

fn redis_cli_loads_a_pipe(backend: Backend) {
    const KEYS: usize = 100_000;
    let Some(program) = programs::on_path("redis-cli") else {
        return programs::skip(
            "redis-cli --pipe",
            "there is no redis-cli (Debian: apt-get install redis-tools)",
        );
    };
    let server = Server::start(backend);
    let mut bytes = Vec::new();
    for index in 0..KEYS {
        encode_to(&mut bytes, &["SET".to_owned(), format!("key:{index}"), format!("value of {index}")]);
    }
    let mut child = Command::new(program)
        .args(["-p", &port(&server), "--pipe"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("redis-cli starts");
    let mut input = child.stdin.take().expect("stdin was asked for");
    let writing = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().expect("redis-cli ends");
    writing.join().unwrap().expect("redis-cli reads its input");
    let said = succeeded("redis-cli --pipe", &output);
    assert!(said.contains(&format!("errors: 0, replies: {KEYS}")), "{said}");
    let mut client = server.client();
    client.check("DBSIZE", &format!(":{KEYS}"));
    client.check("GET key:99999", "\"value of 99999\"");
}

fn redis_benchmark_sees_no_error(backend: Backend) {
    let Some(program) = programs::on_path("redis-benchmark") else {
        return programs::skip(
            "redis-benchmark",
            "there is no redis-benchmark (Debian: apt-get install redis-tools)",
        );
    };
    let server = Server::start(backend);
    for pipeline in ["1", "32"] {
        let output = Command::new(&program)
            .args([
                "-p",
                &port(&server),
                "-t",
                "ping,set,get,incr,mset",
                "-n",
                "5000",
                "-r",
                "1000",
                "-c",
                "20",
            ])
            .args(["-P", pipeline, "--csv"])
            .output()
            .expect("redis-benchmark runs");
        let said = succeeded("redis-benchmark", &output);
        for test in ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"] {
            assert!(said.contains(&format!("\"{test}\"")), "-P {pipeline}: no result for {test}:\n{said}");
        }
        assert!(!said.to_lowercase().contains("err"), "-P {pipeline}: {said}");
    }
}

/// A Python in which redis-py is: `DREDIS_PYTHON`, the first on the path, or the system's.
fn python() -> Option<PathBuf> {
    let chosen = std::env::var_os("DREDIS_PYTHON").map(PathBuf::from);
    let candidates = [chosen, programs::on_path("python3"), Some(PathBuf::from("/usr/bin/python3"))];
    candidates.into_iter().flatten().find(|python| {
        let output = Command::new(python).args(["-c", "import redis"]).output();
        output.is_ok_and(|output| output.status.success())
    })
}

fn redis_py_works(backend: Backend) {
    let Some(python) = python() else {
        return programs::skip(
            "redis-py",
            "no python3 here can import redis (Debian: apt-get install python3-redis)",
        );
    };
    let server = Server::start(backend);
    let script = programs::repository().join("tests/suite/clients/redis_py.py");
    let output = Command::new(python).arg(script).arg(port(&server)).output().expect("Python runs");
    succeeded("redis-py", &output);
}

fn the_redis_crate_works(backend: Backend) {
    let server = Server::start(backend);
    let client = redis::Client::open(format!("redis://{}/", server.address())).unwrap();
    let mut connection = client.get_connection().unwrap();
    let _: () = connection.set_ex("k", "v", 100).unwrap();
    assert_eq!(connection.get::<_, String>("k").unwrap(), "v");
    assert_eq!(connection.incr::<_, _, i64>("n", 2).unwrap(), 2);
    assert_eq!(connection.get::<_, Option<String>>("absent").unwrap(), None);
    let (n, all): (i64, Vec<Option<String>>) = redis::pipe()
        .atomic()
        .incr("n", 1)
        .cmd("MGET")
        .arg("k")
        .arg("absent")
        .query(&mut connection)
        .unwrap();
    assert_eq!((n, all), (3, vec![Some("v".to_owned()), None]));
    let keys: Vec<String> = connection.scan_match("*").unwrap().map(Result::unwrap).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    let error = connection.incr::<_, _, i64>("k", 1).unwrap_err();
    assert!(error.to_string().contains("not an integer"), "{error}");
    let three = format!("redis://{}/1?protocol=resp3", server.address());
    let mut connection = redis::Client::open(three).unwrap().get_connection().unwrap();
    assert_eq!(connection.get::<_, Option<String>>("k").unwrap(), None);
    let _: () = connection.set("k", b"\x00\xff".as_slice()).unwrap();
    assert_eq!(connection.get::<_, Vec<u8>>("k").unwrap(), b"\x00\xff");
}

fn succeeded(what: &str, output: &Output) -> String {
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}: {}\n{said}", output.status);
    said
}
