//! The host's log, as the plugin sees it.

use dredis_contract::Logger;

use crate::abi::{Bytes, LogSink};
use crate::codes;

/// A logger that writes to the host's log, and gives it back when its last clone is gone.
pub(super) fn logger(sink: LogSink) -> Logger {
    let held = HeldSink(sink);
    Logger::new(move |level, line| held.write(codes::of_log_level(level), line))
}

struct HeldSink(LogSink);

// SAFETY: the ABI promises that `write` may be called from any thread, and that `release` may, too.
unsafe impl Send for HeldSink {}
// SAFETY: as above.
unsafe impl Sync for HeldSink {}

impl HeldSink {
    fn write(&self, level: u8, line: &str) {
        // SAFETY: the context is the one that came with the function, and it was not released yet.
        unsafe { (self.0.write)(self.0.context, level, Bytes::new(line.as_bytes())) }
    }
}

impl Drop for HeldSink {
    fn drop(&mut self) {
        // SAFETY: released once, here.
        unsafe { (self.0.release)(self.0.context) }
    }
}
