//! What commands ask of the engine, pinned: nobody makes HGET cost two reads unnoticed.
//!
//! A get reads one record, a seek begins a scan, a step moves it, a write is one record of a commit. Every command runs on a
//! server that has just started; a running one remembers the heads of keys, and so reads less for writes.

mod common;

use common::Fixture;

/// Commands on small values, each in one record.
const SMALL: &[(&str, &str)] = &[
    ("GET s", "1 get"),
    ("SET s other", "1 get, 1 write"),
    ("SET new value", "1 get, 2 writes"),
    ("DEL s", "1 get, 2 writes"),
    ("TYPE h", "1 get"),
    ("EXPIRE h 100", "1 get, 3 writes"),
    ("HGET h c", "1 get"),
    ("HGETALL h", "1 get"),
    ("HLEN h", "1 get"),
    ("HSET h c 4", "1 get, 1 write"),
    ("HSET h new 4", "1 get, 1 write"),
    ("HSET fresh a 1 b 2", "1 get, 3 writes"),
    ("HDEL h a", "1 get, 1 write"),
    ("HINCRBY h a 1", "1 get, 1 write"),
    ("DEL h", "1 get, 2 writes"),
    ("RENAME h g", "3 gets, 3 writes"),
    ("COPY h g", "3 gets, 2 writes"),
    ("SISMEMBER i 2", "1 get"),
    ("SADD i 9", "1 get, 1 write"),
    ("SADD m d", "1 get, 1 write"),
    ("SMEMBERS m", "1 get"),
    ("SPOP m", "1 get, 1 write"),
    ("SINTER i m", "2 gets"),
    ("SUNIONSTORE u i m", "3 gets, 2 writes"),
    ("ZADD z 2.5 d", "1 get, 1 write"),
    ("ZSCORE z b", "1 get"),
    ("ZRANK z b", "1 get"),
    ("ZRANGE z 0 -1", "1 get"),
    ("ZINCRBY z 5 a", "1 get, 1 write"),
    ("ZPOPMIN z", "1 get, 1 write"),
    ("RPUSH l d", "1 get, 1 write"),
    ("LPOP l", "1 get, 1 write"),
    ("LRANGE l 0 -1", "1 get"),
    ("LINDEX l 1", "1 get"),
    ("LMOVE l l LEFT RIGHT", "1 get, 1 write"),
];

