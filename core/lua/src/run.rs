//! What belongs to one run of a script, and how the functions that Lua calls reach it.
//!
//! Those functions are made once and live as long as the interpreter, but a run's surroundings are borrowed. So the run
//! lends them to its thread while it lasts; a run never leaves its thread.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mlua::{Lua, Result};
use scoped_tls_hkt::scoped_thread_local;

use crate::flags::Flags;
use crate::raise::{NO_MEMORY, Raised, RaisedError};
use crate::random::Random;
use crate::surroundings::{Protocol, Stop, Surroundings};

scoped_thread_local!(static mut RUN: for<'run> &'run mut (dyn Access + 'run));

/// How much work a script may do between two questions whether it may go on, in instructions of Lua or about as much.
const WORK_BETWEEN_TICKS: u64 = 100_000;
/// Instructions between two calls of the hook. An instruction can be a call that works on all of the script's memory, so the
/// hook comes often, and weighs what it counts by the memory in use.
pub(crate) const INSTRUCTIONS_BETWEEN_HOOKS: u32 = 1000;
/// The memory with which an instruction counts once more.
const BYTES_PER_WEIGHT: usize = 16 * 1024;

/// One run.
pub(crate) struct Run<'around> {
    pub(crate) around: &'around mut dyn Surroundings,
    pub(crate) state: RunState,
}

/// What a run changes of itself.
pub(crate) struct RunState {
    pub(crate) protocol: Protocol,
    pub(crate) random: Random,
    /// Why it was stopped. From then on nothing catches errors, and everything raises one.
    pub(crate) stopped: Option<Stop>,
    /// What the surroundings panicked with, which the interpreter passes on when Lua is left.
    pub(crate) panic: Option<Box<dyn Any + Send>>,
    /// The error that ends it.
    pub(crate) failure: Option<RaisedError>,
    /// What a library registered, while it is loaded: the functions are kept in Lua in the same order.
    pub(crate) registered: Option<Vec<Registration>>,
    /// Log lines of a library are written when it's loaded for the first time only.
    pub(crate) is_silent: bool,
    /// Most bytes that one result of a library function may have.
    pub(crate) memory_bytes_max: usize,
    work: u64,
    /// Bytes in use from which the next hook collects garbage.
    collect_at: usize,
}

/// A function that a library registered.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub(crate) name: Vec<u8>,
    pub(crate) description: Option<Vec<u8>>,
    pub(crate) flags: Flags,
}

impl RunState {
    pub(crate) fn new(random: Random, memory_bytes_max: usize) -> RunState {
        RunState {
            protocol: Protocol::Resp2,
            random,
            stopped: None,
            panic: None,
            failure: None,
            registered: None,
            is_silent: false,
            memory_bytes_max,
            work: 0,
            collect_at: memory_bytes_max / 4 * 3,
        }
    }
}

/// A [`Run`] without its lifetime.
trait Access {
    fn parts(&mut self) -> (&mut dyn Surroundings, &mut RunState);
}

impl Access for Run<'_> {
    fn parts(&mut self) -> (&mut dyn Surroundings, &mut RunState) {
        (self.around, &mut self.state)
    }
}

/// Lends the run to the thread while `inside` works.
pub(crate) fn lend<T>(run: &mut Run<'_>, inside: impl FnOnce() -> T) -> T {
    RUN.set(run, inside)
}

/// Whether a run is lent.
pub(crate) fn is_running() -> bool {
    RUN.is_set()
}

/// The run that is lent. It's never asked for within itself: the surroundings don't run Lua.
pub(crate) fn with_run<T>(inside: impl FnOnce(&mut dyn Surroundings, &mut RunState) -> T) -> T {
    RUN.with(|run| {
        let (around, state) = run.parts();
        inside(around, state)
    })
}

/// The run's own state.
pub(crate) fn with_state<T>(inside: impl FnOnce(&mut RunState) -> T) -> T {
    with_run(|_, state| inside(state))
}

