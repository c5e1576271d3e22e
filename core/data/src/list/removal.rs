//! Removing elements by their value.

use std::ops::Bound;

use dredis_contract::Result;

use super::End;
use super::spread::Spread;
use crate::packed::{Listpack, ListpackRef};
use crate::transaction::Transaction;

/// What is to go.
pub(super) struct Removal<'a> {
    /// The element.
    pub element: &'a [u8],
    /// Where the search begins.
    pub from: End,
    /// How many may still be removed.
    pub left: u64,
    /// How many have been removed.
    pub removed: u64,
}

impl Removal<'_> {
    /// The list without what is to go; `None` if all of it stays.
    pub fn apply(&mut self, list: ListpackRef<'_>) -> Option<Listpack> {
        let all = list.iter().filter(|element| element.is(self.element)).count() as u64;
        let count = all.min(self.left);
        if count == 0 {
            return None;
        }
        self.left -= count;
        self.removed += count;
        let going = match self.from {
            End::Head => 0..count,
            End::Tail => all - count..all,
        };
        let mut number = 0;
        let mut rest = Listpack::default();
        for element in list.iter() {
            let is_match = element.is(self.element);
            if !(is_match && going.contains(&number)) {
                rest.push_back(&element.to_vec());
            }
            number += u64::from(is_match);
        }
        Some(rest)
    }
}

impl Spread {
    /// Removes elements as far as `removal` says.
    pub fn remove_matches(&mut self, txn: &mut Transaction<'_>, removal: &mut Removal<'_>) -> Result<()> {
        let (near, far) = (removal.from, removal.from.other());
        self.remove_in_buffer(near, removal);
        self.remove_in_chunks(txn, removal)?;
        self.remove_in_buffer(far, removal);
        Ok(())
    }

    fn remove_in_buffer(&mut self, end: End, removal: &mut Removal<'_>) {
        let buffer = self.buffer(end);
        if let Some(rest) = removal.apply(buffer.view()) {
            *buffer = rest;
        }
    }

    /// What is left of a chunk joins what is left of the one before, if both are small.
    fn remove_in_chunks(&mut self, txn: &mut Transaction<'_>, removal: &mut Removal<'_>) -> Result<()> {
        let mut from = Bound::Unbounded;
        let mut before: Option<(u64, Listpack)> = None;
        while removal.left > 0 {
            let page = self.chunks.page(txn, from, removal.from)?;
            let Some((last, _)) = page.last() else { break };
            from = Bound::Excluded(*last);
            for (position, list) in page {
                let Some(rest) = removal.apply(list.view()) else {
                    before = None;
                    continue;
                };
                let weight = list.view().count() as u64;
                if rest.view().is_empty() {
                    self.chunks.remove(txn, position, weight)?;
                    continue;
                }
                before = Some(match before.take() {
                    Some((place, other)) if self.limits.hold_easily(other.view(), rest.view()) => {
                        let weight_there = other.view().count() as u64;
                        let joined = match removal.from {
                            End::Head => join(other, &rest),
                            End::Tail => join(rest, &other),
                        };
                        self.chunks.remove(txn, position, weight)?;
                        self.chunks.replace(txn, place, weight_there, joined.clone())?;
                        (place, joined)
                    }
                    _ => {
                        self.chunks.replace(txn, position, weight, rest.clone())?;
                        (position, rest)
                    }
                });
            }
        }
        Ok(())
    }
}

fn join(mut left: Listpack, right: &Listpack) -> Listpack {
    left.append(right.view());
    left
}
