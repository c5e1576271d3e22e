//! Scripts: the cache of sources, interpreters to be had, and the runs that take long.
//!
//! A script that ends quickly touches the cache and the pool of interpreters only; a run enters the list of those that others see
//! when its interpreter first asks whether it may go on.

mod cache;

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use dredis_commands::lua::{Interpreter, JsonSettings, Limits, LogLevel};
use dredis_commands::{Ended, Host, Killing, Origin, ScriptKind, ScriptRun, Scripts, Seat};

use self::cache::Cache;
use super::ServerHost;
use crate::log;

/// How many readers' interpreters wait for their next script. More can be in use.
const IDLE_READERS_MAX: usize = 8;
/// An interpreter that occupies more than this after a run is not kept, in bytes.
const IDLE_BYTES_MAX: usize = 32 << 20;
/// A run that goes on for longer no more occupies a worker of the runtime, in microseconds.
const SLOW_US: u64 = 2_000;
/// How long a script may go on once the server goes down, in milliseconds; less if `busy-reply-threshold` is less.
const LAST_WORDS_MS: u64 = 5_000;
/// How much of a line that a script writes to the log is shown, in bytes.
const LOGGED_BYTES_MAX: usize = 1024;

/// All that is kept and known of scripts.
#[derive(Default)]
pub struct ScriptTable {
    cache: Mutex<Cache>,
    writer: Mutex<Vec<Idle>>,
    readers: Mutex<Vec<Idle>>,
    /// What all interpreters have in common.
    json: JsonSettings,
    runs: Mutex<Vec<Watched>>,
    /// What holds the writer's turn and takes too long.
    busy: AtomicU8,
    /// A script was given up because the server goes down: no other one may take long either.
    is_over: AtomicBool,
    hooks: OnceLock<Hooks>,
}

/// What the executor does about runs that take long.
pub struct Hooks {
    /// On the thread of a run that has become slow: frees the worker that it occupies.
    pub slow: Box<dyn Fn() + Send + Sync>,
    /// The writer's turn is held for too long.
    pub busy: Box<dyn Fn(ScriptKind) + Send + Sync>,
}

/// An interpreter that waits, and the limit that it was made with.
struct Idle {
    interpreter: Interpreter,
    bytes_max: usize,
}

struct Watched {
    run: Arc<ScriptRun>,
    /// When to call it slow next, in microseconds since its beginning.
    slow_at_us: AtomicU64,
}

/// What INFO tells.
pub(super) struct ScriptFigures {
    pub cached: usize,
    pub cached_bytes: usize,
    /// What idle interpreters occupy.
    pub interpreter_bytes: usize,
}

impl ScriptTable {
    /// Says what to do about runs that take long.
    pub fn set_hooks(&self, hooks: Hooks) {
        // A second caller would be a mistake of the program's, and the first stays.
        self.hooks.set(hooks).unwrap_or_default();
    }

    /// What holds the writer's turn and takes too long, if anything does.
    pub fn busy(&self) -> Option<ScriptKind> {
        match self.busy.load(Ordering::SeqCst) {
            0 => None,
            1 => Some(ScriptKind::Script),
            _ => Some(ScriptKind::Function),
        }
    }

    pub(super) fn figures(&self) -> ScriptFigures {
        let (cached, cached_bytes) = locked(&self.cache).figures();
        let bytes = |idle: &Mutex<Vec<Idle>>| -> usize {
            locked(idle).iter().map(|idle| idle.interpreter.memory_bytes()).sum()
        };
        let interpreter_bytes = bytes(&self.writer) + bytes(&self.readers);
        ScriptFigures { cached, cached_bytes, interpreter_bytes }
    }

    fn idle(&self, seat: Seat) -> MutexGuard<'_, Vec<Idle>> {
        locked(match seat {
            Seat::Writer => &self.writer,
            Seat::Reader => &self.readers,
        })
    }

    /// Notes how long a run has gone on; whether it has to be called slow now.
    fn is_slow_now(&self, run: &Arc<ScriptRun>, elapsed_us: u64) -> bool {
        let mut runs = locked(&self.runs);
        let watched = match runs.iter().find(|watched| Arc::ptr_eq(&watched.run, run)) {
            Some(watched) => watched,
            None => {
                let slow_at_us = AtomicU64::new(SLOW_US);
                runs.push(Watched { run: Arc::clone(run), slow_at_us });
                &runs[runs.len() - 1]
            }
        };
        let is_slow = elapsed_us > watched.slow_at_us.load(Ordering::Relaxed);
        if is_slow {
            // Again and again, but ever more seldom: its worker may have come back before another thread took it.
            watched.slow_at_us.store(elapsed_us.saturating_mul(2), Ordering::Relaxed);
        }
        is_slow
    }

    fn set_busy(&self, kind: ScriptKind) {
        let value = match kind {
            ScriptKind::Script => 1,
            ScriptKind::Function => 2,
        };
        if self.busy.swap(value, Ordering::SeqCst) == 0 {
            log::warning(format_args!(
                "a slow script holds the writer's turn: clients are told BUSY until it ends or is killed"
            ));
            if let Some(hooks) = self.hooks.get() {
                (hooks.busy)(kind);
            }
        }
    }
}

