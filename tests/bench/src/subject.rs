//! A server that is measured.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use dredis_suite::{Backend, Client, RedisServer, Server, Value};

use crate::load;
use crate::options::Options;
use crate::stolen;
use crate::workloads::{self, Workload};

/// A server that is measured, and its name in the report.
pub(crate) struct Subject {
    pub(crate) name: String,
    kind: Kind,
    /// What has been loaded for workloads.
    loaded: Vec<&'static str>,
}

enum Kind {
    Redis(RedisServer),
    Dredis(Server),
}

/// One measurement.
#[derive(Clone, Copy)]
pub(crate) struct Measurement {
    pub(crate) requests_per_second: f64,
    /// Processor time of the server, for one request, in microseconds.
    pub(crate) processor_us: f64,
    /// The part of the machine's processors that others on its host took meanwhile.
    pub(crate) stolen: f64,
}

impl Subject {
    /// Redis, with the durability that dredis has by default.
    pub(crate) fn redis() -> Subject {
        let server = RedisServer::start(&["--appendonly", "yes", "--appendfsync", "everysec"]);
        Subject { name: "redis".to_owned(), kind: Kind::Redis(server), loaded: Vec::new() }
    }

    pub(crate) fn dredis(backend: Backend) -> Subject {
        Subject {
            name: backend.name().to_owned(),
            kind: Kind::Dredis(Server::start(backend)),
            loaded: Vec::new(),
        }
    }

    fn address(&self) -> SocketAddr {
        match &self.kind {
            Kind::Redis(server) => server.address(),
            Kind::Dredis(server) => server.address(),
        }
    }

    fn processor_time(&mut self) -> Duration {
        match &mut self.kind {
            Kind::Redis(server) => server.process().processor_time(),
            Kind::Dredis(server) => server.process().processor_time(),
        }
    }

    pub(crate) fn memory_bytes(&mut self) -> u64 {
        match &mut self.kind {
            Kind::Redis(server) => server.process().resident_bytes(),
            Kind::Dredis(server) => server.process().resident_bytes(),
        }
    }

    /// Loads all keys. How long it took.
    pub(crate) fn load(&mut self, options: &Options) -> Result<Duration, String> {
        load::load_keys(self.address(), options.keys, options.value_bytes)
    }

    /// Waits until the server has done what earlier measurements left it to do, so that it is not charged to the next; but
    /// not for ever.
    pub(crate) fn settle(&mut self) {
        const PERIOD: Duration = Duration::from_millis(200);
        for _ in 0..100 {
            let before = self.processor_time();
            std::thread::sleep(PERIOD);
            if self.processor_time().saturating_sub(before) < PERIOD / 10 {
                break;
            }
        }
    }

    /// Loads what a test needs, once.
    pub(crate) fn prepare(&mut self, options: &Options, test: &str) -> Result<(), String> {
        let Some(needs) = Workload::find(test).and_then(|workload| workload.needs) else { return Ok(()) };
        if self.loaded.contains(&needs) {
            return Ok(());
        }
        self.loaded.push(needs);
        let count = options.keys;
        load::load(self.address(), move |write| workloads::load(needs, count, write)).map(drop)
    }

    /// Runs one of redis-benchmark's tests, or a workload of our own.
    pub(crate) fn measure(
        &mut self,
        options: &Options,
        test: &str,
        pipeline: u32,
    ) -> Result<Measurement, String> {
        let requests = if pipeline > 1 { options.requests * 4 } else { options.requests };
        // Ten keys each.
        let workload = Workload::find(test);
        let divisor = workload.map_or(if test == "mset" { 10 } else { 1 }, |workload| workload.divisor);
        let requests = requests / divisor;
        let before = self.processor_time();
        let watch = stolen::Watch::start();
        let started = Instant::now();
        let port = self.address().port();
        let output = Command::new("redis-benchmark")
            .args(["-p", &port.to_string(), "-P", &pipeline.to_string(), "--csv"])
            .args(["-n", &requests.to_string(), "-c", &options.clients.to_string()])
            .args(["-d", &options.value_bytes.to_string(), "-r", &options.keys.to_string()])
            .args(workload.map_or(&["-t", test][..], |workload| workload.request))
            .output()
            .map_err(|error| {
                format!("cannot start redis-benchmark (Debian: apt-get install redis-tools): {error}")
            })?;
        let took = started.elapsed();
        let stolen = watch.part();
        let processor_time = self.processor_time().saturating_sub(before);
        let said = String::from_utf8_lossy(&output.stdout);
        // "test","rps",... on the first line, and the figures on the second.
        let line = said.lines().nth(1).unwrap_or_default();
        let rate =
            line.split(',').nth(1).map(|field| field.trim_matches('"')).and_then(|field| field.parse().ok());
        if !output.status.success() {
            return Err(format!("redis-benchmark -t {test} on {}: {said}", self.name));
        }
        Ok(Measurement {
            requests_per_second: rate.unwrap_or(requests as f64 / took.as_secs_f64()),
            processor_us: processor_time.as_secs_f64() * 1e6 / requests as f64,
            stolen,
        })
    }

    /// Removes the large set, if it was loaded, while another client reads: how long DEL took, and the longest of the
    /// reads from then on, for a second.
    pub(crate) fn remove_large(&mut self) -> Option<(Duration, Duration)> {
        if !self.loaded.contains(&"set") {
            return None;
        }
        let connect = || Client::connect(self.address()).ok();
        let (mut remover, mut reader) = (connect()?, connect()?);
        let (sender, removed) = std::sync::mpsc::channel();
        let reading = std::thread::spawn(move || {
            let mut longest = Duration::ZERO;
            let mut until = None;
            loop {
                let started = Instant::now();
                reader.ask("GET key:000000000001");
                if until.is_none() && removed.try_recv().is_ok() {
                    until = Some(started + Duration::from_secs(1));
                    longest = Duration::ZERO;
                }
                longest = longest.max(started.elapsed());
                if until.is_some_and(|until| Instant::now() > until) {
                    return longest;
                }
            }
        });
        std::thread::sleep(Duration::from_millis(100));
        sender.send(()).ok()?;
        let started = Instant::now();
        remover.ask("DEL set");
        let took = started.elapsed();
        Some((took, reading.join().ok()?))
    }

    /// Loads one thing on a server of its own, and ends that: bytes on disk for each element.
    pub(crate) fn disk_bytes(backend: Backend, what: &'static str, count: u64) -> Result<f64, String> {
        let mut server = Server::start(backend);
        load::load(server.address(), move |write| workloads::load(what, count, write))?;
        server.terminate();
        let bytes =
            directory_bytes(server.data()).map_err(|error| format!("reading the data directory: {error}"))?;
        Ok(bytes as f64 / count as f64)
    }

    /// Kills it and starts it again: how long until it answers, if it keeps its data.
    pub(crate) fn restart(&mut self) -> Option<Duration> {
        let Kind::Dredis(server) = &mut self.kind else { return None };
        server.kill();
        let started = Instant::now();
        server.restart();
        let size = server.client().ask("DBSIZE");
        let took = started.elapsed();
        (size != Value::Integer(0)).then_some(took)
    }
}

/// What the files in a directory take on the disk.
fn directory_bytes(directory: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        // Blocks of 512 bytes: LMDB's file has holes.
        bytes += if metadata.is_dir() { directory_bytes(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}
