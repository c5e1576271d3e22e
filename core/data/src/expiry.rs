//! The expiry index: every key with an expiry, in the order of time, and the sweep that removes what is due.

use dredis_contract::{Result, Scan};

use crate::codec::{self, EXPIRY_HEADER_BYTES, RecordKind, read_u32, read_u64};
use crate::databases::DATABASES;
use crate::transaction::Transaction;

/// What one step of the expiry sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpirySweep {
    /// Keys removed because they had expired.
    pub removed: usize,
    /// Whether more is due already.
    pub more: bool,
}

impl Transaction<'_> {
    /// When the next key expires, in milliseconds of the Unix epoch; `None` if none will.
    pub fn next_expiry_ms(&self) -> Result<Option<u64>> {
        let end = [RecordKind::Expiry as u8 + 1];
        let scan = Scan::range(&[RecordKind::Expiry as u8], &end).keys().expecting(1);
        Ok(self.scan(&scan)?.next()?.and_then(|record| read_u64(record.key, 1)))
    }

    /// Removes up to `limit` keys that have expired by now.
    pub fn sweep_expired(&mut self, limit: usize) -> Result<ExpirySweep> {
        let due = self.due(limit)?;
        let is_full = due.len() == limit;
        let mut sweep = ExpirySweep::default();
        let mut settled = 0;
        for Due { record, at, space, key } in due {
            let db = (0..DATABASES).find(|db| self.space(*db).is_ok_and(|shown| shown == space));
            let head = match db {
                Some(db) => self.find_any(db, &key)?.map(|entry| entry.head()),
                None => None,
            };
            if db.is_none() && self.store.claims.has_space(u64::from(space)) {
                // A load under way: the key will be due once it can be seen.
                continue;
            }
            settled += 1;
            match (db, head) {
                (Some(db), Some(head)) if head.expire_at_ms == Some(at) => {
                    self.remove_found(db, &key, head)?;
                    sweep.removed += 1;
                }
                // The space was flushed: its keys go with it, and this record goes now.
                _ => self.delete(&record),
            }
        }
        // Nobody has changed anything: time has passed.
        self.uncount_changes(sweep.removed as u64)?;
        sweep.more = is_full && settled > 0;
        Ok(sweep)
    }

    fn due(&self, limit: usize) -> Result<Vec<Due>> {
        let end = codec::expiry_prefix(self.now_ms());
        let scan = Scan::range(&[RecordKind::Expiry as u8], &end).expecting(limit);
        let mut records = self.scan(&scan)?;
        let mut due = Vec::new();
        while due.len() < limit
            && let Some(record) = records.next()?
        {
            let (Some(at), Some(space)) = (read_u64(record.key, 1), read_u32(record.key, 9)) else {
                continue;
            };
            let shortened = self.store.codec.is_shortened(record.key);
            let key = if shortened { record.value } else { &record.key[EXPIRY_HEADER_BYTES..] };
            due.push(Due { record: record.key.to_vec(), at, space, key: key.to_vec() });
        }
        Ok(due)
    }
}

/// A record of the expiry index whose time has come.
struct Due {
    record: Vec<u8>,
    at: u64,
    space: u32,
    key: Vec<u8>,
}
