//! The string family, spoken to as a client does. Expected replies are those of redis-server 7.0.15.

mod common;

use common::{Fixture, START_MS, show};
use dredis_commands::Reply;
use dredis_data::string::SEGMENT_BYTES;

#[test]
fn set_and_its_options() {
    let mut server = Fixture::new();
    server.check("GET k", "nil");
    server.check("SET k v", "+OK");
    server.check("SET k w NX", "nil");
    server.check("SET absent w XX", "nil");
    server.check("SET k w XX GET", "\"v\"");
    server.check("SET k x NX GET", "\"w\"");
    server.check("GET k", "\"w\"");
    server.check("SET new x NX GET", "nil");
    server.check("GET new", "\"x\"");
    server.check("SET k v EX 10 EX 20", "+OK");
    server.check("TTL k", ":20");
    server.check("SET k v KEEPTTL", "+OK");
    server.check("TTL k", ":20");
    server.check("SET k v", "+OK");
    server.check("TTL k", ":-1");
    server.check("SET k v pxat 1700000005000", "+OK");
    server.check("PTTL k", ":5000");
    for options in [
        "NX XX",
        "EX",
        "EX 1 PX 1",
        "KEEPTTL EX 1",
        "EX 1 KEEPTTL",
        "FOO",
        "PERSIST",
        "GET EX",
        "EXAT 5 PXAT 5",
    ] {
        server.check(&format!("SET k v {options}"), "-ERR syntax error");
    }
    for time in ["0", "-1", "9223372036854775807", "9223372036854775"] {
        server.check(&format!("SET k v EX {time}"), "-ERR invalid expire time in 'set' command");
    }
    server.check("SET k v EX ten", "-ERR value is not an integer or out of range");
    server.check("PTTL k", ":5000");
    server.check("SET", "-ERR wrong number of arguments for 'set' command");
}

#[test]
fn a_time_in_the_past_leaves_no_key() {
    let mut server = Fixture::new();
    server.check("SET k v", "+OK");
    server.check("SET k w PXAT 1", "+OK");
    server.check("EXISTS k", ":0");
    server.check("SET k w NX", "+OK");
    server.check("GETEX k EXAT 1", "\"w\"");
    server.check("EXISTS k", ":0");
    server.sweep();
    assert_eq!(server.writable().figures(0).unwrap().keys, 0);
}

#[test]
fn expired_strings_are_absent_to_every_command() {
    let mut server = Fixture::new();
    let commands = [
        ("GET k", "nil"),
        ("GETDEL k", "nil"),
        ("GETEX k PERSIST", "nil"),
        ("GETEX k EX 0", "nil"),
        ("STRLEN k", ":0"),
        ("GETRANGE k 0 -1", "\"\""),
        ("MGET k", "[nil]"),
        ("SET k new GET", "nil"),
        ("SET k new XX", "nil"),
        ("SET k new NX", "+OK"),
        ("SETNX k new", ":1"),
        ("MSETNX k new", ":1"),
        ("GETSET k new", "nil"),
        ("INCR k", ":1"),
        ("INCRBYFLOAT k 1.5", "\"1.5\""),
        ("APPEND k x", ":1"),
        ("SETRANGE k 1 x", ":2"),
        ("SETRANGE k 1", "-ERR wrong number of arguments for 'setrange' command"),
    ];
    for (command, expected) in commands {
        server.check("SET k 100 PX 50", "+OK");
        server.now_ms += 50;
        server.check("GET k", "\"100\"");
        server.now_ms += 1;
        server.check(command, expected);
        if !expected.starts_with(['n', '-', '[']) {
            // What stands there now does not inherit the old expiry.
            assert_ne!(server.run("PTTL k"), Reply::Integer(50), "{command}");
        }
        server.run("DEL k");
    }
}

#[test]
fn setex_and_psetex() {
    let mut server = Fixture::new();
    server.check("SETEX k 10 v", "+OK");
    server.check("TTL k", ":10");
    server.check("PSETEX k 1500 v", "+OK");
    server.check("PTTL k", ":1500");
    server.check("TTL k", ":2");
    server.check("SETEX k 0 v", "-ERR invalid expire time in 'setex' command");
    server.check("PSETEX k -1 v", "-ERR invalid expire time in 'psetex' command");
    server.check("SETEX k x v", "-ERR value is not an integer or out of range");
}

