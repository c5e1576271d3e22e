//! Keeps slow engine calls from stalling other clients.
//!
//! Engine calls are synchronous, and nearly always a matter of microseconds: handing each to another thread
//! would cost more than the call. So they run in the session's own task, under watch. A call that takes longer
//! than [`SLOW_US`] is noticed by a watchdog, which lets another worker of the runtime take over sockets
//! and waiting tasks. If it goes on for [`WAITING_US`] and its thread is found waiting (for a disk, a lock), and not just
//! short of a processor, then for [`CAREFUL_US`] from then on every engine call gives its worker away first.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::governor::{self, Clocks, Governor};
use super::workers::Workers;
use crate::threads;

/// A call that takes longer is slow, in microseconds.
const SLOW_US: u64 = 2_000;
/// A thread that waits this long in a call waits for a disk, and not for a lock whose holder is short of a processor.
const WAITING_US: u64 = 6_000;
/// How long calls are made with care after such a wait, in microseconds. Care costs a change of threads a call.
const CAREFUL_US: u64 = 50_000;
/// How long one worker more takes part after a slow call, in microseconds.
const RESCUE_US: u64 = 20_000;
/// How often the watchdog looks while there is anything to watch.
const WATCH_PERIOD: Duration = Duration::from_millis(2);
/// After this many looks with nothing to see the watchdog sleeps until a call wakes it.
const IDLE_LOOKS: u32 = 10;
/// How long a call waits for another thread to take its worker over.
const HAND_OVER: Duration = Duration::from_millis(1);
/// Calls under way are noted in one of these places, by thread.
const PLACES: usize = 64;

/// Watches engine calls.
pub(super) struct Pace {
    shared: Arc<Shared>,
    watchdog: Thread,
    /// Calls that run in place, and how many may: one worker stays free for the watchdog to wake.
    in_place: AtomicUsize,
    in_place_max: usize,
}

/// Where the calls of a thread are noted; two threads may share one, and then one is watched.
struct Place {
    /// When the call began, in microseconds; 0 for none.
    began_us: AtomicU64,
    /// The system's number of the thread; 0 while unknown.
    thread: AtomicU32,
}

struct Shared {
    epoch: Instant,
    careful_until_us: AtomicU64,
    places: [Place; PLACES],
    is_asleep: AtomicBool,
    stopped: AtomicBool,
}

impl Pace {
    pub fn start(runtime: Handle) -> Pace {
        let workers = Workers::of(runtime);
        // One worker stays free, to be woken.
        let in_place_max = workers.total().saturating_sub(1).max(1);
        let shared = Arc::new(Shared {
            epoch: Instant::now(),
            careful_until_us: AtomicU64::new(0),
            places: [const { Place { began_us: AtomicU64::new(0), thread: AtomicU32::new(0) } }; PLACES],
            is_asleep: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        });
        let watching = Arc::clone(&shared);
        let watchdog = std::thread::Builder::new()
            .name("dredis-watch".into())
            .spawn(move || Watch::new(workers, in_place_max).watch(&watching))
            .expect("the system can start a thread");
        Pace { shared, watchdog: watchdog.thread().clone(), in_place: AtomicUsize::new(0), in_place_max }
    }

    /// Runs `call`, which calls the engine. `is_heavy`: it is expected to take long.
    pub fn engine_call<T>(&self, is_heavy: bool, call: impl FnOnce() -> T) -> T {
        let now_us = self.shared.now_us();
        let is_careful = is_heavy || now_us < self.shared.careful_until_us.load(Ordering::Relaxed);
        if is_careful || self.in_place.fetch_add(1, Ordering::Relaxed) >= self.in_place_max {
            if !is_careful {
                self.in_place.fetch_sub(1, Ordering::Relaxed);
            }
            return tokio::task::block_in_place(|| self.watched(now_us, call));
        }
        IN_PLACE.set(true);
        let _leaving = Leaving(&self.in_place);
        self.watched(now_us, call)
    }

    /// From within a call that turns out to take long because of what it computes: another thread takes this one's worker over, with
    /// its sockets and tasks, and the call goes on as one that occupies none.
    pub fn give_worker_away(&self) {
        if IN_PLACE.replace(false) {
            self.in_place.fetch_sub(1, Ordering::Relaxed);
        }
        let (index, _) = PLACE.with(|place| *place);
        self.shared.places[index].began_us.store(0, Ordering::Relaxed);
        // The worker comes back if nobody has taken it when this ends, so it waits for a moment.
        tokio::task::block_in_place(|| std::thread::sleep(HAND_OVER));
    }

