//! An engine that lives in a plugin.

use std::path::Path;

use dredis_contract::{
    Backend, Batch, Capabilities, Commit, DurabilityNeed, Error, ErrorKind, Limits, Operation, Result,
    Sharing, View,
};

use super::view::HostView;
use crate::abi::extension::{ApproximateSize1, Checkpoint1, Compact1, Isolation1, Stats1, Table};
use crate::abi::{Bytes, Functions, Handle, RawOperation, StableAbi, check_layout_compatibility};
use crate::{codes, wire};

/// An open engine of a plugin's. Closed when dropped.
pub(super) struct HostBackend {
    open: OpenHandle,
    capabilities: Capabilities,
    extensions: Extensions,
}

/// The optional tables that the plugin has.
#[derive(Default)]
struct Extensions {
    checkpoint: Option<&'static Checkpoint1>,
    compact: Option<&'static Compact1>,
    approximate_size: Option<&'static ApproximateSize1>,
    stats: Option<&'static Stats1>,
    isolation: Option<&'static Isolation1>,
}

/// A handle that is closed once, however opening goes on.
struct OpenHandle(Handle);

// SAFETY: the ABI says that an instance may be used from any thread, and from several at once.
unsafe impl Send for OpenHandle {}
// SAFETY: as above.
unsafe impl Sync for OpenHandle {}

impl Drop for OpenHandle {
    fn drop(&mut self) {
        // SAFETY: views borrow from the backend, so that none is left; called once.
        unsafe { (self.0.functions.close)(self.0.instance) }
    }
}

impl HostBackend {
    /// # Safety
    ///
    /// `handle` is open, used by nobody else, and of the plugin called `name`.
    pub(super) unsafe fn new(name: &str, handle: Handle) -> Result<Self> {
        let open = OpenHandle(handle);
        // SAFETY: the instance is open.
        let table = wire::result(unsafe { (handle.functions.capabilities)(handle.instance) })?;
        let unknown = |what: &str, code: u8| {
            let message = format!(
                "backend '{name}' declares {what} number {code}, which this dredis does not know; use a newer dredis"
            );
            Error::new(ErrorKind::Unsupported, message)
        };
        let durability =
            codes::durability(table.durability).ok_or_else(|| unknown("durability", table.durability))?;
        let mut capabilities = Capabilities::exclusive(durability);
        capabilities.sharing =
            codes::sharing(table.sharing).ok_or_else(|| unknown("sharing", table.sharing))?;
        capabilities.checkpoint = table.checkpoint;
        capabilities.cheap_range_delete = table.cheap_range_delete;
        capabilities.view_age_max_ms = table.view_age_max_ms;
        capabilities.limits = Limits::NONE
            .with_key_bytes_max(table.key_bytes_max)
            .with_value_bytes_max(table.value_bytes_max)
            .with_batch_bytes_max(table.batch_bytes_max);
        let extensions = Extensions {
            checkpoint: extension(name, &handle)?,
            compact: extension(name, &handle)?,
            approximate_size: extension(name, &handle)?,
            stats: extension(name, &handle)?,
            isolation: extension(name, &handle)?,
        };
        Ok(HostBackend { open, capabilities, extensions })
    }

    pub(super) fn instance(&self) -> *const () {
        self.open.0.instance
    }

    pub(super) fn functions(&self) -> &'static Functions {
        self.open.0.functions
    }

    /// The table of engines that several servers share, if the plugin has it.
    pub(super) fn isolation(&self) -> Option<&'static Isolation1> {
        self.extensions.isolation
    }
}

/// The plugin's table of type `T`, if it has one and its layout is the one that was published.
fn extension<T: Table>(name: &str, handle: &Handle) -> Result<Option<&'static T>> {
    // SAFETY: the instance is open.
    let found = unsafe { (handle.functions.extension)(handle.instance, Bytes::new(T::NAME.as_bytes())) };
    let Some(found) = found.into_option() else { return Ok(None) };
    if check_layout_compatibility(<T as StableAbi>::LAYOUT, found.layout).is_err() {
        let message = format!(
            "backend '{name}' lays out its table {} differently from this dredis; rebuild it with a released dredis-plugin",
            T::NAME
        );
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    // SAFETY: the layout was checked, and libraries stay loaded.
    Ok(Some(unsafe { &*found.table.cast::<T>() }))
}

