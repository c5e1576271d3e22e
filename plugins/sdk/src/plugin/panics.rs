//! The one place where panics are caught, and what is known of them: their message and where they came up.
//!
//! A plugin has its own copy of the standard library, and so its own panic hook. The usual one prints several lines about a
//! panic that the host reports in one. So panics that are caught here are kept quiet, and their place goes into the error; with
//! `RUST_BACKTRACE` set they are printed as well. Panics in threads that the plugin started are printed as ever.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// How many calls of [`catch`] this thread is in.
    static CATCHING: Cell<u32> = const { Cell::new(0) };
    /// Where the last panic that was caught on this thread came up.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `action`; if it panics, the panic's message and place are the error.
///
/// Nothing that `action` left half done is looked at again: the instance is poisoned, or was never made.
#[inline]
pub(super) fn catch<T>(action: impl FnOnce() -> T) -> Result<T, String> {
    CATCHING.set(CATCHING.get() + 1);
    let caught = panic::catch_unwind(AssertUnwindSafe(action));
    CATCHING.set(CATCHING.get() - 1);
    caught.map_err(message_of)
}

/// From now on, panics that are caught are not printed.
pub(super) fn keep_caught_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if CATCHING.get() == 0 {
                return usual(panic);
            }
            PLACE.set(panic.location().map(ToString::to_string));
            if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
                usual(panic);
            }
        }));
    });
}

#[cold]
fn message_of(payload: Box<dyn Any + Send>) -> String {
    let message = match payload.downcast::<&'static str>() {
        Ok(message) => (*message).to_owned(),
        Err(payload) => match payload.downcast::<String>() {
            Ok(message) => *message,
            Err(payload) => {
                // Dropping a payload of an unknown type runs unknown code, which might panic in its turn.
                std::mem::forget(payload);
                "(a panic without a message)".to_owned()
            }
        },
    };
    match PLACE.take() {
        Some(place) => format!("{message} (at {place})"),
        None => message,
    }
}
