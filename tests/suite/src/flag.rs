//! A flag that ends what runs beside a test, also when the test panics: a scope waits for its threads.

use std::sync::atomic::{AtomicBool, Ordering};

/// Sets a flag when it is dropped.
#[derive(Debug)]
pub struct SetWhenDropped<'f>(pub &'f AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
