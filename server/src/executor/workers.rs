//! How many of the runtime's workers take part.
//!
//! A worker that finds two tasks ready wakes another one, if there is one asleep. With small requests that costs more than the other
//! takes over, above all where it takes a processor from the clients. So workers that are not needed are *held*: each sits in a
//! task that blocks, which costs nothing, and which the runtime takes for work, so that it does not try to wake them.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

use tokio::runtime::Handle;

/// The workers of a runtime.
pub(super) struct Workers {
    runtime: Handle,
    total: usize,
    held: Arc<Held>,
    /// Workers are on their way to be held, or have just been.
    is_changing: bool,
}

/// Where held workers wait.
#[derive(Default)]
struct Held {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// How many workers are to be held.
    wanted: usize,
    /// How many tasks there are to hold one: some hold it, others are still on their way.
    holders: usize,
    /// How many workers are held.
    held: usize,
    /// The runtime ends: nobody is held any more.
    is_over: bool,
}

impl Workers {
    /// The workers of this runtime. All take part at first.
    pub fn of(runtime: Handle) -> Workers {
        let held = Arc::new(Held::default());
        // A runtime that ends waits for its workers, and drops its tasks before: this one's end lets them go.
        let sentinel = ReleasesAll(Arc::clone(&held));
        runtime.spawn(async move {
            let _sentinel = sentinel;
            std::future::pending::<()>().await;
        });
        Workers { total: runtime.metrics().num_workers(), runtime, held, is_changing: false }
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Lets `count` workers take part, at least one and at most all. Those to be held stop between two tasks.
    pub fn let_run(&mut self, count: usize) {
        let mut state = self.held.state();
        let wanted = self.total.saturating_sub(count.max(1));
        if wanted == state.wanted && state.held == state.holders && !self.is_changing {
            return;
        }
        state.wanted = wanted;
        let missing = wanted.saturating_sub(state.holders);
        state.holders += missing;
        // A worker that has just been held may have left tasks behind, and the sockets.
        self.is_changing = missing > 0 || state.held != state.wanted;
        drop(state);
        self.held.changed.notify_all();
        for _ in 0..missing {
            self.runtime.spawn(hold(Arc::clone(&self.held)));
        }
        self.wake_one();
    }

    /// Whether [`Workers::let_run`] must soon be called again.
    pub fn is_changing(&self) -> bool {
        self.is_changing
    }

    /// Wakes a worker, if one sleeps: it takes tasks over, and the sockets if nobody polls them.
    pub fn wake_one(&self) {
        self.runtime.spawn(async {});
    }
}

/// Holds the worker that it runs on.
async fn hold(held: Arc<Held>) {
    loop {
        // Others can take over what stands in the worker's queue, but neither what it runs next of all nor tasks that have yielded on
        // it. Offering the worker to another thread moves those into the queue.
        tokio::task::block_in_place(|| ());
        if has_worker() {
            return held.hold();
        }
        // The other thread was quick enough to take it.
        tokio::task::yield_now().await;
    }
}

/// Whether the calling thread has a worker. One that has not wakes at once whoever yields.
fn has_worker() -> bool {
    let probe = Arc::new(Probe::default());
    let waker = Waker::from(Arc::clone(&probe));
    let is_pending = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(&waker)).is_pending();
    is_pending && !probe.0.load(Ordering::Relaxed)
}

/// Notes whether it was woken.
#[derive(Default)]
struct Probe(AtomicBool);

impl Wake for Probe {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Held {
    /// Holds the calling worker for as long as that is wanted.
    fn hold(&self) {
        let mut state = self.state();
        state.held += 1;
        while state.held <= state.wanted && !state.is_over {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.held -= 1;
        state.holders -= 1;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets all workers go when it is dropped.
struct ReleasesAll(Arc<Held>);

impl Drop for ReleasesAll {
    fn drop(&mut self) {
        self.0.state().is_over = true;
        self.0.changed.notify_all();
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        drop(ReleasesAll(Arc::clone(&self.held)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn runtime(workers: usize) -> Runtime {
        Builder::new_multi_thread().worker_threads(workers).enable_all().build().expect("threads start")
    }

    /// Lets so many run and waits until it is so.
    fn settle(workers: &mut Workers, count: usize) {
        workers.let_run(count);
        while workers.is_changing() {
            std::thread::sleep(Duration::from_micros(100));
            workers.let_run(count);
        }
    }

    #[test]
    fn workers_are_held_and_let_go() {
        let runtime = runtime(3);
        let mut workers = Workers::of(runtime.handle().clone());
        for count in [1, 3, 2, 1, 2, 3, 1] {
            settle(&mut workers, count);
            assert_eq!(workers.held.state().held, 3 - count);
            let answer = runtime.block_on(runtime.spawn(async { 42 }));
            assert_eq!(answer.expect("the task runs"), 42);
        }
        // A runtime ends though some are held: that would hang here.
        drop(runtime);
    }

    #[test]
    fn no_task_is_left_behind_on_a_worker_that_is_held() {
        let runtime = runtime(3);
        let mut workers = Workers::of(runtime.handle().clone());
        let turns = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..60)
            .map(|number| {
                let turns = Arc::clone(&turns);
                runtime.spawn(async move {
                    for turn in 0..3000 {
                        turns.fetch_add(1, Ordering::Relaxed);
                        // Tasks that have yielded, that stand in a queue, and that run next of all.
                        if (turn + number) % 3 == 0 {
                            tokio::spawn(async {}).await.expect("it runs");
                        } else {
                            tokio::task::yield_now().await;
                        }
                    }
                })
            })
            .collect();
        let mut count = 0;
        while tasks.iter().any(|task| !task.is_finished()) {
            count += 1;
            settle(&mut workers, 1 + count % 3);
            let seen = turns.load(Ordering::Relaxed);
            // As long as there are tasks, they go on: that would hang here.
            while turns.load(Ordering::Relaxed) == seen && tasks.iter().any(|task| !task.is_finished()) {
                std::thread::yield_now();
            }
        }
        for task in tasks {
            runtime.block_on(task).expect("it ends");
        }
        assert_eq!(turns.load(Ordering::Relaxed), 60 * 3000);
    }
}
