//! The settings of `cjson`, and how long they hold.
//!
//! In Redis they are part of the one interpreter: what a script sets holds for all scripts that follow, until SCRIPT FLUSH or the end
//! of the server, and what a function sets for all functions, until the end of the server. Here are several interpreters, so what
//! lasts is kept apart from them. A run begins with a copy of it, since others may run beside it, and each change is made to both.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The settings of one instance of the library.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// Arrays with too many holes become objects; else they are refused.
    pub(super) sparse_convert: bool,
    /// Holes are too many if the largest index is more than this many times the number of items; 0 means never.
    pub(super) sparse_ratio: i64,
    /// Arrays up to this index are never too sparse.
    pub(super) sparse_safe: i64,
    pub(super) encode_depth_max: i64,
    pub(super) decode_depth_max: i64,
    pub(super) precision: i64,
    pub(super) keep_buffer: bool,
    pub(super) encode_invalid: InvalidNumbers,
    pub(super) decode_invalid: bool,
}

/// What becomes of numbers that JSON does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InvalidNumbers {
    Refuse,
    Write,
    Null,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            sparse_convert: false,
            sparse_ratio: 2,
            sparse_safe: 10,
            encode_depth_max: 1000,
            decode_depth_max: 1000,
            precision: 14,
            keep_buffer: true,
            encode_invalid: InvalidNumbers::Refuse,
            decode_invalid: true,
        }
    }
}

/// The settings of the library `cjson` that scripts, and functions, leave to those that follow them. Clones are the same settings, so
/// interpreters that are given one act as one.
#[derive(Clone, Debug, Default)]
pub struct JsonSettings {
    pub(crate) of_scripts: Lasting,
    pub(crate) of_functions: Lasting,
}

impl JsonSettings {
    /// Back to the defaults for scripts, as SCRIPT FLUSH wants it. In Redis 7.0 nothing does the same for functions.
    pub fn forget_scripts(&self) {
        *locked(&self.of_scripts.0) = Settings::default();
    }
}

/// What one run leaves to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lasting(Arc<Mutex<Settings>>);

/// The settings of a library's table, which all functions in it share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    settings: Settings,
    /// Where changes are made, too; nothing for a table that a script made for itself.
    lasting: Option<Lasting>,
}

impl Shared {
    /// Begins a run with what earlier ones have left.
    pub(crate) fn begin(&self, lasting: &Lasting) {
        let settings = *locked(&lasting.0);
        *locked(&self.0) = Held { settings, lasting: Some(lasting.clone()) };
    }

    pub(super) fn get(&self) -> Settings {
        locked(&self.0).settings
    }

    /// Makes a change, and answers what it does. It is done twice, so that of runs beside each other none undoes what another has set.
    pub(super) fn change<T>(&self, change: impl Fn(&mut Settings) -> T) -> T {
        let mut held = locked(&self.0);
        let answer = change(&mut held.settings);
        if let Some(lasting) = &held.lasting {
            change(&mut locked(&lasting.0));
        }
        answer
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
