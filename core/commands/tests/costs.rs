//! What commands ask of the engine, pinned: nobody makes HGET cost two reads unnoticed.
//!
//! A get reads one record, a batch several in one crossing, a seek begins a scan, a step moves it, a write is one record of a commit. Every command runs on a
//! server that has just started; a running one remembers the heads of keys, and so reads less for writes.

mod common;

use common::Fixture;
use dredis_commands::Reply;

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
    ("SINTER i m", "1 batch of 2"),
    ("SUNIONSTORE u i m", "1 get, 1 batch of 2, 2 writes"),
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
    ("HMGET h f1 f2 f3", "1 get, 1 batch of 3"),
    ("HLEN h", "1 get"),
    ("HSET h f1000 2", "2 gets, 1 write"),
    ("HSET h new 2", "2 gets, 2 writes"),
    ("HSET h f1 2 f2 2 new 2 f1 3", "1 get, 1 batch of 3, 4 writes"),
    ("HSETNX h f1000 2", "2 gets"),
    ("HSETNX h new 2", "2 gets, 2 writes"),
    ("HINCRBY h f1000 1", "2 gets, 1 write"),
    ("HINCRBYFLOAT h new 1.5", "2 gets, 2 writes"),
    ("HDEL h f1000", "2 gets, 2 writes"),
    ("HDEL h f1 f2 f3", "1 get, 1 batch of 3, 4 writes"),
    ("HSCAN h 0", "1 get, 1 seek, 11 steps"),
    ("DEL h", "1 get, 3 writes"),
    ("UNLINK z", "1 get, 3 writes"),
    ("RENAME h g", "3 gets, 3 writes"),
    ("SET z value", "1 get, 2 writes"),
    ("EXPIRE h 100", "1 get, 3 writes"),
    ("SISMEMBER m e1000", "2 gets"),
    ("SCARD m", "1 get"),
    ("SADD m new", "2 gets, 2 writes"),
    ("SADD m e1000", "2 gets"),
    ("SADD m e1 e2 new other", "1 get, 1 batch of 4, 3 writes"),
    ("SREM m e1 e2 e3", "1 get, 1 batch of 3, 4 writes"),
    ("SREM m e1000", "2 gets, 2 writes"),
    ("SRANDMEMBER m", "1 get, 3 seeks, 50 steps"),
    ("SPOP m", "1 get, 3 seeks, 50 steps, 2 writes"),
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
    ("ZADD z 3 new", "2 gets, 1 seek, 1 step, 4 writes"),
    ("ZADD z 3 e1000", "2 gets, 2 seeks, 2 steps, 5 writes"),
    ("ZADD z 1000 e1000", "2 gets"),
    ("ZADD z 1 e1 2 e2 3 e3", "1 get, 1 batch of 3"),
    ("ZADD z XX 1 e1 7 e2 3 e3 8 new", "1 get, 1 batch of 4, 2 seeks, 2 steps, 3 writes"),
    ("ZINCRBY z 1 new", "2 gets, 1 seek, 1 step, 4 writes"),
    ("ZINCRBY z 1 e1000", "2 gets, 2 seeks, 2 steps, 3 writes"),
    ("ZREM z e1000", "2 gets, 1 seek, 1 step, 4 writes"),
    ("ZREM z e1 e2 e3", "1 get, 1 batch of 3, 3 seeks, 3 steps, 8 writes"),
    ("ZPOPMIN z 3", "1 get, 1 batch of 3, 2 seeks, 4 steps, 8 writes"),
    ("ZPOPMIN z", "2 gets, 2 seeks, 2 steps, 4 writes"),
    ("ZREMRANGEBYRANK z 1000 1000", "2 gets, 4 seeks, 65 steps, 4 writes"),
    ("ZRANDMEMBER z", "1 get, 3 seeks, 50 steps"),
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

