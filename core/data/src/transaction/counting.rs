//! What a transaction counts of itself: keys looked up, and keys changed.

use dredis_contract::Result;

use super::{Lookups, Transaction};

impl Transaction<'_> {
    /// How many keys have been looked up to be read.
    pub fn lookups(&self) -> Lookups {
        self.lookups.get()
    }

    pub(crate) fn count_lookup(&self, is_hit: bool) {
        let mut lookups = self.lookups.get();
        if is_hit {
            lookups.hits += 1;
        } else {
            lookups.misses += 1;
        }
        self.lookups.set(lookups);
    }

    /// Counts a change of a key, and tells whoever must know.
    pub(crate) fn key_changed(&mut self, db: u32, key: &[u8]) -> Result<()> {
        let writing = self.writing()?;
        writing.changes += 1;
        writing.observer.key_changed(db, key);
        Ok(())
    }

    /// Takes back a count of changes.
    pub(crate) fn uncount_changes(&mut self, changes: u64) -> Result<()> {
        let writing = self.writing()?;
        writing.changes = writing.changes.saturating_sub(changes);
        Ok(())
    }

    /// Counts changes of keys.
    pub(crate) fn count_changes(&mut self, changes: u64) -> Result<()> {
        self.writing()?.changes += changes;
        Ok(())
    }
}
