//! SCAN, KEYS and RANDOMKEY.

#![expect(clippy::unwrap_used, reason = "functions that only tests call")]

mod common;

use std::collections::BTreeMap;

use common::{Fixture, show};
use dredis_commands::Reply;
use dredis_data::Random;

fn parts(reply: Reply) -> (String, Vec<Vec<u8>>) {
    let Reply::Array(parts) = reply else { panic!("{reply:?}") };
    let [Reply::Bulk(cursor), Reply::Array(keys)] = &parts[..] else { panic!("{parts:?}") };
    let keys = keys.iter().map(|key| match key {
        Reply::Bulk(key) => key.clone(),
        other => panic!("{other:?}"),
    });
    (String::from_utf8(cursor.clone()).unwrap(), keys.collect())
}

/// A whole walk, and how many steps it took.
fn walk(server: &mut Fixture, options: &str) -> (Vec<Vec<u8>>, usize) {
    let mut cursor = "0".to_owned();
    let mut found = Vec::new();
    for steps in 1.. {
        let (next, keys) = parts(server.run(&format!("SCAN {cursor} {options}")));
        found.extend(keys);
        if next == "0" {
            return (found, steps);
        }
        cursor = next;
    }
    unreachable!()
}

fn fill(server: &mut Fixture, count: usize, prefix: &str) {
    for number in 0..count {
        server.run(&format!("SET {prefix}{number:05} v"));
    }
}

#[test]
fn a_walk_meets_each_key_once() {
    let mut server = Fixture::new();
    fill(&mut server, 100, "key:");
    let (found, steps) = walk(&mut server, "");
    assert_eq!((found.len(), steps), (100, 10));
    let (found, steps) = walk(&mut server, "COUNT 7");
    assert_eq!((found.len(), steps), (100, 15));
    let (found, steps) = walk(&mut server, "COUNT 9223372036854775807");
    assert_eq!((found.len(), steps), (100, 1));
}

#[test]
fn a_walk_meets_what_stays_while_others_come_and_go() {
    let mut server = Fixture::new();
    fill(&mut server, 200, "stays:");
    let mut cursor = "0".to_owned();
    let mut found = Vec::new();
    let mut random = Random::new(3);
    loop {
        let (next, keys) = parts(server.run(&format!("SCAN {cursor} COUNT 5")));
        found.extend(keys.into_iter().filter(|key| key.starts_with(b"stays:")));
        if next == "0" {
            break;
        }
        cursor = next;
        let number = random.below(200);
        server.run(&format!("SET stays:{number:05}x v"));
        server.run(&format!("SET a{number} v"));
        server.run(&format!("DEL a{} stays:{:05}x", random.below(200), random.below(200)));
    }
    found.retain(|key| !key.ends_with(b"x"));
    assert_eq!(found.len(), 200);
}

#[test]
fn a_literal_beginning_is_all_that_is_read() {
    let mut server = Fixture::new();
    fill(&mut server, 300, "other:");
    fill(&mut server, 25, "user:1*");
    let (found, steps) = walk(&mut server, r"MATCH user:1\** COUNT 10");
    assert_eq!((found.len(), steps), (25, 3));
    let (found, steps) = walk(&mut server, "MATCH user:1*00003 COUNT 1000");
    assert_eq!((found.len(), steps), (1, 1));
    // Plain bytes alone are one look-up.
    let (found, steps) = walk(&mut server, "MATCH other:00007 COUNT 1");
    assert_eq!((found.len(), steps), (1, 1));
    let (found, steps) = walk(&mut server, "MATCH nobody:* COUNT 1");
    assert_eq!((found.len(), steps), (0, 1));
}

#[test]
fn long_keys_are_walked_too() {
    let mut server = Fixture::with_key_bytes_max(255);
    let long = "l".repeat(300);
    fill(&mut server, 40, &long);
    fill(&mut server, 5, "short:");
    let (mut found, _) = walk(&mut server, "COUNT 3");
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 45);
    let (found, _) = walk(&mut server, &format!("MATCH {long}0001* COUNT 3"));
    assert_eq!(found.len(), 10);
    server.check(&format!("KEYS {long}00011"), &format!("[\"{long}00011\"]"));
}

#[test]
fn cursors() {
    let mut server = Fixture::new();
    fill(&mut server, 30, "key:");
    for cursor in ["x", "-", "1x", "18446744073709551616", "0x0"] {
        server.check(&format!("SCAN {cursor}"), "-ERR invalid cursor");
    }
    server.check_words(&[b"SCAN", b" 0"], "-ERR invalid cursor");
    server.check("SCAN x FOO", "-ERR invalid cursor");
    for cursor in ["+0", "-0", "00"] {
        assert_eq!(parts(server.run(&format!("SCAN {cursor}"))).1.len(), 10);
    }
    assert_eq!(parts(server.run_words(&[b"SCAN", b""])).1.len(), 10);
    let (cursor, _) = parts(server.run("SCAN 0"));
    let again = [format!("SCAN {cursor}"), format!("SCAN +{cursor}")].map(|scan| parts(server.run(&scan)).1);
    assert_eq!(again[0], again[1]);
    server.host.forget_cursors();
    let refused = show(&server.run(&format!("SCAN {cursor}")));
    assert!(refused.starts_with("-ERR invalid cursor: "), "{refused}");
    server.check(&format!("SCAN {cursor} COUNT 0"), "-ERR syntax error");
}

