//! The key family, spoken to as a client does. Expected replies are those of redis-server 7.0.15.

mod common;

use common::Fixture;

#[test]
fn existence() {
    let mut server = Fixture::new();
    server.check("MSET a 1 b 2", "+OK");
    server.check("EXISTS a a b c", ":3");
    server.check("TOUCH a c", ":1");
    server.check("TYPE a", "+string");
    server.check("TYPE c", "+none");
    server.check("DEL a a c", ":1");
    server.check("UNLINK b c", ":1");
    server.check("EXISTS a b", ":0");
    server.check("DEL", "-ERR wrong number of arguments for 'del' command");
}

#[test]
fn names() {
    let mut server = Fixture::new();
    server.check("RENAME absent absent", "-ERR no such key");
    server.check("RENAMENX absent k", "-ERR no such key");
    server.check("SET a 1 EX 100", "+OK");
    server.check("RENAME a a", "+OK");
    server.check("RENAMENX a a", ":0");
    server.check("SET b 2", "+OK");
    server.check("RENAMENX a b", ":0");
    server.check("RENAME a b", "+OK");
    server.check("GET b", "\"1\"");
    server.check("TTL b", ":100");
    server.check("EXISTS a", ":0");
    server.check("RENAMENX b c", ":1");
    server.check("SET gone x PX 5", "+OK");
    server.now_ms += 6;
    server.check("RENAMENX c gone", ":1");
    server.check("RENAME c gone", "-ERR no such key");
}

#[test]
fn copies_and_moves() {
    let mut server = Fixture::new();
    server.check("SET a 1 EX 100", "+OK");
    server.check("COPY a b", ":1");
    server.check("TTL b", ":100");
    server.check("COPY a b", ":0");
    server.check("COPY a b REPLACE REPLACE", ":1");
    server.check("COPY a a", "-ERR source and destination objects are the same");
    server.check("COPY a a DB 0", "-ERR source and destination objects are the same");
    server.check("COPY a a DB 1", ":1");
    server.check("COPY absent x", ":0");
    server.check("COPY a x DB", "-ERR syntax error");
    server.check("COPY a x FOO", "-ERR syntax error");
    server.check("COPY a x DB 16", "-ERR DB index is out of range");
    server.check("COPY a x DB x", "-ERR value is not an integer or out of range");
    server.check("MOVE a 0", "-ERR source and destination objects are the same");
    server.check("MOVE a -1", "-ERR DB index is out of range");
    server.check(
        "MOVE a 99999999999",
        "-ERR value is out of range, value must between -2147483648 and 2147483647",
    );
    server.check("MOVE a 1", ":0");
    server.check("MOVE b 1", ":1");
    server.check("EXISTS b", ":0");
    server.session.db = 1;
    server.check("TTL b", ":100");
    server.check("MGET a b", "[\"1\", \"1\"]");
}

#[test]
fn expiry() {
    let mut server = Fixture::new();
    server.check("TTL k", ":-2");
    server.check("EXPIRE k 10", ":0");
    server.check("SET k v", "+OK");
    for command in ["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"] {
        server.check(&format!("{command} k"), ":-1");
    }
    server.check("PEXPIRE k 1499", ":1");
    server.check("TTL k", ":1");
    server.check("EXPIRETIME k", ":1700000001");
    server.check("PEXPIRETIME k", ":1700000001499");
    server.check("PERSIST k", ":1");
    server.check("PERSIST k", ":0");
    server.check("EXPIREAT k 1700000100", ":1");
    server.check("TTL k", ":100");
    server.check("PEXPIREAT k 9223372036854775807", ":1");
    server.check("EXPIRETIME k", ":9223372036854776");
    for (command, times) in [
        ("EXPIRE", &["9223372036854775807", "9223372036854775", "-9223372036854776"][..]),
        ("PEXPIRE", &["9223372036854775807"]),
        ("EXPIREAT", &["9223372036854776"]),
    ] {
        for time in times {
            let expected = format!("-ERR invalid expire time in '{}' command", command.to_lowercase());
            server.check(&format!("{command} k {time}"), &expected);
            server.check(&format!("{command} absent {time}"), &expected);
        }
    }
    server.check("EXPIRE k x", "-ERR value is not an integer or out of range");
    for (command, time) in
        [("EXPIRE", "0"), ("PEXPIRE", "-5"), ("EXPIREAT", "-1"), ("PEXPIREAT", "1700000000000")]
    {
        server.check("SET k v", "+OK");
        server.check(&format!("{command} k {time}"), ":1");
        server.check("EXISTS k", ":0");
    }
}

