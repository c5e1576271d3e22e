//! Scripts and functions, as far as they concern more than the one that runs: the cache of sources, interpreters to be
//! had, runs that take long and whoever ends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dredis_lua::{Interpreter, LogLevel};

/// What is kept and known of scripts.
pub trait Scripts: Send + Sync {
    /// The source of a cached script, by the forty lower-case digits of its SHA-1.
    fn script(&self, sha: &[u8]) -> Option<Arc<[u8]>>;

    /// Keeps a script that compiles. Whether there was room: a script that a client asks to be loaded stays until SCRIPT FLUSH,
    /// others may make way.
    fn keep_script(&self, sha: &[u8], source: &[u8], origin: Origin) -> bool;

    /// Forgets all scripts, and the settings of `cjson` that they have left to each other.
    fn forget_scripts(&self);

    /// An interpreter for whoever runs there; all have the settings of `cjson` in common. An error says why there is none.
    fn interpreter(&self, seat: Seat) -> Result<Interpreter, String>;

    /// Takes an interpreter back that ended its run in order.
    fn give_back(&self, seat: Seat, interpreter: Interpreter);

    /// How many bytes of memory a script may take: within its interpreter, and again as writes that wait for their commit.
    fn memory_bytes_max(&self) -> usize;

    /// To be called from time to time while a run goes on, on its own thread. An error says why it has to end.
    fn tick(&self, run: &Arc<Run>) -> Result<(), Ended>;

    /// A run of which [`Scripts::tick`] was told is over.
    fn ended(&self, run: &Run);

    /// Ends runs of this kind that take too long and have not written.
    fn kill(&self, kind: ScriptKind) -> Killing;

    /// The run that FUNCTION STATS should tell of: of those that take long, the one in the writer's turn, or else the oldest.
    fn running(&self) -> Option<Arc<Run>>;

    /// Writes a line of a script's to the log.
    fn log(&self, level: LogLevel, message: &[u8]);
}

/// The two kinds of code that clients can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScriptKind {
    /// What EVAL and EVALSHA run.
    Script,
    /// What FCALL runs.
    Function,
}

/// Where a script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seat {
    /// In the writer's turn: one at a time, and everybody's writes wait for it.
    Writer,
    /// Beside it, reading.
    Reader,
}

/// How a script came to be cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// EVAL ran it.
    Run,
    /// SCRIPT LOAD asked for it.
    Loaded,
}

/// Why a run has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// SCRIPT KILL, FUNCTION KILL.
    Killed,
    /// The server goes down, and has waited long enough.
    ShuttingDown,
}

/// What came of SCRIPT KILL or FUNCTION KILL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Killing {
    /// Something will end.
    Done,
    /// Nothing runs.
    NothingRuns,
    /// What runs has written.
    HasWritten,
    /// What runs is of the other kind.
    OtherKind,
}

/// A run of a script or function, seen from outside.
#[derive(Debug)]
pub struct Run {
    /// What it runs.
    pub kind: ScriptKind,
    /// Where it runs.
    pub seat: Seat,
    /// The script's SHA-1 or the function's name.
    pub name: Vec<u8>,
    /// The command that began it.
    pub command: Vec<Vec<u8>>,
    /// When, on the host's monotonic clock.
    pub started_us: u64,
    has_written: AtomicBool,
    is_killed: AtomicBool,
}

impl Run {
    /// A run that has just begun.
    pub fn new(kind: ScriptKind, seat: Seat, name: &[u8], command: &[&[u8]], started_us: u64) -> Run {
        Run {
            kind,
            seat,
            name: name.to_vec(),
            command: command.iter().map(|word| word.to_vec()).collect(),
            started_us,
            has_written: AtomicBool::new(false),
            is_killed: AtomicBool::new(false),
        }
    }

    /// Whether it has run a command that writes; then it can no more be killed.
    pub fn has_written(&self) -> bool {
        self.has_written.load(Ordering::Relaxed)
    }

    /// It is about to write.
    pub fn set_written(&self) {
        self.has_written.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has asked for its end.
    pub fn is_killed(&self) -> bool {
        self.is_killed.load(Ordering::Relaxed)
    }

    /// Asks for its end.
    pub fn kill(&self) {
        self.is_killed.store(true, Ordering::Relaxed);
    }
}
