//! The host's log, as it is handed to a plugin.

use std::panic::{self, AssertUnwindSafe};

use dredis_contract::Logger;

use crate::abi::{Bytes, LogSink};
use crate::codes;

pub(super) fn sink(logger: Logger) -> LogSink {
    LogSink { context: Box::into_raw(Box::new(logger)).cast_const().cast(), write, release }
}

unsafe extern "C" fn write(context: *const (), level: u8, line: Bytes) {
    // SAFETY: the context is that of `sink`, not released yet; the line lives until this returns.
    let (logger, line) = unsafe { (&*context.cast::<Logger>(), line.get()) };
    // A panic must not run into the plugin, and there is no log left to tell it to.
    let _: std::thread::Result<()> = panic::catch_unwind(AssertUnwindSafe(|| {
        logger.log(codes::log_level(level), &String::from_utf8_lossy(line));
    }));
}

unsafe extern "C" fn release(context: *const ()) {
    // SAFETY: made by `sink`, released once.
    let logger = unsafe { Box::from_raw(context.cast_mut().cast::<Logger>()) };
    // As above.
    let _: std::thread::Result<()> = panic::catch_unwind(AssertUnwindSafe(|| drop(logger)));
}
