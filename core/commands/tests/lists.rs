//! The list family, spoken to as a client does. Expected replies are those of redis-server 7.0.15.

mod common;

use common::{Fixture, show};
use dredis_commands::Reply;

/// A first byte of record keys: chunks of spread lists.
const CHUNKS: u8 = 0x25;

/// Servers whose lists are spread at once, after a few elements, and late.
fn servers() -> impl Iterator<Item = Fixture> {
    [1, 2, 5, -2].into_iter().map(|list_size| {
        let mut server = Fixture::new();
        server.host.packed_limits.list_size = list_size;
        server
    })
}

#[test]
fn pushes_and_pops() {
    for mut server in servers() {
        server.check("RPUSH l a b c", ":3");
        server.check("LPUSH l 1 2 3", ":6");
        server.check("LRANGE l 0 -1", r#"["3", "2", "1", "a", "b", "c"]"#);
        server.check("LPOP l", r#""3""#);
        server.check("RPOP l", r#""c""#);
        server.check("LPOP l 2", r#"["2", "1"]"#);
        server.check("RPUSH l c d", ":4");
        server.check("RPOP l 3", r#"["d", "c", "b"]"#);
        server.check("LPOP l 0", "[]");
        server.check("EXISTS l", ":1");
        server.check("LPOP l 9223372036854775807", r#"["a"]"#);
        server.check("EXISTS l", ":0");
        server.check("LPOP l", "nil");
        server.check("LPOP l 1", "nil array");
        server.check("LPOP l 0", "nil array");
        server.check("LPUSHX l a", ":0");
        server.check("RPUSHX l a", ":0");
        server.check("EXISTS l", ":0");
        server.check("RPUSH l a", ":1");
        server.check("RPUSHX l b c", ":3");
        server.check("LPUSHX l 0", ":4");
        server.check("LLEN l", ":4");
        server.check("LLEN none", ":0");
        server.check("OBJECT ENCODING l", r#""quicklist""#);
        server.check("TYPE l", "+list");
    }
}

#[test]
fn indexes_and_ranges() {
    for mut server in servers() {
        server.check("RPUSH l 0 1 2 3 4 5 6 7 8 9", ":10");
        for (index, expected) in [("0", "0"), ("9", "9"), ("-1", "9"), ("-10", "0"), ("4", "4"), ("-4", "6")]
        {
            server.check(&format!("LINDEX l {index}"), &format!("\"{expected}\""));
        }
        for index in ["10", "-11", "9223372036854775807", "-9223372036854775808"] {
            server.check(&format!("LINDEX l {index}"), "nil");
        }
        for (range, expected) in [
            ("2 4", r#"["2", "3", "4"]"#),
            ("-3 -2", r#"["7", "8"]"#),
            ("-100 1", r#"["0", "1"]"#),
            ("8 100", r#"["8", "9"]"#),
            ("4 2", "[]"),
            ("10 12", "[]"),
            ("0 -11", "[]"),
            ("9 9", r#"["9"]"#),
            ("9223372036854775807 9223372036854775807", "[]"),
        ] {
            server.check(&format!("LRANGE l {range}"), expected);
        }
        server.check("LRANGE none 0 -1", "[]");
        server.check("LINDEX none foo", "nil");
        server.check("LSET l -1 nine", "+OK");
        server.check("LSET l 5 five", "+OK");
        server.check("LSET l 0 zero", "+OK");
        server.check("LRANGE l 0 -1", r#"["zero", "1", "2", "3", "4", "five", "6", "7", "8", "nine"]"#);
        server.check("LSET l 10 x", "-ERR index out of range");
        server.check("LSET l -11 x", "-ERR index out of range");
        server.check("LSET none foo x", "-ERR no such key");
    }
}

#[test]
fn trimming() {
    for mut server in servers() {
        for (range, expected) in [
            ("1 3", r#"["1", "2", "3"]"#),
            ("-2 -1", r#"["8", "9"]"#),
            ("-100 100", r#"["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]"#),
            ("1 -2", r#"["1", "2", "3", "4", "5", "6", "7", "8"]"#),
            ("5 4", "[]"),
            ("10 20", "[]"),
        ] {
            server.run("DEL l");
            server.check("RPUSH l 0 1 2 3 4 5 6 7 8 9", ":10");
            server.check("PEXPIRE l 5000", ":1");
            server.check(&format!("LTRIM l {range}"), "+OK");
            server.check("LRANGE l 0 -1", expected);
            server.check("PTTL l", if expected == "[]" { ":-2" } else { ":5000" });
        }
        server.check("LTRIM none 0 1", "+OK");
    }
}

#[test]
fn elements_are_found_and_removed_by_value() {
    for mut server in servers() {
        server.check("RPUSH l a b a c a b", ":6");
        server.check("LINSERT l BEFORE c x", ":7");
        server.check("LINSERT l after b y", ":8");
        server.check("LRANGE l 0 -1", r#"["a", "b", "y", "a", "x", "c", "a", "b"]"#);
        server.check("LINSERT l AFTER none y", ":-1");
        server.check("LINSERT none AFTER a b", ":0");
        for (options, expected) in [
            ("", ":0"),
            ("RANK 2", ":3"),
            ("RANK -1", ":6"),
            ("RANK 4", "nil"),
            ("COUNT 0", "[:0, :3, :6]"),
            ("COUNT 2", "[:0, :3]"),
            ("COUNT 2 RANK -1", "[:6, :3]"),
            ("RANK 2 COUNT 0", "[:3, :6]"),
            ("COUNT 0 MAXLEN 4", "[:0, :3]"),
            ("RANK -1 MAXLEN 1", "nil"),
            ("RANK -1 MAXLEN 2 COUNT 5", "[:6]"),
            ("MAXLEN 0 RANK 3", ":6"),
            ("RANK -9223372036854775807 COUNT 0", "[]"),
            ("RANK -9223372036854775808 COUNT 1", "[:6, :3, :0]"),
            ("RANK -9223372036854775808", ":6"),
        ] {
            server.check(&format!("LPOS l a {options}"), expected);
        }
        server.check("LPOS none a", "nil");
        server.check("LPOS none a COUNT 0", "[]");
        server.check("LREM l -2 a", ":2");
        server.check("LRANGE l 0 -1", r#"["a", "b", "y", "x", "c", "b"]"#);
        server.check("LREM l 1 b", ":1");
        server.check("LREM l 5 none", ":0");
        server.check("LREM none 0 a", ":0");
        server.check("LRANGE l 0 -1", r#"["a", "y", "x", "c", "b"]"#);
        server.check("RPUSH all 7 7 7 7 7", ":5");
        server.check("LREM all 0 7", ":5");
        server.check("EXISTS all", ":0");
        server.check("RPUSH all 7 7 7", ":3");
        server.check("LREM all -9223372036854775808 7", ":3");
    }
}

#[test]
fn elements_move_between_lists() {
    for mut server in servers() {
        server.check("RPUSH l a b c", ":3");
        server.check("PEXPIRE l 5000", ":1");
        server.check("RPOPLPUSH l l", r#""c""#);
        server.check("LMOVE l l LEFT RIGHT", r#""c""#);
        server.check("LMOVE l l left left", r#""a""#);
        server.check("LRANGE l 0 -1", r#"["a", "b", "c"]"#);
        server.check("PTTL l", ":5000");
        server.check("LMOVE l m RIGHT LEFT", r#""c""#);
        server.check("LMOVE l m LEFT RIGHT", r#""a""#);
        server.check("RPOPLPUSH l m", r#""b""#);
        server.check("EXISTS l", ":0");
        server.check("LRANGE m 0 -1", r#"["b", "c", "a"]"#);
        server.check("PTTL m", ":-1");
        server.check("LMOVE l m LEFT LEFT", "nil");
        server.check("RPOPLPUSH l m", "nil");
        server.check("RPUSH one x", ":1");
        server.check("RPOPLPUSH one one", r#""x""#);
        server.check("EXISTS one", ":1");
    }
}

#[test]
fn lmpop_takes_from_the_first_list_that_there_is() {
    for mut server in servers() {
        server.check("RPUSH b 1 2 3 4", ":4");
        server.check("RPUSH c x", ":1");
        server.check("LMPOP 3 a b c LEFT", r#"["b", ["1"]]"#);
        server.check("LMPOP 3 a b c right COUNT 2", r#"["b", ["4", "3"]]"#);
        server.check("LMPOP 2 b c LEFT COUNT 9223372036854775807", r#"["b", ["2"]]"#);
        server.check("LMPOP 2 b c LEFT", r#"["c", ["x"]]"#);
        server.check("LMPOP 2 b c LEFT", "nil array");
        for (arguments, expected) in [
            ("0 l LEFT", "-ERR numkeys should be greater than 0"),
            ("foo l LEFT", "-ERR numkeys should be greater than 0"),
            ("0 l nowhere", "-ERR numkeys should be greater than 0"),
            ("2 l LEFT", "-ERR syntax error"),
            ("9223372036854775807 l LEFT", "-ERR syntax error"),
            ("1 l up", "-ERR syntax error"),
            ("1 l LEFT COUNT 0", "-ERR count should be greater than 0"),
            ("1 l LEFT COUNT foo", "-ERR count should be greater than 0"),
            ("1 l LEFT COUNT", "-ERR syntax error"),
            ("1 l LEFT COUNT 1 COUNT 2", "-ERR syntax error"),
            ("1 l LEFT foo 1", "-ERR syntax error"),
            ("1 l", "-ERR wrong number of arguments for 'lmpop' command"),
        ] {
            server.check(&format!("LMPOP {arguments}"), expected);
        }
    }
}

#[test]
fn complaints_come_in_redis_order() {
    let mut server = Fixture::new();
    server.check("SET s x", "+OK");
    server.check("RPUSH l a", ":1");
    let wrong_type = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    let no_integer = "-ERR value is not an integer or out of range";
    let no_count = "-ERR value is out of range, must be positive";
    for (command, expected) in [
        ("LPUSH s a", wrong_type),
        ("RPUSHX s a", wrong_type),
        ("LLEN s", wrong_type),
        ("LINDEX s foo", wrong_type),
        ("LINDEX l foo", no_integer),
        ("LRANGE s foo 1", no_integer),
        ("LRANGE s 0 1", wrong_type),
        ("LSET s foo x", wrong_type),
        ("LSET l foo x", no_integer),
        ("LREM s foo x", no_integer),
        ("LREM s 0 x", wrong_type),
        ("LTRIM s foo 1", no_integer),
        ("LTRIM s 0 1", wrong_type),
        ("LTRIM none foo 1", no_integer),
        ("LINSERT s foo a b", "-ERR syntax error"),
        ("LINSERT s AFTER a b", wrong_type),
        ("LPOP s foo", no_count),
        ("LPOP s -1", no_count),
        ("RPOP s 1", wrong_type),
        ("LPOP none -1", no_count),
        ("LPOP l 1 2", "-ERR wrong number of arguments for 'lpop' command"),
        ("RPOP l 1 2", "-ERR wrong number of arguments for 'rpop' command"),
        ("LMOVE s l foo LEFT", "-ERR syntax error"),
        ("LMOVE l s LEFT LEFT", wrong_type),
        ("LMOVE s l LEFT LEFT", wrong_type),
        ("LMOVE none s LEFT LEFT", "nil"),
        ("RPOPLPUSH none s", "nil"),
        ("LMPOP 2 none s LEFT", wrong_type),
        ("LPOS s a", wrong_type),
        ("LPOS s a COUNT -1", "-ERR COUNT can't be negative"),
        ("LPOS s a COUNT foo", "-ERR COUNT can't be negative"),
        ("LPOS s a MAXLEN -1", "-ERR MAXLEN can't be negative"),
        ("LPOS s a RANK foo", no_integer),
        ("LPOS s a RANK", "-ERR syntax error"),
        ("LPOS s a FOO 1", "-ERR syntax error"),
        ("LRANGE l 0 -1", r#"["a"]"#),
    ] {
        server.check(command, expected);
    }
    let rank_zero = show(&server.run("LPOS s a RANK 0"));
    assert!(
        rank_zero.starts_with("-ERR RANK can't be zero: use 1 to start from the first match"),
        "{rank_zero}"
    );
}

#[test]
fn expired_lists_are_absent() {
    for (command, expected) in [
        ("LPUSH l new", ":1"),
        ("RPUSHX l new", ":0"),
        ("LPOP l", "nil"),
        ("LRANGE l 0 -1", "[]"),
        ("LSET l 0 x", "-ERR no such key"),
        ("LREM l 0 a", ":0"),
        ("LINSERT l AFTER a b", ":0"),
        ("RPOPLPUSH l m", "nil"),
        ("LMPOP 1 l LEFT", "nil array"),
    ] {
        let mut server = Fixture::new();
        server.check("RPUSH l a", ":1");
        server.check("PEXPIRE l 50", ":1");
        server.now_ms += 51;
        server.check(command, expected);
        server.check("PTTL l", if expected == ":1" { ":-1" } else { ":-2" });
    }
}

#[test]
fn whoever_watches_is_told_of_changes_only() {
    let watched = |server: &mut Fixture, command: &str| {
        server.run("WATCH l");
        server.run(command);
        server.run("MULTI");
        server.run("PING");
        server.run("EXEC") == Reply::NullArray
    };
    for mut server in servers() {
        server.check("RPUSH l a b a c d e f g h i j k", ":12");
        for command in
            ["LPOP l 0", "LREM l 0 none", "LINSERT l AFTER none x", "LSET l 100 x", "LRANGE l 0 -1"]
        {
            assert!(!watched(&mut server, command), "{command}");
        }
        for command in [
            "LTRIM l 0 -1",
            "LSET l 1 b",
            "LSET l 5 X",
            "RPOPLPUSH l l",
            "LREM l 1 a",
            "LINSERT l AFTER b x",
            "RPUSH l x",
            "LPOP l",
            "LTRIM l 1 0",
        ] {
            assert!(watched(&mut server, command), "{command}");
        }
    }
}

#[test]
fn large_elements_and_any_bytes() {
    let mut server = Fixture::new();
    let large = vec![b'x'; 100_000];
    let odd: &[u8] = b"\0\r\n\xff";
    server.check_words(&[b"RPUSH", b"l", &large, odd, b"", &large, b"007", b"-0"], ":6");
    server.check_words(&[b"LPOS", b"l", &large, b"RANK", b"-1"], ":3");
    server.check("LPOS l 007", ":4");
    server.check("LPOS l 7", "nil");
    assert_eq!(server.run("LPOP l"), Reply::Bulk(large.clone()));
    server.check("LPOP l 2", r#"["\x00\r\n\xff", ""]"#);
    assert_eq!(server.run("LINDEX l 0"), Reply::Bulk(large.clone()));
    // The record that every push rewrites holds no large element.
    assert!(server.backend.records().iter().all(|(key, value)| key[0] == CHUNKS || value.len() < 4200));
    server.check("LSET l 0 small", "+OK");
    server.check("LRANGE l 0 -1", r#"["small", "007", "-0"]"#);
    server.check("DEL l", ":1");
    server.sweep();
    assert_eq!(server.backend.count(CHUNKS), 0);
}

#[test]
fn long_lists_are_kept_in_chunks() {
    let mut server = Fixture::new();
    let values: Vec<String> = (0..20_000).map(|number| format!("value-{number}")).collect();
    for page in values.chunks(500) {
        let mut words: Vec<&[u8]> = vec![b"RPUSH", b"l"];
        words.extend(page.iter().map(String::as_bytes));
        server.run_words(&words);
    }
    assert!(server.backend.count(CHUNKS) > 100);
    server.check("LLEN l", ":20000");
    server.check("LINDEX l 12345", r#""value-12345""#);
    server.check("LINDEX l -5000", r#""value-15000""#);
    server.check("LRANGE l 9999 10001", r#"["value-9999", "value-10000", "value-10001"]"#);
    server.check("LPOS l value-19999", ":19999");
    server.check("LPOS l value-15000 RANK -1", ":15000");
    server.check("LSET l 7777 seven", "+OK");
    server.check("LINSERT l BEFORE seven six", ":20001");
    server.check("LRANGE l 7776 7779", r#"["value-7776", "six", "seven", "value-7778"]"#);
    server.check("LREM l 0 six", ":1");
    server.check("COPY l copied", ":1");
    server.check("LTRIM l 100 -1", "+OK");
    server.check("LTRIM l 0 99", "+OK");
    server.check("LINDEX l 0", r#""value-100""#);
    server.check("LINDEX l -1", r#""value-199""#);
    server.check("DEL l", ":1");
    server.check("LINDEX copied 19999", r#""value-19999""#);
    server.check("LPOP copied 19999", &{
        let mut all = values.clone();
        all[7777] = "seven".to_owned();
        all.pop();
        format!("[\"{}\"]", all.join("\", \""))
    });
    server.check("LRANGE copied 0 -1", r#"["value-19999"]"#);
    server.sweep();
    assert_eq!(server.backend.count(CHUNKS), 0);
    server.check("OBJECT ENCODING copied", r#""quicklist""#);
}
