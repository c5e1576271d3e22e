//! How runs end that give no answer.

/// A script that gave no answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// An error for the client: the script raised it, or answered it (`return redis.pcall(...)`).
    Error(ScriptError),
    /// The surroundings gave the run up with [`Stop::Abandon`](crate::Stop::Abandon) and know why.
    Abandoned,
}

/// An error reply.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptError {
    /// The whole line, code in front, without the `-` of the wire; never contains line ends.
    pub message: Vec<u8>,
    /// Whether the error was counted already when the command that caused it failed
    /// (Redis's `ignore_error_stats_update`).
    pub counted_already: bool,
}

impl From<ScriptError> for Failure {
    fn from(error: ScriptError) -> Failure {
        Failure::Error(error)
    }
}

impl ScriptError {
    pub(crate) fn new(message: impl Into<Vec<u8>>) -> ScriptError {
        ScriptError { message: message.into(), counted_already: false }
    }
}