#[test]
fn getex_changes_the_expiry_only() {
    let mut server = Fixture::new();
    server.check("SET k v", "+OK");
    server.check("GETEX k", "\"v\"");
    server.check("TTL k", ":-1");
    server.check("GETEX k EX 100", "\"v\"");
    server.check("TTL k", ":100");
    server.check("GETEX k", "\"v\"");
    server.check("TTL k", ":100");
    server.check("GETEX k PERSIST", "\"v\"");
    server.check("TTL k", ":-1");
    server.check("GETEX k KEEPTTL", "-ERR syntax error");
    server.check("GETEX k PERSIST EX 1", "-ERR syntax error");
    server.check("GETEX k PX 1 PERSIST", "-ERR syntax error");
    server.check("GETEX k EX 0", "-ERR invalid expire time in 'getex' command");
    server.check("GETEX absent EX 0", "nil");
    server.check("GETDEL k", "\"v\"");
    server.check("GETDEL k", "nil");
}

#[test]
fn several_at_once() {
    let mut server = Fixture::new();
    server.check("MSET a 1 b 2 a 3", "+OK");
    server.check("MGET a b c a", "[\"3\", \"2\", nil, \"3\"]");
    server.check("MSETNX c 1 a 1", ":0");
    server.check("EXISTS c", ":0");
    server.check("MSETNX c 1 c 2", ":1");
    server.check("GET c", "\"2\"");
    server.check("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command");
    server.check("MSETNX a 1 b", "-ERR wrong number of arguments for 'msetnx' command");
}

#[test]
fn counters() {
    let mut server = Fixture::new();
    server.check("INCR n", ":1");
    server.check("DECRBY n 3", ":-2");
    server.check("DECR n", ":-3");
    server.check("INCRBY n -9223372036854775805", ":-9223372036854775808");
    server.check("DECR n", "-ERR increment or decrement would overflow");
    server.check("DECRBY n -9223372036854775808", "-ERR decrement would overflow");
    server.check("GET n", "\"-9223372036854775808\"");
    for bad in ["+5", "05", "-0", "9223372036854775808", "1.0"] {
        server.check(&format!("INCRBY n {bad}"), "-ERR value is not an integer or out of range");
    }
    server.check_words(&[b"SET", b"n", b" 1"], "+OK");
    server.check("INCR n", "-ERR value is not an integer or out of range");
    server.check("SET n 10 EX 100", "+OK");
    server.check("INCR n", ":11");
    server.check("INCRBYFLOAT n 0.5", "\"11.5\"");
    server.check("TTL n", ":100");
}

#[test]
fn fractions() {
    let mut server = Fixture::new();
    server.check("SET f 0.1", "+OK");
    server.check("INCRBYFLOAT f 0.2", "\"0.3\"");
    server.check("INCRBYFLOAT f inf", "-ERR increment would produce NaN or Infinity");
    server.check("INCRBYFLOAT f nan", "-ERR value is not a valid float");
    server.check("INCRBYFLOAT f 1e", "-ERR value is not a valid float");
    server.check("SET f abc", "+OK");
    server.check("INCRBYFLOAT f 1", "-ERR value is not a valid float");
    server.check("INCRBYFLOAT new -2.50", "\"-2.5\"");
}

