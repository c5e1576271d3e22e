//! What to measure, as the command line says.

use dredis_suite::Backend;

const HELP: &str = "usage: dredis-bench [--backends memory,leveldb,lmdb] [--tests ping_mbulk,set,get,incr,mset]
                    [--pipelines 1,32] [--requests 200000] [--keys 1000000] [--clients 50]
                    [--value-bytes 100] [--rounds 3] [--disk] [--files]
Tests of redis-benchmark go by their names there; our own are hset, hget, hgetall, sadd, sismember, spop, zadd, zrank,
zrange_deep, lpush, rpop, lrange_100, lindex and evalsha_10.
--requests is the number of requests per measurement without pipelining; with it, four times as many are sent.
--disk also measures what collections take on disk, on servers of their own.
--files measures nothing but loading and saving of RDB files.";

/// What to measure.
pub(crate) struct Options {
    pub(crate) backends: Vec<Backend>,
    /// As redis-benchmark names them.
    pub(crate) tests: Vec<String>,
    pub(crate) pipelines: Vec<u32>,
    pub(crate) requests: u64,
    pub(crate) keys: u64,
    pub(crate) clients: u32,
    pub(crate) value_bytes: u32,
    pub(crate) rounds: u32,
    /// Whether to measure what collections take on disk.
    pub(crate) disk: bool,
    /// Whether to measure RDB files, and nothing else.
    pub(crate) files: bool,
}

impl Options {
    /// Reads the command line; the error is what to print.
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
        let words = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<String>>();
        let mut options = Options {
            backends: Backend::ALL.to_vec(),
            tests: words("ping_mbulk,get,set,incr,mset"),
            pipelines: vec![1, 32],
            requests: 200_000,
            keys: 1_000_000,
            clients: 50,
            value_bytes: 100,
            rounds: 3,
            disk: false,
            files: false,
        };
        while let Some(name) = arguments.next() {
            if name == "--help" {
                return Err(HELP.to_owned());
            }
            if name == "--disk" {
                options.disk = true;
                continue;
            }
            if name == "--files" {
                options.files = true;
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value\n{HELP}"))?;
            match name.as_str() {
                "--backends" => options.backends = backends(&value)?,
                "--tests" => options.tests = words(&value),
                "--pipelines" => {
                    options.pipelines =
                        words(&value).iter().map(|word| number(&name, word)).collect::<Result<_, _>>()?;
                }
                "--requests" => options.requests = number(&name, &value)?,
                "--keys" => options.keys = number(&name, &value)?,
                "--clients" => options.clients = number(&name, &value)?,
                "--value-bytes" => options.value_bytes = number(&name, &value)?,
                "--rounds" => options.rounds = number(&name, &value)?,
                _ => return Err(format!("unknown option {name}\n{HELP}")),
            }
        }
        Ok(options)
    }
}

fn backends(names: &str) -> Result<Vec<Backend>, String> {
    let named =
        |name: &str| Backend::named(name).ok_or_else(|| format!("there is no backend '{name}'\n{HELP}"));
    names.split(',').filter(|name| !name.is_empty()).map(named).collect()
}

fn number<T: TryFrom<u64>>(name: &str, text: &str) -> Result<T, String> {
    let parsed = text.parse::<u64>().ok().filter(|number| *number > 0);
    parsed
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("{name} takes a number above 0, not '{text}'\n{HELP}"))
}
