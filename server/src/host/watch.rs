//! Watched keys, and who watches them. While nobody watches anything a change costs one atomic load.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dredis_commands::Watched;
use dredis_contract::Result;
use dredis_data::Observer;

/// The table of watched keys.
#[derive(Default)]
pub struct WatchTable {
    watches: AtomicUsize,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    /// Who watches a key of a database.
    watchers: HashMap<u32, HashMap<Box<[u8]>, Vec<u64>>>,
    sessions: HashMap<u64, State>,
}

#[derive(Default)]
struct State {
    touched: bool,
    keys: Vec<WatchedKey>,
}

struct WatchedKey {
    db: u32,
    key: Box<[u8]>,
    /// It had expired when WATCH ran: its removal then changes nothing.
    expired: bool,
}

impl WatchTable {
    /// Watches a key for a session.
    pub fn watch(&self, session: u64, db: u32, key: &[u8], expired: bool) {
        let mut tables = self.tables();
        let state = tables.sessions.entry(session).or_default();
        if state.keys.iter().any(|watched| watched.db == db && *watched.key == *key) {
            return;
        }
        state.keys.push(WatchedKey { db, key: key.into(), expired });
        tables.watchers.entry(db).or_default().entry(key.into()).or_default().push(session);
        self.watches.fetch_add(1, Ordering::Relaxed);
    }

    /// Forgets all that a session watches.
    pub fn unwatch(&self, session: u64) {
        let mut tables = self.tables();
        let Some(state) = tables.sessions.remove(&session) else { return };
        for WatchedKey { db, key, .. } in &state.keys {
            let Some(keys) = tables.watchers.get_mut(db) else { continue };
            if let Some(sessions) = keys.get_mut(key) {
                sessions.retain(|watcher| *watcher != session);
                if sessions.is_empty() {
                    keys.remove(key);
                }
            }
        }
        self.watches.fetch_sub(state.keys.len(), Ordering::Relaxed);
    }

    /// What has become of a session's watched keys. One that says it watches and is not known here has lost its
    /// keys to a turn of the writer that had to be repeated: better to abort than to miss a change.
    pub fn watched(&self, session: u64) -> Watched {
        match self.tables().sessions.get(&session) {
            None => Watched { touched: true, live: Vec::new() },
            Some(state) => {
                let live = state.keys.iter().filter(|key| !key.expired);
                let live = live.map(|key| (key.db, key.key.to_vec())).collect();
                Watched { touched: state.touched, live }
            }
        }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn touch(&mut self, db: u32, key: &[u8]) {
        let Some(sessions) = self.watchers.get(&db).and_then(|keys| keys.get(key)) else { return };
        for session in sessions {
            let Some(state) = self.sessions.get_mut(session) else { continue };
            let watched = state.keys.iter_mut().find(|watched| watched.db == db && *watched.key == *key);
            match watched {
                Some(watched) if watched.expired => watched.expired = false,
                _ => state.touched = true,
            }
        }
    }
}

impl Observer for WatchTable {
    fn key_changed(&self, db: u32, key: &[u8]) {
        if self.watches.load(Ordering::Relaxed) > 0 {
            self.tables().touch(db, key);
        }
    }

    fn database_changed(&self, db: u32, had: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        if self.watches.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        let mut tables = self.tables();
        let keys: Vec<Box<[u8]>> =
            tables.watchers.get(&db).map(|keys| keys.keys().cloned().collect()).unwrap_or_default();
        for key in keys {
            if had(&key)? {
                tables.touch(db, &key);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_watchers_of_a_key_are_touched() {
        let table = WatchTable::default();
        table.watch(1, 0, b"a", false);
        table.watch(2, 1, b"a", false);
        table.key_changed(0, b"a");
        assert!(table.watched(1).touched);
        assert!(!table.watched(2).touched);
        table.unwatch(1);
        table.unwatch(2);
        assert_eq!(table.watches.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn the_removal_of_a_key_that_had_expired_is_no_change() {
        let table = WatchTable::default();
        table.watch(1, 0, b"a", true);
        table.key_changed(0, b"a");
        assert!(!table.watched(1).touched);
        table.key_changed(0, b"a");
        assert!(table.watched(1).touched);
    }

    #[test]
    fn emptying_a_database_touches_keys_that_were_there() {
        let table = WatchTable::default();
        table.watch(1, 0, b"there", false);
        table.watch(2, 0, b"absent", false);
        table.database_changed(0, &|key| Ok(key == b"there")).expect("nothing fails");
        assert!(table.watched(1).touched);
        assert!(!table.watched(2).touched);
    }
}
