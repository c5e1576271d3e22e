//! A view of a plugin's, and the values read from it.

use std::mem::MaybeUninit;

use dredis_contract::{Cursor, Direction, Moment, Projection, Result, Scan, Value, View};

use super::backend::HostBackend;
use super::cursor::HostCursor;
use crate::abi::{Bytes, Found, Lookup, Object, ScanCall};
use crate::wire;

/// Kept values up to this size, in bytes, are copied and released at once: as cheap as the box that would hold them.
const COPIED_BYTES_MAX: usize = 256;

/// A view that lives in a plugin. Closed when dropped.
pub(super) struct HostView<'b> {
    backend: &'b HostBackend,
    view: Object,
}

// SAFETY: the plugin's view is `Send + Sync`, as the contract demands of it.
unsafe impl Send for HostView<'_> {}
// SAFETY: as above.
unsafe impl Sync for HostView<'_> {}

impl Drop for HostView<'_> {
    fn drop(&mut self) {
        // SAFETY: cursors and values borrow from the view, so that none is left; closed once.
        unsafe { (self.backend.functions().view_close)(self.backend.instance(), self.view) }
    }
}

impl<'b> HostView<'b> {
    pub(super) fn new(backend: &'b HostBackend, view: Object) -> Self {
        HostView { backend, view }
    }

    /// # Safety
    ///
    /// `lookup` is from this view, and is turned into a value once.
    unsafe fn value(&self, lookup: Lookup) -> Result<Option<Value<'_>>> {
        let found = match lookup {
            Lookup::Absent => return Ok(None),
            Lookup::Found(found) => found,
            Lookup::Failed(failure) => return Err(wire::error(&failure)),
        };
        if found.keeping == Found::BORROWED {
            // SAFETY: borrowed bytes live as long as the view, from which the value borrows.
            return Ok(Some(Value::Borrowed(unsafe { found.bytes.get() })));
        }
        let held = HeldValue { backend: self.backend, found };
        if found.bytes.length <= COPIED_BYTES_MAX {
            return Ok(Some(Value::Owned(held.as_ref().to_vec())));
        }
        Ok(Some(Value::Held(Box::new(held))))
    }
}

impl View for HostView<'_> {
    #[inline]
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        // SAFETY: instance and view are open; the key outlives the call.
        let lookup =
            unsafe { (self.backend.functions().get)(self.backend.instance(), self.view, Bytes::new(key)) };
        // SAFETY: it is from this view, and used once.
        unsafe { self.value(lookup) }
    }

    fn get_many<'v>(&'v self, keys: &[&[u8]]) -> Result<Vec<Option<Value<'v>>>> {
        let raw_keys: Vec<Bytes> = keys.iter().map(|key| Bytes::new(key)).collect();
        let mut places: Vec<MaybeUninit<Lookup>> = Vec::with_capacity(keys.len());
        places.resize_with(keys.len(), MaybeUninit::uninit);
        // SAFETY: instance and view are open; keys and places are as many as is said, and outlive the call.
        let read = unsafe {
            (self.backend.functions().get_many)(
                self.backend.instance(),
                self.view,
                raw_keys.as_ptr(),
                raw_keys.len(),
                places.as_mut_ptr().cast(),
            )
        };
        wire::result(read)?;
        // SAFETY: after success each place was written. Every one is turned into a value, also behind an error, so
        // that what the plugin keeps for them gets released.
        let values: Vec<_> =
            places.into_iter().map(|place| unsafe { self.value(place.assume_init()) }).collect();
        values.into_iter().collect()
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        let call = ScanCall {
            start: Bytes::new(scan.start),
            end: scan.end.map(Bytes::new).into(),
            reverse: scan.direction == Direction::Reverse,
            keys_only: scan.projection == Projection::Keys,
            expected: scan.expected,
        };
        // SAFETY: instance and view are open; the keys outlive the call.
        let cursor = unsafe { (self.backend.functions().scan)(self.backend.instance(), self.view, call) };
        let cursor = wire::result(cursor)?;
        // SAFETY: the cursor is fresh, and borrows from this view.
        Ok(Box::new(unsafe { HostCursor::new(self.backend, cursor, scan.expected) }))
    }

    fn moment(&self) -> Result<Moment> {
        let Some(table) = self.backend.isolation() else { return Ok(Moment::default()) };
        // SAFETY: instance and view are open.
        wire::result(unsafe { (table.moment)(self.backend.instance(), self.view) }).map(Moment)
    }
}

/// A value that the plugin keeps until this is dropped.
struct HeldValue<'v> {
    backend: &'v HostBackend,
    found: Found,
}

// SAFETY: the plugin's keeper is `Send + Sync`, as the contract demands of it.
unsafe impl Send for HeldValue<'_> {}
// SAFETY: as above.
unsafe impl Sync for HeldValue<'_> {}

impl AsRef<[u8]> for HeldValue<'_> {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the bytes live until the value is released.
        unsafe { self.found.bytes.get() }
    }
}

impl Drop for HeldValue<'_> {
    fn drop(&mut self) {
        // SAFETY: released once, and its view is still open, since this borrows from it.
        unsafe { (self.backend.functions().value_release)(self.backend.instance(), self.found) }
    }
}
