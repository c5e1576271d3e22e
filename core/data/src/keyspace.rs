//! Keys: found, written, removed, renamed, flushed. Every change of a key goes through here, so that counts,
//! the expiry index, the sample index, the garbage queue and observers never disagree with the meta records.

use dredis_contract::{Error, Result, Value};

use crate::databases::Database;
use crate::garbage;
use crate::meta::{self, Entry, Head, Stored};
use crate::transaction::Transaction;

impl Transaction<'_> {
    /// The live key's entry. A key that has expired is not found, whether or not it has been removed yet.
    pub fn find(&self, db: u32, key: &[u8]) -> Result<Option<Entry<'_>>> {
        let found = self.find_any(db, key)?.filter(|entry| !entry.head().is_expired(self.now_ms()));
        self.count_lookup(found.is_some());
        Ok(found)
    }

    /// Whether a live key exists.
    pub fn exists(&self, db: u32, key: &[u8]) -> Result<bool> {
        Ok(self.find(db, key)?.is_some())
    }

    /// Whether the key has expired and has not been removed yet.
    pub fn is_expired(&self, db: u32, key: &[u8]) -> Result<bool> {
        Ok(self.find_any(db, key)?.is_some_and(|entry| entry.head().is_expired(self.now_ms())))
    }

    /// The key's entry, expired or not.
    pub(crate) fn find_any(&self, db: u32, key: &[u8]) -> Result<Option<Entry<'_>>> {
        let record_key = self.store.codec.meta(self.space(db)?, key);
        self.get(&record_key)?.map(|record| decode(record, key)).transpose()
    }

    /// The live keys' entries, in the order asked. One crossing to the engine.
    pub fn find_many(&self, db: u32, keys: &[&[u8]]) -> Result<Vec<Option<Entry<'_>>>> {
        let space = self.space(db)?;
        let record_keys: Vec<_> = keys.iter().map(|key| self.store.codec.meta(space, key)).collect();
        let records = self.get_many(&record_keys)?;
        let entries = records.into_iter().zip(keys).map(|(record, key)| {
            let entry = record.map(|record| decode(record, key)).transpose()?;
            let found = entry.filter(|entry| !entry.head().is_expired(self.now_ms()));
            self.count_lookup(found.is_some());
            Ok(found)
        });
        entries.collect()
    }

    /// The live key's head, on the write path: an expired key is removed first, as Redis does.
    pub fn find_for_write(&mut self, db: u32, key: &[u8]) -> Result<Option<Head>> {
        let record_key = self.store.codec.meta(self.space(db)?, key);
        let Some(head) = self.head(&record_key, key)? else { return Ok(None) };
        if !head.is_expired(self.now_ms()) {
            return Ok(Some(head));
        }
        self.remove_found(db, key, head)?;
        Ok(None)
    }

    /// The live key's record, on the write path: like [`Transaction::find_for_write`], with the body, in one read.
    pub fn load_for_write(&mut self, db: u32, key: &[u8]) -> Result<Option<Stored>> {
        let Some(stored) = self.find_any(db, key)?.map(|entry| entry.to_stored()) else { return Ok(None) };
        if !stored.head.is_expired(self.now_ms()) {
            return Ok(Some(stored));
        }
        self.remove_found(db, key, stored.head)?;
        Ok(None)
    }

    /// Writes a key's record. `old` is what [`Transaction::find_for_write`] answered. An old object that the new
    /// head does not keep becomes garbage.
    pub fn write_key(
        &mut self,
        db: u32,
        key: &[u8],
        old: Option<Head>,
        new: Head,
        body: &[u8],
    ) -> Result<()> {
        let space = self.space(db)?;
        let expiry_before = old.and_then(|head| head.expire_at_ms);
        if old.is_none() {
            self.database_mut(db)?.keys += 1;
            self.sample_key_added(space, key);
        }
        if expiry_before != new.expire_at_ms {
            self.database_mut(db)?.change_expiry(expiry_before, new.expire_at_ms);
            if let Some(at) = expiry_before {
                self.delete(&self.store.codec.expiry(at, space, key));
            }
            if let Some(at) = new.expire_at_ms {
                let record_key = self.store.codec.expiry(at, space, key);
                let long_key = self.store.codec.is_shortened(&record_key).then_some(key);
                self.put(&record_key, long_key.unwrap_or_default().to_vec());
            }
        }
        if let Some(old) = old
            && old.object != new.object
        {
            self.discard(old);
        }
        let record_key = self.store.codec.meta(space, key);
        let long_key = self.store.codec.is_shortened(&record_key).then_some(key);
        self.put(&record_key, meta::encode(new, long_key, body));
        self.head_changed(&record_key, Some(new))?;
        self.key_changed(db, key)
    }

    /// Tells whoever watches a key that its elements have changed while its own record did not.
    pub fn elements_changed(&mut self, db: u32, key: &[u8]) -> Result<()> {
        self.key_changed(db, key)
    }

    /// Removes a live key; whether there was one. Its elements, if it has any, become garbage.
    pub fn remove(&mut self, db: u32, key: &[u8]) -> Result<bool> {
        let Some(head) = self.find_for_write(db, key)? else { return Ok(false) };
        self.remove_found(db, key, head)?;
        Ok(true)
    }

    /// Removes a key whose head was found or loaded just now, expired or not.
    pub fn remove_found(&mut self, db: u32, key: &[u8], head: Head) -> Result<()> {
        self.unlink(db, key, head)?;
        self.discard(head);
        Ok(())
    }

    /// Takes a key's record away and leaves its elements be.
    fn unlink(&mut self, db: u32, key: &[u8], head: Head) -> Result<()> {
        let space = self.space(db)?;
        let database = self.database_mut(db)?;
        database.keys -= 1;
        database.change_expiry(head.expire_at_ms, None);
        if let Some(at) = head.expire_at_ms {
            self.delete(&self.store.codec.expiry(at, space, key));
        }
        self.sample_key_removed(space, key);
        let record_key = self.store.codec.meta(space, key);
        self.delete(&record_key);
        self.head_changed(&record_key, None)?;
        self.key_changed(db, key)
    }

    /// Gives the elements under a head's object to the garbage queue.
    pub(crate) fn discard(&mut self, head: Head) {
        if let Some(object) = head.object {
            let (record, value) = garbage::dead_object(object, head.form);
            self.put(&record, value);
        }
    }

    /// Sets or takes away a live key's expiry; whether there was such a key.
    pub fn set_expiry(&mut self, db: u32, key: &[u8], expire_at_ms: Option<u64>) -> Result<bool> {
        let Some(Stored { head, body }) = self.load_for_write(db, key)? else { return Ok(false) };
        self.write_key(db, key, Some(head), Head { expire_at_ms, ..head }, &body)?;
        Ok(true)
    }

    /// Moves a live key, with its value and expiry, over whatever stands at the destination. Costs the same
    /// for values of any size. Whether there was such a key.
    pub fn rename(&mut self, from: (u32, &[u8]), to: (u32, &[u8])) -> Result<bool> {
        let Some(Stored { head, body }) = self.load_for_write(from.0, from.1)? else { return Ok(false) };
        self.unlink(from.0, from.1, head)?;
        let old = self.find_for_write(to.0, to.1)?;
        self.write_key(to.0, to.1, old, head, &body)?;
        Ok(true)
    }

    /// Empties a database. Costs the same however many keys it held; they become garbage.
    pub fn flush(&mut self, db: u32) -> Result<()> {
        let observer = self.observer()?;
        let database = self.database(db)?;
        if database.keys == 0 {
            return Ok(());
        }
        observer.database_changed(db, &|key| Ok(self.find_any(db, key)?.is_some()))?;
        self.count_changes(database.keys)?;
        let (record, value) = garbage::dead_space(database.space);
        self.put(&record, value);
        let space = self.next_space()?;
        *self.database_mut(db)? = Database { space, ..Database::default() };
        Ok(())
    }

    /// Exchanges two databases.
    pub fn swap(&mut self, left: u32, right: u32) -> Result<()> {
        if left == right {
            return Ok(());
        }
        let observer = self.observer()?;
        let had =
            |key: &[u8]| Ok(self.find_any(left, key)?.is_some() || self.find_any(right, key)?.is_some());
        observer.database_changed(left, &had)?;
        observer.database_changed(right, &had)?;
        self.count_changes(1)?;
        let before = self.database(left)?;
        *self.database_mut(left)? = self.database(right)?;
        *self.database_mut(right)? = before;
        Ok(())
    }
}

/// Decodes the meta record of this key.
pub(crate) fn decode<'t>(record: Value<'t>, key: &[u8]) -> Result<Entry<'t>> {
    let entry = Entry::decode(record)?;
    if entry.long_key().is_some_and(|long_key| long_key != key) {
        return Err(Error::unsupported("two long keys with the same 128-bit hash"));
    }
    Ok(entry)
}
