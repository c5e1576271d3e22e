//! The optional tables. An engine built with this SDK has them all, since the contract has defaults for all.

use super::engine::commit_resting;
use super::instance::Instance;
use super::view::moment;
use crate::abi::extension::{ApproximateSize1, Checkpoint1, Compact1, Isolation1, Stats1, Table};
use crate::abi::{Bytes, Extension, Failure, ROption, RResult, RString, RVec, StableAbi, Tuple2};
use crate::wire;

static CHECKPOINT_1: Checkpoint1 = Checkpoint1 { checkpoint };
static COMPACT_1: Compact1 = Compact1 { compact };
static APPROXIMATE_SIZE_1: ApproximateSize1 = ApproximateSize1 { approximate_size };
static STATS_1: Stats1 = Stats1 { stats };
static ISOLATION_1: Isolation1 = Isolation1 { moment, commit_resting };

pub(super) unsafe extern "C" fn extension(_instance: *const (), name: Bytes) -> ROption<Extension> {
    // SAFETY: the host keeps to `abi::Functions`.
    let name = unsafe { name.get() };
    let tables = [
        describe(&CHECKPOINT_1),
        describe(&COMPACT_1),
        describe(&APPROXIMATE_SIZE_1),
        describe(&STATS_1),
        describe(&ISOLATION_1),
    ];
    let found = tables.into_iter().find(|(candidate, _)| candidate.as_bytes() == name);
    found.map(|(_, extension)| extension).into()
}

fn describe<T: Table>(table: &'static T) -> (&'static str, Extension) {
    let table: *const T = table;
    (T::NAME, Extension { table: table.cast(), layout: <T as StableAbi>::LAYOUT })
}

unsafe extern "C" fn checkpoint(instance: *const (), dir: Bytes) -> RResult<(), Failure> {
    // SAFETY: the host keeps to `abi::Functions`.
    let (instance, dir) = unsafe { (Instance::at(instance), dir.get()) };
    instance.answer("checkpoint", |backend| backend.checkpoint(&wire::path(dir)?))
}

unsafe extern "C" fn compact(instance: *const (), start: Bytes, end: ROption<Bytes>) -> RResult<(), Failure> {
    // SAFETY: the host keeps to `abi::Functions`.
    let (instance, start) = unsafe { (Instance::at(instance), start.get()) };
    // SAFETY: as above.
    let end = end.into_option().map(|end| unsafe { end.get() });
    instance.answer("compact", |backend| backend.compact(start, end))
}

unsafe extern "C" fn approximate_size(
    instance: *const (),
    start: Bytes,
    end: ROption<Bytes>,
) -> RResult<ROption<u64>, Failure> {
    // SAFETY: the host keeps to `abi::Functions`.
    let (instance, start) = unsafe { (Instance::at(instance), start.get()) };
    // SAFETY: as above.
    let end = end.into_option().map(|end| unsafe { end.get() });
    instance.answer("approximate_size", |backend| Ok(backend.approximate_size(start, end)?.into()))
}

unsafe extern "C" fn stats(instance: *const ()) -> RResult<RVec<Tuple2<RString, RString>>, Failure> {
    // SAFETY: the host keeps to `abi::Functions`.
    let instance = unsafe { Instance::at(instance) };
    instance.answer("stats", |backend| {
        let pair = |(name, value)| Tuple2(RString::from(name), RString::from(value));
        Ok(backend.stats().into_iter().map(pair).collect())
    })
}
