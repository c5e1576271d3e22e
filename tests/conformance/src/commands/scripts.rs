//! Scripts on a server that has nothing to tell: each runs in an interpreter of its own, and none is remembered.

use std::sync::Arc;

use dredis_commands::lua::{Interpreter, Limits, LogLevel};
use dredis_commands::{Ended, Killing, Origin, ScriptKind, ScriptRun, Scripts, Seat};

use super::host::QuietHost;

/// How much memory a script may take, in bytes.
const MEMORY_BYTES_MAX: usize = 64 << 20;

impl Scripts for QuietHost {
    fn script(&self, _: &[u8]) -> Option<Arc<[u8]>> {
        None
    }

    fn keep_script(&self, _: &[u8], _: &[u8], _: Origin) -> bool {
        false
    }

    fn forget_scripts(&self) {}

    fn interpreter(&self, _: Seat) -> Result<Interpreter, String> {
        let limits = Limits { memory_bytes_max: MEMORY_BYTES_MAX };
        Interpreter::new(limits).map_err(|error| String::from_utf8_lossy(&error.message).into_owned())
    }

    fn give_back(&self, _: Seat, _: Interpreter) {}

    fn memory_bytes_max(&self) -> usize {
        MEMORY_BYTES_MAX
    }

    fn tick(&self, _: &Arc<ScriptRun>) -> Result<(), Ended> {
        Ok(())
    }

    fn ended(&self, _: &ScriptRun) {}

    fn kill(&self, _: ScriptKind) -> Killing {
        Killing::NothingRuns
    }

    fn running(&self) -> Option<Arc<ScriptRun>> {
        None
    }

    fn log(&self, _: LogLevel, _: &[u8]) {}
}
