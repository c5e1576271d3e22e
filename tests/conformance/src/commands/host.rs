//! A server around commands that has nothing to tell: what is compared is data.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dredis_commands::{
    Call, ClientFilter, Clients, CommandId, Configuration, Host, InfoSection, Killed, LatencyEvent,
    Measurements, MemoryFigures, PauseScope, Scripts, Session, SettingRefused, SlowCall, Snapshots,
    UnblockWith, Watched,
};
use dredis_contract::Result;
use dredis_data::{KeyPosition, Observer, PackedLimits};

/// Keeps positions of SCAN, and what is watched.
#[derive(Default)]
pub(super) struct QuietHost {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    positions: HashMap<u64, KeyPosition>,
    /// By session: what is watched (and whether it had expired), and whether it was touched.
    watched: HashMap<u64, (Vec<WatchedKey>, bool)>,
}

struct WatchedKey {
    db: u32,
    key: Vec<u8>,
    expired: bool,
}

impl QuietHost {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for QuietHost {
    fn monotonic_us(&self) -> u64 {
        0
    }

    fn unix_time_us(&self) -> u64 {
        0
    }

    fn call_finished(&self, _: &Session, _: &Call<'_>) {}

    fn error_answered(&self, _: &[u8]) {}

    fn is_readonly(&self) -> bool {
        false
    }

    fn requires_password(&self) -> bool {
        false
    }

    fn is_password(&self, _: &[u8]) -> bool {
        true
    }

    /// Small ones, so that short sequences get beyond them.
    fn packed_limits(&self) -> PackedLimits {
        PackedLimits::default()
    }

    fn clients(&self) -> &dyn Clients {
        self
    }

    fn configuration(&self) -> &dyn Configuration {
        self
    }

    fn scripts(&self) -> &dyn Scripts {
        self
    }

    fn measurements(&self) -> &dyn Measurements {
        self
    }

    fn snapshots(&self) -> &dyn Snapshots {
        self
    }

    fn shut_down(&self) {}

    fn set_active_expiry(&self, _: bool) {}

    fn watch(&self, session: u64, db: u32, key: &[u8], expired: bool) {
        let key = WatchedKey { db, key: key.to_vec(), expired };
        self.state().watched.entry(session).or_default().0.push(key);
    }

    fn unwatch(&self, session: u64) {
        self.state().watched.remove(&session);
    }

    fn watched(&self, session: u64) -> Watched {
        let state = self.state();
        let Some((keys, touched)) = state.watched.get(&session) else { return Watched::default() };
        let live = keys.iter().filter(|watched| !watched.expired);
        Watched { touched: *touched, live: live.map(|watched| (watched.db, watched.key.clone())).collect() }
    }

    fn open_cursor(&self, position: KeyPosition, _: u64) -> u64 {
        let mut state = self.state();
        let number = state.positions.len() as u64 + 1;
        state.positions.insert(number, position);
        number
    }

    fn cursor(&self, number: u64) -> Option<KeyPosition> {
        self.state().positions.get(&number).cloned()
    }
}

impl Observer for QuietHost {
    fn key_changed(&self, db: u32, key: &[u8]) {
        for (keys, touched) in self.state().watched.values_mut() {
            *touched |= keys.iter().any(|watched| watched.db == db && watched.key == key);
        }
    }

    fn database_changed(&self, db: u32, had: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        for (keys, touched) in self.state().watched.values_mut() {
            for watched in keys.iter().filter(|watched| watched.db == db) {
                *touched |= had(&watched.key)?;
            }
        }
        Ok(())
    }
}

impl Snapshots for QuietHost {
    fn last_save_s(&self) -> u64 {
        0
    }

    fn is_saving(&self) -> bool {
        false
    }

    fn saves_at_end(&self) -> bool {
        false
    }

    fn end_without_saving(&self) {}
}

impl Clients for QuietHost {
    fn list(&self, _: &Session, _: &str, _: &ClientFilter) -> Vec<u8> {
        Vec::new()
    }

    fn kill(&self, _: &Session, _: &ClientFilter) -> Killed {
        Killed::default()
    }

    fn pause(&self, _: u64, _: PauseScope) {}

    fn unpause(&self) {}

    fn unblock(&self, _: u64, _: UnblockWith) -> bool {
        false
    }
}

impl Configuration for QuietHost {
    fn all(&self) -> Vec<(&'static str, Vec<u8>)> {
        Vec::new()
    }

    fn get(&self, _: &[u8]) -> Option<(&'static str, Vec<u8>)> {
        None
    }

    fn set(&self, pairs: &[(&[u8], &[u8])]) -> std::result::Result<(), SettingRefused> {
        match pairs.first() {
            Some((name, _)) => Err(SettingRefused::Unknown(name.to_vec())),
            None => Ok(()),
        }
    }
}

impl Measurements for QuietHost {
    fn info(&self, _: InfoSection, _: &mut String) {}

    fn reset_statistics(&self) {}

    fn slow_calls(&self, _: Option<usize>) -> Vec<SlowCall> {
        Vec::new()
    }

    fn slow_call_count(&self) -> usize {
        0
    }

    fn forget_slow_calls(&self) {}

    fn latency_threshold_ms(&self) -> u64 {
        0
    }

    fn latency_events(&self) -> Vec<LatencyEvent> {
        Vec::new()
    }

    fn forget_latency_events(&self, _: &[&[u8]]) -> usize {
        0
    }

    fn latency_distribution(&self, _: CommandId) -> Option<(u64, Vec<(u64, u64)>)> {
        None
    }

    fn memory(&self) -> MemoryFigures {
        MemoryFigures::default()
    }
}
