//! Loads keys through `redis-cli --pipe`, as an operator would.

use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dredis_suite::resp::encode_to;

/// Sets keys by the names that redis-benchmark uses (`key:000000000007`), so that its reads find them. How long it
/// took.
pub(crate) fn load(address: SocketAddr, keys: u64, value_bytes: u32) -> Result<Duration, String> {
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
        let value = vec![b'x'; value_bytes as usize];
        let mut request = Vec::new();
        for index in 0..keys {
            request.clear();
            encode_to(&mut request, &[&b"SET"[..], format!("key:{index:012}").as_bytes(), &value]);
            input.write_all(&request)?;
        }
        input.flush()
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
