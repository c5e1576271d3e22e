//! The function table of an open engine.

use dredis_contract::{Batch, Error, Moment, Operation, Result, Sharing};

use super::instance::Instance;
use super::{cursor, extensions, view};
use crate::abi::{Bytes, CapabilityTable, Failure, Functions, RResult, RawOperation};
use crate::codes;

/// The same for every engine: what differs hides behind `dyn Backend`.
pub(super) static FUNCTIONS: Functions = Functions {
    close,
    capabilities,
    view: view::view,
    view_close: view::view_close,
    get: view::get,
    get_many: view::get_many,
    value_release: view::value_release,
    scan: cursor::scan,
    page: cursor::page,
    cursor_close: cursor::cursor_close,
    commit,
    sync,
    need_durability,
    extension: extensions::extension,
};

// SAFETY (of every function in this folder): the host keeps to what `abi::Functions` asks of it.

unsafe extern "C" fn close(instance: *const ()) {
    // SAFETY: `open` made it from a box, and this is its last use.
    let instance = unsafe { Box::from_raw(instance.cast_mut().cast::<Instance>()) };
    instance.close();
}

unsafe extern "C" fn capabilities(instance: *const ()) -> RResult<CapabilityTable, Failure> {
    // SAFETY: see above.
    let instance = unsafe { Instance::at(instance) };
    instance.answer("capabilities", |backend| {
        let capabilities = backend.capabilities();
        Ok(CapabilityTable {
            sharing: codes::of_sharing(capabilities.sharing),
            durability: codes::of_durability(capabilities.durability),
            checkpoint: capabilities.checkpoint,
            cheap_range_delete: capabilities.cheap_range_delete,
            view_age_max_ms: capabilities.view_age_max_ms,
            key_bytes_max: capabilities.limits.key_bytes_max,
            value_bytes_max: capabilities.limits.value_bytes_max,
            batch_bytes_max: capabilities.limits.batch_bytes_max,
        })
    })
}

unsafe extern "C" fn commit(
    instance: *const (),
    operations: *const RawOperation,
    operation_count: usize,
    _reads: *const Bytes,
    read_count: usize,
) -> RResult<u8, Failure> {
    // SAFETY: see above; the array lives until this returns.
    let (instance, operations) = unsafe { (Instance::at(instance), array(operations, operation_count)) };
    instance.answer("commit", |backend| {
        // Keys that were read, but not when: a shared engine could not keep its word.
        if read_count > 0 && backend.capabilities().sharing == Sharing::Shared {
            return Err(Error::unsupported("commits that rest on keys without a moment; use a newer dredis"));
        }
        // SAFETY: the bytes that the array points to live until this returns, too.
        let operations: Result<Vec<_>> = operations.iter().map(|raw| unsafe { operation(raw) }).collect();
        Ok(codes::of_commit(backend.commit(&Batch::new(&operations?))?))
    })
}

/// The same for what rests on a view; behind the table `isolation/1`.
pub(super) unsafe extern "C" fn commit_resting(
    instance: *const (),
    operations: *const RawOperation,
    operation_count: usize,
    moment: u64,
    reads: *const Bytes,
    read_count: usize,
) -> RResult<u8, Failure> {
    // SAFETY: see above; both arrays live until this returns.
    let (instance, operations, reads) =
        unsafe { (Instance::at(instance), array(operations, operation_count), array(reads, read_count)) };
    instance.answer("commit", |backend| {
        // SAFETY: the bytes that the arrays point to live until this returns, too.
        let operations: Result<Vec<_>> = operations.iter().map(|raw| unsafe { operation(raw) }).collect();
        // SAFETY: as above.
        let reads: Vec<&[u8]> = reads.iter().map(|key| unsafe { key.get() }).collect();
        let outcome = backend.commit(&Batch::new(&operations?).resting_on(Moment(moment), &reads))?;
        Ok(codes::of_commit(outcome))
    })
}

/// # Safety
///
/// The bytes that `raw` points to live for `'a`.
unsafe fn operation<'a>(raw: &RawOperation) -> Result<Operation<'a>> {
    // SAFETY: the caller's promise.
    let (first, second) = unsafe { (raw.first.get(), raw.second.get()) };
    match raw.kind {
        RawOperation::PUT => Ok(Operation::Put { key: first, value: second }),
        RawOperation::DELETE => Ok(Operation::Delete { key: first }),
        RawOperation::DELETE_RANGE => Ok(Operation::DeleteRange { start: first, end: second }),
        kind => Err(Error::unsupported(&format!("batch operation number {kind}"))),
    }
}

unsafe extern "C" fn sync(instance: *const ()) -> RResult<(), Failure> {
    // SAFETY: see above.
    unsafe { Instance::at(instance) }.answer("sync", |backend| backend.sync())
}

unsafe extern "C" fn need_durability(instance: *const (), need: u8) -> RResult<(), Failure> {
    // SAFETY: see above.
    let instance = unsafe { Instance::at(instance) };
    instance.answer("need_durability", |backend| backend.need_durability(codes::durability_need(need)))
}

/// An array of the host's.
///
/// # Safety
///
/// There are `count` of them, and they live for `'a`; if there are none, `start` may be anything.
pub(super) unsafe fn array<'a, T>(start: *const T, count: usize) -> &'a [T] {
    if count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(start, count) }
}