#[test]
fn conditions_of_expire() {
    let mut server = Fixture::new();
    server.check("SET k v", "+OK");
    server.check("EXPIRE k 10 XX", ":0");
    server.check("EXPIRE k 10 GT", ":0");
    server.check("EXPIRE k 100 LT", ":1");
    server.check("EXPIRE k 100 LT", ":0");
    server.check("EXPIRE k 100 gt", ":0");
    server.check("EXPIRE k 200 NX", ":0");
    server.check("EXPIRE k 200 GT XX", ":1");
    server.check("EXPIRE k 50 LT XX", ":1");
    server.check("TTL k", ":50");
    server.check("PERSIST k", ":1");
    server.check("EXPIRE k 50 LT XX", ":0");
    server.check("EXPIRE k 10 NX NX", ":1");
    server.check("EXPIRE k 10 GT LT", "-ERR GT and LT options at the same time are not compatible");
    for other in ["XX", "GT", "LT", "GT LT"] {
        server.check(
            &format!("EXPIRE k 10 NX {other}"),
            "-ERR NX and XX, GT or LT options at the same time are not compatible",
        );
    }
    server.check("EXPIRE k x FOO", "-ERR Unsupported option FOO");
    server.check_words(&[b"EXPIRE", b"k", b"1", b"a\r\nb\0c"], "-ERR Unsupported option a  b");
}

#[test]
fn encodings() {
    let mut server = Fixture::new();
    let embedded = "x".repeat(44);
    let raw = "x".repeat(45);
    for (value, encoding) in [
        ("1", "int"),
        ("-9223372036854775808", "int"),
        ("9223372036854775808", "embstr"),
        ("01", "embstr"),
        ("1.5", "embstr"),
        (embedded.as_str(), "embstr"),
        (raw.as_str(), "raw"),
        (&"x".repeat(20_000), "raw"),
    ] {
        for command in ["SET k", "GETSET k", "MSET k"] {
            server.run(&format!("{command} {value}"));
            server.check("OBJECT ENCODING k", &format!("\"{encoding}\""));
        }
        server.check("COPY k copy REPLACE", ":1");
        server.check("OBJECT ENCODING copy", &format!("\"{encoding}\""));
        server.run("DEL new");
        server.run(&format!("APPEND new {value}"));
        server.check("OBJECT ENCODING new", &format!("\"{encoding}\""));
    }
    server.check("SET k 1", "+OK");
    server.check("APPEND k 2", ":2");
    server.check("OBJECT ENCODING k", "\"raw\"");
    server.check("COPY k copy REPLACE", ":1");
    server.check("OBJECT ENCODING copy", "\"raw\"");
    server.check("RENAME copy renamed", "+OK");
    server.check("OBJECT ENCODING renamed", "\"raw\"");
    server.check("INCR k", ":13");
    server.check("OBJECT ENCODING k", "\"int\"");
    server.check("INCRBYFLOAT k 1", "\"14\"");
    server.check("OBJECT ENCODING k", "\"embstr\"");
    server.check("INCRBYFLOAT k 1e60", "\"999999999999999999999373423426722168652130621984886772203520\"");
    server.check("OBJECT ENCODING k", "\"raw\"");
    server.check("DEL k", ":1");
    server.check("SETRANGE k 0 1", ":1");
    server.check("OBJECT ENCODING k", "\"raw\"");
    server.check("EXPIRE k 100", ":1");
    server.check("OBJECT ENCODING k", "\"raw\"");
}

#[test]
fn object() {
    let mut server = Fixture::new();
    server.check("MSET small 9999 large 10000 text x", "+OK");
    server.check("OBJECT REFCOUNT small", ":2147483647");
    server.check("OBJECT REFCOUNT large", ":1");
    server.check("OBJECT refcount text", ":1");
    for command in ["ENCODING", "REFCOUNT", "FREQ", "IDLETIME"] {
        server.check(&format!("OBJECT {command} absent"), "nil");
        let expected =
            format!("-ERR wrong number of arguments for 'object|{}' command", command.to_lowercase());
        server.check(&format!("OBJECT {command}"), &expected);
    }
    server.check(
        "OBJECT IDLETIME text",
        "-ERR OBJECT IDLETIME is not available: dredis does not store when a key was last accessed",
    );
    server.check("OBJECT", "-ERR wrong number of arguments for 'object' command");
    server.check("OBJECT FOO text", "-ERR unknown subcommand 'FOO'. Try OBJECT HELP.");
}
