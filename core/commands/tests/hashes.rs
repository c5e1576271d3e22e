//! The hash family, spoken to as a client does, on hashes packed and spread. Expected replies are those of
//! redis-server 7.0.15.

mod common;

use std::collections::BTreeMap;

use common::{Fixture, START_MS, show};
use dredis_commands::{Protocol, Reply};
use dredis_data::{PackedLimits, Random};

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_AN_INTEGER: &str = "-ERR value is not an integer or out of range";

/// A server that packs hashes of up to so many fields, of up to so many bytes each.
fn packing(hash_entries: u64, hash_value_bytes: u64) -> Fixture {
    let mut server = Fixture::new();
    server.host.packed_limits = PackedLimits { hash_entries, hash_value_bytes, ..PackedLimits::default() };
    server
}

/// One that packs hashes, and one that never does.
fn both() -> [Fixture; 2] {
    [packing(512, 64), packing(0, 64)]
}

/// A reply with its elements in order, since those of a spread hash come in any.
fn sorted(reply: Reply) -> Reply {
    match reply {
        Reply::Array(mut items) => {
            items.sort_by_key(show);
            Reply::Array(items)
        }
        Reply::Map(mut pairs) => {
            pairs.sort_by_key(|(field, _)| show(field));
            Reply::Map(pairs)
        }
        other => other,
    }
}

#[track_caller]
fn check_sorted(server: &mut Fixture, command: &str, expected: &str) {
    assert_eq!(show(&sorted(server.run(command))), expected, "{command}");
}

#[test]
fn fields_are_set_read_and_removed() {
    for mut server in both() {
        server.check("HSET h a 1 b two c 3", ":3");
        server.check("HSET h a 10 d 4", ":1");
        server.check("HGET h a", "\"10\"");
        server.check("HGET h absent", "nil");
        server.check("HGET absent a", "nil");
        server.check("HMSET h c 30", "+OK");
        server.check("HMGET h c absent b c", "[\"30\", nil, \"two\", \"30\"]");
        server.check("HMGET absent a b", "[nil, nil]");
        server.check("HLEN h", ":4");
        server.check("HLEN absent", ":0");
        server.check("HEXISTS h b", ":1");
        server.check("HEXISTS h absent", ":0");
        server.check("HEXISTS absent a", ":0");
        server.check("HSTRLEN h b", ":3");
        server.check("HSTRLEN h a", ":2");
        server.check("HSTRLEN h absent", ":0");
        server.check("HSTRLEN absent a", ":0");
        check_sorted(
            &mut server,
            "HGETALL h",
            "{\"a\": \"10\", \"b\": \"two\", \"c\": \"30\", \"d\": \"4\"}",
        );
        check_sorted(&mut server, "HKEYS h", "[\"a\", \"b\", \"c\", \"d\"]");
        check_sorted(&mut server, "HVALS h", "[\"10\", \"30\", \"4\", \"two\"]");
        server.check("HGETALL absent", "{}");
        server.check("HKEYS absent", "[]");
        server.check("HVALS absent", "[]");
        server.check("HSETNX h a 5", ":0");
        server.check("HSETNX h e 5", ":1");
        server.check("HSETNX new e 5", ":1");
        server.check("HSET h x 1 x 2", ":1");
        server.check("HGET h x", "\"2\"");
        server.check("HDEL h a a absent", ":1");
        server.check("HDEL h absent", ":0");
        server.check("HDEL absent a", ":0");
        server.check("HDEL h b c d e x", ":5");
        server.check("EXISTS h", ":0");
        server.check("TYPE new", "+hash");
        server.check("DEL new", ":1");
        server.sweep();
        assert_eq!(server.backend.count(0x10), 0);
        assert_eq!(server.backend.count(0x21), 0);
    }
}

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
fn any_bytes_are_fields_and_values() {
    for mut server in both() {
        let odd: [&[u8]; 8] = [b"", b"\0", b"\xff\r\n", b"0", b"-0", b"007", b"-9223372036854775808", b"1e3"];
        for (number, name) in odd.into_iter().enumerate() {
            server.check_words(&[b"HSET", b"h", name, odd[odd.len() - 1 - number]], ":1");
        }
        for (number, name) in odd.into_iter().enumerate() {
            let value = odd[odd.len() - 1 - number];
            assert_eq!(server.run_words(&[b"HGET", b"h", name]), Reply::Bulk(value.to_vec()));
            server.check_words(&[b"HSTRLEN", b"h", name], &format!(":{}", value.len()));
        }
        for name in odd {
            server.check_words(&[b"HDEL", b"h", name], ":1");
        }
        server.check("EXISTS h", ":0");
    }
}

