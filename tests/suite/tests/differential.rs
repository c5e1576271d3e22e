//! Generated sequences of commands answer on every backend as they do in Redis.

use std::time::Instant;

use dredis_suite::differential::{self, Plan};
use dredis_suite::generator::{Generator, Row, families};
use dredis_suite::random::{number_from_environment, seed_or};
use dredis_suite::{Backend, Client, RedisServer, Server, Value, on_durable_backends, on_every_backend};

on_every_backend!(generated_sequences_answer_as_in_redis);
on_durable_backends!(data_is_the_same_after_a_crash);

fn generated_sequences_answer_as_in_redis(backend: Backend) {
    let Some(redis) = RedisServer::start_or_skip("generated sequences") else { return };
    let server = Server::start(backend);
    let generator = Generator::new(known_rows(&mut server.client()));
    differential::run(backend.name(), &generator, redis.address(), server.address(), &plan(20_000));
}

fn data_is_the_same_after_a_crash(backend: Backend) {
    let Some(redis) = RedisServer::start_or_skip("data after a crash") else { return };
    let mut server = Server::start(backend);
    let generator = Generator::new(known_rows(&mut server.client()));
    let plan = plan(1000);
    for seed in plan.seed..plan.seed + 8 {
        let started = Instant::now();
        let sequence = generator.sequence(seed, plan.steps);
        if let Err(difference) = differential::play(&sequence, redis.address(), server.address()) {
            panic!("seed {seed}, before the crash: {difference:?}");
        }
        server.restart();
        if let Err(difference) = differential::compare_data(redis.address(), server.address(), started) {
            panic!("seed {seed}, after the crash: {difference:?}");
        }
    }
}

fn plan(requests: u64) -> Plan {
    let number = |name: &str, default: u64| number_from_environment(name).unwrap_or(default) as usize;
    Plan {
        seed: seed_or(1),
        requests: number("DREDIS_OPS", requests),
        steps: number("DREDIS_STEPS", 250),
        differences_max: number("DREDIS_DIFFERENCES", 3),
    }
}

/// The rows whose commands the server has.
fn known_rows(client: &mut Client) -> Vec<&'static Row> {
    let mut has = |name: &str| {
        let reply = client.call(&["COMMAND", "INFO", name]).expect("COMMAND INFO is answered");
        matches!(reply.value.elements(), Some([Value::Array(fields)]) if !fields.is_empty())
    };
    // An unknown command is a row of its own.
    families::rows()
        .filter(|row| row.command_names().iter().all(|name| name == "gett" || has(name)))
        .collect()
}
