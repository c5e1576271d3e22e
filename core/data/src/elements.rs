//! Elements of spread hashes, sets and sorted sets: found by name, walked and picked in the order of a hash.
//!
//! All elements whose names have the same 64-bit hash stand in one record, nearly always a single one. The hash is the
//! directory's own, the same for all objects: so collections can be merged in one walk, a cursor is a hash, and a
//! fair pick begins with a seek.
//!
//! A record's value is a run of elements: length of the name and of the payload (4 bytes each, big-endian), then both.
//! The payload is a hash's value, a sorted set's score, and empty for a set.

use dredis_contract::{Error, Result, Scan};

use crate::codec::{self, RecordKind, read_u32, read_u64};
use crate::random::Random;
use crate::transaction::Transaction;

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

/// A window of hashes holds so many elements on average, and is not looked at beyond so many.
const WINDOW_MEAN: u64 = 4;
const WINDOW_MAX: u64 = 20;
/// Objects of up to this many elements are picked from by counting through them.
const COUNTED_MAX: u64 = 16;

impl Transaction<'_> {
    /// The hash that orders an element of this name.
    pub(crate) fn element_hash(&self, name: &[u8]) -> u64 {
        self.store.codec.hash(name)
    }

    /// The payload of the element of this name.
    pub(crate) fn element(&self, set: ElementSet, name: &[u8]) -> Result<Option<Vec<u8>>> {
        let record = codec::element(set.kind, set.object, self.element_hash(name));
        let Some(bucket) = self.get(&record)? else { return Ok(None) };
        for element in Bucket(&bucket) {
            let (own, payload) = element?;
            if own == name {
                return Ok(Some(payload.to_vec()));
            }
        }
        Ok(None)
    }

    /// Whether there is an element of this name.
    pub(crate) fn has_element(&self, set: ElementSet, name: &[u8]) -> Result<bool> {
        Ok(self.element(set, name)?.is_some())
    }

    /// Sets the payload of the element of this name. What it was, if there was one.
    pub(crate) fn put_element(
        &mut self,
        set: ElementSet,
        name: &[u8],
        payload: &[u8],
    ) -> Result<Option<Vec<u8>>> {
        let record = codec::element(set.kind, set.object, self.element_hash(name));
        let (mut bucket, old) = self.bucket_without(&record, name)?;
        write_element(&mut bucket, name, payload)?;
        self.put(&record, bucket);
        Ok(old)
    }

    /// Removes the element of this name. Its payload, if there was one.
    pub(crate) fn remove_element(&mut self, set: ElementSet, name: &[u8]) -> Result<Option<Vec<u8>>> {
        let record = codec::element(set.kind, set.object, self.element_hash(name));
        let (bucket, old) = self.bucket_without(&record, name)?;
        if old.is_some() {
            if bucket.is_empty() {
                self.delete(&record);
            } else {
                self.put(&record, bucket);
            }
        }
        Ok(old)
    }

    /// A record's elements but for the one of this name, and that one's payload.
    fn bucket_without(&self, record: &[u8], name: &[u8]) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
        let (mut others, mut found) = (Vec::new(), None);
        if let Some(bucket) = self.get(record)? {
            for element in Bucket(&bucket) {
                let (own, payload) = element?;
                if own == name {
                    found = Some(payload.to_vec());
                } else {
                    write_element(&mut others, own, payload)?;
                }
            }
        }
        Ok((others, found))
    }

    /// Elements from hash `from` on: at least `limit` (all of a hash come together), or all that are left.
    pub(crate) fn elements_page(&self, set: ElementSet, from: u64, limit: usize) -> Result<ElementPage> {
        self.elements_between(set, from, None, limit)
    }

    fn elements_between(
        &self,
        set: ElementSet,
        from: u64,
        end: Option<u64>,
        limit: usize,
    ) -> Result<ElementPage> {
        let start = codec::element(set.kind, set.object, from);
        let end = match end {
            Some(end) => Some(codec::element(set.kind, set.object, end)),
            None => codec::successor(&codec::object(set.kind, set.object)),
        };
        let scan = Scan { start: &start, end: end.as_deref(), ..Scan::all() };
        let mut records = self.scan(&scan.expecting(limit.min(1000)))?;
        let mut page = ElementPage::default();
        while let Some(record) = records.next()? {
            let hash =
                read_u64(record.key, 9).ok_or_else(|| Error::corrupt("an element record has no hash"))?;
            if page.elements.len() >= limit {
                page.next = Some(hash);
                break;
            }
            for element in Bucket(record.value) {
                let (name, payload) = element?;
                page.elements.push(NamedElement { hash, name: name.to_vec(), payload: payload.to_vec() });
            }
        }
        Ok(page)
    }

    /// An element, each with the same probability; `count` is how many there are. `None` if there is none.
    ///
    /// A window of hashes is put at random and accepted with a probability that makes up for how many elements
    /// it happens to hold, so gaps between hashes make no difference. A few seeks a pick, whatever the size.
    pub(crate) fn random_element(
        &self,
        set: ElementSet,
        count: u64,
        random: &mut Random,
    ) -> Result<Option<NamedElement>> {
        if count <= COUNTED_MAX {
            let mut elements = self.elements_page(set, 0, usize::MAX)?.elements;
            let picked = random.below(elements.len() as u64) as usize;
            return Ok(if elements.is_empty() { None } else { Some(elements.swap_remove(picked)) });
        }
        let width = u64::MAX / count * WINDOW_MEAN;
        loop {
            let first = random.next_u64();
            let (end, wraps) = first.overflowing_add(width);
            let limit = WINDOW_MAX as usize;
            let mut found = self.elements_between(set, first, (!wraps).then_some(end), limit)?.elements;
            if wraps {
                found.extend(self.elements_between(set, 0, Some(end), limit)?.elements);
            }
            let picked = random.below(WINDOW_MAX) as usize;
            if picked < found.len() {
                return Ok(Some(found.swap_remove(picked)));
            }
        }
    }
}