/// Lifts the limit of Lua's memory while it lives.
///
/// With a limit each step of ours into Lua is guarded against its failure, which costs more than the step. Without, what we
/// build must be bounded by other means; if it goes beyond the limit in the end, the script's own next step fails.
pub(crate) struct Unlimited<'lua> {
    lua: &'lua Lua,
    memory_bytes_max: usize,
}

impl Unlimited<'_> {
    pub(crate) fn new(lua: &Lua) -> Result<Unlimited<'_>> {
        let memory_bytes_max = if is_running() { with_state(|state| state.memory_bytes_max) } else { 0 };
        lua.set_memory_limit(0)?;
        Ok(Unlimited { lua, memory_bytes_max })
    }

    /// Fails if the limit has been passed meanwhile.
    pub(crate) fn check(&self) -> Result<()> {
        if self.memory_bytes_max != 0 && self.lua.used_memory() > self.memory_bytes_max {
            return Err(Raised::Text(NO_MEMORY.to_vec()).into());
        }
        Ok(())
    }
}

impl Drop for Unlimited<'_> {
    fn drop(&mut self) {
        // It can only fail for a state that others own.
        let _ = self.lua.set_memory_limit(self.memory_bytes_max);
    }
}

/// Raises the error again that stopped the run, if one did.
pub(crate) fn check_stopped() -> Result<()> {
    if is_running() && with_state(|state| state.stopped.is_some()) {
        return Err(Raised::Stopped.into());
    }
    Ok(())
}

/// Asks the surroundings something, unless the run is stopped. What they stop it with stops it.
pub(crate) fn ask<T>(
    question: impl FnOnce(&mut dyn Surroundings, &mut RunState) -> std::result::Result<T, Stop>,
) -> Result<T> {
    with_run(|around, state| {
        if state.stopped.is_some() {
            return Err(Raised::Stopped.into());
        }
        // A panic must not pass through Lua, where the script's error handlers would meet it.
        let answer = catch_unwind(AssertUnwindSafe(|| question(around, state)));
        let stop = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(stop)) => stop,
            Err(panic) => {
                state.panic = Some(panic);
                Stop::Abandon
            }
        };
        state.stopped = Some(stop);
        Err(Raised::Stopped.into())
    })
}

/// Counts work, and asks the surroundings from time to time whether the run may go on.
pub(crate) fn spend(work: u64) -> Result<()> {
    if !is_running() {
        return Ok(());
    }
    ask(|around, state| {
        state.work = state.work.saturating_add(work);
        if state.work < WORK_BETWEEN_TICKS {
            return Ok(());
        }
        state.work = 0;
        around.tick()
    })
}

/// Accounts for the elements of something large, of which each costs about as much as some instructions.
#[derive(Default)]
pub(crate) struct Elements(u64);

impl Elements {
    const PER_ACCOUNT: u64 = 256;
    const WORK: u64 = 64;

    /// One more. Answers whether it was time to account, and so may be for other checks.
    pub(crate) fn count(&mut self) -> Result<bool> {
        self.0 += 1;
        let is_time = self.0.is_multiple_of(Self::PER_ACCOUNT);
        if is_time {
            spend(Self::PER_ACCOUNT * Self::WORK)?;
        }
        Ok(is_time)
    }
}

/// What the instruction hook does.
pub(crate) fn hook(lua: &Lua) -> Result<()> {
    if !is_running() {
        return Ok(());
    }
    let used = lua.used_memory();
    let weight = 1 + (used / BYTES_PER_WEIGHT) as u64;
    spend(u64::from(INSTRUCTIONS_BETWEEN_HOOKS) * weight)?;
    // Lua 5.1 collects when memory has doubled since the last time, and gives up at the limit without having tried. So it
    // has to be told, at three quarters of the limit and then each time that half of what is left has filled.
    if used > with_state(|state| state.collect_at) {
        lua.gc_collect()?;
        let live = lua.used_memory();
        with_state(|state| {
            let left = state.memory_bytes_max.saturating_sub(live);
            state.collect_at = live.saturating_add(left / 2).max(state.memory_bytes_max / 4 * 3);
        });
        spend((live / 1024) as u64)?;
    }
    Ok(())
}
