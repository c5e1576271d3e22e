//! Sets and sorted sets read in the order of their members' hashes: what unions, intersections and differences are made
//! of.

use std::collections::VecDeque;

use dredis_contract::{Error, Result};

use super::read::{Shape, SortedSet};
use super::{packed, score};
use crate::codec::RecordKind;
use crate::elements::{ElementSet, NamedElement};
use crate::meta::{Entry, Form};
use crate::packed::{IntsetRef, ListpackRef};
use crate::transaction::Transaction;

/// How many members are read at a time, at most, and after a leap.
const PAGE_MAX: usize = 512;
const PAGE_MIN: usize = 2;
/// Pages of more bytes than this are followed by smaller ones.
const PAGE_BYTES: usize = 256 << 10;

/// A set or sorted set under a walk. Members of a set have the score 1.
#[derive(Debug)]
pub struct Source {
    length: u64,
    /// Members that are read already, in the order of hashes.
    ahead: VecDeque<Hashed>,
    rest: Option<Rest>,
}

/// A member on its way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hashed {
    pub hash: u64,
    pub member: Vec<u8>,
    pub score: f64,
}

/// What is not read yet.
#[derive(Debug)]
struct Rest {
    elements: ElementSet,
    from: u64,
    page: usize,
}

impl Source {
    /// An absent key.
    pub fn empty() -> Source {
        Source { length: 0, ahead: VecDeque::new(), rest: None }
    }

    /// The set or sorted set under a key; `None` if it is neither.
    pub fn open(txn: &Transaction<'_>, entry: &Entry<'_>) -> Result<Option<Source>> {
        let head = entry.head();
        let members: Vec<(Vec<u8>, f64)> = match head.form {
            Form::SortedSetPacked | Form::SortedSetSpread => match SortedSet::of(entry)?.0 {
                Shape::Spread(spread) => {
                    return Ok(Some(Source::spread(spread.elements(), spread.count)));
                }
                Shape::Packed(list) => {
                    let members = packed::members(list)?;
                    members.into_iter().map(|member| (member.member, member.score)).collect()
                }
            },
            Form::SetIntset => {
                let integers = IntsetRef::new(entry.body())?;
                integers.iter().map(|member| (member.to_string().into_bytes(), 1.0)).collect()
            }
            Form::SetPacked => {
                let list = ListpackRef::new(entry.body())?;
                list.iter().map(|member| (member.to_vec(), 1.0)).collect()
            }
            Form::SetSpread => {
                let object = head.object.ok_or_else(|| Error::corrupt("a spread set has no object"))?;
                let elements = ElementSet { kind: RecordKind::SetMember, object };
                return Ok(Some(Source::spread(elements, entry.count()?)));
            }
            _ => return Ok(None),
        };
        let mut hashed: Vec<Hashed> = members
            .into_iter()
            .map(|(member, score)| Hashed { hash: txn.element_hash(&member), member, score })
            .collect();
        hashed.sort_by_key(|member| member.hash);
        Ok(Some(Source { length: hashed.len() as u64, ahead: hashed.into(), rest: None }))
    }

    fn spread(elements: ElementSet, length: u64) -> Source {
        let rest = Rest { elements, from: 0, page: PAGE_MIN };
        Source { length, ahead: VecDeque::new(), rest: Some(rest) }
    }

    /// How many members there are in all.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The hash of the next member.
    pub(super) fn next_hash(&mut self, txn: &Transaction<'_>) -> Result<Option<u64>> {
        while self.ahead.is_empty() {
            let Some(rest) = &mut self.rest else { return Ok(None) };
            let page = txn.elements_page(rest.elements, rest.from, rest.page)?;
            let bytes: usize = page.elements.iter().map(|element| element.name.len()).sum();
            rest.page = match bytes {
                ..=PAGE_BYTES => (rest.page * 4).min(PAGE_MAX),
                _ => (rest.page / 4).max(1),
            };
            let is_scored = rest.elements.kind == RecordKind::SortedSetMember;
            for NamedElement { hash, name, payload } in page.elements {
                let score = if is_scored { score::from_payload(&payload)? } else { 1.0 };
                self.ahead.push_back(Hashed { hash, member: name, score });
            }
            match page.next {
                Some(next) => rest.from = next,
                None => self.rest = None,
            }
        }
        Ok(self.ahead.front().map(|member| member.hash))
    }

    /// Passes over all members with lower hashes.
    pub(super) fn leap(&mut self, hash: u64) {
        if self.ahead.back().is_some_and(|last| last.hash >= hash) {
            while self.ahead.front().is_some_and(|first| first.hash < hash) {
                self.ahead.pop_front();
            }
            return;
        }
        self.ahead.clear();
        if let Some(rest) = &mut self.rest
            && rest.from < hash
        {
            rest.from = hash;
            rest.page = PAGE_MIN;
        }
    }

    /// Takes the members with this hash, which is the next one: all of them are read already.
    pub(super) fn take(&mut self, hash: u64) -> Vec<Hashed> {
        let mut taken = Vec::new();
        while let Some(first) = self.ahead.pop_front_if(|first| first.hash == hash) {
            taken.push(first);
        }
        taken
    }
}
