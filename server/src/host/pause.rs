//! CLIENT PAUSE: requests are held back for a time. While there is none it costs one atomic load a batch.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dredis_commands::PauseScope;
use tokio::sync::Notify;

/// What holds requests back.
#[derive(Default)]
pub struct Pause {
    is_on: AtomicBool,
    current: Mutex<Option<Current>>,
    ended: Notify,
}

#[derive(Clone, Copy)]
struct Current {
    until: Instant,
    scope: PauseScope,
}

impl Pause {
    /// Begins a pause. One that is on already is made longer and wider, never shorter or narrower.
    pub(super) fn begin(&self, ms: u64, scope: PauseScope) {
        let now = Instant::now();
        // Beyond a century the difference does not show.
        let until = now + Duration::from_millis(ms.min(100 * 365 * 24 * 3600 * 1000));
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(match current.filter(|current| current.until > now) {
            None => Current { until, scope },
            Some(before) => Current { until: before.until.max(until), scope: before.scope.max(scope) },
        });
        self.is_on.store(true, Ordering::Relaxed);
    }

    /// Ends it.
    pub(super) fn end(&self) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.is_on.store(false, Ordering::Relaxed);
        self.ended.notify_waiters();
    }

    /// Whether any pause may be on.
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Waits while requests are held back; `writes`: these ones may write.
    pub async fn wait(&self, writes: bool) {
        loop {
            let ended = self.ended.notified();
            let Some(left) = self.left(writes) else { return };
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                () = ended => {}
            }
        }
    }

    fn left(&self, writes: bool) -> Option<Duration> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let on = (*current)?;
        let left = on.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            *current = None;
            self.is_on.store(false, Ordering::Relaxed);
            return None;
        }
        (writes || on.scope == PauseScope::All).then_some(left)
    }
}
