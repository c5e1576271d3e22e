//! What commands ask of the engine, pinned: nobody makes HGET cost two reads unnoticed.
//!
//! A get reads one record, a seek begins a scan, a step moves it, a write is one record of a commit. What the writer remembers
//! of keys from before (their heads) is not read again; `fresh` commands run on a server that has just started.

mod common;

use common::Fixture;
use common::counting::Cost;

/// What there is before each command, each under its own key.
const SMALL: &[&str] = &[
    "SET s value",
    "HSET h a 1 b 2 c 3 d 4 e 5",
    "SADD i 1 2 3",
    "SADD m a b c",
    "ZADD z 1 a 2 b 3 c",
    "RPUSH l a b c",
];

/// Command, and what it costs on a fresh server with these small values.
const SMALL_COSTS: &[(&str, &str)] = &[];

#[test]
fn small_values_cost_one_record() {
    check(SMALL, SMALL_COSTS);
}

fn check(setup: &[&str], expected: &[(&str, &str)]) {
    let mut wrong = String::new();
    for (command, cost) in expected {
        let mut server = Fixture::new();
        for request in setup {
            assert!(!server.run(request).is_error(), "{request}");
        }
        server.restart();
        server.counts.take();
        let reply = server.run(command);
        assert!(!reply.is_error(), "{command}: {reply:?}");
        let found: Cost = server.counts.take();
        if found.to_string() != *cost {
            wrong.push_str(&format!("    (\"{command}\", \"{found}\"),\n"));
        }
    }
    assert!(wrong.is_empty(), "costs have changed; if that is wanted, the table says now:\n{wrong}");
}
