//! The threads that serve clients: the runtime's. An engine may have others in the same process.

use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Those that run, and how long those that have ended were on a processor.
static SERVING: Mutex<Serving> = Mutex::new(Serving { running: Vec::new(), ended: Duration::ZERO });

struct Serving {
    running: Vec<u32>,
    ended: Duration,
}

thread_local! {
    static NUMBER: u32 = {
        let link = fs::read_link("/proc/thread-self").unwrap_or_default();
        link.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()).unwrap_or(0)
    };
}

/// The system's number of the calling thread; 0 where it does not say.
pub fn number() -> u32 {
    NUMBER.with(|number| *number)
}

/// Counts the calling thread as one that serves.
pub fn begin() {
    serving().running.push(number());
}

/// The calling thread ends.
pub fn end() {
    let time = time_of(number()).unwrap_or_default();
    let mut serving = serving();
    serving.ended += time;
    serving.running.retain(|running| *running != number());
}

/// How long the threads that serve have been on a processor, in all. `None` where the system does not say.
pub fn time() -> Option<Duration> {
    let serving = serving();
    serving.running.iter().try_fold(serving.ended, |sum, thread| Some(sum + time_of(*thread)?))
}

/// Whether a thread of this process waits for something, as far as the system tells.
pub fn is_waiting(thread: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap_or_default();
    // The state is the first field after the name, which stands in parentheses and may hold any character.
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    !matches!(state, Some('R'))
}

fn time_of(thread: u32) -> Option<Duration> {
    let times = fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
    Some(Duration::from_nanos(times.split(' ').next()?.parse().ok()?))
}

fn serving() -> MutexGuard<'static, Serving> {
    SERVING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_threads_counts_when_they_have_ended_too() {
        let work = || (0..20_000_000_u64).fold(0, |sum, number| std::hint::black_box(sum ^ number));
        let before = time().expect("this system tells");
        let during = std::thread::spawn(move || {
            begin();
            work();
            let during = time().expect("this system tells");
            end();
            during
        });
        let during = during.join().expect("it does not panic");
        assert!(during > before);
        assert!(time() >= Some(during));
        work();
        let unrelated = time().expect("this system tells");
        assert!(unrelated - during < during - before, "{before:?} {during:?} {unrelated:?}");
    }
}
