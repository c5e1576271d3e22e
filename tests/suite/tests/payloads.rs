//! What DUMP answers goes from one server to the other and back: values of every type, small and large.

use std::time::Duration;

use dredis_suite::random::{Random, seed_or};
use dredis_suite::resp::Value;
use dredis_suite::{Backend, Client, RedisServer, Server, on_every_backend};

on_every_backend!(values_travel_both_ways);

/// Elements of a large value: more than any packed one has; strings of so many parts are more than one commit holds.
const LARGE: usize = 3000;
/// How long a large request may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);
/// Elements in one request.
const AT_ONCE: usize = 1000;

fn values_travel_both_ways(backend: Backend) {
    let Some(redis) = RedisServer::start_or_skip("exchanged payloads") else { return };
    let server = Server::start(backend);
    let (mut redis, mut dredis) = (redis.client(), server.client());
    for client in [&mut redis, &mut dredis] {
        client.set_timeout(PATIENCE);
    }
    let mut random = Random::new(seed_or(5));
    for elements in [1, 20, 600, LARGE] {
        for kind in ["string", "zeros", "list", "set", "intset", "zset", "hash"] {
            let requests = made(kind, elements, &mut random);
            for client in [&mut redis, &mut dredis] {
                client.ask("FLUSHALL");
                let replies = client.pipeline(&requests).expect("the values are made");
                let failed = replies.iter().find(|reply| reply.value.is_error());
                assert!(failed.is_none(), "{kind}: {failed:?}");
            }
            // Each gets the value of the other, and then its own back from there.
            let payloads = [payload(&mut redis, "made"), payload(&mut dredis, "made")];
            restore(&mut redis, "got", &payloads[1]);
            restore(&mut dredis, "got", &payloads[0]);
            let expected = contents(&mut redis, kind, "made");
            assert!(elements < 2 || expected.len() > elements / 2, "{kind}: {} parts", expected.len());
            for (client, name) in [(&mut redis, "redis"), (&mut dredis, "dredis")] {
                for key in ["made", "got"] {
                    assert!(contents(client, kind, key) == expected, "{name} {kind} of {elements}: {key}");
                }
            }
            let encoding = |client: &mut Client| client.ask("OBJECT ENCODING got");
            assert_eq!(encoding(&mut redis), encoding(&mut dredis), "{kind} of {elements}");
        }
    }
}

fn payload(client: &mut Client, key: &str) -> Vec<u8> {
    let reply = client.call(&["DUMP", key]).expect("DUMP is answered").value;
    reply.bytes().unwrap_or_else(|| panic!("DUMP answers {reply:?}")).to_vec()
}

fn restore(client: &mut Client, key: &str, payload: &[u8]) {
    let request: [&[u8]; 4] = [b"RESTORE", key.as_bytes(), b"0", payload];
    let reply = client.call(&request).expect("RESTORE is answered").value;
    assert!(!reply.is_error(), "{reply:?}");
}

/// The requests that make a value under the key `made`.
fn made(kind: &str, elements: usize, random: &mut Random) -> Vec<Vec<Vec<u8>>> {
    let words = |words: &[&str]| words.iter().map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>();
    if kind == "zeros" {
        return vec![words(&["SETRANGE", "made", &(elements * 300).to_string(), "end"])];
    }
    if kind == "string" {
        let value: Vec<u8> = (0..elements * 3000).map(|_| random.below(256) as u8).collect();
        return vec![vec![b"SET".to_vec(), b"made".to_vec(), value]];
    }
    let mut requests = Vec::new();
    for start in (0..elements).step_by(AT_ONCE) {
        let mut request = words(match kind {
            "list" => &["RPUSH", "made"],
            "zset" => &["ZADD", "made"],
            "hash" => &["HSET", "made"],
            _ => &["SADD", "made"],
        });
        for number in start..elements.min(start + AT_ONCE) {
            // Long ones, so that large values are large; some are numbers, and some of those fit 32 bits.
            let long = format!(
                "{number}:{}",
                "abcdefgh".repeat(random.below(if elements > 1000 { 300 } else { 12 }))
            );
            let element = match number % 3 {
                0 if kind != "set" || elements > 1 => (number as i64 - 50).pow(2).to_string(),
                _ if kind == "intset" => (number * 3).to_string(),
                _ => long,
            };
            match kind {
                "zset" => request.extend(words(&[&format!("{}", (number % 977) as f64 / 8.0), &element])),
                "hash" => request.extend(words(&[&element, &format!("value {number}")])),
                _ => request.push(element.into_bytes()),
            }
        }
        requests.push(request);
    }
    requests
}

/// All parts of a value; those of sets and hashes in the order of their bytes.
fn contents(client: &mut Client, kind: &str, key: &str) -> Vec<Vec<u8>> {
    let request = match kind {
        "string" | "zeros" => vec!["GET", key],
        "list" => vec!["LRANGE", key, "0", "-1"],
        "zset" => vec!["ZRANGE", key, "0", "-1", "WITHSCORES"],
        "hash" => vec!["HGETALL", key],
        _ => vec!["SMEMBERS", key],
    };
    let reply = client.call(&request).expect("the value is answered").value;
    let part = |value: &Value| value.bytes().expect("parts are strings").to_vec();
    match reply.elements() {
        None => part(&reply).chunks(97).map(<[u8]>::to_vec).collect(),
        Some(elements) if kind == "hash" => {
            let mut pairs: Vec<Vec<Vec<u8>>> =
                elements.chunks(2).map(|pair| pair.iter().map(part).collect()).collect();
            pairs.sort();
            pairs.concat()
        }
        Some(elements) => {
            let mut parts: Vec<Vec<u8>> = elements.iter().map(part).collect();
            if matches!(kind, "set" | "intset") {
                parts.sort();
            }
            parts
        }
    }
}
