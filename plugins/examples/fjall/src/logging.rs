//! What fjall and its parts have to say, handed on to dredis's log. They speak to the `log` crate, of which this library
//! has a copy of its own that nobody else listens to.

use std::sync::{PoisonError, RwLock};

use dredis_plugin::{LogLevel, Logger};
use log::{Level, LevelFilter, Log, Metadata, Record};

/// The log of the engine that was opened last: the `log` crate has one for the whole library.
struct Bridge(RwLock<Option<Logger>>);

static BRIDGE: Bridge = Bridge(RwLock::new(None));

/// Hands lines on to `logger` from now on.
pub(crate) fn speak_to(logger: &Logger) {
    *BRIDGE.0.write().unwrap_or_else(PoisonError::into_inner) = Some(logger.clone());
    // An error says that it was set before, which is as well.
    if log::set_logger(&BRIDGE).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        let level = match record.level() {
            Level::Error => LogLevel::Error,
            Level::Warn => LogLevel::Warning,
            // fjall's "info" is about its insides.
            _ => LogLevel::Debug,
        };
        let logger = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(logger) = logger {
            logger.log(level, &format!("{}: {}", record.target(), record.args()).replace('\n', " "));
        }
    }

    fn flush(&self) {}
}
