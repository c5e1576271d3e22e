//! Scripts as tests see them: a cache, one interpreter, and a run that ends when the test says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dredis_commands::lua::{Interpreter, Limits, LogLevel};
use dredis_commands::{Ended, Killing, Origin, ScriptKind, ScriptRun, Scripts, Seat};

/// How much memory a script may take, in bytes.
pub const MEMORY_BYTES_MAX: usize = 16 << 20;

/// What is kept of scripts.
#[derive(Default)]
pub struct StandInScripts {
    pub parts: Mutex<ScriptParts>,
}

/// What there is, and what was asked.
#[derive(Default)]
pub struct ScriptParts {
    pub sources: HashMap<Vec<u8>, Arc<[u8]>>,
    idle: Option<Interpreter>,
    /// After so many ticks a run is ended for this reason.
    pub end: Option<(usize, Ended)>,
    /// How often runs have asked whether they may go on.
    pub ticks: usize,
    /// What ended.
    pub ended: Vec<Arc<ScriptRun>>,
    /// What SCRIPT KILL finds.
    pub killing: Option<Killing>,
    pub running: Option<Arc<ScriptRun>>,
    pub logged: Vec<String>,
}

impl StandInScripts {
    pub fn parts(&self) -> MutexGuard<'_, ScriptParts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scripts for StandInScripts {
    fn script(&self, sha: &[u8]) -> Option<Arc<[u8]>> {
        self.parts().sources.get(sha).cloned()
    }

    fn keep_script(&self, sha: &[u8], source: &[u8], _: Origin) -> bool {
        self.parts().sources.insert(sha.to_vec(), source.into());
        true
    }

    fn forget_scripts(&self) {
        self.parts().sources.clear();
    }

    fn interpreter(&self, _: Seat) -> Result<Interpreter, String> {
        if let Some(idle) = self.parts().idle.take() {
            return Ok(idle);
        }
        let limits = Limits { memory_bytes_max: MEMORY_BYTES_MAX };
        Interpreter::new(limits).map_err(|error| String::from_utf8_lossy(&error.message).into_owned())
    }

    fn give_back(&self, _: Seat, interpreter: Interpreter) {
        self.parts().idle = Some(interpreter);
    }

    fn memory_bytes_max(&self) -> usize {
        MEMORY_BYTES_MAX
    }

    fn tick(&self, run: &Arc<ScriptRun>) -> Result<(), Ended> {
        let mut parts = self.parts();
        parts.ticks += 1;
        parts.running = Some(Arc::clone(run));
        match parts.end {
            Some((after, why)) if parts.ticks > after => Err(why),
            _ => Ok(()),
        }
    }

    fn ended(&self, _: &ScriptRun) {
        let mut parts = self.parts();
        let run = parts.running.take();
        parts.ended.extend(run);
    }

    fn kill(&self, _: ScriptKind) -> Killing {
        self.parts().killing.unwrap_or(Killing::NothingRuns)
    }

    fn running(&self) -> Option<Arc<ScriptRun>> {
        self.parts().running.clone()
    }

    fn log(&self, level: LogLevel, message: &[u8]) {
        self.parts().logged.push(format!("{level:?} {}", message.escape_ascii()));
    }
}
