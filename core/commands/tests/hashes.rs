//! The hash family, spoken to as a client does, on hashes packed and spread. Expected replies are those of
//! redis-server 7.0.15.

mod common;
#[path = "hashes/forms.rs"]
mod forms;
#[path = "hashes/walks.rs"]
mod walks;

use common::{Fixture, START_MS, show};
use dredis_commands::Reply;
use dredis_data::PackedLimits;

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
