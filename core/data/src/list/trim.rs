//! Many elements less, at the ends of a spread list.
//!
//! Where most of a list stays, what goes is removed. Where most of it goes, or more of it than one commit should remove, what
//! stays is copied under a new object, and the old one is left to the garbage sweep as a whole.

use std::ops::Bound;

use dredis_contract::Result;

use super::End;
use super::spread::Spread;
use super::view::{Place, lost};
use crate::packed::Listpack;
use crate::transaction::Transaction;

impl Spread {
    /// Whether `before` elements at the head and `behind` at the tail stand in more chunks than one commit should remove.
    pub fn drops_too_much(&self, txn: &Transaction<'_>, before: u64, behind: u64) -> Result<bool> {
        let chunks_max = txn.store.bounds.removed_in_place;
        if before.saturating_add(behind) <= chunks_max {
            return Ok(false);
        }
        let in_chunks = |count: u64, buffer: &Listpack| count.saturating_sub(buffer.view().count() as u64);
        let first = self.chunks.count_up_to(txn, End::Head, in_chunks(before, &self.head), chunks_max)?;
        let last = self.chunks.count_up_to(txn, End::Tail, in_chunks(behind, &self.tail), chunks_max)?;
        Ok(first + last >= chunks_max)
    }

    /// Removes `count` elements at an end; the list has more.
    pub fn drop_at(&mut self, txn: &mut Transaction<'_>, end: End, count: u64) -> Result<()> {
        let kept = self.len().checked_sub(count).ok_or_else(lost)?;
        let buffered = self.buffer(end).view().count() as u64;
        let Some(deeper) = count.checked_sub(buffered).filter(|deeper| *deeper > 0) else {
            shorten(self.buffer(end), end, count);
            return Ok(());
        };
        let outermost = match end {
            End::Head => count,
            End::Tail => kept.checked_sub(1).ok_or_else(lost)?,
        };
        // Before anything goes: places are counted from the head on.
        let place = self.view().place(txn, outermost)?;
        *self.buffer(end) = Listpack::default();
        match place.ok_or_else(lost)? {
            Place::Chunk(position, at) => {
                self.chunks.remove_up_to(txn, end, Some(position))?;
                let weight = self.chunks.weight(txn, position)?;
                let dropped = match end {
                    End::Head => at as u64,
                    End::Tail => weight.checked_sub(at as u64 + 1).ok_or_else(lost)?,
                };
                if dropped > 0 {
                    let mut list = self.chunks.take(txn, end)?.ok_or_else(lost)?;
                    shorten(&mut list, end, dropped);
                    *self.buffer(end) = list;
                    self.settle(txn, end)?;
                }
            }
            Place::Buffer(other, _) => {
                let left = deeper.checked_sub(self.chunks.count()).ok_or_else(lost)?;
                self.chunks.remove_up_to(txn, end, None)?;
                shorten(self.buffer(other), end, left);
            }
        }
        Ok(())
    }

    /// A list of the elements from index `start` on, `count` of them, under an object of its own.
    pub fn part(&self, txn: &mut Transaction<'_>, start: u64, count: u64) -> Result<Spread> {
        let mut part = Spread::new(txn, self.limits)?;
        let end = start + count;
        let behind_head = self.head.view().count() as u64;
        let behind_chunks = behind_head + self.chunks.count();
        part.head = slice(&self.head, start, end);
        if start < behind_chunks && end > behind_head {
            self.copy_chunks(txn, &mut part, start.max(behind_head), end.min(behind_chunks))?;
        }
        let tail = slice(&self.tail, start.saturating_sub(behind_chunks), end.saturating_sub(behind_chunks));
        part.tail.append(tail.view());
        part.settle(txn, End::Tail)?;
        Ok(part)
    }

    /// Copies what stands in chunks from index `start` to index `end`. Parts of chunks become the copy's ends.
    fn copy_chunks(&self, txn: &mut Transaction<'_>, part: &mut Spread, start: u64, end: u64) -> Result<()> {
        let Some(Place::Chunk(first, skipped)) = self.view().place(txn, start)? else { return Err(lost()) };
        let mut index = start.checked_sub(skipped as u64).ok_or_else(lost)?;
        let mut from = Bound::Included(first);
        loop {
            let page = self.chunks.page(txn, from, End::Head)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            from = Bound::Excluded(*last);
            for (_, list) in page {
                if index >= end {
                    return Ok(());
                }
                let weight = list.view().count() as u64;
                let is_whole = start <= index && index + weight <= end;
                let list =
                    if is_whole { list } else { slice(&list, start.saturating_sub(index), end - index) };
                let is_first = part.head.view().is_empty() && part.chunks.count() == 0;
                if is_first && self.limits.hold(list.view()) {
                    part.head = list;
                } else if is_whole {
                    part.chunks.add(txn, End::Tail, list)?;
                } else {
                    part.tail = list;
                }
                index += weight;
            }
        }
    }

    /// The whole as one listpack, if it fits into one.
    pub fn as_listpack(&self) -> Option<Listpack> {
        let mut list = self.head.clone();
        list.append(self.tail.view());
        (self.chunks.count() == 0 && self.limits.hold(list.view())).then_some(list)
    }
}

/// Removes elements at one end of a listpack.
pub(super) fn shorten(list: &mut Listpack, end: End, count: u64) {
    let length = list.view().count();
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(length);
    match end {
        End::Head => list.remove(0..count),
        End::Tail => list.remove(length - count..length),
    }
}

/// The elements from index `start` to index `end`.
fn slice(list: &Listpack, start: u64, end: u64) -> Listpack {
    let place = |index: u64| usize::try_from(index).unwrap_or(usize::MAX).min(list.view().count());
    let mut part = list.clone();
    part.split_off(place(end));
    part.split_off(place(start).min(place(end)))
}
