//! A hash being changed.

use dredis_contract::{Error, Result};

use super::{elements, find, spread};
use crate::elements::{Edit, ElementSet, ElementWriter};
use crate::meta::{Form, Head, Stored};
use crate::packed::{Listpack, PACKED_BYTES_MAX, PackedLimits};
use crate::transaction::Transaction;

/// What a packed field or value takes beyond its own bytes, at most.
const ELEMENT_OVERHEAD_BYTES: usize = 10;

/// Changes a hash: made by [`Transaction::edit_hash`]. [`HashEditor::finish`] writes the key's record, or removes a hash
/// that has become empty; without it, the hash is left in disorder.
#[must_use]
pub struct HashEditor<'e, 'v> {
    txn: &'e mut Transaction<'v>,
    db: u32,
    key: &'e [u8],
    old: Option<Head>,
    limits: PackedLimits,
    fields: Fields,
    is_changed: bool,
}

enum Fields {
    Packed(Listpack),
    /// `stored`: what the key's record counts, if it already names this object.
    Spread {
        set: ElementSet,
        count: u64,
        stored: Option<u64>,
    },
}

impl<'v> Transaction<'v> {
    /// Opens a hash to change it. `old` is what [`Transaction::load_for_write`] answered; an absent key counts as an empty
    /// hash.
    pub fn edit_hash<'e>(
        &'e mut self,
        (db, key): (u32, &'e [u8]),
        old: Option<Stored>,
        limits: PackedLimits,
    ) -> Result<HashEditor<'e, 'v>> {
        let head = old.as_ref().map(|old| old.head);
        let fields = match old {
            None => Fields::Packed(Listpack::default()),
            Some(old) => match spread(old.head)? {
                Some(set) => {
                    let count = old.count()?;
                    Fields::Spread { set, count, stored: Some(count) }
                }
                None => Fields::Packed(Listpack::from_bytes(old.body)?),
            },
        };
        Ok(HashEditor { txn: self, db, key, old: head, limits, fields, is_changed: false })
    }
}

impl HashEditor<'_, '_> {
    /// Sets a field to what `change` makes of its value, if it has one. The value that it has now.
    pub fn update<E: From<Error>>(
        &mut self,
        field: &[u8],
        change: impl FnOnce(Option<&[u8]>) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let Fields::Spread { set, count, .. } = &mut self.fields else {
            let before = self.packed_value(field);
            let value = change(before.as_deref())?;
            self.set(&[[field, &value]])?;
            return Ok(value);
        };
        let mut value = Vec::new();
        let mut is_new = false;
        self.txn.edit_element(*set, field, |before| {
            is_new = before.is_none();
            value = change(before)?;
            Ok::<_, E>(Edit::Put(value.clone()))
        })?;
        *count += u64::from(is_new);
        self.is_changed = true;
        Ok(value)
    }

    /// Sets a field that is not there; whether it was not.
    pub fn add(&mut self, field: &[u8], value: &[u8]) -> Result<bool> {
        let Fields::Spread { set, count, .. } = &mut self.fields else {
            if self.packed_value(field).is_some() {
                return Ok(false);
            }
            self.set(&[[field, value]])?;
            return Ok(true);
        };
        let mut is_new = false;
        self.txn.edit_element(*set, field, |before| {
            is_new = before.is_none();
            Ok::<_, Error>(if is_new { Edit::Put(value) } else { Edit::Keep })
        })?;
        *count += u64::from(is_new);
        self.is_changed |= is_new;
        Ok(is_new)
    }

    fn packed_value(&self, field: &[u8]) -> Option<Vec<u8>> {
        match &self.fields {
            Fields::Packed(list) => find(list.view(), field).map(|(_, value)| value.to_vec()),
            Fields::Spread { .. } => None,
        }
    }

