//! Loads keys through `redis-cli --pipe`, as an operator would.

use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dredis_suite::resp::encode_to;

/// Sets keys by the names that redis-benchmark uses (`key:000000000007`), so that its reads find them. How long it
/// took.
pub(crate) fn load_keys(address: SocketAddr, keys: u64, value_bytes: u32) -> Result<Duration, String> {
    load(address, move |write| {
        let value = vec![b'x'; value_bytes as usize];
        for index in 0..keys {
            write(&[b"SET", format!("key:{index:012}").as_bytes(), &value]);
        }
    })
}

/// Sends the requests that `make` writes. How long it took.
pub(crate) fn load(
    address: SocketAddr,
    make: impl FnOnce(&mut dyn FnMut(&[&[u8]])) + Send + 'static,
) -> Result<Duration, String> {
    let started = Instant::now();
    let mut child = Command::new("redis-cli")
        .args(["-p", &address.port().to_string(), "--pipe"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start redis-cli (Debian: apt-get install redis-tools): {error}"))?;
    let mut input = BufWriter::with_capacity(1 << 20, child.stdin.take().ok_or("redis-cli has no input")?);
    let writing = std::thread::spawn(move || {
        let mut encoded = Vec::new();
        let mut written = Ok(());
        make(&mut |request| {
            encoded.clear();
            encode_to(&mut encoded, request);
            if written.is_ok() {
                written = input.write_all(&encoded);
            }
        });
        written.and_then(|()| input.flush())
    });
    let output = child.wait_with_output().map_err(|error| format!("redis-cli --pipe: {error}"))?;
    let took = started.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    let written = writing.join().map_err(|_| "writing to redis-cli panicked")?;
    written.map_err(|error| format!("redis-cli --pipe does not read its input: {error}; it says: {said}"))?;
    if !said.contains("errors: 0") {
        return Err(format!("redis-cli --pipe: {said}"));
    }
    Ok(took)
}
