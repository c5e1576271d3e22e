//! A list as its meta record shows it.
//!
//! The body of a spread list: number of elements (8 bytes), height of the order index (1), positions of the first and
//! the last chunk (8 each; zeros if there is none), then the listpacks of the head and of the tail.

use dredis_contract::{Error, Result};

use super::End;
use crate::codec::{RecordKind, read_u64};
use crate::counted::CountedIndex;
use crate::meta::{Entry, Head};
use crate::packed::ListpackRef;
use crate::transaction::Transaction;

/// Bytes of a spread list's body before the listpacks.
const HEADER_BYTES: usize = 25;
/// Where the position stands in the key of a chunk's record.
pub(super) const POSITION_AT: usize = 9;

/// A list to read.
pub(super) enum ListView<'b> {
    /// Within the meta record.
    Packed(ListpackRef<'b>),
    /// In chunks.
    Spread(SpreadView<'b>),
}

/// A spread list to read.
pub(super) struct SpreadView<'b> {
    /// The counts of its chunks.
    pub index: CountedIndex,
    /// The height of that index.
    pub height: u8,
    /// Elements in chunks.
    pub chunked: u64,
    /// Where the chunks are, if there are any.
    pub ends: Option<ChunkEnds>,
    /// The elements before all chunks.
    pub head: ListpackRef<'b>,
    /// The elements behind all chunks.
    pub tail: ListpackRef<'b>,
}

/// Positions of the first and the last chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkEnds {
    pub first: u64,
    pub last: u64,
}

/// Where an element stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In one of the ends, at this index of it.
    Buffer(End, usize),
    /// In the chunk of this position, at this index of it.
    Chunk(u64, usize),
}

impl<'b> ListView<'b> {
    pub fn of(entry: &'b Entry<'_>) -> Result<Self> {
        ListView::parse(entry.head(), entry.body())
    }

    pub fn parse(head: Head, body: &'b [u8]) -> Result<Self> {
        match head.object {
            None => Ok(ListView::Packed(ListpackRef::new(body)?)),
            Some(object) => Ok(ListView::Spread(SpreadView::parse(object, body)?)),
        }
    }

    pub fn len(&self) -> u64 {
        match self {
            ListView::Packed(list) => list.count() as u64,
            ListView::Spread(list) => list.len(),
        }
    }
}

impl<'b> SpreadView<'b> {
    fn parse(object: u64, body: &'b [u8]) -> Result<Self> {
        let broken = || Error::corrupt("the record of a list does not decode");
        let number = |at| read_u64(body, at).ok_or_else(broken);
        let packs = body.get(HEADER_BYTES..).ok_or_else(broken)?;
        let head_bytes = packs.first_chunk().map(|bytes| u32::from_le_bytes(*bytes) as usize);
        let (head, tail) = head_bytes.and_then(|bytes| packs.split_at_checked(bytes)).ok_or_else(broken)?;
        let (head, tail) = (ListpackRef::new(head)?, ListpackRef::new(tail)?);
        let chunked = number(0)?
            .checked_sub(head.count() as u64 + tail.count() as u64)
            .ok_or_else(|| Error::corrupt("the ends of a list hold more than it has"))?;
        let ends = ChunkEnds { first: number(9)?, last: number(17)? };
        Ok(SpreadView {
            index: CountedIndex { kind: RecordKind::ListCount, object },
            height: body[8],
            chunked,
            ends: (chunked > 0).then_some(ends),
            head,
            tail,
        })
    }

    /// The body that this is the view of.
    pub fn encode(&self) -> Vec<u8> {
        let (head, tail) = (self.head.as_bytes(), self.tail.as_bytes());
        let mut body = Vec::with_capacity(HEADER_BYTES + head.len() + tail.len());
        body.extend_from_slice(&self.len().to_be_bytes());
        body.push(self.height);
        let ends = self.ends.unwrap_or(ChunkEnds { first: 0, last: 0 });
        body.extend_from_slice(&ends.first.to_be_bytes());
        body.extend_from_slice(&ends.last.to_be_bytes());
        body.extend_from_slice(head);
        body.extend_from_slice(tail);
        body
    }

    pub fn len(&self) -> u64 {
        self.head.count() as u64 + self.chunked + self.tail.count() as u64
    }

    /// One of the two ends.
    pub fn buffer(&self, end: End) -> ListpackRef<'b> {
        match end {
            End::Head => self.head,
            End::Tail => self.tail,
        }
    }

    /// Where the element of this index stands.
    pub fn place(&self, txn: &Transaction<'_>, index: u64) -> Result<Option<Place>> {
        let Some(rank) = index.checked_sub(self.head.count() as u64) else {
            return Ok(Some(Place::Buffer(End::Head, index as usize)));
        };
        if let Some(index) = rank.checked_sub(self.chunked) {
            let is_there = index < self.tail.count() as u64;
            return Ok(is_there.then_some(Place::Buffer(End::Tail, index as usize)));
        }
        if let (0, Some(ends)) = (rank, self.ends) {
            return Ok(Some(Place::Chunk(ends.first, 0)));
        }
        let (key, offset) = txn.counted_at(self.index, rank, self.height)?.ok_or_else(lost)?;
        let position = read_u64(&key, 0).ok_or_else(lost)?;
        Ok(Some(Place::Chunk(position, usize::try_from(offset).map_err(|_| lost())?)))
    }
}

/// The error for a list whose records do not agree with each other.
pub(super) fn lost() -> Error {
    Error::corrupt("a list has lost a chunk, or its count")
}
