//! RDB files: how many small keys a second are loaded and saved, and the memory that it takes, beside redis-server.
//!
//! The file is Redis's own, so its keys come in the order of a hash table, the worst for an engine with an order.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dredis_suite::{Backend, Client, Process, RedisServer, Server, Settings, TemporaryDirectory, Value};

use crate::load;
use crate::options::Options;

/// What loading and saving came to.
pub(crate) struct Figures {
    pub(crate) name: String,
    pub(crate) loaded_per_second: f64,
    pub(crate) saved_per_second: f64,
    /// The most memory that was ever resident: when all was loaded, and when it was saved.
    pub(crate) peak_bytes: [u64; 2],
}

/// Measures Redis and every backend with one file.
pub(crate) fn measure(options: &Options) -> Result<Vec<Figures>, String> {
    let directory = TemporaryDirectory::new();
    let file = directory.join("keys.rdb");
    let path = directory.path().to_str().ok_or("the temporary directory has an odd name")?;
    let arguments = ["--dir", path, "--dbfilename", "keys.rdb"];
    {
        let redis = RedisServer::start(&arguments);
        eprintln!("making a file of {} keys", options.keys);
        load::load_keys(redis.address(), options.keys, options.value_bytes)?;
        ask(redis.address(), "SAVE")?;
    }
    let mut figures = Vec::new();
    for _ in 0..options.rounds {
        let started = Instant::now();
        let mut redis = RedisServer::start(&arguments);
        let loaded = started.elapsed();
        let peaks = |process: &mut Process| peak_bytes(process);
        let before = peaks(redis.process());
        let saved = ask(redis.address(), "SAVE")?;
        figures.push(figure("redis", options, loaded, saved, [before, peaks(redis.process())]));
        for backend in &options.backends {
            figures.push(measure_dredis(*backend, &file, options)?);
        }
    }
    Ok(figures)
}

fn measure_dredis(backend: Backend, file: &Path, options: &Options) -> Result<Figures, String> {
    let path = file.to_str().ok_or("the temporary directory has an odd name")?;
    eprintln!("{}: loading and saving a file", backend.name());
    let started = Instant::now();
    let mut server = Server::try_with(&Settings::new(backend).arguments(&["--rdb", path]))?;
    let loaded = started.elapsed();
    let mut client = server.client();
    if client.ask("DBSIZE") != Value::Integer(options.keys as i64) {
        return Err(format!("{} did not load all keys", backend.name()));
    }
    let before = peak_bytes(server.process());
    let saved = ask(server.address(), "SAVE")?;
    let peaks = [before, peak_bytes(server.process())];
    let files: Vec<PathBuf> = fs::read_dir(server.data())
        .map_err(|error| error.to_string())?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "rdb"))
        .collect();
    if files.len() != 1 {
        return Err(format!("{} saved {} files", backend.name(), files.len()));
    }
    Ok(figure(backend.name(), options, loaded, saved, peaks))
}

fn figure(name: &str, options: &Options, loaded: Duration, saved: Duration, peak_bytes: [u64; 2]) -> Figures {
    let per_second = |took: Duration| options.keys as f64 / took.as_secs_f64();
    let (loaded_per_second, saved_per_second) = (per_second(loaded), per_second(saved));
    Figures { name: name.to_owned(), loaded_per_second, saved_per_second, peak_bytes }
}

/// How long an answer took, which must not be an error.
fn ask(address: SocketAddr, text: &str) -> Result<Duration, String> {
    let mut client = Client::connect(address).map_err(|error| error.to_string())?;
    client.set_timeout(Duration::from_secs(600));
    let started = Instant::now();
    let reply = client.ask(text);
    if reply.is_error() { Err(format!("{text}: {}", reply.text())) } else { Ok(started.elapsed()) }
}

fn peak_bytes(process: &mut Process) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// The figures as a table.
pub(crate) fn show(figures: &[Figures]) -> String {
    let mut text = String::from(
        "\nRDB files\n| | loaded, keys a second | saved, keys a second | peak after loading, MB | after saving, MB |\n\
         |---|---|---|---|---|\n",
    );
    for Figures { name, loaded_per_second, saved_per_second, peak_bytes } in figures {
        let [loaded, saved] = peak_bytes.map(|bytes| bytes >> 20);
        text.push_str(&format!(
            "| {name} | {loaded_per_second:.0} | {saved_per_second:.0} | {loaded} | {saved} |\n"
        ));
    }
    text
}
