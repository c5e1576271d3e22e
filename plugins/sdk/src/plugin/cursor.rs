//! Scans, page by page: an engine's cursor is drained here, so that the boundary is crossed once per page.

use dredis_contract::{Cursor, Direction, Error, Projection, Result, Scan};

use super::instance::Instance;
use super::view::view_at;
use crate::abi::{Bytes, Failure, Object, Page, PageRecord, RResult, ScanCall};

/// A page has room for as many records of about this size as the host expects, and for so many at most, before it has to grow.
const ROOM_RECORDS_MAX: usize = 32;
const RECORD_BYTES: usize = 64;

/// A cursor of the engine's and the page that it last filled.
struct Pager<'v> {
    cursor: Box<dyn Cursor + 'v>,
    records: Vec<PageRecord>,
    bytes: Vec<u8>,
    /// An error that came up behind the records of the last page.
    pending: Option<Error>,
    ended: bool,
}

impl Pager<'_> {
    fn fill(&mut self, records_max: usize, bytes_max: usize) -> Result<Page> {
        self.records.clear();
        self.bytes.clear();
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        while !self.ended && self.records.len() < records_max && self.bytes.len() < bytes_max {
            match self.cursor.next() {
                Ok(Some(record)) => {
                    self.bytes.extend_from_slice(record.key);
                    self.bytes.extend_from_slice(record.value);
                    self.records
                        .push(PageRecord { key_length: record.key.len(), value_length: record.value.len() });
                }
                Ok(None) => self.ended = true,
                Err(error) if self.records.is_empty() => return Err(error),
                Err(error) => {
                    self.pending = Some(error);
                    break;
                }
            }
        }
        Ok(Page {
            records: self.records.as_ptr(),
            count: self.records.len(),
            bytes: Bytes::new(&self.bytes),
            last: self.ended,
        })
    }
}

pub(super) unsafe extern "C" fn scan(
    instance: *const (),
    view: Object,
    call: ScanCall,
) -> RResult<*mut (), Failure> {
    // SAFETY: the host keeps to `abi::Functions`.
    let (instance, view, start) = unsafe { (Instance::at(instance), view_at(view), call.start.get()) };
    // SAFETY: as above.
    let end = call.end.into_option().map(|end| unsafe { end.get() });
    instance.answer("scan", |_| {
        let cursor = view.scan(&Scan {
            start,
            end,
            direction: if call.reverse { Direction::Reverse } else { Direction::Forward },
            projection: if call.keys_only { Projection::Keys } else { Projection::Entries },
            expected: call.expected,
        })?;
        let room = call.expected.min(ROOM_RECORDS_MAX);
        let (records, bytes) = (Vec::with_capacity(room), Vec::with_capacity(room * RECORD_BYTES));
        let pager = Pager { cursor, records, bytes, pending: None, ended: false };
        Ok(Box::into_raw(Box::new(pager)).cast())
    })
}

pub(super) unsafe extern "C" fn page(
    instance: *const (),
    cursor: *mut (),
    records_max: usize,
    bytes_max: usize,
) -> RResult<Page, Failure> {
    // SAFETY: the host keeps to `abi::Functions`: the cursor is from `scan`, and no other thread uses it.
    let (instance, pager) = unsafe { (Instance::at(instance), &mut *cursor.cast::<Pager<'_>>()) };
    // At least one record, so that only the end of the scan gives an empty page.
    instance.answer("the cursor's next", |_| pager.fill(records_max.max(1), bytes_max.max(1)))
}

pub(super) unsafe extern "C" fn cursor_close(instance: *const (), cursor: *mut ()) {
    // SAFETY: the host keeps to `abi::Functions`; this is the cursor's last use.
    let (instance, pager) = unsafe { (Instance::at(instance), Box::from_raw(cursor.cast::<Pager<'_>>())) };
    instance.release("drop of a cursor", pager);
}