impl ServerHost {
    /// From when on a run takes too long, in microseconds; `None` for never.
    fn busy_after_us(&self) -> Option<u64> {
        self.parameters.busy_threshold_ms().map(|ms| ms.saturating_mul(1000))
    }

    fn elapsed_us(&self, run: &ScriptRun) -> u64 {
        self.monotonic_us().saturating_sub(run.started_us)
    }

    /// Whether a run can be seen by those who would end it.
    fn takes_too_long(&self, run: &ScriptRun) -> bool {
        self.busy_after_us().is_none_or(|after| self.elapsed_us(run) >= after)
    }
}

impl Scripts for ServerHost {
    fn script(&self, sha: &[u8]) -> Option<Arc<[u8]>> {
        locked(&self.scripts.cache).find(sha)
    }

    fn keep_script(&self, sha: &[u8], source: &[u8], origin: Origin) -> bool {
        locked(&self.scripts.cache).keep(sha, source, origin)
    }

    fn forget_scripts(&self) {
        *locked(&self.scripts.cache) = Cache::default();
        self.scripts.json.forget_scripts();
        for seat in [Seat::Writer, Seat::Reader] {
            for idle in &mut *self.scripts.idle(seat) {
                idle.interpreter.forget_scripts();
            }
        }
    }

    fn interpreter(&self, seat: Seat) -> Result<Interpreter, String> {
        let bytes_max = self.memory_bytes_max();
        let mut idle = self.scripts.idle(seat);
        // Those that were made with another limit go.
        while let Some(found) = idle.pop() {
            if found.bytes_max == bytes_max {
                return Ok(found.interpreter);
            }
        }
        drop(idle);
        let limits = Limits { memory_bytes_max: bytes_max };
        Interpreter::with_settings(limits, self.scripts.json.clone())
            .map_err(|error| String::from_utf8_lossy(&error.message).into_owned())
    }

    fn give_back(&self, seat: Seat, interpreter: Interpreter) {
        let idle_max = match seat {
            Seat::Writer => 1,
            Seat::Reader => IDLE_READERS_MAX,
        };
        let bytes_max = self.memory_bytes_max();
        // What a script has left behind as garbage is not kept, and takes no room from the next one.
        let is_large = interpreter.memory_bytes() > IDLE_BYTES_MAX.min(bytes_max / 2);
        let mut idle = self.scripts.idle(seat);
        if idle.len() < idle_max && !is_large {
            idle.push(Idle { interpreter, bytes_max });
        }
    }

    fn memory_bytes_max(&self) -> usize {
        self.parameters.script_bytes_max()
    }

    fn tick(&self, run: &Arc<ScriptRun>) -> Result<(), Ended> {
        let elapsed_us = self.elapsed_us(run);
        if self.scripts.is_slow_now(run, elapsed_us)
            && let Some(hooks) = self.scripts.hooks.get()
        {
            (hooks.slow)();
        }
        if run.is_killed() {
            return Err(Ended::Killed);
        }
        let busy_after_us = self.busy_after_us();
        if self.shutdown.has_begun() {
            let patience_us = busy_after_us.unwrap_or(u64::MAX).min(LAST_WORDS_MS * 1000);
            if elapsed_us >= patience_us || self.scripts.is_over.load(Ordering::Relaxed) {
                self.scripts.is_over.store(true, Ordering::Relaxed);
                return Err(Ended::ShuttingDown);
            }
        }
        if run.seat == Seat::Writer && busy_after_us.is_some_and(|after| elapsed_us >= after) {
            self.scripts.set_busy(run.kind);
        }
        Ok(())
    }

    fn ended(&self, run: &ScriptRun) {
        if run.seat == Seat::Writer {
            self.scripts.busy.store(0, Ordering::SeqCst);
        }
        locked(&self.scripts.runs).retain(|watched| !std::ptr::eq(&*watched.run, run));
    }

    fn kill(&self, kind: ScriptKind) -> Killing {
        let runs = locked(&self.scripts.runs);
        let found: Vec<&ScriptRun> =
            runs.iter().map(|watched| &*watched.run).filter(|run| self.takes_too_long(run)).collect();
        if found.is_empty() {
            return Killing::NothingRuns;
        }
        let mut ended = found.iter().filter(|run| run.kind == kind && !run.has_written()).peekable();
        if ended.peek().is_some() {
            ended.for_each(|run| run.kill());
            return Killing::Done;
        }
        if found.iter().any(|run| run.has_written()) { Killing::HasWritten } else { Killing::OtherKind }
    }

    fn running(&self) -> Option<Arc<ScriptRun>> {
        let runs = locked(&self.scripts.runs);
        let found = runs.iter().map(|watched| &watched.run).filter(|run| self.takes_too_long(run));
        found.min_by_key(|run| (run.seat != Seat::Writer, run.started_us)).map(Arc::clone)
    }

    fn log(&self, level: LogLevel, message: &[u8]) {
        let shown = String::from_utf8_lossy(&message[..message.len().min(LOGGED_BYTES_MAX)]).into_owned();
        let shown: String = shown.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
        match level {
            LogLevel::Debug | LogLevel::Verbose => log::debug(format_args!("script: {shown}")),
            LogLevel::Notice => log::info(format_args!("script: {shown}")),
            LogLevel::Warning => log::warning(format_args!("script: {shown}")),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
