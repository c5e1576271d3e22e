//! DUMP and RESTORE, spoken to as a client does. Payloads and expected replies are those of redis-server 7.0.15.

mod common;

use common::{Fixture, START_MS, show};
use dredis_commands::Reply;

/// `DUMP` of "hello".
const HELLO: &[u8] = b"\x00\x05hello\x0a\x00cr\xdfve4 \x0a";

fn dump(server: &mut Fixture, key: &str) -> Vec<u8> {
    match server.run(&format!("DUMP {key}")) {
        Reply::Bulk(payload) => payload,
        other => panic!("DUMP {key}: {}", show(&other)),
    }
}

fn restore(server: &mut Fixture, key: &str, ttl: &str, payload: &[u8], options: &str) -> String {
    let mut words: Vec<&[u8]> = vec![b"RESTORE", key.as_bytes(), ttl.as_bytes(), payload];
    words.extend(options.split_ascii_whitespace().map(str::as_bytes));
    show(&server.run_words(&words))
}

#[test]
fn a_value_goes_out_and_comes_in() {
    let mut server = Fixture::new();
    server.check("DUMP absent", "nil");
    server.check("SET k hello", "+OK");
    assert_eq!(dump(&mut server, "k"), HELLO);
    assert_eq!(restore(&mut server, "l", "0", HELLO, ""), "+OK");
    server.check("GET l", "\"hello\"");
    server.check("TTL l", ":-1");
    for made in ["RPUSH v a 1 b", "SADD v 1 2", "SADD v a b", "ZADD v 1 a 2.5 b", "HSET v f w 1 2"] {
        server.run("DEL v w");
        server.run(made);
        let payload = dump(&mut server, "v");
        assert_eq!(restore(&mut server, "w", "1000", &payload, ""), "+OK", "{made}");
        assert_eq!(dump(&mut server, "w"), payload, "{made}");
        server.check("PTTL w", ":1000");
        let encodings = ["OBJECT ENCODING v", "OBJECT ENCODING w"].map(|asked| show(&server.run(asked)));
        assert_eq!(encodings[0], encodings[1], "{made}");
    }
    // As in Redis, nobody asks what stands behind the value.
    assert_eq!(
        restore(&mut server, "trailing", "0", b"\x00\x05hello???\x0a\x00\xf8\x08\xba\xe3\xd7\x94\x8cG", ""),
        "+OK"
    );
    server.check("GET trailing", "\"hello\"");
    server.check("SET gone x PX 5", "+OK");
    server.now_ms += 6;
    server.check("DUMP gone", "nil");
    assert_eq!(restore(&mut server, "gone", "0", HELLO, ""), "+OK");
}

#[test]
fn what_is_wrong_first_is_said_first() {
    let mut server = Fixture::new();
    server.check("RESTORE k 0", "-ERR wrong number of arguments for 'restore' command");
    server.check("SET k old", "+OK");
    let busy = "-BUSYKEY Target key name already exists.";
    let bad = "-ERR Bad data format";
    let wrong = "-ERR DUMP payload version or checksum are wrong";
    for (key, ttl, payload, options, expected) in [
        ("k", "x", &b"junk"[..], "FOO", "-ERR syntax error"),
        ("k", "x", b"junk", "IDLETIME", "-ERR syntax error"),
        ("k", "x", b"junk", "IDLETIME x", "-ERR value is not an integer or out of range"),
        ("k", "x", b"junk", "IDLETIME -1", "-ERR Invalid IDLETIME value, must be >= 0"),
        ("k", "x", b"junk", "FREQ 256", "-ERR Invalid FREQ value, must be >= 0 and <= 255"),
        ("k", "x", b"junk", "FREQ -1", "-ERR Invalid FREQ value, must be >= 0 and <= 255"),
        ("k", "x", b"junk", "FREQ 1 IDLETIME 1", "-ERR syntax error"),
        ("k", "x", b"junk", "IDLETIME 1 FREQ 1", "-ERR syntax error"),
        ("k", "x", b"junk", "IDLETIME 1 IDLETIME 2 ABSTTL", busy),
        ("k", "x", b"junk", "", busy),
        ("k", "x", b"junk", "REPLACE", "-ERR value is not an integer or out of range"),
        ("k", "-1", b"junk", "replace", "-ERR Invalid TTL value, must be >= 0"),
        ("k", "0", b"junk", "REPLACE", wrong),
        ("k", "0", b"", "REPLACE", wrong),
        ("l", "0", b"\x00\x05hello\n\x00cr\xdfve4 \x0b", "", wrong),
        // A stream, an unknown type, an empty set, the beginning of a string, nothing; a version to come.
        ("k", "0", b"\x15\x0a\x00d\x8fj\xad\x99\xf5(c", "REPLACE", bad),
        ("k", "0", b"c\x0a\x00\xae\x7f\x81\xd3\xec\xda\xe1\xfb", "REPLACE", bad),
        ("k", "0", b"\x02\x00\x0a\x00:\xce9\x00\x9b\x899\xe8", "REPLACE", bad),
        ("k", "0", b"\x00\x05hel\x0a\x00\xd0k\x9f\x97\x04J\xb9z", "REPLACE", bad),
        ("k", "0", b"\x0a\x00]\x9b\\@\x0f\x7f\xa2\xda", "REPLACE", bad),
        ("l", "0", b"\x00\x01v\x0d\x003\xa1G\x01\x1e\x8d\xfd\x0e", "", wrong),
    ] {
        assert_eq!(restore(&mut server, key, ttl, payload, options), expected, "{ttl} {options}");
    }
    server.check("GET k", "\"old\"");
    server.check("EXISTS l", ":0");
}

#[test]
fn times_in_the_past_leave_nothing() {
    let mut server = Fixture::new();
    let past = (START_MS - 1).to_string();
    let future = (START_MS + 5000).to_string();
    assert_eq!(restore(&mut server, "k", &future, HELLO, "ABSTTL IDLETIME 5"), "+OK");
    server.check("PTTL k", ":5000");
    assert_eq!(restore(&mut server, "k", &past, HELLO, "ABSTTL"), "-BUSYKEY Target key name already exists.");
    assert_eq!(restore(&mut server, "k", &past, HELLO, "ABSTTL REPLACE"), "+OK");
    server.check("EXISTS k", ":0");
    assert_eq!(restore(&mut server, "k", &past, HELLO, "ABSTTL"), "+OK");
    server.check("EXISTS k", ":0");
    // Redis adds the time to it and overflows.
    assert_eq!(restore(&mut server, "k", "9223372036854775807", HELLO, ""), "+OK");
    server.check("EXISTS k", ":0");
    assert_eq!(restore(&mut server, "k", "9223372036854775807", HELLO, "ABSTTL FREQ 255"), "+OK");
    server.check("PEXPIRETIME k", ":9223372036854775807");
    server.check("DBSIZE", ":1");
    server.sweep();
    assert_eq!(restore(&mut server, "k", "0", HELLO, "REPLACE"), "+OK");
    server.check("TTL k", ":-1");
}

#[test]
fn whoever_watches_a_key_learns_of_it() {
    let mut server = Fixture::new();
    for (ttl, options, expected) in [
        ("0", "", "nil array"),
        ("0", "REPLACE", "nil array"),
        ("1", "ABSTTL REPLACE", "nil array"),
        ("1", "ABSTTL", "[+PONG]"),
    ] {
        server.check("WATCH k", "+OK");
        assert_eq!(restore(&mut server, "k", ttl, HELLO, options), "+OK");
        server.check("MULTI", "+OK");
        server.check("PING", "+QUEUED");
        server.check("EXEC", expected);
    }
}
