//! Decides how many workers take part: as many as find a processor that is not needed by others.
//!
//! One worker suffices, and does more than two would, while the clients keep the other processors busy. The decision is made in turns of a
//! fraction of a second: if the workers have all they can do and processors idle beside them, more are tried, and go again
//! if all together do hardly more than before: then they wait for each other. If the workers need less than there are, or no
//! processor idles, one fewer is tried. What turns out wrong is tried more and more rarely.

use std::fs;
use std::time::Duration;

use crate::threads;

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
/// A worker more is worth it if all of them use so much more than before.
const WORTH: f64 = 0.2;
/// How long more workers are tried, in turns, of which the first shows them only beginning.
const TRIAL_TURNS: usize = 3;
/// A server that uses less has nothing to do: the next load is a new one.
const AT_REST: f64 = 0.1;
/// How long after a worker too few, or workers too many, another try is made: at first, and at most.
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
    /// How long until one fewer, and more, are tried again.
    fewer: Backoff,
    more: Backoff,
    /// One fewer was tried in the turn before.
    is_fewer_tried: bool,
    trial: Option<Trial>,
}

/// More workers are being tried.
struct Trial {
    /// How many took part before, and what they used.
    active: usize,
    used: f64,
    /// What was used in each turn since.
    turns: Vec<f64>,
}

/// How long something is not tried that turned out wrong.
struct Backoff {
    wait: Duration,
    next: Duration,
}

impl Backoff {
    const NONE: Backoff = Backoff { wait: Duration::ZERO, next: RETRY_MIN };

    fn pass(&mut self, took: Duration) {
        self.wait = self.wait.saturating_sub(took);
    }

    fn is_over(&self) -> bool {
        self.wait.is_zero()
    }

    fn begin(&mut self) {
        self.wait = self.next;
        self.next = (self.next * 2).min(RETRY_MAX);
    }
}

impl Governor {
    /// At most `max` workers.
    pub fn new(max: usize) -> Governor {
        Governor {
            max,
            active: 1,
            fewer: Backoff::NONE,
            more: Backoff::NONE,
            is_fewer_tried: false,
            trial: None,
        }
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
        self.fewer.pass(took);
        self.more.pass(took);
        let was_fewer_tried = std::mem::take(&mut self.is_fewer_tried);
        if load.used < AT_REST {
            *self = Governor::new(self.max);
        } else if self.trial.is_some() {
            self.judge(load);
        } else if load.used >= BUSY * self.active as f64 && load.idle >= ROOM {
            if was_fewer_tried {
                self.fewer.begin();
                self.active += 1;
            } else if self.more.is_over() && self.active < self.max {
                self.trial = Some(Trial { active: self.active, used: load.used, turns: Vec::new() });
                // As many as find a processor, but no more than twice as many as before.
                let more = (load.idle.round() as usize).clamp(1, self.active);
                self.active = (self.active + more).min(self.max);
            }
        } else if self.active > 1
            && self.fewer.is_over()
            && (load.idle < CROWDED || load.used < self.active as f64 - SLACK)
        {
            self.active -= 1;
            self.is_fewer_tried = true;
        }
    }

    /// Takes note of a turn in which more workers are tried.
    fn judge(&mut self, load: Load) {
        let Some(mut trial) = self.trial.take() else { return };
        trial.turns.push(load.used);
        if trial.turns.len() < TRIAL_TURNS {
            self.trial = Some(trial);
            return;
        }
        let used = trial.turns[1..].iter().sum::<f64>() / (TRIAL_TURNS - 1) as f64;
        let added = (self.active - trial.active) as f64;
        if used < trial.used + WORTH * added {
            self.active = trial.active;
            self.more.begin();
        } else {
            self.more = Backoff::NONE;
        }
    }
}

/// Linux tells times in hundredths of a second.
const TICKS_A_SECOND: f64 = 100.0;

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
            fields.map_while(|field| Some(field.parse::<f64>().ok()? / TICKS_A_SECOND)).collect();
        let idle = seconds.get(3..5)?.iter().sum();
        // Without what the engine does beside them: a worker more would not take that over.
        let used = threads::time()?.as_secs_f64();
        Some(Clocks { all: seconds.iter().sum(), idle, used })
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
        assert_eq!([seen[0], seen[4], seen[8], seen[19]], [2, 4, 6, 6], "{seen:?}");
        let seen = after(&mut governor, 1, |_| Load { idle: 8.0, used: 0.0 });
        assert_eq!(seen, [1]);
    }

    #[test]
    fn workers_that_wait_for_each_other_go_again() {
        let mut governor = Governor::new(4);
        let seen = after(&mut governor, 1000, |_| Load { idle: 0.6, used: 1.0 });
        let together = seen.iter().filter(|active| **active > 1).count();
        assert!((9..=24).contains(&together), "{together} of 1000 turns");
        assert_eq!(seen[999], 1);
        // A third that is of no use leaves the second.
        let mut governor = Governor::new(4);
        let seen = after(&mut governor, 1000, |active| Load { idle: 0.6, used: (active as f64).min(2.0) });
        assert_eq!(seen[999], 2);
        assert!(seen.iter().filter(|active| **active > 2).count() < 30, "{seen:?}");
    }

    #[test]
    fn one_fewer_that_is_wrong_does_not_wait_until_more_are_tried_again() {
        let mut governor = Governor::new(4);
        let load = |idle| move |active: usize| Load { idle, used: (active as f64).min(2.0) };
        let seen = after(&mut governor, 9, load(0.6));
        assert_eq!([seen[0], seen[4], seen[8]], [2, 3, 2], "a third was of no use: {seen:?}");
        let seen = [after(&mut governor, 1, load(0.05)), after(&mut governor, 1, load(0.6))].concat();
        assert_eq!(seen, [1, 2]);
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