impl Backend for HostBackend {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        // SAFETY: the instance is open.
        let view = wire::result(unsafe { (self.functions().view)(self.instance()) })?;
        Ok(Box::new(HostView::new(self, view)))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        let operations: Vec<RawOperation> = batch.operations().iter().map(raw).collect();
        let (start, count) = (operations.as_ptr(), operations.len());
        let is_shared = self.capabilities.sharing == Sharing::Shared;
        // What a batch rests on concerns shared engines alone.
        let Some(basis) = batch.basis().filter(|_| is_shared) else {
            // SAFETY: the instance is open; the array and what it points to outlive the call.
            let outcome =
                unsafe { (self.functions().commit)(self.instance(), start, count, std::ptr::null(), 0) };
            return wire::result(outcome).map(codes::commit);
        };
        let table = self.isolation().ok_or_else(|| {
            Error::unsupported("commits that rest on a view; rebuild it with a newer dredis-plugin")
        })?;
        let reads: Vec<Bytes> = basis.reads.iter().map(|key| Bytes::new(key)).collect();
        // SAFETY: the instance is open; the arrays and what they point to outlive the call.
        let outcome = unsafe {
            let (read, read_count) = (reads.as_ptr(), reads.len());
            (table.commit_resting)(self.instance(), start, count, basis.moment.0, read, read_count)
        };
        wire::result(outcome).map(codes::commit)
    }

    fn sync(&self) -> Result<()> {
        // SAFETY: the instance is open.
        wire::result(unsafe { (self.functions().sync)(self.instance()) })
    }

    fn need_durability(&self, need: DurabilityNeed) -> Result<()> {
        let need = codes::of_durability_need(need);
        // SAFETY: the instance is open.
        wire::result(unsafe { (self.functions().need_durability)(self.instance(), need) })
    }

    fn checkpoint(&self, dir: &Path) -> Result<()> {
        let table = self.extensions.checkpoint.ok_or_else(|| Error::unsupported("checkpoint"))?;
        // SAFETY: the instance is open; the path outlives the call.
        wire::result(unsafe { (table.checkpoint)(self.instance(), wire::of_path(dir)?) })
    }

    fn compact(&self, start: &[u8], end: Option<&[u8]>) -> Result<()> {
        let Some(table) = self.extensions.compact else { return Ok(()) };
        // SAFETY: the instance is open; the keys outlive the call.
        wire::result(unsafe {
            (table.compact)(self.instance(), Bytes::new(start), end.map(Bytes::new).into())
        })
    }

    fn approximate_size(&self, start: &[u8], end: Option<&[u8]>) -> Result<Option<u64>> {
        let Some(table) = self.extensions.approximate_size else { return Ok(None) };
        // SAFETY: the instance is open; the keys outlive the call.
        let size = unsafe {
            (table.approximate_size)(self.instance(), Bytes::new(start), end.map(Bytes::new).into())
        };
        wire::result(size).map(Into::into)
    }

    fn stats(&self) -> Vec<(String, String)> {
        let Some(table) = self.extensions.stats else { return Vec::new() };
        // SAFETY: the instance is open.
        match wire::result(unsafe { (table.stats)(self.instance()) }) {
            Ok(stats) => {
                stats.iter().map(|pair| (pair.0.as_str().to_owned(), pair.1.as_str().to_owned())).collect()
            }
            // The contract knows no failure here; the figures say what happened to them.
            Err(error) => vec![("stats_error".to_owned(), error.to_string())],
        }
    }
}

fn raw(operation: &Operation<'_>) -> RawOperation {
    let (kind, first, second) = match *operation {
        Operation::Put { key, value } => (RawOperation::PUT, key, value),
        Operation::Delete { key } => (RawOperation::DELETE, key, &[][..]),
        Operation::DeleteRange { start, end } => (RawOperation::DELETE_RANGE, start, end),
    };
    RawOperation { kind, first: Bytes::new(first), second: Bytes::new(second) }
}
