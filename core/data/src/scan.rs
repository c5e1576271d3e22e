//! Reading ranges: records of a transaction, and pages of keys for SCAN and KEYS.

mod merged;
mod nothing;

use std::ops::ControlFlow;

use dredis_contract::{Error, Result, Scan, Value};

use crate::codec::{self, META_HEADER_BYTES};
use crate::meta::{Entry, Head};
use crate::transaction::Transaction;

pub(crate) use merged::MergedScan;
pub(crate) use nothing::NoRecords;

/// The most records that a page announces to the engine, however large it may become.
const EXPECTED_MAX: usize = 1000;

/// Where a walk over the keys of a database goes on: after the record with this tail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPosition(Vec<u8>);

impl KeyPosition {
    /// How much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }
}

/// Some keys of a database, in key order, and where the walk goes on.
pub struct KeyPage {
    /// Keys with their heads; expired ones are left out.
    pub keys: Vec<(Vec<u8>, Head)>,
    /// Where to go on; `None` at the end.
    pub next: Option<KeyPosition>,
}

impl Transaction<'_> {
    /// Up to `limit` keys of database `db` that begin with `prefix`, from `position` on (`None`: from the
    /// first). Only records of keys with that prefix are read; `limit`, at least 1, counts records, so that a page
    /// may hold fewer keys, even none, before the end.
    pub fn keys_page(
        &self,
        db: u32,
        prefix: &[u8],
        position: Option<&KeyPosition>,
        limit: usize,
    ) -> Result<KeyPage> {
        let header = codec::meta_space(self.space(db)?);
        let mut range = header.clone();
        range.extend_from_slice(self.store.codec.meta_prefix(prefix));
        let end = codec::successor(&range);
        let start = match position {
            None => range,
            Some(KeyPosition(tail)) => {
                let mut record = header;
                record.extend_from_slice(tail);
                codec::just_after(&record).max(range)
            }
        };
        let mut page = KeyPage { keys: Vec::new(), next: None };
        if end.as_ref().is_some_and(|end| *end <= start) {
            return Ok(page);
        }
        let scan = Scan { end: end.as_deref(), ..Scan::all() };
        let mut records = self.scan(&Scan { start: &start, ..scan }.expecting(limit.min(EXPECTED_MAX)))?;
        let mut read = 0;
        let mut last: Vec<u8> = Vec::new();
        while let Some(record) = records.next()? {
            // One record beyond the page is looked at, so that a walk whose last page is full ends with it.
            if read == limit {
                page.next = Some(KeyPosition(last));
                break;
            }
            read += 1;
            let entry = Entry::decode(Value::Borrowed(record.value))?;
            let key = entry.long_key().unwrap_or(&record.key[META_HEADER_BYTES..]);
            if key.starts_with(prefix) && !entry.head().is_expired(self.now_ms()) {
                page.keys.push((key.to_vec(), entry.head()));
            }
            if read == limit {
                last = record.key[META_HEADER_BYTES..].to_vec();
            }
        }
        Ok(page)
    }

    /// Shows `visit` every live key of a database with its record, in the order of keys, until it has seen enough.
    pub(crate) fn each_live_key<E: From<Error>>(
        &self,
        db: u32,
        mut visit: impl FnMut(&[u8], &Entry<'_>) -> std::result::Result<ControlFlow<()>, E>,
    ) -> std::result::Result<(), E> {
        let start = codec::meta_space(self.space(db)?);
        let end = codec::successor(&start);
        let scan = Scan { start: &start, end: end.as_deref(), ..Scan::all() };
        let mut records = self.scan(&scan.expecting(EXPECTED_MAX))?;
        while let Some(record) = records.next()? {
            let entry = Entry::decode(Value::Borrowed(record.value))?;
            let key = entry.long_key().unwrap_or(&record.key[META_HEADER_BYTES..]);
            if !entry.head().is_expired(self.now_ms()) && visit(key, &entry)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}