#[test]
fn options_of_scan() {
    let mut server = Fixture::new();
    fill(&mut server, 3, "key:");
    for options in ["COUNT 0", "COUNT -1", "COUNT", "MATCH", "TYPE", "FOO", "FOO 1", "MATCH * COUNT"] {
        server.check(&format!("SCAN 0 {options}"), "-ERR syntax error");
    }
    server.check("SCAN 0 COUNT x", "-ERR value is not an integer or out of range");
    server.check("SCAN 0 COUNT x FOO", "-ERR value is not an integer or out of range");
    assert_eq!(walk(&mut server, "TYPE STRING count 2").0.len(), 3);
    assert_eq!(walk(&mut server, "TYPE hash").0.len(), 0);
    assert_eq!(walk(&mut server, "TYPE nonsense MATCH *").0.len(), 0);
}

#[test]
fn expired_keys_are_not_listed() {
    let mut server = Fixture::new();
    server.check("MSET a 1 b 2", "+OK");
    server.check("PEXPIRE a 10", ":1");
    server.now_ms += 11;
    server.check("KEYS *", "[\"b\"]");
    server.check("KEYS a", "[]");
    server.check("SCAN 0", "[\"0\", [\"b\"]]");
    server.check("RANDOMKEY", "\"b\"");
}

#[test]
fn keys_takes_patterns() {
    let mut server = Fixture::new();
    server.check("MSET hello 1 hallo 2 hxllo 3 h*llo 4", "+OK");
    server.check_words(&[b"SET", b"", b"5"], "+OK");
    server.check("KEYS h[ae]llo", "[\"hallo\", \"hello\"]");
    server.check(r"KEYS h\*llo", "[\"h*llo\"]");
    server.check("KEYS hello", "[\"hello\"]");
    server.check("KEYS *", "[\"\", \"h*llo\", \"hallo\", \"hello\", \"hxllo\"]");
    server.check("KEYS **", "[\"h*llo\", \"hallo\", \"hello\", \"hxllo\"]");
    server.check_words(&[b"KEYS", b""], "[\"\"]");
    fill(&mut server, 1200, "many:");
    let Reply::Array(found) = server.run("KEYS many:*") else { panic!() };
    assert_eq!(found.len(), 1200);
}

/// Pearson's statistic for `draws` over cells that should come equally often, as standard deviations from what
/// is expected of it.
fn deviation(counts: &[u64]) -> f64 {
    let draws: u64 = counts.iter().sum();
    let expected = draws as f64 / counts.len() as f64;
    let statistic: f64 = counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
    let freedom = counts.len() as f64 - 1.0;
    (statistic - freedom) / (2.0 * freedom).sqrt()
}

/// Names of very different likeness: clusters that share long beginnings, and loose ones.
fn clustered(number: u64) -> String {
    match number % 4 {
        0 => format!("session:{:08}", number * 7919),
        1 => format!("user:{}:profile", number),
        2 => format!("{:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        _ => format!("{}{}", "z".repeat(80), number),
    }
}

fn fairness(keys: u64, draws: u64, cells: usize) -> f64 {
    let mut server = Fixture::with_key_bytes_max(64);
    let mut places = BTreeMap::new();
    {
        let mut txn = server.writable();
        for number in 0..keys {
            let name = clustered(number).into_bytes();
            txn.write_string((0, &name), None, None, b"v", dredis_data::string::Style::Plain).unwrap();
            places.insert(name, 0);
        }
        txn.commit().unwrap();
    }
    // Neighbours in the order of keys share a cell.
    for (place, cell) in places.values_mut().enumerate() {
        *cell = place * cells / keys as usize;
    }
    let mut counts = vec![0_u64; cells];
    let mut random = Random::new(2024);
    let txn = dredis_data::Transaction::read_only(&server.store, server.now_ms);
    for _ in 0..draws {
        let key = txn.random_key(0, &mut random).unwrap().unwrap();
        counts[places[&key]] += 1;
    }
    deviation(&counts)
}

#[test]
fn random_keys_are_fair_among_few() {
    let deviation = fairness(500, 4_000, 500);
    assert!(deviation.abs() < 4.0, "{deviation}");
}

#[test]
fn random_keys_are_fair_key_by_key() {
    let deviation = fairness(2_000, 8_000, 1_000);
    assert!(deviation.abs() < 4.0, "{deviation}");
}

#[test]
fn random_keys_are_fair_among_many() {
    let deviation = fairness(20_000, 4_000, 200);
    assert!(deviation.abs() < 4.0, "{deviation}");
}

#[test]
fn random_keys_are_live() {
    let mut server = Fixture::new();
    server.check("RANDOMKEY", "nil");
    for number in 0..1000 {
        let expiry = if number % 2 == 0 { "PX 10" } else { "" };
        server.run(&format!("SET key:{number} v {expiry}"));
    }
    server.now_ms += 11;
    for _ in 0..200 {
        let Reply::Bulk(key) = server.run("RANDOMKEY") else { panic!("no key") };
        assert_eq!(server.run_words(&[b"EXISTS", &key]), Reply::Integer(1));
    }
    server.run("PEXPIRE key:1 5");
    for number in 0..1000 {
        server.run(&format!("PEXPIRE key:{number} 5"));
    }
    server.now_ms += 6;
    server.check("RANDOMKEY", "nil");
}