#[test]
fn integers_are_counted() {
    for mut server in both() {
        server.check("HINCRBY n f 5", ":5");
        server.check("HINCRBY n f -10", ":-5");
        server.check("HINCRBY n f x", NOT_AN_INTEGER);
        server.check("HINCRBY n f 9223372036854775807", ":9223372036854775802");
        server.check("HINCRBY n f 6", "-ERR increment or decrement would overflow");
        server.check("HINCRBY n new -9223372036854775808", ":-9223372036854775808");
        for text in [&b"text"[..], b"1.0", b"", b" 1", b"1 ", b"01", b"+1", b"9223372036854775808"] {
            server.run_words(&[b"HSET", b"n", b"t", text]);
            server.check("HINCRBY n t 1", "-ERR hash value is not an integer");
        }
        server.check("HGET n f", "\"9223372036854775802\"");
    }
}

#[test]
fn numbers_with_fractions_are_counted() {
    for mut server in both() {
        server.check("HINCRBYFLOAT n f 0.1", "\"0.1\"");
        server.check("HINCRBYFLOAT n f 0.2", "\"0.3\"");
        server.check("HINCRBYFLOAT n f -0.3", "\"0\"");
        server.check("HINCRBYFLOAT n f 3.0e3", "\"3000\"");
        server.check("HINCRBYFLOAT n f 1e17", "\"100000000000003000\"");
        server.check("HSET n f 9223372036854775802", ":0");
        server.check("HINCRBYFLOAT n f 0.1", "\"9223372036854775802\"");
        server.check("HSET n f 0x10", ":0");
        server.check("HINCRBYFLOAT n f 1", "\"17\"");
        server.check("HINCRBY n f 1", ":18");
        server.check("HINCRBYFLOAT n f x", "-ERR value is not a valid float");
        server.check("HINCRBYFLOAT n f nan", "-ERR value is not a valid float");
        server.check("HINCRBYFLOAT n f -inf", "-ERR value is NaN or Infinity");
        for text in [&b"text"[..], b"", b" 1", b"1 ", b"nan", b"1e5000", b"1e-5000"] {
            server.run_words(&[b"HSET", b"n", b"t", text]);
            server.check("HINCRBYFLOAT n t 1", "-ERR hash value is not a float");
        }
        server.check("HSET n t -inf", ":0");
        server.check("HINCRBYFLOAT n t 1", "-ERR increment would produce NaN or Infinity");
        server.check(&format!("HSET n t {}", "0".repeat(5119)), ":0");
        server.check("HINCRBYFLOAT n t 1", "\"1\"");
        server.check(&format!("HSET n t {}", "0".repeat(5120)), ":0");
        server.check("HINCRBYFLOAT n t 1", "-ERR hash value is not a float");
    }
}