/// Writes the elements of a new object in the order of their hashes, without reading: for conversions and stores.
pub(crate) struct ElementWriter {
    set: ElementSet,
    hash: u64,
    bucket: Vec<u8>,
    count: u64,
}

impl ElementWriter {
    /// For an object that has no elements yet.
    pub fn new(set: ElementSet) -> Self {
        ElementWriter { set, hash: 0, bucket: Vec::new(), count: 0 }
    }

    /// Adds an element of a name not added before; hashes never descend.
    pub fn add(&mut self, txn: &mut Transaction<'_>, hash: u64, name: &[u8], payload: &[u8]) -> Result<()> {
        debug_assert!(hash >= self.hash);
        if hash != self.hash {
            self.write_out(txn);
            self.hash = hash;
        }
        self.count += 1;
        write_element(&mut self.bucket, name, payload)
    }

    /// Writes what is left. How many elements there were.
    pub fn finish(mut self, txn: &mut Transaction<'_>) -> u64 {
        self.write_out(txn);
        self.count
    }

    fn write_out(&mut self, txn: &mut Transaction<'_>) {
        if !self.bucket.is_empty() {
            let record = codec::element(self.set.kind, self.set.object, self.hash);
            txn.put(&record, std::mem::take(&mut self.bucket));
        }
    }
}

fn write_element(bucket: &mut Vec<u8>, name: &[u8], payload: &[u8]) -> Result<()> {
    for part in [name, payload] {
        let length =
            u32::try_from(part.len()).map_err(|_| Error::invalid_input("an element of 4 GB or more"))?;
        bucket.extend_from_slice(&length.to_be_bytes());
    }
    bucket.extend_from_slice(name);
    bucket.extend_from_slice(payload);
    Ok(())
}

/// Names and payloads in a record's value.
struct Bucket<'b>(&'b [u8]);

impl<'b> Iterator for Bucket<'b> {
    type Item = Result<(&'b [u8], &'b [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let split = || {
            let (name, payload) = (read_u32(self.0, 0)? as usize, read_u32(self.0, 4)? as usize);
            let (name, rest) = self.0.get(8..)?.split_at_checked(name)?;
            let (payload, rest) = rest.split_at_checked(payload)?;
            Some((name, payload, rest))
        };
        let Some((name, payload, rest)) = split() else {
            self.0 = &[];
            return Some(Err(Error::corrupt("an element record does not decode")));
        };
        self.0 = rest;
        Some(Ok((name, payload)))
    }
}
