//! A server that is measured.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use dredis_suite::{Backend, RedisServer, Server, Value};

use crate::load;
use crate::options::Options;
use crate::stolen;

/// A server that is measured, and its name in the report.
pub(crate) struct Subject {
    pub(crate) name: String,
    kind: Kind,
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
        Subject { name: "redis".to_owned(), kind: Kind::Redis(server) }
    }

    pub(crate) fn dredis(backend: Backend) -> Subject {
        Subject { name: backend.name().to_owned(), kind: Kind::Dredis(Server::start(backend)) }
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
        load::load(self.address(), options.keys, options.value_bytes)
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

    /// Runs one of redis-benchmark's tests.
    pub(crate) fn measure(
        &mut self,
        options: &Options,
        test: &str,
        pipeline: u32,
    ) -> Result<Measurement, String> {
        let requests = if pipeline > 1 { options.requests * 4 } else { options.requests };
        // Ten keys each.
        let requests = if test == "mset" { requests / 10 } else { requests };
        let before = self.processor_time();
        let watch = stolen::Watch::start();
        let started = Instant::now();
        let port = self.address().port();
        let output = Command::new("redis-benchmark")
            .args(["-p", &port.to_string(), "-t", test, "-P", &pipeline.to_string(), "--csv"])
            .args(["-n", &requests.to_string(), "-c", &options.clients.to_string()])
            .args(["-d", &options.value_bytes.to_string(), "-r", &options.keys.to_string()])
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
