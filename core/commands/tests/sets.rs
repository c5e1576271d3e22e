//! The set family, spoken to as a client does. Expected replies are those of redis-server 7.0.15; what it answers in no
//! particular order is compared sorted.

#![expect(clippy::unwrap_used, reason = "functions that only tests call")]

mod common;
#[path = "sets/model.rs"]
mod model;

use std::collections::{BTreeMap, BTreeSet};

use common::{Fixture, show};
use dredis_commands::{Protocol, Reply};
use dredis_data::Form;
use dredis_data::set::{PACKED_MEMBER_BYTES_MAX, PACKED_MEMBERS_MAX};

const SET_MEMBER: u8 = 0x22;
const INTSET: &str = "\"intset\"";
const HASHTABLE: &str = "\"hashtable\"";

/// Runs a test on sets of one member, `first`, that are packed, and on such that are spread.
fn in_both_forms(keys: &[&str], test: impl Fn(&mut Fixture)) {
    let long = "x".repeat(PACKED_MEMBER_BYTES_MAX + 1);
    for (members, expected) in [("first", Form::SetPacked), (&format!("first {long}"), Form::SetSpread)] {
        let mut server = Fixture::new();
        for key in keys {
            server.run(&format!("SADD {key} {members}"));
            server.run(&format!("SREM {key} {long}"));
            server.check(&format!("SMEMBERS {key}"), "<\"first\">");
            assert_eq!(form(&mut server, key), Some(expected));
        }
        test(&mut server);
    }
}

fn form(server: &mut Fixture, key: &str) -> Option<Form> {
    let txn = server.writable();
    let entry = txn.find(0, key.as_bytes()).unwrap();
    entry.map(|entry| entry.head().form)
}

