//! Work that nobody waits for: removing what has expired, sweeping garbage, saving, sampling rates, and letting clients
//! go when the server ends. Each step takes the writer's turn for a short time only.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dredis_commands::Host as _;
use dredis_contract::Result;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::executor::Executor;
use crate::host::ServerHost;
use crate::log;
use crate::rdb_files::Waiting;
use crate::shutdown::Shutdown;

/// Time between looks for keys that have expired, and between samples of rates.
const TICK: Duration = Duration::from_millis(100);
/// How many expired keys one commit removes.
const EXPIRED_PER_COMMIT: usize = 500;
/// How many records of garbage one commit removes.
const SWEPT_PER_COMMIT: usize = 1000;
/// Time from a save that failed to the next that begins by itself.
const SAVED_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Starts all background work.
pub fn start(executor: &Arc<Executor>, host: &Arc<ServerHost>, shutdown: &Shutdown) -> Vec<JoinHandle<()>> {
    vec![
        tokio::spawn(expire(Arc::clone(executor), Arc::clone(host))),
        tokio::spawn(sweep(Arc::clone(executor), Arc::clone(host))),
        tokio::spawn(sample(Arc::clone(host))),
        tokio::spawn(save(Arc::clone(host))),
        tokio::spawn(let_go(Arc::clone(host), shutdown.clone())),
    ]
}

/// Removes keys as they expire.
async fn expire(executor: Arc<Executor>, host: Arc<ServerHost>) {
    let mut failing = Failing::new("removing expired keys");
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if host.is_expiry_active() {
            failing.note(expire_due(&executor, &host)).await;
        }
    }
}

async fn expire_due(executor: &Executor, host: &ServerHost) -> Result<()> {
    while executor.read(|txn| Ok(txn.next_expiry_ms()?.is_some_and(|at| at < txn.now_ms())))? {
        let step = executor.work(|txn| txn.sweep_expired(EXPIRED_PER_COMMIT)).await?;
        host.statistics().expired_keys.fetch_add(step.removed as u64, Ordering::Relaxed);
        if !step.more {
            break;
        }
    }
    Ok(())
}

/// Sweeps garbage: every `gc-interval` at most `gc-batch-size` records.
async fn sweep(executor: Arc<Executor>, host: Arc<ServerHost>) {
    let mut failing = Failing::new("sweeping garbage");
    loop {
        let next = Instant::now() + Duration::from_millis(host.parameters().gc_interval_ms());
        failing.note(sweep_once(&executor, &host)).await;
        sleep_until(next).await;
    }
}

async fn sweep_once(executor: &Executor, host: &ServerHost) -> Result<()> {
    let mut left = host.parameters().gc_batch_size();
    while left > 0 && executor.read(|txn| txn.garbage_waiting(1))? > 0 {
        let limit = left.min(SWEPT_PER_COMMIT);
        let step = executor.work(move |txn| txn.sweep_garbage(limit)).await?;
        host.statistics().swept_records.fetch_add(step.removed as u64, Ordering::Relaxed);
        if step.removed == 0 {
            // All that waits belongs to a load under way.
            break;
        }
        left -= step.removed.min(left);
    }
    Ok(())
}

async fn sample(host: Arc<ServerHost>) {
    let mut ticks = interval(TICK);
    loop {
        ticks.tick().await;
        host.statistics().sample_rates();
    }
}

/// Saves when the parameter `save` says so: after so many changes in so many seconds, and not at once again after a failure.
async fn save(host: Arc<ServerHost>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (files, parameters) = (host.rdb_files(), host.parameters().saving());
        let points = parameters.points();
        if points.is_empty() || files.is_saving() {
            continue;
        }
        let seconds = (host.unix_time_us() / 1_000_000).saturating_sub(files.status().last_save_s());
        let changes = files.changes_since_save();
        let is_due = points.iter().any(|point| changes >= point.changes && seconds > point.seconds);
        let may_try = files.status().failed_at().is_none_or(|at| at.elapsed() > SAVED_AGAIN_AFTER);
        if is_due && may_try && changes > 0 {
            log::info(format_args!("{changes} changes in {seconds} seconds: saving"));
            if let Err(error) = files.save(parameters.options(), Waiting::Nobody) {
                log::error(format_args!("saving was not begun: {error}"));
            }
        }
    }
}

async fn let_go(host: Arc<ServerHost>, shutdown: Shutdown) {
    shutdown.begun().await;
    host.client_table().let_all_go();
    host.rdb_files().give_reloads_up();
    host.rdb_files().give_up_saving().await;
}

/// Says once that something fails, and once that it works again.
struct Failing {
    what: &'static str,
    is_failing: bool,
}

impl Failing {
    fn new(what: &'static str) -> Self {
        Failing { what, is_failing: false }
    }

    async fn note(&mut self, work: impl Future<Output = Result<()>>) {
        match work.await {
            Ok(()) if self.is_failing => log::info(format_args!("{} works again", self.what)),
            Err(error) if !self.is_failing => log::error(format_args!("{} fails: {error}", self.what)),
            _ => return,
        }
        self.is_failing = !self.is_failing;
    }
}
