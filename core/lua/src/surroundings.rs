//! What a script needs of the server while it runs.

use crate::answer::Answer;

/// The server, as one run of a script sees it.
pub trait Surroundings {
    /// Runs a command for `redis.call` and `redis.pcall`; `arguments` is never empty.
    ///
    /// A command's refusal or error is an [`Answer::Error`], which `redis.call` raises and a script can catch. The answer has the
    /// shapes of `protocol` (no maps, sets, doubles and so on for [`Protocol::Resp2`], save where it's indifferent).
    ///
    /// # Errors
    /// [`Stop`] ends the whole script; no `pcall` of the script can catch it.
    fn call(&mut self, arguments: &[&[u8]], protocol: Protocol) -> Result<Answer, Stop>;

    /// Writes to the server's log for `redis.log`.
    fn log(&mut self, level: LogLevel, message: &[u8]);

    /// Asked regularly while a script computes, also within coroutines, `pcall` and long pattern matches: may it go on?
    ///
    /// # Errors
    /// [`Stop`] ends the whole script; no `pcall` of the script can catch it.
    fn tick(&mut self) -> Result<(), Stop>;

    /// Whether the user may run this command, for `redis.acl_check_cmd`; nothing if there is no such command.
    fn may_run(&mut self, arguments: &[&[u8]]) -> Option<bool>;
}

/// Why a script is ended from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// With an error, code in front: `ERR Script killed by user with SCRIPT KILL...`. It gets the script's name and line behind.
    Error(Vec<u8>),
    /// Because what it runs on failed. The run ends in [`Failure::Abandoned`](crate::Failure::Abandoned); the surroundings remember why.
    Abandon,
}

/// The protocol that a script chose with `redis.setresp`; 2 at the start of each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RESP2.
    Resp2,
    /// RESP3.
    Resp3,
}

/// Redis's levels of importance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// `redis.LOG_DEBUG`
    Debug,
    /// `redis.LOG_VERBOSE`
    Verbose,
    /// `redis.LOG_NOTICE`
    Notice,
    /// `redis.LOG_WARNING`
    Warning,
}
