//! Elements changed: each record is read once, to see what stands there and to know what else its new value must hold.

use dredis_contract::{Error, Result, Value};
use smallvec::{SmallVec, smallvec};

use super::{ElementSet, READ_AT_ONCE, bucket};
use crate::codec::{self, RecordKey};
use crate::transaction::Transaction;

/// What becomes of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit<P> {
    /// What it was: there or not.
    Keep,
    /// From now on it is there, with this payload.
    Put(P),
    /// From now on it is not there.
    Remove,
}

/// Records that are read together; mostly one, for which nothing is allocated.
type Few<T> = SmallVec<[T; 1]>;

impl Transaction<'_> {
    /// Shows `decide` each name's place among `names` and the payload of its element, if there is one, and does with that element
    /// what it answers. A name that comes twice is shown what was made of it the first time. Few crossings to the
    /// engine; after an error some of the names have been dealt with and others not.
    pub(crate) fn edit_elements<P: AsRef<[u8]>, E: From<Error>>(
        &mut self,
        set: ElementSet,
        names: &[&[u8]],
        mut decide: impl FnMut(usize, Option<&[u8]>) -> Result<Edit<P>, E>,
    ) -> Result<(), E> {
        let mut place = 0;
        while let Some(left) = names.get(place..).filter(|left| !left.is_empty()) {
            let records = self.distinct_records(set, left);
            let values = self.changed_records(&records, left, |at, payload| decide(place + at, payload))?;
            place += records.len();
            for (record, value) in records.iter().zip(values) {
                match value {
                    None => {}
                    Some(value) if value.is_empty() => self.delete(record),
                    Some(value) => self.put(record, value),
                }
            }
        }
        Ok(())
    }

    /// The same for one name.
    pub(crate) fn edit_element<P: AsRef<[u8]>, E: From<Error>>(
        &mut self,
        set: ElementSet,
        name: &[u8],
        decide: impl FnOnce(Option<&[u8]>) -> Result<Edit<P>, E>,
    ) -> Result<(), E> {
        let mut decide = Some(decide);
        self.edit_elements(set, &[name], |_, payload| match decide.take() {
            Some(decide) => decide(payload),
            None => Ok(Edit::Keep),
        })
    }

    /// Adds an element of this name; whether there was none before. If there was one, nothing is changed.
    pub(crate) fn add_element(&mut self, set: ElementSet, name: &[u8], payload: &[u8]) -> Result<bool> {
        let record = self.element_record(set, name);
        let mut bucket = self.get_to_extend(&record)?.unwrap_or_default();
        if bucket::find(&bucket, name)?.is_some() {
            return Ok(false);
        }
        bucket::push(&mut bucket, name, payload)?;
        self.put(&record, bucket);
        Ok(true)
    }

    /// Makes elements of these names, without payloads, unless they are there. How many were not.
    pub(crate) fn add_elements(&mut self, set: ElementSet, names: &[&[u8]]) -> Result<u64> {
        let mut added = 0;
        self.edit_elements(set, names, |_, payload| {
            added += u64::from(payload.is_none());
            Ok::<_, Error>(payload.map_or(Edit::Put([]), |_| Edit::Keep))
        })?;
        Ok(added)
    }

    /// Removes the elements of these names. How many there were.
    pub(crate) fn remove_elements(&mut self, set: ElementSet, names: &[&[u8]]) -> Result<u64> {
        let mut removed = 0;
        self.edit_elements(set, names, |_, payload| {
            removed += u64::from(payload.is_some());
            Ok::<_, Error>(Edit::<[u8; 0]>::Remove)
        })?;
        Ok(removed)
    }

    /// The records of the first of these names, as many as can be read at once before any of them is changed.
    fn distinct_records(&self, set: ElementSet, names: &[&[u8]]) -> Few<RecordKey> {
        let mut hashes: Few<u64> = Few::new();
        for name in names.iter().take(READ_AT_ONCE) {
            let hash = self.element_hash(name);
            if hashes.contains(&hash) {
                break;
            }
            hashes.push(hash);
        }
        hashes.into_iter().map(|hash| codec::element(set.kind, set.object, hash)).collect()
    }

    /// What these records, each of the name beside it, will hold; `None` for those that stay as they are.
    fn changed_records<P: AsRef<[u8]>, E: From<Error>>(
        &self,
        records: &[RecordKey],
        names: &[&[u8]],
        mut decide: impl FnMut(usize, Option<&[u8]>) -> Result<Edit<P>, E>,
    ) -> Result<Few<Option<Vec<u8>>>, E> {
        let buckets: Few<Option<Value<'_>>> = match records {
            [record] => smallvec![self.get(record)?],
            records => self.get_many(records)?.into(),
        };
        let mut values = Few::new();
        for (at, (bucket, name)) in buckets.iter().zip(names).enumerate() {
            let bucket = bucket.as_deref().unwrap_or_default();
            let found = bucket::find(bucket, name)?;
            let payload = found.map(|found| &bucket[found]);
            values.push(match decide(at, payload)? {
                Edit::Keep => None,
                Edit::Put(payload) => {
                    let mut value = bucket::without(bucket, name)?;
                    bucket::push(&mut value, name, payload.as_ref())?;
                    Some(value)
                }
                Edit::Remove if payload.is_none() => None,
                Edit::Remove => Some(bucket::without(bucket, name)?),
            });
        }
        Ok(values)
    }
}
