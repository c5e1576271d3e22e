//! Records as the view shows them: from the record cache, or else from the engine.

use dredis_contract::{Result, Value};

use super::Transaction;
use crate::cache::RecordId;
use crate::codec::RecordKey;
use crate::store::Shown;

impl Transaction<'_> {
    /// Reads a record, this transaction's own writes left out.
    pub(super) fn read(&self, record: &[u8]) -> Result<Option<Value<'_>>> {
        let shown = self.shown()?;
        let id = self.cached(record);
        if let Some(known) = self.find_cached(id, shown) {
            return Ok(Some(known));
        }
        let read = shown.view.get(record)?;
        self.offer_to_cache(id, shown, read.as_ref());
        Ok(read)
    }

    /// Reads several records: from this transaction's own writes, and all others that are not known in one crossing to the engine.
    pub(crate) fn get_many(&self, records: &[RecordKey]) -> Result<Vec<Option<Value<'_>>>> {
        let mut values = Vec::with_capacity(records.len());
        let (mut unknown, mut places) = (Vec::new(), Vec::new());
        for (place, record) in records.iter().enumerate() {
            if let Some(written) = self.overlay.get(record) {
                values.push(written.map(Value::Borrowed));
                continue;
            }
            let id = self.cached(record);
            let known = self.find_cached(id, self.shown()?);
            if known.is_none() {
                unknown.push(&**record);
                places.push((place, id));
            }
            values.push(known);
        }
        if !unknown.is_empty() {
            let shown = self.shown()?;
            for ((place, id), value) in places.into_iter().zip(shown.view.get_many(&unknown)?) {
                self.offer_to_cache(id, shown, value.as_ref());
                values[place] = value;
            }
        }
        Ok(values)
    }

    /// The id under which the record cache may hold a record for this transaction.
    fn cached(&self, record: &[u8]) -> Option<RecordId> {
        // What a load writes is nobody else's yet.
        let is_load = self.writer.as_ref().is_some_and(|writing| writing.load.is_some());
        if is_load { None } else { self.store.cached(record) }
    }

    fn find_cached(&self, id: Option<RecordId>, shown: &Shown<'_>) -> Option<Value<'_>> {
        self.store.cache.find(id?, shown.moment).map(Value::Owned)
    }

    fn offer_to_cache(&self, id: Option<RecordId>, shown: &Shown<'_>, read: Option<&Value<'_>>) {
        if let (Some(id), Some(value)) = (id, read) {
            self.store.cache.offer(id, shown.moment, value);
        }
    }
}
