//! Changes to a spread list's two ends and to single chunks.
//!
//! Pushes and pops touch the ends, which are in the list's own record. An end that overflows keeps its outer half and
//! hands the rest over as a chunk; one that has run empty takes the chunk beside it in when that is popped from. So some
//! twenty pushes or pops of small elements lie between two changes of chunks, in whatever order they come.

use std::collections::VecDeque;

use dredis_contract::Result;

use super::chunks::Chunks;
use super::cut::{self, ChunkLimits};
use super::view::{Place, SpreadView, lost};
use super::{End, Side};
use crate::packed::Listpack;
use crate::transaction::Transaction;

/// A spread list to change.
pub(super) struct Spread {
    /// The elements before all chunks.
    pub head: Listpack,
    /// Everything between the two ends.
    pub chunks: Chunks,
    /// The elements behind all chunks.
    pub tail: Listpack,
    /// How much an end or a chunk holds.
    pub limits: ChunkLimits,
}

impl Spread {
    /// An empty one.
    pub fn new(txn: &mut Transaction<'_>, limits: ChunkLimits) -> Result<Self> {
        let chunks = Chunks::new(txn)?;
        Ok(Spread { head: Listpack::default(), chunks, tail: Listpack::default(), limits })
    }

    /// From its record.
    pub fn of(list: &SpreadView<'_>, limits: ChunkLimits) -> Result<Self> {
        Ok(Spread {
            head: Listpack::from_bytes(list.head.as_bytes().to_vec())?,
            chunks: Chunks::of(list),
            tail: Listpack::from_bytes(list.tail.as_bytes().to_vec())?,
            limits,
        })
    }

    /// From a listpack that has become too large.
    pub fn from_listpack(txn: &mut Transaction<'_>, list: Listpack, limits: ChunkLimits) -> Result<Self> {
        let mut spread = Spread::new(txn, limits)?;
        let mut pieces = VecDeque::from(cut::cut(list, limits));
        let is_end = |piece: &mut Listpack| limits.hold(piece.view());
        spread.head = pieces.pop_front_if(is_end).unwrap_or_default();
        spread.tail = pieces.pop_back_if(is_end).unwrap_or_default();
        pieces.into_iter().try_for_each(|piece| spread.chunks.add(txn, End::Tail, piece))?;
        Ok(spread)
    }

    /// To read.
    pub fn view(&self) -> SpreadView<'_> {
        let (index, height) = self.chunks.index();
        SpreadView {
            index,
            height,
            chunked: self.chunks.count(),
            ends: self.chunks.ends(),
            head: self.head.view(),
            tail: self.tail.view(),
        }
    }

    pub fn len(&self) -> u64 {
        self.view().len()
    }

    /// One of the two ends.
    pub fn buffer(&mut self, end: End) -> &mut Listpack {
        match end {
            End::Head => &mut self.head,
            End::Tail => &mut self.tail,
        }
    }

    /// Adds an element at an end.
    pub fn push(&mut self, txn: &mut Transaction<'_>, end: End, value: &[u8]) -> Result<()> {
        if cut::is_large(value) {
            let inner = std::mem::take(self.buffer(end));
            if !inner.view().is_empty() {
                self.chunks.add(txn, end, inner)?;
            }
            return self.chunks.add(txn, end, cut::single(value));
        }
        match end {
            End::Head => self.head.push_front(value),
            End::Tail => self.tail.push_back(value),
        }
        self.settle(txn, end)
    }

    /// Takes the element at an end away.
    pub fn pop(&mut self, txn: &mut Transaction<'_>, end: End) -> Result<Option<Vec<u8>>> {
        if self.buffer(end).view().is_empty() {
            match self.chunks.take(txn, end)? {
                Some(chunk) => *self.buffer(end) = chunk,
                None => return Ok(pop(self.buffer(end.other()), end)),
            }
        }
        let popped = pop(self.buffer(end), end);
        self.settle(txn, end)?;
        Ok(popped)
    }

    /// Replaces the element at a place.
    pub fn set(&mut self, txn: &mut Transaction<'_>, place: Place, value: &[u8]) -> Result<()> {
        self.change(txn, place, |list, at| list.replace(at, value))
    }

    /// Puts an element beside the one at a place.
    pub fn insert(
        &mut self,
        txn: &mut Transaction<'_>,
        place: Place,
        side: Side,
        value: &[u8],
    ) -> Result<()> {
        let shift = usize::from(side == Side::After);
        self.change(txn, place, |list, at| list.insert(at + shift, &[value]))
    }

    fn change(
        &mut self,
        txn: &mut Transaction<'_>,
        place: Place,
        change: impl FnOnce(&mut Listpack, usize),
    ) -> Result<()> {
        match place {
            Place::Buffer(end, at) => {
                change(self.buffer(end), at);
                self.settle(txn, end)
            }
            Place::Chunk(position, at) => {
                let mut list = self.chunks.load(txn, position)?;
                let weight = list.view().count() as u64;
                change(&mut list, at);
                let mut pieces = cut::cut(list, self.limits);
                let behind = pieces.split_off(1.min(pieces.len()));
                let first = pieces.pop().ok_or_else(lost)?;
                self.chunks.replace(txn, position, weight, first)?;
                self.chunks.add_behind(txn, position, behind)
            }
        }
    }

    /// Sees to it that an end is no larger than it may be: its inner part becomes chunks.
    pub fn settle(&mut self, txn: &mut Transaction<'_>, end: End) -> Result<()> {
        let limits = self.limits;
        let list = self.buffer(end);
        if limits.hold(list.view()) {
            return Ok(());
        }
        let mut pieces = cut::cut(std::mem::take(list), limits);
        // From the innermost to the outermost.
        if end == End::Head {
            pieces.reverse();
        }
        if let Some(outermost) = pieces.pop_if(|piece| limits.hold(piece.view())) {
            *self.buffer(end) = outermost;
        }
        pieces.into_iter().try_for_each(|piece| self.chunks.add(txn, end, piece))
    }
}

/// Takes the outermost element off a listpack.
pub(super) fn pop(list: &mut Listpack, end: End) -> Option<Vec<u8>> {
    let mut elements = list.view().iter();
    let (popped, at) = match end {
        End::Head => (elements.next()?.to_vec(), 0),
        End::Tail => (elements.next_back()?.to_vec(), list.view().count() - 1),
    };
    list.remove(at..at + 1);
    Some(popped)
}
