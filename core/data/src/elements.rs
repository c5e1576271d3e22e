//! Elements of spread hashes, sets and sorted sets: found by name, walked and picked in the order of a hash.
//!
//! All elements whose names have the same 64-bit hash stand in one record, nearly always a single one. The hash is the
//! directory's own, the same for all objects: so collections can be merged in one walk, a cursor is a hash, and a
//! fair pick begins with a seek.
//!
//! The payload is a hash's value, a sorted set's score, and empty for a set.

mod bucket;
mod edit;
mod picks;
mod writer;

use std::ops::ControlFlow;

use dredis_contract::{Error, Result, Scan, Value};

use crate::codec::{self, RecordKey, RecordKind, read_u64};
use crate::transaction::Transaction;

pub(crate) use edit::Edit;
pub use picks::{Parts, Picks};
pub(crate) use writer::ElementWriter;

/// The elements of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ElementSet {
    /// What their records are.
    pub kind: RecordKind,
    /// The object.
    pub object: u64,
}

/// An element, copied out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedElement {
    /// The hash of its name: its place in a walk.
    pub hash: u64,
    /// Field or member.
    pub name: Vec<u8>,
    /// Value, score or nothing.
    pub payload: Vec<u8>,
}

/// A part of a walk over an object's elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ElementPage {
    /// Elements, in the order of their hashes.
    pub elements: Vec<NamedElement>,
    /// The hash at which the walk goes on; `None` at the end.
    pub next: Option<u64>,
}

/// Where to look for elements: hashes from `from` up to `end`, which is not included (`None`: up to the last).
#[derive(Clone, Copy)]
struct Hashes {
    from: u64,
    end: Option<u64>,
}

const ALL: Hashes = Hashes { from: 0, end: None };

/// Records are read so many at a time where each may be large and only a part of it is kept.
const READ_AT_ONCE: usize = 64;
/// The most records that a walk announces to the engine.
const EXPECTED_MAX: usize = 1000;

impl Transaction<'_> {
    /// The hash that orders an element of this name.
    pub(crate) fn element_hash(&self, name: &[u8]) -> u64 {
        self.store.codec.hash(name)
    }

    fn element_record(&self, set: ElementSet, name: &[u8]) -> RecordKey {
        codec::element(set.kind, set.object, self.element_hash(name))
    }

    /// The payload of the element of this name.
    pub(crate) fn element(&self, set: ElementSet, name: &[u8]) -> Result<Option<Vec<u8>>> {
        payload(self.get(&self.element_record(set, name))?, name)
    }

    /// What `look` says of the payload of the element of this name, which is not copied.
    pub(crate) fn look_at_element<T>(
        &self,
        set: ElementSet,
        name: &[u8],
        look: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>> {
        let Some(bucket) = self.get(&self.element_record(set, name))? else { return Ok(None) };
        Ok(bucket::find(&bucket, name)?.map(|found| look(&bucket[found])))
    }

    /// Whether there is an element of this name.
    pub(crate) fn has_element(&self, set: ElementSet, name: &[u8]) -> Result<bool> {
        Ok(self.look_at_element(set, name, |_| ())?.is_some())
    }

    /// The payloads of the elements of these names, in the order asked. Few crossings to the engine.
    pub(crate) fn elements_many(&self, set: ElementSet, names: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut payloads = Vec::with_capacity(names.len());
        for names in names.chunks(READ_AT_ONCE) {
            let records: Vec<_> = names.iter().map(|name| self.element_record(set, name)).collect();
            for (bucket, name) in self.get_many(&records)?.into_iter().zip(names) {
                payloads.push(payload(bucket, name)?);
            }
        }
        Ok(payloads)
    }

    /// Elements from hash `from` on: at least `limit` (all of a hash come together), or all that are left. `limit` is at
    /// least 1.
    pub(crate) fn elements_page(&self, set: ElementSet, from: u64, limit: usize) -> Result<ElementPage> {
        let mut page = ElementPage::default();
        self.visit_elements(set, Hashes { from, end: None }, limit, |hash, name, payload| {
            let is_full = page.elements.len() >= limit;
            if is_full && page.elements.last().is_none_or(|last| last.hash != hash) {
                page.next = Some(hash);
                return ControlFlow::Break(());
            }
            page.elements.push(NamedElement { hash, name: name.to_vec(), payload: payload.to_vec() });
            ControlFlow::Continue(())
        })?;
        Ok(page)
    }

    /// Shows `visit` names and payloads of all elements, in the order of their hashes, without copying them.
    pub(crate) fn each_element(&self, set: ElementSet, mut visit: impl FnMut(&[u8], &[u8])) -> Result<()> {
        self.visit_elements(set, ALL, EXPECTED_MAX, |_, name, payload| {
            visit(name, payload);
            ControlFlow::Continue(())
        })
    }

    /// The same until `visit` has seen enough.
    pub(crate) fn each_element_while(
        &self,
        set: ElementSet,
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<()> {
        self.visit_elements(set, ALL, EXPECTED_MAX, |_, name, payload| visit(name, payload))
    }

    /// Shows `visit` hashes, names and payloads until it has seen enough. `expected`: of how many, probably.
    fn visit_elements(
        &self,
        set: ElementSet,
        hashes: Hashes,
        expected: usize,
        mut visit: impl FnMut(u64, &[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<()> {
        self.visit_records(set, hashes, expected, |hash, record| {
            for element in bucket::Elements(record) {
                let (name, payload) = element?;
                if visit(hash, name, payload).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// The same with hashes and whole records.
    fn visit_records(
        &self,
        set: ElementSet,
        hashes: Hashes,
        expected: usize,
        mut visit: impl FnMut(u64, &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let start = codec::element(set.kind, set.object, hashes.from);
        let end = match hashes.end {
            Some(end) => Some(codec::element(set.kind, set.object, end)),
            None => codec::successor(&codec::object(set.kind, set.object)),
        };
        let scan = Scan { start: &start, end: end.as_deref(), ..Scan::all() };
        let mut records = self.scan(&scan.expecting(expected.min(EXPECTED_MAX)))?;
        while let Some(record) = records.next()? {
            let hash =
                read_u64(record.key, 9).ok_or_else(|| Error::corrupt("an element record has no hash"))?;
            if visit(hash, record.value)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// The payload of the element of this name in a record, if there are both.
fn payload(bucket: Option<Value<'_>>, name: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some(bucket) = bucket else { return Ok(None) };
    let Some(found) = bucket::find(&bucket, name)? else { return Ok(None) };
    Ok(Some(match bucket {
        Value::Owned(mut bytes) => {
            bytes.truncate(found.end);
            bytes.drain(..found.start);
            bytes
        }
        bucket => bucket[found].to_vec(),
    }))
}
