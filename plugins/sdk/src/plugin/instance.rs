//! An open engine and the guard around it: the one place where panics are caught.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;

use dredis_contract::{Backend, Error, ErrorKind, LogLevel, Logger, Result};

use crate::abi::{Failure, RResult};
use crate::wire;

/// An open engine, until it panics; from then on an error.
pub(super) struct Instance {
    name: &'static str,
    log: Logger,
    /// What every call answers once a panic was caught.
    poison: OnceLock<Error>,
    backend: Box<dyn Backend>,
}

impl Instance {
    pub(super) fn new(name: &'static str, log: Logger, backend: Box<dyn Backend>) -> Self {
        Instance { name, log, poison: OnceLock::new(), backend }
    }

    /// The instance behind the first argument of an ABI function.
    ///
    /// # Safety
    ///
    /// `instance` comes from `open` and is not closed while the reference is in use.
    #[inline]
    pub(super) unsafe fn at<'a>(instance: *const ()) -> &'a Instance {
        // SAFETY: it was made from a `Box<Instance>`, which lives until `close`.
        unsafe { &*instance.cast::<Instance>() }
    }

    /// Runs `action` on the engine, unless it is poisoned. A panic poisons it.
    #[inline]
    pub(super) fn call<'a, T>(
        &'a self,
        method: &str,
        action: impl FnOnce(&'a dyn Backend) -> Result<T>,
    ) -> Result<T> {
        if let Some(error) = self.poison.get() {
            return Err(error.clone());
        }
        catch(|| action(&*self.backend)).unwrap_or_else(|panic| Err(self.poison_with(method, &panic)))
    }

    /// [`Instance::call`] in the form in which results cross the boundary.
    #[inline]
    pub(super) fn answer<'a, T>(
        &'a self,
        method: &str,
        action: impl FnOnce(&'a dyn Backend) -> Result<T>,
    ) -> RResult<T, Failure> {
        wire::of_result(self.call(method, action))
    }

    /// Drops something that the engine made. Done even on a poisoned engine, so that locks and files are let go.
    #[inline]
    pub(super) fn release<T>(&self, what: &str, thing: T) {
        if let Err(panic) = catch(|| drop(thing)) {
            self.poison_with(what, &panic);
        }
    }

    /// Drops the engine itself.
    pub(super) fn close(self) {
        let Instance { name, log, poison: _, backend } = self;
        if let Err(panic) = catch(|| drop(backend)) {
            log.log(LogLevel::Error, &panic_message(name, "drop", &panic));
        }
    }

    #[cold]
    fn poison_with(&self, method: &str, panic: &str) -> Error {
        let message = panic_message(self.name, method, panic);
        self.log.log(LogLevel::Error, &message);
        self.poison.get_or_init(|| {
            Error::new(
                ErrorKind::Poisoned,
                format!("backend '{}' takes no more calls since it panicked: {message}", self.name),
            )
        });
        Error::new(ErrorKind::Poisoned, message)
    }
}

/// What is said about a panic.
pub(super) fn panic_message(name: &str, method: &str, panic: &str) -> String {
    let panic = panic.replace('\n', " ");
    format!(
        "backend '{name}' panicked in {method}: {panic}; restart the server, and report this to the plugin's author"
    )
}

/// Runs `action`; if it panics, the panic's message is the error.
///
/// Nothing that `action` left half done is looked at again: the instance is poisoned, or was never made.
#[inline]
pub(super) fn catch<T>(action: impl FnOnce() -> T) -> std::result::Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(action)).map_err(message_of)
}

#[cold]
fn message_of(payload: Box<dyn Any + Send>) -> String {
    let payload = match payload.downcast::<&'static str>() {
        Ok(message) => return (*message).to_owned(),
        Err(payload) => payload,
    };
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => {
            // Dropping a payload of an unknown type runs unknown code, which might panic in its turn.
            std::mem::forget(payload);
            "(a panic without a message)".to_owned()
        }
    }
}
