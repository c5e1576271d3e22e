//! A scan in a plugin, read in pages: a few records first, so that `LIMIT 1` costs little, then more and more.

use dredis_contract::{Cursor, Error, Record, Result};

use super::backend::HostBackend;
use crate::abi::{Bytes, Page, PageRecord};
use crate::wire;

/// Records of the first page, if the caller did not say how many it expects to take.
const FIRST_RECORDS: usize = 8;
/// Each page may have so many times the records of the one before.
const GROWTH: usize = 4;
/// A page ends when it has so many bytes, so that its memory stays in bounds. One record may still be longer.
const PAGE_BYTES_MAX: usize = 64 * 1024;

/// A cursor that lives in a plugin. Closed when dropped.
pub(super) struct HostCursor<'v> {
    backend: &'v HostBackend,
    cursor: *mut (),
    page: Page,
    /// The next record of the page, and where its key starts.
    record_next: usize,
    byte_next: usize,
    /// How many records to ask for next time.
    records_max: usize,
    /// Where the scan broke off, if it did.
    failed: Option<Error>,
}

// SAFETY: the plugin's cursor is `Send`, as the contract demands of it.
unsafe impl Send for HostCursor<'_> {}

impl Drop for HostCursor<'_> {
    fn drop(&mut self) {
        // SAFETY: closed once, and its view is still open, since this borrows from it.
        unsafe { (self.backend.functions().cursor_close)(self.backend.instance(), self.cursor) }
    }
}

impl<'v> HostCursor<'v> {
    /// # Safety
    ///
    /// `cursor` is open, of `backend`, used by nobody else, and its view stays open for `'v`.
    pub(super) unsafe fn new(backend: &'v HostBackend, cursor: *mut (), expected: usize) -> Self {
        let page = Page { records: std::ptr::null(), count: 0, bytes: Bytes::new(&[]), last: false };
        let records_max = if expected == 0 { FIRST_RECORDS } else { expected };
        HostCursor { backend, cursor, page, record_next: 0, byte_next: 0, records_max, failed: None }
    }

    fn turn_page(&mut self) -> Result<()> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        // SAFETY: instance and cursor are open; `&mut self` keeps other threads out, and records of the old page
        // borrowed from it.
        let page = unsafe {
            (self.backend.functions().page)(
                self.backend.instance(),
                self.cursor,
                self.records_max,
                PAGE_BYTES_MAX,
            )
        };
        self.page = wire::result(page).inspect_err(|error| self.failed = Some(error.clone()))?;
        self.record_next = 0;
        self.byte_next = 0;
        self.records_max = self.records_max.saturating_mul(GROWTH);
        Ok(())
    }
}

impl Cursor for HostCursor<'_> {
    #[inline]
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        if self.record_next == self.page.count {
            if self.page.last {
                return Ok(None);
            }
            self.turn_page()?;
            if self.page.count == 0 {
                return Ok(None);
            }
        }
        // SAFETY: the page has `count` records, whose lengths add up to that of its bytes; it stays until the page
        // is turned, for which the record that borrows from `self` has to be gone.
        let (record, bytes): (PageRecord, &[u8]) =
            unsafe { (*self.page.records.add(self.record_next), self.page.bytes.get()) };
        let key_end = self.byte_next + record.key_length;
        let value_end = key_end + record.value_length;
        let (key, value) = (&bytes[self.byte_next..key_end], &bytes[key_end..value_end]);
        self.record_next += 1;
        self.byte_next = value_end;
        Ok(Some(Record { key, value }))
    }
}
