//! The differential test: the same sequence against redis-server and against dredis, every reply compared.

mod play;
mod shrink;
mod sorting;

use std::net::SocketAddr;

use crate::generator::{Action, Generator, Sequence};
use crate::notation::{shorten, show_request};

pub use play::{Difference, compare_data, play};

/// What a run does.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Where the seeds begin.
    pub seed: u64,
    /// About how many requests to send.
    pub requests: usize,
    /// How many steps make a sequence.
    pub steps: usize,
    /// After how many differences to stop.
    pub differences_max: usize,
}

/// Runs generated sequences against both servers, and panics with shrunk ones if they differ.
pub fn run(name: &str, generator: &Generator<'_>, redis: SocketAddr, dredis: SocketAddr, plan: &Plan) {
    let mut reports: Vec<String> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let mut requests = 0;
    let mut seed = plan.seed;
    while requests < plan.requests && seen.len() < plan.differences_max {
        let sequence = generator.sequence(seed, plan.steps);
        requests += sequence.requests();
        if let Err(found) = play(&sequence, redis, dredis) {
            let (sequence, difference) = shrink::shrink(&sequence, &found, redis, dredis);
            if !seen.contains(&difference.kind()) {
                seen.push(difference.kind());
                reports.push(report(name, seed, plan, &sequence, &difference));
            }
            if difference.server_is_gone {
                break;
            }
        }
        seed = seed.wrapping_add(1);
    }
    assert!(reports.is_empty(), "{}", reports.join("\n"));
    println!("{name}: {requests} requests agreed, seeds {} to {}", plan.seed, seed.wrapping_sub(1));
}

fn report(name: &str, seed: u64, plan: &Plan, sequence: &Sequence, difference: &Difference) -> String {
    let mut text = format!(
        "{name} differs from Redis. DREDIS_SEED={seed} DREDIS_STEPS={} DREDIS_OPS=1 repeats it. RESP{}:\n",
        plan.steps, sequence.protocol
    );
    let actions =
        sequence.steps.iter().flat_map(|step| step.actions.iter().map(|action| (step.connection, action)));
    for (connection, action) in actions {
        let line = match action {
            Action::Call(request) => show_request(request),
            Action::Iterate(request) => {
                format!("{}   (carried on until the cursor is 0)", show_request(request))
            }
            Action::Exchange(first, second) => {
                format!("{}, to the other server: {}", show_request(first), show_request(second))
            }
            Action::Inspect => "(a look at every key)".to_owned(),
        };
        text.push_str(&format!("  {connection}> {}\n", shorten(&line, 400)));
    }
    text.push_str(&format!(
        "  the reply to: {}\n    redis:  {}\n    dredis: {}\n",
        shorten(&difference.request, 400),
        shorten(&difference.redis, 600),
        shorten(&difference.dredis, 600)
    ));
    text
}
