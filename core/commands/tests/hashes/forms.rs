//! Packed and spread hashes: when one becomes the other, and that clients cannot tell them apart but by asking.

use dredis_data::Random;

use crate::common::show;
use crate::{both, packing, sorted};

#[test]
fn packed_fields_keep_their_order() {
    let mut server = packing(512, 64);
    server.check("HSET h c 1 a 2 b 3", ":3");
    server.check("HSET h c longer a 4", ":0");
    server.check("HDEL h a", ":1");
    server.check("HSET h a 5", ":1");
    server.check("HGETALL h", "{\"c\": \"longer\", \"b\": \"3\", \"a\": \"5\"}");
    server.check("HSCAN h 17", "[\"0\", [\"c\", \"longer\", \"b\", \"3\", \"a\", \"5\"]]");
    server.check("HRANDFIELD h 5", "[\"c\", \"b\", \"a\"]");
}

#[test]
fn hashes_spread_when_those_of_redis_do() {
    let setups: [(&[&str], &str); 20] = [
        (&["HSET h 1 1 2 2 3 3", "HSET h 1 9"], "listpack"),
        (&["HSET h 1 1 1 2 1 3 1 4"], "listpack"),
        (&["HSET h 1 1 2 2 3 3 4 4"], "hashtable"),
        (&["HSET h 1 1 2 2 3 3", "HSETNX h 1 4"], "listpack"),
        (&["HSET h 1 1 2 2 3 3", "HSETNX h 4 4"], "hashtable"),
        (&["HSET h 1 1 2 2 3 3", "HINCRBY h 4 4"], "hashtable"),
        (&["HSET h 1 1 2 2 3 3", "HINCRBYFLOAT h 4 4"], "hashtable"),
        (&["HSET h 1 1 2 2 3 3 4 4", "HDEL h 4 3 2"], "hashtable"),
        (&["HSET h 1 1234567890"], "listpack"),
        (&["HSET h 1 12345678901"], "hashtable"),
        (&["HSET h 12345678901 1"], "hashtable"),
        (&["HSET h 1 12345678901 1 2"], "hashtable"),
        (&["HMSET h 12345678901 1"], "hashtable"),
        (&["HSET h f 1", "HSETNX h f 12345678901"], "listpack"),
        (&["HSET h f 1", "HSETNX h g 12345678901"], "hashtable"),
        (&["HSET h f 1", "HINCRBY h f 12345678901234"], "hashtable"),
        (&["HINCRBY h 12345678901 1"], "hashtable"),
        (&["HINCRBYFLOAT h f 12345678901234"], "hashtable"),
        (&["HINCRBYFLOAT h f 1234567890"], "listpack"),
        (&["HSET g 1 1 2 2 3 3 4 4", "HDEL g 1 2 3", "COPY g h"], "hashtable"),
    ];
    for (commands, encoding) in setups {
        let mut server = packing(3, 10);
        for command in commands {
            assert!(!server.run(command).is_error(), "{command}");
        }
        server.check("OBJECT ENCODING h", &format!("\"{encoding}\""));
    }
    let mut server = packing(3, 10);
    server.check("HSET h 1 1 2 2", ":2");
    server.host.packed_limits.hash_entries = 1;
    server.check("HDEL h absent", ":0");
    server.check("HSETNX h 1 2", ":0");
    server.check("OBJECT ENCODING h", "\"listpack\"");
    server.check("HSET h 1 9", ":0");
    server.check("OBJECT ENCODING h", "\"hashtable\"");
}

/// Random commands on a packed and a spread hash: the same replies, but for the order of fields.
#[test]
fn packed_and_spread_hashes_answer_alike() {
    for seed in 0..5 {
        let mut random = Random::new(seed);
        let [mut packed, mut spread] = both();
        let mut small = packing(6, 12);
        for step in 0..400 {
            let mut word = |kind: u64| match kind {
                0 => ["h", "g"][random.below(2) as usize].to_owned(),
                1 => format!("field{}", random.below(12)),
                _ => match random.below(4) {
                    0 => (random.next_u64() >> 40).to_string(),
                    1 => format!("{}.5", random.below(100)),
                    2 => "x".repeat(1 + random.below(70) as usize),
                    _ => random.below(1000).to_string(),
                },
            };
            let (key, field, other, value) = (word(0), word(1), word(1), word(2));
            let command = match random.below(16) {
                0..4 => format!("HSET {key} {field} {value} {other} {value}"),
                4 => format!("HSETNX {key} {field} {value}"),
                5..8 => format!("HDEL {key} {field} {other}"),
                8 => format!("HINCRBY {key} {field} {value}"),
                9 => format!("HINCRBYFLOAT {key} {field} {value}"),
                10 => format!("HMGET {key} {field} {other}"),
                11 => format!("HSTRLEN {key} {field}"),
                12 => format!("HGETALL {key}"),
                13 => format!("HVALS {key}"),
                14 => format!("HLEN {key}"),
                _ => format!("COPY {key} {} REPLACE", if key == "h" { "g" } else { "h" }),
            };
            let expected = sorted(packed.run(&command));
            for server in [&mut spread, &mut small] {
                assert_eq!(
                    show(&sorted(server.run(&command))),
                    show(&expected),
                    "seed {seed} step {step}: {command}"
                );
            }
        }
        for server in [&mut packed, &mut spread, &mut small] {
            server.run("DEL h g");
            server.sweep();
            assert_eq!(server.backend.count(0x21), 0, "seed {seed}");
        }
    }
}
