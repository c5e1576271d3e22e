//! How much of this machine's processors others on the same host have taken meanwhile.

use std::time::{Duration, Instant};

/// A measurement with more of the processors taken than this part is made again.
pub(crate) const TOLERATED: f64 = 0.03;

/// Looks at what is taken from its making on.
pub(crate) struct Watch {
    started: Instant,
    taken_before: Duration,
}

impl Watch {
    pub(crate) fn start() -> Watch {
        Watch { started: Instant::now(), taken_before: taken() }
    }

    /// The part of all processors that was taken, from 0 to 1.
    pub(crate) fn part(&self) -> f64 {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let available = self.started.elapsed().as_secs_f64() * processors as f64;
        taken().saturating_sub(self.taken_before).as_secs_f64() / available
    }
}

/// The system counts it in hundredths of a second, for all processors, since its start; 0 where it cannot be known.
fn taken() -> Duration {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let hundredths = stat.lines().next().and_then(|line| line.split_whitespace().nth(8)?.parse().ok());
    Duration::from_millis(hundredths.unwrap_or(0_u64) * 10)
}