    /// Sets fields to values, one after the other. How many are new. As in Redis, a field or value too long for a packed
    /// hash counts even if a later one takes its place.
    pub fn set(&mut self, pairs: &[[&[u8]; 2]]) -> Result<u64> {
        self.is_changed |= !pairs.is_empty();
        if !self.takes_packed(pairs) {
            self.spread()?;
        }
        let mut left = pairs;
        let mut added = 0;
        while let (Fields::Packed(list), [[field, value], rest @ ..]) = (&mut self.fields, left) {
            left = rest;
            match find(list.view(), field) {
                Some((place, _)) => list.replace(place, value),
                None => {
                    list.push_back(field);
                    list.push_back(value);
                    added += 1;
                }
            }
            if list.view().count() as u64 / 2 > self.limits.hash_entries {
                self.spread()?;
            }
        }
        if let Fields::Spread { set, count, .. } = &mut self.fields {
            let fields: Vec<&[u8]> = left.iter().map(|[field, _]| *field).collect();
            let mut new = 0;
            self.txn.edit_elements(*set, &fields, |at, before| {
                new += u64::from(before.is_none());
                Ok::<_, Error>(Edit::Put(left[at][1]))
            })?;
            *count += new;
            added += new;
        }
        Ok(added)
    }

    /// Removes fields. How many there were.
    pub fn remove(&mut self, fields: &[&[u8]]) -> Result<u64> {
        let removed = match &mut self.fields {
            Fields::Packed(list) => {
                let mut removed = 0;
                for field in fields {
                    if let Some((place, _)) = find(list.view(), field) {
                        list.remove(place - 1..place + 1);
                        removed += 1;
                    }
                }
                removed
            }
            Fields::Spread { set, count, .. } => {
                let removed = self.txn.remove_elements(*set, fields)?;
                *count = count.saturating_sub(removed);
                removed
            }
        };
        self.is_changed |= removed > 0;
        Ok(removed)
    }

    /// Writes the key's record if it is not as it was, and tells whoever watches the key.
    pub fn finish(self) -> Result<()> {
        let HashEditor { txn, db, key, old, .. } = self;
        if !self.is_changed {
            return Ok(());
        }
        let expire_at_ms = old.and_then(|old| old.expire_at_ms);
        let (head, body) = match self.fields {
            Fields::Packed(list) if list.view().is_empty() => return remove(txn, (db, key), old),
            Fields::Packed(list) => {
                (Head { form: Form::HashPacked, expire_at_ms, object: None }, list.into_bytes())
            }
            Fields::Spread { count: 0, .. } => return remove(txn, (db, key), old),
            Fields::Spread { count, stored: Some(stored), .. } if count == stored => {
                return txn.elements_changed(db, key);
            }
            Fields::Spread { set, count, .. } => {
                let head = Head { form: Form::HashSpread, expire_at_ms, object: Some(set.object) };
                (head, count.to_be_bytes().to_vec())
            }
        };
        txn.write_key(db, key, old, head, &body)
    }

    /// Whether a packed hash may take these fields and values, as far as their own lengths go.
    fn takes_packed(&self, pairs: &[[&[u8]; 2]]) -> bool {
        let Fields::Packed(list) = &self.fields else { return true };
        let mut bytes = list.len();
        pairs.as_flattened().iter().all(|element| {
            bytes += element.len() + ELEMENT_OVERHEAD_BYTES;
            element.len() as u64 <= self.limits.hash_value_bytes && bytes <= PACKED_BYTES_MAX
        })
    }

    /// Makes a packed hash a spread one.
    fn spread(&mut self) -> Result<()> {
        let Fields::Packed(list) = &self.fields else { return Ok(()) };
        let set = elements(self.txn.next_object()?);
        let mut fields: Vec<_> = list
            .view()
            .pairs()
            .map(|(field, value)| {
                let name = field.to_vec();
                (self.txn.element_hash(&name), name, value)
            })
            .collect();
        fields.sort_unstable_by_key(|(hash, ..)| *hash);
        let mut writer = ElementWriter::new(set);
        for (hash, field, value) in fields {
            writer.add(self.txn, hash, &field, &value.to_vec())?;
        }
        let count = writer.finish(self.txn);
        self.fields = Fields::Spread { set, count, stored: None };
        Ok(())
    }
}

/// Removes a hash without fields, if its key was ever written.
fn remove(txn: &mut Transaction<'_>, (db, key): (u32, &[u8]), old: Option<Head>) -> Result<()> {
    match old {
        Some(head) => txn.remove_found(db, key, head),
        None => Ok(()),
    }
}
