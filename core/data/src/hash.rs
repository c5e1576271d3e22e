//! Hashes: fields with values under one key.
//!
//! A small hash is a listpack of fields and values in turn, in the order in which the fields came; a large one has its
//! fields among the elements of an object. [`HashEditor`] changes them; what is read here is a part, wherever a part is
//! asked for.

mod editor;

use dredis_contract::{Error, Result};

use crate::codec::RecordKind;
use crate::elements::{ElementPage, ElementSet, NamedElement, Parts, Picks};
use crate::meta::{Entry, Form, Head};
use crate::packed::{Element, ListpackRef};
use crate::random::Random;
use crate::transaction::Transaction;

pub use editor::HashEditor;

/// Where a hash's fields are.
enum Fields<'e> {
    Packed(ListpackRef<'e>),
    Spread(ElementSet),
}

impl<'e> Fields<'e> {
    fn of(entry: &'e Entry<'_>) -> Result<Self> {
        match spread(entry.head())? {
            Some(set) => Ok(Fields::Spread(set)),
            None => Ok(Fields::Packed(ListpackRef::new(entry.body())?)),
        }
    }
}

/// The fields of a spread hash; `None` if the hash is packed.
fn spread(head: Head) -> Result<Option<ElementSet>> {
    match (head.form, head.object) {
        (Form::HashPacked, _) => Ok(None),
        (Form::HashSpread, Some(object)) => Ok(Some(elements(object))),
        _ => Err(Error::invalid_input("what is no hash was taken for one")),
    }
}

fn elements(object: u64) -> ElementSet {
    ElementSet { kind: RecordKind::HashField, object }
}

/// A field's value in a packed hash, and the place of the value among fields and values.
fn find<'l>(fields: ListpackRef<'l>, field: &[u8]) -> Option<(usize, Element<'l>)> {
    let mut pairs = fields.pairs().enumerate();
    pairs.find(|(_, (name, _))| name.is(field)).map(|(pair, (_, value))| (2 * pair + 1, value))
}

/// How many fields a hash has.
pub fn count(entry: &Entry<'_>) -> Result<u64> {
    match Fields::of(entry)? {
        Fields::Packed(fields) => Ok(fields.count() as u64 / 2),
        Fields::Spread(_) => entry.count(),
    }
}

impl Transaction<'_> {
    /// A field's value.
    pub fn hash_value(&self, entry: &Entry<'_>, field: &[u8]) -> Result<Option<Vec<u8>>> {
        match Fields::of(entry)? {
            Fields::Packed(fields) => Ok(find(fields, field).map(|(_, value)| value.to_vec())),
            Fields::Spread(set) => self.element(set, field),
        }
    }

    /// Values of several fields, in the order asked.
    pub fn hash_values(&self, entry: &Entry<'_>, fields: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>> {
        match Fields::of(entry)? {
            Fields::Packed(all) => {
                let value = |field: &&[u8]| find(all, field).map(|(_, value)| value.to_vec());
                Ok(fields.iter().map(value).collect())
            }
            Fields::Spread(set) => self.elements_many(set, fields),
        }
    }

    /// Length of a field's value in bytes; `None` if there is no such field.
    pub fn hash_value_length(&self, entry: &Entry<'_>, field: &[u8]) -> Result<Option<usize>> {
        match Fields::of(entry)? {
            Fields::Packed(fields) => Ok(find(fields, field).map(|(_, value)| match value {
                Element::Bytes(bytes) => bytes.len(),
                Element::Integer(_) => value.to_vec().len(),
            })),
            Fields::Spread(set) => self.look_at_element(set, field, <[u8]>::len),
        }
    }

    /// Shows `visit` all fields with their values.
    pub fn each_hash_field(
        &self,
        entry: &Entry<'_>,
        mut visit: impl FnMut(Element<'_>, Element<'_>),
    ) -> Result<()> {
        match Fields::of(entry)? {
            Fields::Packed(fields) => {
                fields.pairs().for_each(|(field, value)| visit(field, value));
                Ok(())
            }
            Fields::Spread(set) => {
                self.each_element(set, |field, value| visit(Element::Bytes(field), Element::Bytes(value)))
            }
        }
    }

    /// Fields with values from hash `from` on, at least `limit` of them or all that are left; of a packed hash, always
    /// all.
    pub fn hash_page(&self, entry: &Entry<'_>, from: u64, limit: usize) -> Result<ElementPage> {
        match Fields::of(entry)? {
            Fields::Packed(fields) => {
                let all = fields.pairs().map(|pair| copied(pair, Parts::NamesAndPayloads));
                Ok(ElementPage { elements: all.collect(), next: None })
            }
            Fields::Spread(set) => self.elements_page(set, from, limit),
        }
    }

    /// Fields picked at random.
    pub fn random_hash_fields(
        &self,
        entry: &Entry<'_>,
        picks: Picks,
        parts: Parts,
        random: &mut Random,
    ) -> Result<Vec<NamedElement>> {
        match Fields::of(entry)? {
            Fields::Packed(fields) => {
                let pairs: Vec<_> = fields.pairs().collect();
                let ranks = picks.ranks(pairs.len() as u64, random);
                Ok(ranks.into_iter().map(|rank| copied(pairs[rank as usize], parts)).collect())
            }
            Fields::Spread(set) => self.random_elements(set, entry.count()?, picks, parts, random),
        }
    }
}

/// Fields of a packed hash have no place in the order of hashes.
fn copied((field, value): (Element<'_>, Element<'_>), parts: Parts) -> NamedElement {
    let payload = match parts {
        Parts::Names => Vec::new(),
        Parts::NamesAndPayloads => value.to_vec(),
    };
    NamedElement { hash: 0, name: field.to_vec(), payload }
}