    fn watched<T>(&self, now_us: u64, call: impl FnOnce() -> T) -> T {
        let (index, thread) = PLACE.with(|place| *place);
        let place = &self.shared.places[index];
        place.thread.store(thread, Ordering::Relaxed);
        place.began_us.store(now_us, Ordering::Relaxed);
        if self.shared.is_asleep.load(Ordering::Relaxed) {
            self.watchdog.unpark();
        }
        let result = call();
        place.began_us.store(0, Ordering::Relaxed);
        result
    }
}

/// Counts a call out again, also when it panics.
struct Leaving<'p>(&'p AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if IN_PLACE.replace(false) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        self.watchdog.unpark();
    }
}

impl Shared {
    fn now_us(&self) -> u64 {
        // Never 0, which stands for "no call".
        self.epoch.elapsed().as_micros() as u64 + 1
    }
}

/// What the watchdog does.
struct Watch {
    workers: Workers,
    governor: Governor,
    /// Since when figures for the governor are taken, what the clocks showed then, and how many calls were seen in how many looks.
    turn_began: Instant,
    clocks: Option<Clocks>,
    calls_seen: usize,
    looks: usize,
    /// How many workers more take part because of slow calls, and until when.
    rescuers: usize,
    rescue_until_us: u64,
}

impl Watch {
    fn new(workers: Workers, active_max: usize) -> Watch {
        Watch {
            workers,
            governor: Governor::new(active_max),
            turn_began: Instant::now(),
            clocks: Clocks::read(),
            calls_seen: 0,
            looks: 0,
            rescuers: 0,
            rescue_until_us: 0,
        }
    }

    fn watch(&mut self, shared: &Shared) {
        let mut idle_looks = 0;
        while !shared.stopped.load(Ordering::Relaxed) {
            if idle_looks < IDLE_LOOKS || self.workers.is_changing() {
                std::thread::sleep(WATCH_PERIOD);
            } else {
                shared.is_asleep.store(true, Ordering::Relaxed);
                std::thread::park_timeout(Duration::from_secs(1));
                shared.is_asleep.store(false, Ordering::Relaxed);
            }
            idle_looks = if self.look(shared) { 0 } else { idle_looks + 1 };
            self.govern();
        }
    }

    /// Looks at all calls under way; whether there are any.
    fn look(&mut self, shared: &Shared) -> bool {
        let now_us = shared.now_us();
        let (mut calls, mut slow_calls) = (0, 0);
        for place in &shared.places {
            let began_us = place.began_us.load(Ordering::Relaxed);
            if began_us == 0 {
                continue;
            }
            calls += 1;
            if now_us.saturating_sub(began_us) <= SLOW_US {
                continue;
            }
            // Another worker would not help one that is short of a processor.
            let is_long = now_us.saturating_sub(began_us) > WAITING_US;
            let is_waiting = threads::is_waiting(place.thread.load(Ordering::Relaxed));
            slow_calls += usize::from(is_long || is_waiting);
            if is_long && is_waiting {
                shared.careful_until_us.store(now_us + CAREFUL_US, Ordering::Relaxed);
            }
        }
        self.looks += 1;
        self.calls_seen += calls;
        if slow_calls >= self.rescuers || now_us > self.rescue_until_us {
            (self.rescuers, self.rescue_until_us) = (slow_calls, now_us + RESCUE_US);
        }
        self.workers.let_run(self.governor.active() + self.rescuers);
        if slow_calls > 0 {
            self.workers.wake_one();
        }
        calls > 0
    }

    /// Has the governor decide, once a turn.
    fn govern(&mut self) {
        let took = self.turn_began.elapsed();
        if took < governor::TURN {
            return;
        }
        let clocks = Clocks::read();
        let waiting = self.calls_seen as f64 / self.looks.max(1) as f64;
        let load = self.clocks.zip(clocks).and_then(|(before, now)| now.since(&before, took, waiting));
        match load {
            Some(load) => self.governor.turn(load, took),
            None => self.governor.blind_turn(),
        }
        (self.turn_began, self.clocks, self.calls_seen, self.looks) = (Instant::now(), clocks, 0, 0);
    }
}

thread_local! {
    /// Whether a call of this thread's is counted as one in place.
    static IN_PLACE: Cell<bool> = const { Cell::new(false) };
    /// This thread's place, and the system's number of it.
    static PLACE: (usize, u32) = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        (NEXT.fetch_add(1, Ordering::Relaxed) % PLACES, threads::number())
    };
}
