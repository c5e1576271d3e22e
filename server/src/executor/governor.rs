//! Decides how many workers take part: as many as find a processor that is not needed by others.
//!
//! One worker suffices, and does more than two would, while the clients keep the other processors busy. The decision is made in turns of a
//! fraction of a second: if the workers have all they can do and processors idle beside them, more take part; if they need
//! less than there are, or no processor idles, one fewer is tried, and more and more rarely if that turns out wrong.

use std::fs;
use std::time::Duration;

use crate::host::process;

/// How long figures are taken together.
pub(super) const TURN: Duration = Duration::from_millis(100);
/// The workers are busy if they use this part of their time.
const BUSY: f64 = 0.8;
/// So many processors must idle for one more worker to find one.
const ROOM: f64 = 0.5;
/// If no more than this idles, workers may stand in the clients' way.
const CROWDED: f64 = 0.1;
/// One worker fewer could do the work if they use that much less than there are.
const SLACK: f64 = 0.9;
/// A server that uses less has nothing to do: the next load is a new one.
const AT_REST: f64 = 0.1;
/// How long after a worker too few another try is made: at first, and at most.
const RETRY_MIN: Duration = Duration::from_secs(2);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// What a turn showed, in processors or workers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Processors that idled.
    pub idle: f64,
    /// Workers' time in use: on a processor, or waiting within engine calls.
    pub used: f64,
}

/// The decision, from turn to turn.
pub(super) struct Governor {
    max: usize,
    active: usize,
    /// How long until one fewer is tried again, after it turned out wrong.
    retry: Duration,
    wait: Duration,
    /// One fewer was tried in the turn before.
    is_trying: bool,
}

impl Governor {
    /// At most `max` workers.
    pub fn new(max: usize) -> Governor {
        Governor { max, active: 1, retry: RETRY_MIN, wait: Duration::ZERO, is_trying: false }
    }

    /// How many are to take part now.
    pub fn active(&self) -> usize {
        self.active
    }

    /// Takes note of a turn of which nothing is known: all take part.
    pub fn blind_turn(&mut self) {
        self.active = self.max;
    }

    /// Takes note of a turn.
    pub fn turn(&mut self, load: Load, took: Duration) {
        self.wait = self.wait.saturating_sub(took);
        let was_tried = std::mem::take(&mut self.is_trying);
        if load.used < AT_REST {
            (self.active, self.retry, self.wait) = (1, RETRY_MIN, Duration::ZERO);
        } else if load.used >= BUSY * self.active as f64 && load.idle >= ROOM {
            if was_tried {
                self.wait = self.retry;
                self.retry = (self.retry * 2).min(RETRY_MAX);
            }
            // As many as find a processor, but no more than twice as many as before.
            let more = (load.idle.round() as usize).clamp(1, self.active);
            self.active = (self.active + more).min(self.max);
        } else if self.active > 1
            && self.wait.is_zero()
            && (load.idle < CROWDED || load.used < self.active as f64 - SLACK)
        {
            self.active -= 1;
            self.is_trying = true;
        }
    }
}

/// Times that only grow, in seconds of one processor.
#[derive(Clone, Copy)]
pub(super) struct Clocks {
    /// All that processors did, and what of it was idling.
    all: f64,
    idle: f64,
    used: f64,
}

impl Clocks {
    /// As they stand. `None` where the system does not say.
    pub fn read() -> Option<Clocks> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        // The first line sums up all processors: user, nice, system, idle, time that waited for disks, ...
        let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace();
        let seconds: Vec<f64> =
            fields.map_while(|field| Some(field.parse::<f64>().ok()? / process::TICKS_A_SECOND)).collect();
        let idle = seconds.get(3..5)?.iter().sum();
        let (system, user) = process::cpu_seconds();
        Some(Clocks { all: seconds.iter().sum(), idle, used: system + user })
    }

    /// What happened since `before`, `took` ago; `None` if the clocks stand still, as some containers' do. `waiting`: how many
    /// threads were found within engine calls, on average.
    pub fn since(&self, before: &Clocks, took: Duration, waiting: f64) -> Option<Load> {
        let per_second = |now: f64, before: f64| (now - before) / took.as_secs_f64();
        (self.all > before.all).then(|| Load {
            idle: per_second(self.idle, before.idle),
            used: per_second(self.used, before.used).max(waiting),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many take part after `turns` under a load that depends on how many do.
    fn after(governor: &mut Governor, turns: usize, load: impl Fn(usize) -> Load) -> Vec<usize> {
        let mut seen = Vec::new();
        for _ in 0..turns {
            governor.turn(load(governor.active()), TURN);
            seen.push(governor.active());
        }
        seen
    }

    #[test]
    fn one_worker_stays_alone_while_the_clients_need_the_other_processor() {
        let mut governor = Governor::new(2);
        let seen = after(&mut governor, 100, |active| Load { idle: 0.2, used: 0.95 * active as f64 });
        assert!(seen.iter().all(|active| *active == 1), "{seen:?}");
    }

    #[test]
    fn workers_follow_the_processors_that_idle() {
        let mut governor = Governor::new(8);
        let load = |active| Load { idle: (8.0 - 1.5 * active as f64).max(0.2), used: active as f64 };
        let seen = after(&mut governor, 20, load);
        assert_eq!(seen[..4], [2, 4, 6, 6]);
        assert_eq!(seen[19], 6);
        let seen = after(&mut governor, 1, |_| Load { idle: 8.0, used: 0.0 });
        assert_eq!(seen, [1]);
    }

    #[test]
    fn a_wrong_try_is_made_ever_more_rarely() {
        let mut governor = Governor::new(2);
        // Two use all there is; one would leave much of it.
        let load = |active| Load { idle: if active == 2 { 0.05 } else { 0.7 }, used: active as f64 };
        let seen = after(&mut governor, 1000, load);
        let alone = seen.iter().filter(|active| **active == 1).count();
        assert!((4..=8).contains(&alone), "{alone} of 1000 turns");
    }

    #[test]
    fn waiting_for_a_disk_counts_as_work() {
        let before = Clocks { all: 20.0, idle: 10.0, used: 1.0 };
        let load = Clocks { all: 20.2, idle: 10.19, used: 1.01 }.since(&before, TURN, 0.9).unwrap();
        assert!((load.idle - 1.9).abs() < 1e-9 && (load.used - 0.9).abs() < 1e-9, "{load:?}");
    }

    #[test]
    fn where_nothing_is_known_all_take_part() {
        let standing = Clocks { all: 0.0, idle: 0.0, used: 1.0 };
        assert!(standing.since(&standing, TURN, 0.0).is_none());
        let mut governor = Governor::new(3);
        governor.blind_turn();
        assert_eq!(governor.active(), 3);
    }
}