#[test]
fn errors_come_in_the_order_of_redis() {
    for mut server in both() {
        server.check("SET s x", "+OK");
        server.check("HSET h a 1", ":1");
        for command in [
            "HDEL s a",
            "HEXISTS s a",
            "HGET s a",
            "HGETALL s",
            "HINCRBY s a 1",
            "HINCRBYFLOAT s a 1",
            "HKEYS s",
            "HLEN s",
            "HMGET s a",
            "HMSET s a 1",
            "HRANDFIELD s",
            "HRANDFIELD s 1",
            "HRANDFIELD s 1 WITHVALUES",
            "HRANDFIELD s 0",
            "HSCAN s 0",
            "HSCAN s 0 FOO",
            "HSET s a 1",
            "HSETNX s a 1",
            "HSTRLEN s a",
            "HVALS s",
        ] {
            server.check(command, WRONG_TYPE);
        }
        server.check("HSET s a 1 b", "-ERR wrong number of arguments for 'hset' command");
        server.check("HMSET s a 1 b", "-ERR wrong number of arguments for 'hmset' command");
        server.check("HSET h a", "-ERR wrong number of arguments for 'hset' command");
        server.check("HINCRBY s a x", NOT_AN_INTEGER);
        server.check("HINCRBYFLOAT s a x", "-ERR value is not a valid float");
        server.check("HINCRBYFLOAT s a inf", "-ERR value is NaN or Infinity");
        server.check("HRANDFIELD s x", NOT_AN_INTEGER);
        server.check("HRANDFIELD s 1 FOO", "-ERR syntax error");
        server.check("HRANDFIELD h x FOO", NOT_AN_INTEGER);
        server.check("HRANDFIELD absent 1 WITHVALUES more", "-ERR syntax error");
        server.check("HSCAN s x", "-ERR invalid cursor");
        server.check("HSCAN absent x", "-ERR invalid cursor");
        server.check("HSCAN absent 0 FOO", "[\"0\", []]");
        server.check("HSCAN h 18446744073709551616", "-ERR invalid cursor");
        for options in ["FOO", "MATCH", "COUNT", "COUNT 0", "COUNT -1", "TYPE hash", "MATCH a COUNT"] {
            server.check(&format!("HSCAN h 0 {options}"), "-ERR syntax error");
        }
        server.check("HSCAN h 0 COUNT x", NOT_AN_INTEGER);
    }
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

#[test]
fn expiry_is_kept_and_heeded() {
    for mut server in both() {
        for change in [
            "HSET h a 2",
            "HSET h b 2 c 3",
            "HINCRBY h a 1",
            "HDEL h a",
            "HSETNX h d 1",
            "HINCRBYFLOAT h b 1",
        ] {
            server.check("HSET h a 1 b 1", ":2");
            server.check("PEXPIRE h 50", ":1");
            assert!(!server.run(change).is_error());
            server.check("PTTL h", ":50");
            server.now_ms += 51;
            server.check("HLEN h", ":0");
            server.check("HGETALL h", "{}");
            server.check("HDEL h b", ":0");
            server.check("EXISTS h", ":0");
        }
        server.check("HSET h a 1", ":1");
        server.check("PEXPIRE h 50", ":1");
        server.now_ms += 51;
        server.check("HSETNX h a 2", ":1");
        server.check("PTTL h", ":-1");
        server.check("HGETALL h", "{\"a\": \"2\"}");
        server.check("DEL h", ":1");
        server.sweep();
        assert_eq!(server.backend.count(0x21), 0);
        assert!(server.now_ms > START_MS);
    }
}

#[test]
fn scans_go_through_all() {
    for (mut server, is_packed) in both().into_iter().zip([true, false]) {
        let mut expected = BTreeMap::new();
        for number in 0..100 {
            server.check(&format!("HSET h field:{number} {number}"), ":1");
            expected.insert(format!("\"field:{number}\""), format!("\"{number}\""));
        }
        for (options, pattern) in [
            ("", ""),
            ("COUNT 1", ""),
            ("COUNT 33 MATCH *7 COUNT 3", "7"),
            ("MATCH field:1 MATCH *", ""),
            ("MATCH nothing COUNT 1000000", "nothing"),
        ] {
            let mut found = BTreeMap::new();
            let (mut cursor, mut steps) = ("0".to_owned(), 0);
            loop {
                let Reply::Array(reply) = server.run(&format!("HSCAN h {cursor} {options}")) else {
                    panic!("an array")
                };
                let [Reply::Bulk(next), Reply::Array(elements)] = &reply[..] else {
                    panic!("a cursor and an array")
                };
                for pair in elements.as_chunks::<2>().0 {
                    assert_eq!(found.insert(show(&pair[0]), show(&pair[1])), None, "met once");
                }
                steps += 1;
                cursor = String::from_utf8(next.clone()).expect("a number");
                if cursor == "0" {
                    break;
                }
            }
            let wanted = expected.iter().filter(|(name, _)| name.trim_matches('"').ends_with(pattern));
            assert!(found.iter().eq(wanted), "{options}");
            let expected_steps = match options {
                _ if is_packed => 1,
                "COUNT 1" => 100,
                "COUNT 33 MATCH *7 COUNT 3" => 34,
                "MATCH nothing COUNT 1000000" => 1,
                _ => 10,
            };
            assert_eq!(steps, expected_steps, "{options}");
        }
    }
}

#[test]
fn random_fields() {
    for mut server in both() {
        server.check("HRANDFIELD absent", "nil");
        for count in ["0", "5", "-5 WITHVALUES", "-4611686018427387903 WITHVALUES"] {
            server.check(&format!("HRANDFIELD absent {count}"), "[]");
        }
        server.check("HSET h a 1 b 2 c 3", ":3");
        server.check("HRANDFIELD h 0", "[]");
        server.check("HRANDFIELD h 0 WITHVALUES", "[]");
        check_sorted(&mut server, "HRANDFIELD h 3", "[\"a\", \"b\", \"c\"]");
        check_sorted(&mut server, "HRANDFIELD h 9223372036854775807", "[\"a\", \"b\", \"c\"]");
        check_sorted(
            &mut server,
            "HRANDFIELD h 4611686018427387903 withvalues",
            "[\"1\", \"2\", \"3\", \"a\", \"b\", \"c\"]",
        );
        server.check("HRANDFIELD h 4611686018427387904 WITHVALUES", "-ERR value is out of range");
        server.check("HRANDFIELD h -4611686018427387905 WITHVALUES", "-ERR value is out of range");
        // Redis dies of this one.
        server.check("HRANDFIELD h -9223372036854775807", "-ERR value is out of range");
        server.check("HRANDFIELD h 9223372036854775808", NOT_AN_INTEGER);
        let limits = "-9223372036854775807 and 9223372036854775807";
        for options in ["", " WITHVALUES", " FOO"] {
            server.check(
                &format!("HRANDFIELD h -9223372036854775808{options}"),
                &format!("-ERR value is out of range, value must between {limits}"),
            );
        }
        server.session.protocol = Protocol::Resp3;
        check_sorted(
            &mut server,
            "HRANDFIELD h 3 WITHVALUES",
            "[[\"a\", \"1\"], [\"b\", \"2\"], [\"c\", \"3\"]]",
        );
        let Reply::Array(picked) = server.run("HRANDFIELD h -50") else { panic!("an array was expected") };
        assert_eq!(picked.len(), 50);
        let all = ["a", "b", "c"].map(|name| Reply::Bulk(name.into()));
        assert!(all.iter().all(|name| picked.contains(name)));
        assert!((0..50).map(|_| server.run("HRANDFIELD h")).all(|name| all.contains(&name)));
    }
}

#[test]
fn writes_that_change_nothing_are_not_seen_by_watch() {
    for mut server in both() {
        server.check("HSET h a 1 b 2", ":2");
        for (command, touches) in [
            ("HSETNX h a 2", false),
            ("HDEL h absent", false),
            ("HINCRBY h a x", false),
            ("HGETALL h", false),
            ("HSET h a 1", true),
            ("HINCRBY h a 0", true),
            ("HINCRBYFLOAT h a 0", true),
            ("HDEL h b", true),
            ("HDEL h a", true),
            ("HSETNX h a 2", true),
        ] {
            server.check("WATCH h", "+OK");
            server.run(command);
            server.check("MULTI", "+OK");
            let expected = if touches { "nil array" } else { "[]" };
            assert_eq!(show(&server.run("EXEC")), expected, "{command}");
        }
    }
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
                0 => ["", "h", "g"][1 + random.below(2) as usize].to_owned(),
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
