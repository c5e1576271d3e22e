//! COPY: a key's record and all of its elements, whatever its type, under a fresh object id; in bounded memory, and visible
//! at once.

use dredis_contract::{Result, Scan};

use crate::building::Building;
use crate::codec::{self, RecordKey, RecordKind};
use crate::meta::Stored;
use crate::transaction::Transaction;

/// How many elements are read before they are written: what is held twice.
const PAGE: usize = 64;

impl Transaction<'_> {
    /// Writes a copy of a live key, with its expiry, over whatever stands at the destination. Whether the source
    /// existed.
    pub fn copy(&mut self, from: (u32, &[u8]), to: (u32, &[u8])) -> Result<bool> {
        let Some(Stored { mut head, body }) = self.load_for_write(from.0, from.1)? else { return Ok(false) };
        if let Some(object) = head.object {
            let mut building = self.build(head.form)?;
            for kind in head.form.element_records() {
                self.copy_elements(*kind, object, &mut building)?;
            }
            head.object = Some(building.object);
        }
        let old = self.find_for_write(to.0, to.1)?;
        self.write_key(to.0, to.1, old, head, &body)?;
        Ok(true)
    }

    fn copy_elements(&mut self, kind: RecordKind, from: u64, building: &mut Building) -> Result<()> {
        let prefix = codec::object(kind, from);
        let target = codec::object(kind, building.object);
        let end = codec::successor(&prefix);
        let mut start = prefix.clone();
        loop {
            let mut page: Vec<(RecordKey, Vec<u8>)> = Vec::with_capacity(PAGE);
            {
                let scan = Scan { start: &start, end: end.as_deref(), ..Scan::all() };
                let mut records = self.scan(&scan.expecting(PAGE))?;
                while page.len() < PAGE
                    && let Some(record) = records.next()?
                {
                    page.push((RecordKey::from_slice(record.key), record.value.to_vec()));
                }
            }
            let Some((last, _)) = page.last() else { return Ok(()) };
            start = codec::just_after(last);
            let is_last = page.len() < PAGE;
            for (record, value) in page {
                let mut copy = target.clone();
                copy.extend_from_slice(&record[prefix.len()..]);
                self.put(&copy, value);
            }
            self.bound_memory(building)?;
            if is_last {
                return Ok(());
            }
        }
    }
}
