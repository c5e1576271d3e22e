//! Removing elements by their value.

use std::ops::Bound;

use dredis_contract::Result;

use super::End;
use super::chunks::Chunks;
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
    /// Removes elements as far as `removal` says. Where that changes too much for one commit, what stays is copied under a
    /// new object.
    pub fn remove_matches(&mut self, txn: &mut Transaction<'_>, removal: &mut Removal<'_>) -> Result<()> {
        let (near, far) = (removal.from, removal.from.other());
        self.remove_in_buffer(near, removal);
        if !self.remove_in_chunks(txn, removal)? {
            self.copy_without_matches(txn, removal)?;
        }
        self.remove_in_buffer(far, removal);
        Ok(())
    }

    fn remove_in_buffer(&mut self, end: End, removal: &mut Removal<'_>) {
        let buffer = self.buffer(end);
        if let Some(rest) = removal.apply(buffer.view()) {
            *buffer = rest;
        }
    }

    /// What is left of a chunk joins what is left of the one before, if both are small. Whether it was done to the end;
    /// otherwise too much waits for the commit.
    fn remove_in_chunks(&mut self, txn: &mut Transaction<'_>, removal: &mut Removal<'_>) -> Result<bool> {
        let pending_bytes_max = txn.pending_bytes() + txn.store.bounds.waiting_bytes;
        let mut from = Bound::Unbounded;
        let mut before: Option<(u64, Listpack)> = None;
        while removal.left > 0 {
            if txn.pending_bytes() > pending_bytes_max {
                return Ok(false);
            }
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
                        let joined = join(removal.from, other, rest);
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
        Ok(true)
    }

    /// Copies what stays of the chunks, as they are by now, under a new object; the old one is left to the garbage sweep.
    fn copy_without_matches(&mut self, txn: &mut Transaction<'_>, removal: &mut Removal<'_>) -> Result<()> {
        let mut kept = Chunks::new(txn)?;
        let far = removal.from.other();
        let mut from = Bound::Unbounded;
        let mut before: Option<Listpack> = None;
        loop {
            let page = self.chunks.page(txn, from, removal.from)?;
            let Some((last, _)) = page.last() else { break };
            from = Bound::Excluded(*last);
            for (_, list) in page {
                let rest = removal.apply(list.view()).unwrap_or(list);
                before = Some(match before.take() {
                    Some(other) if self.limits.hold_easily(other.view(), rest.view()) => {
                        join(removal.from, other, rest)
                    }
                    Some(other) => {
                        add_unless_empty(&mut kept, txn, far, other)?;
                        rest
                    }
                    None => rest,
                });
            }
        }
        if let Some(last) = before {
            add_unless_empty(&mut kept, txn, far, last)?;
        }
        std::mem::replace(&mut self.chunks, kept).give_up(txn)
    }
}

fn add_unless_empty(chunks: &mut Chunks, txn: &mut Transaction<'_>, end: End, list: Listpack) -> Result<()> {
    if list.view().is_empty() { Ok(()) } else { chunks.add(txn, end, list) }
}

/// Two neighbours as one; `before` was met first on the way from an end.
fn join(from: End, before: Listpack, behind: Listpack) -> Listpack {
    let (mut left, right) = match from {
        End::Head => (before, behind),
        End::Tail => (behind, before),
    };
    left.append(right.view());
    left
}