/// Commands on values of 2000 elements.
const LARGE: &[(&str, &str)] = &[
    ("HGET h f1000", "2 gets"),
    ("HMGET h f1 f2 f3", "4 gets"),
    ("HLEN h", "1 get"),
    ("HSET h f1000 2", "2 gets, 1 write"),
    ("HSET h new 2", "2 gets, 2 writes"),
    ("HINCRBY h f1000 1", "3 gets, 1 write"),
    ("HDEL h f1000", "2 gets, 2 writes"),
    ("HSCAN h 0", "1 get, 1 seek, 11 steps"),
    ("DEL h", "1 get, 3 writes"),
    ("UNLINK z", "1 get, 3 writes"),
    ("RENAME h g", "3 gets, 3 writes"),
    ("SET z value", "1 get, 2 writes"),
    ("EXPIRE h 100", "1 get, 3 writes"),
    ("SISMEMBER m e1000", "2 gets"),
    ("SCARD m", "1 get"),
    ("SADD m new", "2 gets, 2 writes"),
    ("SADD m e1000", "3 gets"),
    ("SREM m e1000", "2 gets, 2 writes"),
    ("SRANDMEMBER m", "1 get, 11 seeks, 95 steps"),
    ("SPOP m", "2 gets, 11 seeks, 95 steps, 2 writes"),
    ("SMOVE m other e1000", "3 gets, 4 writes"),
    ("ZSCORE z e1000", "2 gets"),
    ("ZRANK z e1000", "2 gets, 2 seeks, 64 steps"),
    ("ZREVRANK z e1000", "2 gets, 2 seeks, 64 steps"),
    ("ZCOUNT z 500 1500", "1 get, 4 seeks, 230 steps"),
    ("ZRANGE z 0 9", "1 get, 1 seek, 10 steps"),
    ("ZRANGE z 1000 1009", "1 get, 3 seeks, 73 steps"),
    ("ZRANGE z -10 -1", "1 get, 3 seeks, 92 steps"),
    ("ZRANGE z 100 +inf BYSCORE LIMIT 1000 10", "1 get, 7 seeks, 248 steps"),
    ("ZRANGEBYSCORE z 1000 1009", "1 get, 1 seek, 11 steps"),
    ("ZADD z 3 new", "3 gets, 1 seek, 1 step, 4 writes"),
    ("ZADD z 3 e1000", "3 gets, 2 seeks, 2 steps, 5 writes"),
    ("ZADD z 1000 e1000", "2 gets"),
    ("ZINCRBY z 1 e1000", "3 gets, 2 seeks, 2 steps, 4 writes"),
    ("ZREM z e1000", "2 gets, 1 seek, 1 step, 4 writes"),
    ("ZPOPMIN z", "2 gets, 2 seeks, 2 steps, 4 writes"),
    ("ZREMRANGEBYRANK z 1000 1000", "2 gets, 4 seeks, 65 steps, 4 writes"),
    ("ZRANDMEMBER z", "1 get, 11 seeks, 95 steps"),
    ("LLEN l", "1 get"),
    ("RPUSH l new", "1 get, 1 write"),
    ("LPUSH l new", "1 get, 1 write"),
    ("RPOP l", "1 get, 1 write"),
    ("LPOP l", "1 get, 1 write"),
    ("LINDEX l 0", "1 get"),
    ("LINDEX l 1000", "2 gets, 2 seeks, 12 steps"),
    ("LRANGE l 0 9", "1 get"),
    ("LRANGE l 1000 1009", "1 get, 3 seeks, 13 steps"),
    ("LSET l 1000 x", "2 gets, 2 seeks, 12 steps, 1 write"),
    ("LTRIM l 0 99", "1 get, 1 seek, 28 steps, 3 writes"),
    ("RPOPLPUSH l l", "1 get, 1 write"),
];

#[test]
fn small_values_cost_one_record() {
    let mut server = Fixture::new();
    for request in [
        "SET s value",
        "HSET h a 1 b 2 c 3 d 4 e 5",
        "SADD i 1 2 3",
        "SADD m a b c",
        "ZADD z 1 a 2 b 3 c",
        "RPUSH l a b c",
    ] {
        server.run(request);
    }
    check(&server, SMALL);
}

#[test]
fn large_values_cost_what_is_asked_of_them() {
    let mut server = Fixture::new();
    for number in 0..2000 {
        for request in [
            format!("HSET h f{number} {number}"),
            format!("SADD m e{number}"),
            format!("ZADD z {number} e{number}"),
            format!("RPUSH l element:{number}"),
        ] {
            server.run(&request);
        }
    }
    check(&server, LARGE);
}

/// Runs each command on the same data, fresh after a start.
fn check(prepared: &Fixture, expected: &[(&str, &str)]) {
    let mut found = Vec::new();
    for (command, _) in expected {
        let mut server = Fixture::on(prepared.backend.snapshot());
        let reply = server.run(command);
        assert!(!reply.is_error(), "{command}: {reply:?}");
        found.push((*command, server.counts.take().to_string()));
    }
    let found: Vec<(&str, &str)> = found.iter().map(|(command, cost)| (*command, cost.as_str())).collect();
    let shown: String =
        found.iter().map(|(command, cost)| format!("    (\"{command}\", \"{cost}\"),\n")).collect();
    assert!(found == expected, "costs have changed; if that is wanted, this is the new table:\n{shown}");
}
