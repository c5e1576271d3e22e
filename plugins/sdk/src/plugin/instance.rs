//! An open engine and the guard around it: after a panic it takes no more calls.

use std::sync::OnceLock;

use dredis_contract::{Backend, Error, ErrorKind, LogLevel, Logger, Result};

use super::panics::catch;
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
            log.log(LogLevel::Error, panicked(name, "drop", &panic).message());
        }
    }

    #[cold]
    fn poison_with(&self, method: &str, panic: &str) -> Error {
        let error = panicked(self.name, method, panic);
        self.log.log(LogLevel::Error, error.message());
        self.poison.get_or_init(|| {
            let since = format!("backend '{}' takes no more calls since it panicked", self.name);
            error.clone().context(since)
        });
        error
    }
}

/// What is said about a panic.
pub(super) fn panicked(name: &str, method: &str, panic: &str) -> Error {
    let advice = "restart the server, and report this to the plugin's author";
    Error::new(ErrorKind::Poisoned, format!("backend '{name}' panicked in {method}: {panic}; {advice}"))
}
