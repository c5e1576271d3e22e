//! The way in which an engine speaks to the operator: the host's log, handed in at opening.

use std::fmt;
use std::sync::Arc;

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Of use while hunting a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is not as it should be; the engine goes on.
    Warning,
    /// Something failed.
    Error,
}

type Sink = dyn Fn(LogLevel, &str) + Send + Sync;

/// A handle to the host's log. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Logger {
    sink: Arc<Sink>,
}

impl Logger {
    /// A logger that hands each line to `sink`.
    pub fn new(sink: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Self {
        Logger { sink: Arc::new(sink) }
    }

    /// A logger that drops everything; for tests.
    pub fn silent() -> Self {
        Logger::new(|_, _| {})
    }

    /// Writes one line.
    pub fn log(&self, level: LogLevel, line: &str) {
        (self.sink)(level, line);
    }
}

impl fmt::Debug for Logger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Logger")
    }
}
