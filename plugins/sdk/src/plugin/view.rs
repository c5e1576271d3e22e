//! Views and the values read from them.

use dredis_contract::{Error, ErrorKind, Value, View};

use super::engine::array;
use super::instance::Instance;
use crate::abi::{Bytes, Failure, Found, Lookup, Object, RResult};
use crate::wire;

/// [`Found::keeping`]: the keeper is the capacity of a vector whose bytes these are.
const KEPT_BY_VEC: u8 = 1;
/// [`Found::keeping`]: the keeper is a box.
const KEPT_BY_BOX: u8 = 2;

type BoxedView = *mut dyn View;
type BoxedKeeper = *mut (dyn AsRef<[u8]> + Send + Sync);

pub(super) unsafe extern "C" fn view(instance: *const ()) -> RResult<Object, Failure> {
    // SAFETY: the host keeps to `abi::Functions`.
    let instance = unsafe { Instance::at(instance) };
    instance.answer("view", |backend| {
        let view: *mut (dyn View + '_) = Box::into_raw(backend.view()?);
        // SAFETY: a pointer to a trait object is two words, which only `boxed_view` takes for a view again. The
        // lifetime that gets lost is that of the instance, which outlives its views.
        Ok(unsafe { std::mem::transmute::<*mut (dyn View + '_), Object>(view) })
    })
}

fn boxed_view(view: Object) -> BoxedView {
    // SAFETY: the host hands back what `view` made.
    unsafe { std::mem::transmute::<Object, BoxedView>(view) }
}

/// # Safety
///
/// The view is not closed while the reference is in use.
pub(super) unsafe fn view_at<'a>(view: Object) -> &'a (dyn View + 'a) {
    // SAFETY: the box lives until `view_close`.
    unsafe { &*boxed_view(view) }
}

pub(super) unsafe extern "C" fn view_close(instance: *const (), view: Object) {
    // SAFETY: the host keeps to `abi::Functions`; this is the view's last use.
    let (instance, view) = unsafe { (Instance::at(instance), Box::from_raw(boxed_view(view))) };
    instance.release("drop of a view", view);
}

pub(super) unsafe extern "C" fn moment(instance: *const (), view: Object) -> RResult<u64, Failure> {
    // SAFETY: the host keeps to `abi::Functions`.
    let (instance, view) = unsafe { (Instance::at(instance), view_at(view)) };
    instance.answer("moment", |_| Ok(view.moment()?.0))
}

pub(super) unsafe extern "C" fn get(instance: *const (), view: Object, key: Bytes) -> Lookup {
    // SAFETY: the host keeps to `abi::Functions`.
    let (instance, view, key) = unsafe { (Instance::at(instance), view_at(view), key.get()) };
    instance
        .call("get", |_| Ok(lookup(view.get(key)?)))
        .unwrap_or_else(|error| Lookup::Failed(wire::of_error(&error)))
}

pub(super) unsafe extern "C" fn get_many(
    instance: *const (),
    view: Object,
    keys: *const Bytes,
    count: usize,
    places: *mut Lookup,
) -> RResult<(), Failure> {
    // SAFETY: the host keeps to `abi::Functions`.
    let (instance, view, keys) = unsafe { (Instance::at(instance), view_at(view), array(keys, count)) };
    instance.answer("get_many", |_| {
        // SAFETY: keys live until this returns.
        let keys: Vec<&[u8]> = keys.iter().map(|key| unsafe { key.get() }).collect();
        let values = view.get_many(&keys)?;
        if values.len() != count {
            return Err(miscounted(values.len(), count));
        }
        let lookups: Vec<Lookup> = values.into_iter().map(lookup).collect();
        for (index, lookup) in lookups.into_iter().enumerate() {
            // SAFETY: there are as many places as keys. Nothing can fail any more, so that each one is written.
            unsafe { places.add(index).write(lookup) };
        }
        Ok(())
    })
}

#[cold]
fn miscounted(found: usize, asked: usize) -> Error {
    let message =
        format!("get_many answered {found} values for {asked} keys; report this to the plugin's author");
    Error::new(ErrorKind::Corrupt, message)
}

#[inline]
fn lookup(value: Option<Value<'_>>) -> Lookup {
    let nobody = Object { first: std::ptr::null_mut(), second: std::ptr::null_mut() };
    let found = match value {
        None => return Lookup::Absent,
        Some(Value::Borrowed(bytes)) => {
            Found { bytes: Bytes::new(bytes), keeper: nobody, keeping: Found::BORROWED }
        }
        Some(Value::Owned(bytes)) => {
            let mut bytes = std::mem::ManuallyDrop::new(bytes);
            let capacity = std::ptr::without_provenance_mut(bytes.capacity());
            let keeper = Object { first: bytes.as_mut_ptr().cast(), second: capacity };
            Found { bytes: Bytes::new(&bytes), keeper, keeping: KEPT_BY_VEC }
        }
        Some(Value::Held(holder)) => {
            let bytes = Bytes::new((*holder).as_ref());
            let holder: *mut (dyn AsRef<[u8]> + Send + Sync + '_) = Box::into_raw(holder);
            // SAFETY: two words, which only `value_release` takes for a box again, before the view is closed.
            let keeper =
                unsafe { std::mem::transmute::<*mut (dyn AsRef<[u8]> + Send + Sync + '_), Object>(holder) };
            Found { bytes, keeper, keeping: KEPT_BY_BOX }
        }
    };
    Lookup::Found(found)
}

pub(super) unsafe extern "C" fn value_release(instance: *const (), found: Found) {
    // SAFETY: the host keeps to `abi::Functions`.
    let instance = unsafe { Instance::at(instance) };
    match found.keeping {
        KEPT_BY_VEC => {
            let (start, capacity) = (found.keeper.first.cast::<u8>(), found.keeper.second.addr());
            // SAFETY: taken apart by `lookup`, put together once.
            drop(unsafe { Vec::from_raw_parts(start, found.bytes.length, capacity) });
        }
        KEPT_BY_BOX => {
            // SAFETY: made by `lookup`, released once.
            let holder = unsafe { Box::from_raw(std::mem::transmute::<Object, BoxedKeeper>(found.keeper)) };
            instance.release("drop of a value", holder);
        }
        _ => {}
    }
}