#[test]
fn ranges() {
    let mut server = Fixture::new();
    server.check("SET k hello", "+OK");
    for (range, expected) in [
        ("0 -1", "hello"),
        ("1 3", "ell"),
        ("-3 -1", "llo"),
        ("0 -100", "h"),
        ("-1 -3", ""),
        ("3 1", ""),
        ("10 20", ""),
        ("-100 100", "hello"),
        ("-9223372036854775808 9223372036854775807", "hello"),
    ] {
        server.check(&format!("GETRANGE k {range}"), &format!("\"{expected}\""));
        server.check(&format!("SUBSTR k {range}"), &format!("\"{expected}\""));
    }
    server.check("GETRANGE k a 1", "-ERR value is not an integer or out of range");
    server.check("SETRANGE k 6 world", ":11");
    server.check("GET k", "\"hello\\x00world\"");
    server.check("SETRANGE k -1 x", "-ERR offset is out of range");
    server.check("SETRANGE k 536870912 x", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    server.check(
        "SETRANGE k 9223372036854775807 xx",
        "-ERR string exceeds maximum allowed size (proto-max-bulk-len)",
    );
    server.check_words(&[b"SETRANGE", b"absent", b"536870912", b""], ":0");
    server.check("EXISTS absent", ":0");
    server.check_words(&[b"APPEND", b"empty", b""], ":0");
    server.check("EXISTS empty", ":1");
}

#[test]
fn far_offsets_write_few_records() {
    let mut server = Fixture::new();
    server.check("SETRANGE k 536870911 x", ":536870912");
    server.check("STRLEN k", ":536870912");
    server.check("GETRANGE k -3 -1", "\"\\x00\\x00x\"");
    server.check("GETRANGE k 1000000 1000003", "\"\\x00\\x00\\x00\\x00\"");
    server.check("APPEND k y", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    assert!(server.backend.records().len() < 10);
    server.check("DEL k", ":1");
}

/// Strings around the size of a segment, patched at random, against a plain vector.
#[test]
fn segments_behave_as_one_string() {
    let mut server = Fixture::new();
    let mut random = dredis_data::Random::new(11);
    for round in 0..30 {
        let mut model: Vec<u8> = Vec::new();
        server.run("DEL k");
        for step in 0..20 {
            let count = match random.below(4) {
                0 => 1 + random.below(20) as usize,
                1 => SEGMENT_BYTES,
                _ => random.below(2 * SEGMENT_BYTES as u64 + 2) as usize,
            };
            let bytes = vec![b'a' + step as u8; count];
            let offset = match random.below(3) {
                0 => model.len(),
                1 => random.below(model.len() as u64 + 1) as usize,
                _ => (random.below(4) as usize * SEGMENT_BYTES).min(model.len() + 3),
            };
            let is_append = offset == model.len() && random.below(2) == 0;
            if model.len() < offset + count && count > 0 {
                model.resize(offset + count, 0);
            }
            if count > 0 {
                model[offset..offset + count].copy_from_slice(&bytes);
            }
            let offset_text = offset.to_string();
            let reply = if is_append {
                server.run_words(&[b"APPEND", b"k", &bytes])
            } else {
                server.run_words(&[b"SETRANGE", b"k", offset_text.as_bytes(), &bytes])
            };
            assert_eq!(reply, Reply::count(model.len()), "round {round} step {step}");
            let start = random.below(model.len() as u64 + 1) as usize;
            let end = start + random.below(SEGMENT_BYTES as u64 * 2) as usize;
            let expected = model.get(start..model.len().min(end + 1)).unwrap_or_default();
            let part = server.run(&format!("GETRANGE k {start} {end}"));
            assert!(
                part == Reply::Bulk(expected.to_vec()) || (expected.is_empty() && part == Reply::Text(""))
            );
        }
        if !model.is_empty() {
            assert!(server.run("GET k") == Reply::Bulk(model.clone()), "round {round}");
            server.check("COPY k copy REPLACE", ":1");
            server.run("SETRANGE k 0 changed");
            assert!(server.run("GET copy") == Reply::Bulk(model), "round {round}");
        }
    }
    server.run("DEL k copy");
    server.sweep();
    assert_eq!(server.backend.count(0x20), 0, "no segment is left");
}

#[test]
fn common_subsequences() {
    let mut server = Fixture::new();
    server.check("MSET a ohmytext b mynewtext", "+OK");
    server.check("LCS a b", "\"mytext\"");
    server.check("LCS a b LEN", ":6");
    server.check("LCS a b IDX", "{\"matches\": [[[:4, :7], [:5, :8]], [[:2, :3], [:0, :1]]], \"len\": :6}");
    server.check("LCS a b IDX MINMATCHLEN 4", "{\"matches\": [[[:4, :7], [:5, :8]]], \"len\": :6}");
    server.check(
        "LCS a b IDX MINMATCHLEN -1 WITHMATCHLEN",
        "{\"matches\": [[[:4, :7], [:5, :8], :4], [[:2, :3], [:0, :1], :2]], \"len\": :6}",
    );
    server.check("LCS a absent", "\"\"");
    server.check("LCS a absent IDX", "{\"matches\": [], \"len\": :0}");
    server.check("LCS a b IDX LEN", "-ERR If you want both the length and indexes, please just use IDX.");
    server.check("LCS a b MINMATCHLEN", "-ERR syntax error");
    server.check("LCS a b MINMATCHLEN x", "-ERR value is not an integer or out of range");
    let long = "x".repeat(12_000);
    server.check(&format!("SET a {long}"), "+OK");
    server.check("LCS a a", "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
}

#[test]
fn writes_that_change_nothing_are_not_seen_by_watch() {
    let mut server = Fixture::new();
    server.check("SET k v", "+OK");
    for (command, touches) in [
        ("GETEX k", false),
        ("GETEX k PERSIST", false),
        ("SETNX k w", false),
        ("SET k w NX", false),
        ("PERSIST k", false),
        ("EXPIRE k 10 XX", false),
        ("EXPIRE absent 10", false),
        ("RENAME k k", false),
        ("COPY absent k", false),
        ("SET k v", true),
        ("EXPIRE k 10", true),
        ("APPEND k w", true),
        ("COPY k k2 REPLACE", false),
        ("COPY k2 k REPLACE", true),
        ("DEL k", true),
    ] {
        server.check("WATCH k", "+OK");
        server.run(command);
        server.check("MULTI", "+OK");
        let expected = if touches { "nil array" } else { "[]" };
        assert_eq!(show(&server.run("EXEC")), expected, "{command}");
    }
    assert_eq!(server.now_ms, START_MS);
}