/// Whatever takes away, or moves, a value of 2000 elements as a whole: as much as for a value of any other size.
const WHOLE: &[(&str, &str)] = &[
    ("DEL h", "1 get, 3 writes"),
    ("DEL m", "1 get, 3 writes"),
    ("DEL z", "1 get, 3 writes"),
    ("DEL l", "1 get, 3 writes"),
    ("UNLINK h", "1 get, 3 writes"),
    ("UNLINK m", "1 get, 3 writes"),
    ("UNLINK z", "1 get, 3 writes"),
    ("UNLINK l", "1 get, 3 writes"),
    ("DEL h m z l", "4 gets, 9 writes"),
    ("EXPIRE h -1", "1 get, 3 writes"),
    ("PEXPIREAT z 1", "1 get, 3 writes"),
    ("RENAME h g", "3 gets, 3 writes"),
    ("RENAME m g", "3 gets, 3 writes"),
    ("RENAME z g", "3 gets, 3 writes"),
    ("RENAME l g", "3 gets, 3 writes"),
    ("RENAME z l", "3 gets, 4 writes"),
    ("RENAMENX z g", "3 gets, 3 writes"),
    ("MOVE m 1", "3 gets, 4 writes"),
    ("SET h value", "1 get, 2 writes"),
    ("SET m value", "1 get, 2 writes"),
    ("SET z value", "1 get, 2 writes"),
    ("SET l value", "1 get, 2 writes"),
    ("MSET h value z value", "2 gets, 4 writes"),
    ("SINTERSTORE h m none", "1 get, 1 batch of 2, 3 writes"),
    ("ZUNIONSTORE m 1 none", "2 gets, 3 writes"),
    ("SORT none STORE z", "2 gets, 3 writes"),
    ("FLUSHDB", "3 writes"),
    ("FLUSHALL", "3 writes"),
    ("SWAPDB 0 1", "2 writes"),
    ("LTRIM l 1 0", "1 get, 3 writes"),
    ("ZREMRANGEBYRANK z 0 -1", "1 get, 3 writes"),
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
    check(&server, WHOLE);
}

#[test]
fn large_values_expire_at_the_cost_of_small_ones() {
    let mut server = Fixture::new();
    for number in 0..2000 {
        for request in ["HSET h", "SADD m", "RPUSH l"] {
            let value = if request == "HSET h" { " value" } else { "" };
            server.run(&format!("{request} element:{number}{value}"));
        }
        server.run(&format!("ZADD z {number} element:{number}"));
    }
    for key in ["h", "m", "z", "l"] {
        server.check(&format!("PEXPIRE {key} 1"), ":1");
    }
    server.now_ms += 10;
    // Whoever writes to an expired key takes it away, and so does the sweep of what has expired.
    for key in ["h", "m", "z", "l"] {
        let mut server = Fixture::at(server.backend.snapshot(), server.now_ms);
        server.check(&format!("APPEND {key} text"), ":4");
        assert_eq!(server.counts.take().to_string(), "1 get, 4 writes", "APPEND to {key}");
    }
    let mut server = Fixture::at(server.backend.snapshot(), server.now_ms);
    let mut txn = server.writable();
    assert_eq!(txn.sweep_expired(100).expect("the map never fails").removed, 4);
    txn.commit().expect("the map never fails");
    assert_eq!(server.counts.take().to_string(), "4 gets, 1 seek, 5 steps, 13 writes");
}

/// What a transaction has removed already is not looked at again and again.
#[test]
fn a_queue_that_is_emptied_in_one_transaction_costs_the_same_for_each_element() {
    const ELEMENTS: u64 = 2000;
    let mut server = Fixture::new();
    for number in 0..ELEMENTS + 500 {
        server.run(&format!("ZADD z {number} e{number}"));
        server.run(&format!("SADD m e{number}"));
        server.run(&format!("RPUSH l {number:0500}"));
        server.run(&format!("HSET h f{number} 1"));
    }
    // How many steps and seeks one of them may cost. What is picked at random is found in a few tries.
    for (command, seeks_max, steps_max) in
        [("ZPOPMIN z", 6, 12), ("ZPOPMAX z", 6, 12), ("LPOP l", 2, 3), ("RPOP l", 2, 3), ("SPOP m", 5, 120)]
    {
        let mut server = Fixture::on(server.backend.snapshot());
        server.run("MULTI");
        for _ in 0..ELEMENTS {
            server.run(command);
        }
        server.counts.take();
        let Reply::Array(replies) = server.run("EXEC") else { panic!("{command}") };
        assert!(replies.len() as u64 == ELEMENTS && !replies.contains(&Reply::Null), "{command}");
        let cost = server.counts.take();
        println!("{command}: {cost}");
        assert!(
            cost.seeks <= seeks_max * ELEMENTS && cost.steps <= steps_max * ELEMENTS,
            "{command}: {cost}"
        );
    }
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
