//! What keys take on disk: the bytes of their records, without the engine's own overhead.

use dredis_contract::{Result, Scan};

use crate::codec::{self, META_HEADER_BYTES, RecordKind};
use crate::meta::{Entry, Form};
use crate::packed::ListpackRef;
use crate::transaction::Transaction;

impl Transaction<'_> {
    /// About how many bytes a key and its value take. Records of spread collections are measured up to `samples` of each
    /// kind, and the rest taken to be like them; all, if `samples` is 0.
    pub fn stored_bytes(&self, entry: &Entry<'_>, key: &[u8], samples: usize) -> Result<u64> {
        let head = entry.head();
        if head.form == Form::StringSegments {
            return self.string_stored_bytes(entry, key);
        }
        let mut bytes = (META_HEADER_BYTES + key.len() + entry.record_bytes()) as u64;
        let Some(object) = head.object else { return Ok(bytes) };
        for kind in head.form.element_records() {
            bytes += self.records_bytes(*kind, object, entry.count()?, samples)?;
        }
        Ok(bytes)
    }

    fn records_bytes(&self, kind: RecordKind, object: u64, elements: u64, samples: usize) -> Result<u64> {
        let prefix = codec::object(kind, object);
        let end = codec::successor(&prefix);
        let scan = Scan { start: &prefix, end: end.as_deref(), ..Scan::all() };
        let mut records = self.scan(&scan.expecting(samples))?;
        let (mut seen, mut bytes, mut seen_elements) = (0, 0, 0);
        loop {
            let Some(record) = records.next()? else { return Ok(bytes) };
            if samples > 0 && seen == samples {
                break;
            }
            seen += 1;
            bytes += (record.key.len() + record.value.len()) as u64;
            seen_elements += match kind {
                RecordKind::ListChunk => ListpackRef::new(record.value)?.count() as u64,
                _ => 1,
            };
        }
        let whole = u128::from(bytes) * u128::from(elements) / u128::from(seen_elements.max(1));
        // Counts of a list stand for many elements each, and are few.
        Ok(if kind == RecordKind::ListCount { bytes } else { whole as u64 })
    }
}
