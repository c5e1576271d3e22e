//! Makes a sequence that shows a difference as short as it gets, by leaving out steps and trying again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::play::{Difference, play};
use crate::generator::{Action, Sequence, Step};

/// How long to go on.
const TIME_MAX: Duration = Duration::from_secs(60);
/// Arguments up to this length are left as they are.
const ARGUMENT_BYTES_KEPT: usize = 64;

/// A shorter sequence that differs too, and its difference.
pub(super) fn shrink(
    sequence: &Sequence,
    found: &Difference,
    redis: SocketAddr,
    dredis: SocketAddr,
) -> (Sequence, Difference) {
    let deadline = Instant::now() + TIME_MAX;
    let mut best = (sequence.clone(), found.clone());
    let mut attempt = |steps: Vec<Step>, best: &mut (Sequence, Difference)| {
        if steps.is_empty() || best.1.server_is_gone || Instant::now() > deadline {
            return false;
        }
        let shorter = Sequence { steps, ..best.0.clone() };
        match play(&shorter, redis, dredis) {
            Err(difference) if !difference.server_is_gone => {
                *best = (shorter, difference);
                true
            }
            _ => false,
        }
    };
    leave_out(&mut best, &mut attempt);
    split_steps(&mut best, &mut attempt);
    leave_out(&mut best, &mut attempt);
    join_connections(&mut best, &mut attempt);
    shorten_arguments(&mut best, &mut attempt);
    best
}

type Best = (Sequence, Difference);

/// Leaves out runs of steps, long ones first.
fn leave_out(best: &mut Best, attempt: &mut impl FnMut(Vec<Step>, &mut Best) -> bool) {
    let mut length = best.0.steps.len().div_ceil(2);
    while length > 0 {
        let mut end = best.0.steps.len();
        while end > 0 {
            let start = end.saturating_sub(length);
            let mut steps = best.0.steps.clone();
            steps.drain(start..end);
            attempt(steps, best);
            end = start.min(best.0.steps.len());
        }
        length /= 2;
    }
}

/// Takes apart the steps of several actions of which one alone would do. Not those with a time that is past: they
/// belong together.
fn split_steps(best: &mut Best, attempt: &mut impl FnMut(Vec<Step>, &mut Best) -> bool) {
    let names_past = |step: &Step| {
        let requests = step.actions.iter().filter_map(Action::request);
        requests.flatten().any(|word| word.eq_ignore_ascii_case(b"PXAT"))
    };
    let is_whole = |step: &Step| step.actions.len() == 1 || names_past(step);
    let split = best.0.steps.iter().flat_map(|step| {
        let connection = step.connection;
        if is_whole(step) {
            return vec![step.clone()];
        }
        step.actions.iter().map(|action| Step { connection, actions: vec![action.clone()] }).collect()
    });
    let split = split.collect();
    attempt(split, best);
}

/// Lets one connection do everything, if that shows it, too.
fn join_connections(best: &mut Best, attempt: &mut impl FnMut(Vec<Step>, &mut Best) -> bool) {
    let joined = best.0.steps.iter().map(|step| Step { connection: 0, ..step.clone() }).collect();
    attempt(joined, best);
}

/// Cuts long arguments.
fn shorten_arguments(best: &mut Best, attempt: &mut impl FnMut(Vec<Step>, &mut Best) -> bool) {
    let longest = |steps: &[Step]| {
        let requests = steps.iter().flat_map(|step| &step.actions).filter_map(Action::request);
        requests.flatten().filter(|word| word.len() > ARGUMENT_BYTES_KEPT).cloned().collect::<Vec<_>>()
    };
    for long in longest(&best.0.steps) {
        for keep in [ARGUMENT_BYTES_KEPT, long.len() / 4, long.len() / 2] {
            let short = &long[..keep.min(long.len())];
            if attempt(replaced(&best.0.steps, &long, short), best) {
                break;
            }
        }
    }
}

/// The steps with every word `from` replaced.
fn replaced(steps: &[Step], from: &[u8], to: &[u8]) -> Vec<Step> {
    let mut steps = steps.to_vec();
    for action in steps.iter_mut().flat_map(|step| &mut step.actions) {
        let request = match action {
            Action::Call(request) | Action::Iterate(request) | Action::Exchange(_, request) => Some(request),
            Action::Inspect => None,
        };
        if let Some(request) = request {
            for word in request.iter_mut().filter(|word| *word == from) {
                *word = to.to_vec();
            }
        }
    }
    steps
}