/// The members in a reply, sorted.
fn members(reply: &Reply) -> Vec<String> {
    let (Reply::Set(items) | Reply::Array(items)) = reply else { panic!("no members: {}", show(reply)) };
    let text = |item: &Reply| match item {
        Reply::Bulk(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        other => panic!("no member: {}", show(other)),
    };
    let mut members: Vec<String> = items.iter().map(text).collect();
    members.sort();
    members
}

#[track_caller]
fn check_members(server: &mut Fixture, command: &str, expected: &str) {
    assert_eq!(members(&server.run(command)).join(" "), expected, "{command}");
}

#[test]
fn members_come_and_go() {
    in_both_forms(&["s"], |server| {
        server.check("SADD s a b c a", ":3");
        server.check("SADD s a 7 -7 007", ":3");
        server.check("SREM s first", ":1");
        server.check("SCARD s", ":6");
        server.check("SISMEMBER s a", ":1");
        server.check("SISMEMBER s 7", ":1");
        server.check("SISMEMBER s 07", ":0");
        server.check("SMISMEMBER s 007 x -7 a", "[:1, :0, :1, :1]");
        check_members(server, "SMEMBERS s", "-7 007 7 a b c");
        server.check("SREM s x y", ":0");
        server.check("SREM s a a x b 7", ":3");
        check_members(server, "SMEMBERS s", "-7 007 c");
        server.check("SREM s -7 007 c c", ":3");
        server.check("EXISTS s", ":0");
        server.check("SREM s a", ":0");
    });
}

#[test]
fn absent_keys_and_other_types() {
    let mut server = Fixture::new();
    server.check("SET str x", "+OK");
    server.check("SADD s 1", ":1");
    for (command, absent) in [
        ("SCARD k", ":0"),
        ("SISMEMBER k a", ":0"),
        ("SMISMEMBER k a b", "[:0, :0]"),
        ("SMEMBERS k", "<>"),
        ("SREM k a", ":0"),
        ("SMOVE k s a", ":0"),
        ("SPOP k", "nil"),
        ("SPOP k 0", "<>"),
        ("SPOP k 2", "<>"),
        ("SRANDMEMBER k", "nil"),
        ("SRANDMEMBER k 2", "[]"),
        ("SRANDMEMBER k -5000000000000000000", "[]"),
        ("SSCAN k 0", "[\"0\", []]"),
        ("SINTER k s", "<>"),
        ("SINTER k", "<>"),
        ("SDIFF k s", "<>"),
        ("SUNION k k", "<>"),
        ("SINTERCARD 2 s k", ":0"),
        ("SINTERSTORE d s k", ":0"),
        ("SDIFFSTORE d k s", ":0"),
        ("SUNIONSTORE d k", ":0"),
    ] {
        server.check(command, absent);
        server.check("EXISTS k d", ":0");
        let words = command.replace(" k", " str");
        server.check(&words, "-WRONGTYPE Operation against a key holding the wrong kind of value");
    }
    for command in ["SADD str a", "SMOVE s str 1", "SMOVE s str x", "SMOVE str str x", "SINTER absent str"] {
        server.check(command, "-WRONGTYPE Operation against a key holding the wrong kind of value");
    }
    // An absent source comes before the destination's type.
    server.check("SMOVE k str a", ":0");
    server.check("SMEMBERS s", "<\"1\">");
}

#[test]
fn arguments_are_checked_in_the_order_of_redis() {
    let mut server = Fixture::new();
    server.check("SET str x", "+OK");
    server.check("SADD s 1 2 3", ":3");
    let not_positive = "-ERR value is out of range, must be positive";
    let not_an_integer = "-ERR value is not an integer or out of range";
    let numkeys = "-ERR numkeys should be greater than 0";
    let too_many = "-ERR Number of keys can't be greater than number of args";
    let limit = "-ERR LIMIT can't be negative";
    let syntax = "-ERR syntax error";
    for (command, expected) in [
        ("SPOP str x", not_positive),
        ("SPOP absent -1", not_positive),
        ("SPOP s 9223372036854775808", not_positive),
        ("SPOP s 1 2", syntax),
        ("SPOP s 0", "<>"),
        ("SRANDMEMBER str x", not_an_integer),
        ("SRANDMEMBER s 1 2", syntax),
        ("SRANDMEMBER s 0", "[]"),
        ("SRANDMEMBER s 9223372036854775807", "[\"1\", \"2\", \"3\"]"),
        (
            "SRANDMEMBER s -9223372036854775808",
            "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ),
        // Redis takes this one, and is killed when memory is used up.
        ("SRANDMEMBER s -9223372036854775807", "-ERR the reply would be larger than 1 GB"),
        ("SINTERCARD 0 s", numkeys),
        ("SINTERCARD -1 s", numkeys),
        ("SINTERCARD x s", numkeys),
        ("SINTERCARD 2 s", too_many),
        ("SINTERCARD 9223372036854775807 s", too_many),
        ("SINTERCARD 1 s LIMIT", syntax),
        ("SINTERCARD 1 str FOO", syntax),
        ("SINTERCARD 1 s FOO 1", syntax),
        ("SINTERCARD 1 s LIMIT x", limit),
        ("SINTERCARD 1 s LIMIT -1", limit),
        ("SINTERCARD 1 s LIMIT 99999999999999999999", limit),
        ("SINTERCARD 1 s limit 0", ":3"),
        ("SINTERCARD 1 s LIMIT 9223372036854775807", ":3"),
        ("SINTERCARD 1 s LIMIT 1 LIMIT 2", ":2"),
        ("SSCAN str x", "-ERR invalid cursor"),
        ("SSCAN s 0 COUNT 0", syntax),
        ("SSCAN s 0 COUNT x", not_an_integer),
        ("SSCAN s 0 MATCH", syntax),
        ("SSCAN absent 0 FOO", "[\"0\", []]"),
        ("SADD s", "-ERR wrong number of arguments for 'sadd' command"),
        ("SINTERCARD 1", "-ERR wrong number of arguments for 'sintercard' command"),
    ] {
        server.check(command, expected);
    }
    server.check("SPOP s 9223372036854775807", "<\"1\", \"2\", \"3\">");
    server.check("EXISTS s", ":0");
}

#[test]
fn encodings_follow_those_of_redis() {
    let mut server = Fixture::new();
    server.host.packed_limits.set_intset_entries = 3;
    server.check("SADD s 3 1 2", ":3");
    server.check("OBJECT ENCODING s", INTSET);
    server.check("SMEMBERS s", "<\"1\", \"2\", \"3\">");
    server.check("SADD s 3", ":0");
    server.check("OBJECT ENCODING s", INTSET);
    server.check("SADD s 4", ":1");
    server.check("OBJECT ENCODING s", HASHTABLE);
    server.check("SREM s 4", ":1");
    server.check("OBJECT ENCODING s", HASHTABLE);
    server.check("SINTERSTORE s s s", ":3");
    server.check("OBJECT ENCODING s", INTSET);
    server.check("SADD s -0", ":1");
    server.check("OBJECT ENCODING s", HASHTABLE);
    server.check("SUNIONSTORE t s", ":4");
    server.check("OBJECT ENCODING t", HASHTABLE);
    // The limit went down after the set was made: it stays as it is until it grows.
    server.check("SADD n 1 2 3", ":3");
    server.host.packed_limits.set_intset_entries = 2;
    server.check("SADD n 3", ":0");
    server.check("SREM n 9", ":0");
    server.check("OBJECT ENCODING n", INTSET);
    server.check("SADD n 9", ":1");
    server.check("OBJECT ENCODING n", HASHTABLE);
    server.host.packed_limits.set_intset_entries = 0;
    server.check("SADD none 1", ":1");
    server.check("OBJECT ENCODING none", HASHTABLE);
}

#[test]
fn a_difference_shows_how_redis_took_it() {
    let mut server = Fixture::new();
    server.check("SADD a x 1 2", ":3");
    server.check("SADD b x", ":1");
    server.check("SADD c 50 51 52 53 54 55 56 57 58 59 x", ":11");
    server.check("SDIFFSTORE d a b", ":2");
    server.check("OBJECT ENCODING d", INTSET);
    server.check("SDIFFSTORE d a b b b b b b b", ":2");
    server.check("OBJECT ENCODING d", HASHTABLE);
    server.check("SDIFFSTORE d a b b b b b b b c c", ":2");
    server.check("OBJECT ENCODING d", INTSET);
    server.check("SDIFFSTORE d c b b b b", ":10");
    server.check("OBJECT ENCODING d", HASHTABLE);
}

#[test]
fn forms_grow_at_their_limits() {
    let mut server = Fixture::new();
    for number in 1..=PACKED_MEMBERS_MAX {
        server.check(&format!("SADD s m{number}"), ":1");
    }
    assert_eq!(form(&mut server, "s"), Some(Form::SetPacked));
    server.check("SADD s m1", ":0");
    assert_eq!(form(&mut server, "s"), Some(Form::SetPacked));
    server.check("SADD s one-more", ":1");
    assert_eq!(form(&mut server, "s"), Some(Form::SetSpread));
    server.check("SCARD s", &format!(":{}", PACKED_MEMBERS_MAX + 1));
    assert_eq!(server.backend.count(SET_MEMBER), PACKED_MEMBERS_MAX as usize + 1);

    let fits = "x".repeat(PACKED_MEMBER_BYTES_MAX);
    server.check(&format!("SADD t 1 {fits}"), ":2");
    assert_eq!(form(&mut server, "t"), Some(Form::SetPacked));
    server.check(&format!("SADD t {fits}y"), ":1");
    assert_eq!(form(&mut server, "t"), Some(Form::SetSpread));
    check_members(&mut server, "SMEMBERS t", &format!("1 {fits} {fits}y"));

    for number in 0..600 {
        server.check(&format!("SADD n {number}"), ":1");
        let expected = if number < 512 { Form::SetIntset } else { Form::SetSpread };
        assert_eq!(form(&mut server, "n"), Some(expected));
    }
    server.run("DEL s t n");
    server.sweep();
    assert_eq!(server.backend.count(SET_MEMBER), 0);
}

#[test]
fn a_member_is_moved() {
    in_both_forms(&["a", "b"], |server| {
        server.run("SADD a x 1");
        server.run("SADD b y");
        server.run("SREM a first");
        server.run("SREM b first");
        server.check("SMOVE a b none", ":0");
        server.check("SMOVE a b x", ":1");
        check_members(server, "SMEMBERS b", "x y");
        server.check("SMOVE b b x", ":1");
        server.check("SMOVE b b none", ":0");
        server.check("SADD b 1", ":1");
        server.check("SMOVE a b 1", ":1");
        server.check("EXISTS a", ":0");
        check_members(server, "SMEMBERS b", "1 x y");
        server.check("SMOVE b a y", ":1");
        check_members(server, "SMEMBERS a", "y");
        server.run("DEL a b");
        server.sweep();
        assert_eq!(server.backend.count(SET_MEMBER), 0);
    });
}

#[test]
fn expiry_and_watch() {
    in_both_forms(&["s"], |server| {
        server.run("SADD s a b c");
        server.check("EXPIRE s 100", ":1");
        for command in ["SADD s d", "SREM s first", "SPOP s", "SPOP s 1", "SMOVE s t d", "SADD s 1 2 3"] {
            server.run(command);
            server.check("TTL s", ":100");
        }
        for (command, touches) in [
            ("SADD s 1", false),
            ("SREM s none", false),
            ("SMOVE s t none", false),
            ("SPOP s 0", false),
            ("SINTERSTORE none absent", false),
            ("SADD s new", true),
            ("SREM s new", true),
            ("SPOP s", true),
            ("SADD s old 1 2 3", true),
            ("SPOP s 1", true),
            ("SUNIONSTORE none s", true),
            ("SUNIONSTORE none absent", true),
        ] {
            server.run("WATCH s none");
            server.run(command);
            server.check("MULTI", "+OK");
            server.check("PING", "+QUEUED");
            server.check("EXEC", if touches { "nil array" } else { "[+PONG]" });
        }
        server.run("SUNIONSTORE s s");
        server.check("TTL s", ":-1");
        server.check("PEXPIRE s 10", ":1");
        server.now_ms += 11;
        server.check("SCARD s", ":0");
        server.check("SUNION s s", "<>");
        server.check("SADD s z", ":1");
        server.check("TTL s", ":-1");
        server.check("SMEMBERS s", "<\"z\">");
    });
}

#[test]
fn shapes_of_both_protocols() {
    let mut server = Fixture::new();
    for protocol in [Protocol::Resp2, Protocol::Resp3] {
        server.session.protocol = protocol;
        server.run("SADD s 1");
        for (command, expected) in [
            ("SMEMBERS s", "<\"1\">"),
            ("SINTER s s", "<\"1\">"),
            ("SUNION s", "<\"1\">"),
            ("SDIFF s none", "<\"1\">"),
            ("SRANDMEMBER s", "\"1\""),
            ("SRANDMEMBER s 1", "[\"1\"]"),
            ("SRANDMEMBER s -2", "[\"1\", \"1\"]"),
            ("SSCAN s 0", "[\"0\", [\"1\"]]"),
            ("SPOP s 1", "<\"1\">"),
        ] {
            server.check(command, expected);
        }
    }
}

#[test]
fn scans_meet_every_member() {
    let mut server = Fixture::new();
    server.check("SADD n 3 1 2", ":3");
    server.check("SSCAN n 77 COUNT 1", "[\"0\", [\"1\", \"2\", \"3\"]]");
    server.check("SSCAN n 0 MATCH 2", "[\"0\", [\"2\"]]");
    let names: Vec<String> = (0..400).map(|number| format!("m{number}")).collect();
    server.run(&format!("SADD s {}", names.join(" ")));
    let (mut cursor, mut seen, mut steps) = ("0".to_owned(), Vec::new(), 0);
    loop {
        let Reply::Array(parts) = server.run(&format!("SSCAN s {cursor} COUNT 7 MATCH m*")) else { panic!() };
        let [Reply::Bulk(next), found] = &parts[..] else { panic!() };
        seen.append(&mut members(found));
        steps += 1;
        // What comes and goes meanwhile does not disturb the walk.
        server.run(&format!("SADD s x{steps}"));
        server.run(&format!("SREM s x{}", steps - 1));
        cursor = String::from_utf8(next.clone()).unwrap();
        if cursor == "0" {
            break;
        }
    }
    assert!((50..=60).contains(&steps), "{steps} steps");
    let distinct: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!((seen.len(), distinct), (400, names.into_iter().collect()));
}

#[test]
fn picks_are_fair_and_of_the_right_number() {
    for size in [5, 60, 300] {
        let mut server = Fixture::new();
        let names: Vec<String> = (0..size).map(|number| format!("m{number}")).collect();
        server.run(&format!("SADD s {}", names.join(" ")));
        for wanted in [1, 2, size / 40 + 1, size / 2, size - 1, size, size + 1] {
            let picked = members(&server.run(&format!("SRANDMEMBER s {wanted}")));
            let distinct: BTreeSet<&String> = picked.iter().collect();
            assert_eq!((picked.len(), distinct.len()), (wanted.min(size), wanted.min(size)));
            assert_eq!(members(&server.run(&format!("SRANDMEMBER s -{wanted}"))).len(), wanted);
        }
        // Each member is picked 40 times on average, whichever way picks are made.
        let mut picked: BTreeMap<String, u32> = BTreeMap::new();
        let mut count =
            |reply: &Reply| members(reply).into_iter().for_each(|m| *picked.entry(m).or_default() += 1);
        for _ in 0..10 * size {
            count(&server.run("SRANDMEMBER s 1"));
        }
        for _ in 0..5 * size {
            count(&server.run("SRANDMEMBER s -2"));
        }
        for _ in 0..20 {
            count(&server.run(&format!("SRANDMEMBER s {}", size / 2)));
        }
        count(&server.run(&format!("SRANDMEMBER s -{}", 10 * size)));
        let expected = 10 + 10 + 20 * (size / 2) as u32 / size as u32 + 10;
        assert_eq!(picked.len(), size);
        for (member, times) in picked {
            assert!(times.abs_diff(expected) < 28, "{member} of {size}: {times} times");
        }
    }
}

#[test]
fn popped_members_are_gone() {
    for size in [3, 40, 128, 300] {
        for wanted in [1, 2, size / 50, size / 2, size * 9 / 10, size - 1] {
            let mut server = Fixture::new();
            let names: BTreeSet<String> = (0..size).map(|number| format!("m{number}")).collect();
            server.run(&format!("SADD s {}", names.iter().cloned().collect::<Vec<_>>().join(" ")));
            let popped = members(&server.run(&format!("SPOP s {wanted}")));
            assert_eq!(popped.len(), wanted.min(size));
            server.check("SCARD s", &format!(":{}", size - popped.len()));
            let left = members(&server.run("SMEMBERS s"));
            assert!(popped.iter().all(|member| names.contains(member)));
            let all: BTreeSet<String> = popped.into_iter().chain(left).collect();
            assert_eq!(all, names);
            while server.run("SPOP s") != Reply::Null {}
            server.check("EXISTS s", ":0");
            server.sweep();
            assert_eq!(server.backend.count(SET_MEMBER), 0);
        }
    }
}

#[test]
fn what_few_are_left_of_a_set_becomes_a_new_one() {
    let mut server = Fixture::new();
    let fill = |server: &mut Fixture, size: usize| {
        let names: Vec<String> = (0..size).map(|number| number.to_string()).collect();
        server.run(&format!("SADD s x {}", names.join(" ")));
        server.check("SREM s x", ":1");
        server.check("OBJECT ENCODING s", HASHTABLE);
    };
    for size in [100, 600] {
        fill(&mut server, size);
        server.run(&format!("SPOP s {}", size * 83 / 100));
        server.check("OBJECT ENCODING s", HASHTABLE);
        server.run("DEL s");
        fill(&mut server, size);
        server.run(&format!("SPOP s {}", size * 84 / 100));
        server.check("OBJECT ENCODING s", INTSET);
        server.run("DEL s");
    }
}

#[test]
fn a_result_may_be_larger_than_a_commit() {
    let mut server = Fixture::new();
    let member = |number: usize| format!("{number}{}", "x".repeat(100_000)).into_bytes();
    for (key, numbers) in [("a", 0..70), ("b", 60..130)] {
        let long: Vec<Vec<u8>> = numbers.map(member).collect();
        let mut words: Vec<&[u8]> = vec![b"SADD", key.as_bytes()];
        words.extend(long.iter().map(Vec::as_slice));
        server.check_words(&words, ":70");
    }
    server.check("SUNIONSTORE a a b", ":130");
    server.check_words(&[b"SMISMEMBER", b"a", &member(0), &member(65), &member(129)], "[:1, :1, :1]");
    server.check("SINTERCARD 2 a b", ":70");
    server.check("SDIFFSTORE d a b", ":60");
    server.check("SDIFFSTORE a a d b", ":0");
    server.check("EXISTS a", ":0");
    server.run("DEL b d");
    server.sweep();
    assert_eq!(server.backend.count(SET_MEMBER), 0);
}
