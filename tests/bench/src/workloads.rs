//! What is measured beside redis-benchmark's own tests: collections, small and large, and a script.

/// Writes one request.
type Write<'w> = dyn FnMut(&[&[u8]]) + 'w;

/// Something to measure.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// The request; `__rand_int__` becomes a number of 12 digits below the number of keys.
    pub(crate) request: &'static [&'static str],
    /// What has to be there first, by the name that is loaded once.
    pub(crate) needs: Option<&'static str>,
    /// How many requests to send, as a part of those of redis-benchmark's tests: 1 for as many.
    pub(crate) divisor: u64,
}

const fn workload(name: &'static str, request: &'static [&'static str]) -> Workload {
    Workload { name, request, needs: None, divisor: 1 }
}

/// All data that [`load`] can load.
pub(crate) static LOADS: &[&str] = &["small hashes", "set", "sorted set", "list"];

const HASHES: Option<&str> = Some("small hashes");
const SET: Option<&str> = Some("set");
const SORTED_SET: Option<&str> = Some("sorted set");
const LIST: Option<&str> = Some("list");

const SCRIPT: Option<&str> = Some("script");

/// Ten calls in a loop, and the SHA-1 under which it is cached.
const TEN_CALLS: &str =
    "for _ = 1, 5 do redis.call('get', KEYS[1]) redis.call('set', KEYS[1], ARGV[1]) end return 1";
const TEN_CALLS_SHA: &str = "3a1e36aa850708081d9d9be5780527c30af2e4a6";

/// The table. Members and elements are as many as there are keys; small hashes a tenth of that.
pub(crate) static WORKLOADS: &[Workload] = &[
    workload("hset", &["HSET", "hash:__rand_int__", "a", "one", "b", "two", "c", "3", "d", "four", "e", "5"]),
    Workload { needs: HASHES, ..workload("hget", &["HGET", "hash:__rand_int__", "c"]) },
    Workload { needs: HASHES, ..workload("hgetall", &["HGETALL", "hash:__rand_int__"]) },
    workload("sadd", &["SADD", "members", "member:__rand_int__"]),
    Workload { needs: SET, ..workload("sismember", &["SISMEMBER", "set", "member:__rand_int__"]) },
    Workload { needs: SET, ..workload("spop", &["SPOP", "set"]) },
    workload("zadd", &["ZADD", "scores", "__rand_int__", "member:__rand_int__"]),
    Workload { needs: SORTED_SET, ..workload("zrank", &["ZRANK", "ranks", "member:__rand_int__"]) },
    Workload { needs: SORTED_SET, ..workload("zrange_deep", &["ZRANGE", "ranks", "500000", "500009"]) },
    workload("lpush", &["LPUSH", "pushed", "xxxxxxxxxxxxxxxxxxxx"]),
    Workload { needs: LIST, ..workload("rpop", &["RPOP", "list"]) },
    Workload { needs: LIST, divisor: 10, ..workload("lrange_100", &["LRANGE", "list", "0", "99"]) },
    Workload { needs: LIST, ..workload("lindex", &["LINDEX", "list", "500000"]) },
    Workload {
        needs: SCRIPT,
        divisor: 4,
        ..workload(
            "evalsha_10",
            &["EVALSHA", TEN_CALLS_SHA, "1", "key:__rand_int__", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
        )
    },
];

impl Workload {
    pub(crate) fn find(name: &str) -> Option<&'static Workload> {
        WORKLOADS.iter().find(|workload| workload.name == name)
    }
}

/// Writes the requests that load what workloads need, `count` elements of it.
pub(crate) fn load(what: &str, count: u64, write: &mut Write<'_>) {
    match what {
        "small hashes" => {
            for number in 0..count {
                let key = format!("hash:{number:012}");
                let fields = [("a", "one"), ("b", "two"), ("c", "3"), ("d", "four"), ("e", "5")];
                let mut request: Vec<&[u8]> = vec![b"HSET", key.as_bytes()];
                request.extend(fields.iter().flat_map(|(field, value)| [field.as_bytes(), value.as_bytes()]));
                write(&request);
            }
        }
        "set" => elements(count, write, &[b"SADD", b"set"], |number| vec![member(number)]),
        "sorted set" => elements(count, write, &[b"ZADD", b"ranks"], |number| {
            // Spread out, so that members do not come in the order of their scores.
            let score = number.wrapping_mul(2_654_435_761) % count.max(1);
            vec![score.to_string(), member(number)]
        }),
        "list" => {
            elements(count, write, &[b"RPUSH", b"list"], |number| vec![format!("element:{number:012}")])
        }
        "script" => write(&[b"SCRIPT", b"LOAD", TEN_CALLS.as_bytes()]),
        other => unreachable!("nobody needs {other}"),
    }
}

fn member(number: u64) -> String {
    format!("member:{number:012}")
}

fn elements(count: u64, write: &mut Write<'_>, command: &[&[u8]], words: impl Fn(u64) -> Vec<String>) {
    const TOGETHER: u64 = 20;
    for first in (0..count).step_by(TOGETHER as usize) {
        let more: Vec<String> = (first..count.min(first + TOGETHER)).flat_map(&words).collect();
        let request: Vec<&[u8]> =
            command.iter().copied().chain(more.iter().map(|word| word.as_bytes())).collect();
        write(&request);
    }
}
