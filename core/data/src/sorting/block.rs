//! Items one behind the other in a block of memory, and their order.
//!
//! An item is the length of its rank plus 1, or 0 if it has none (4 bytes, big-endian), the length of its element (4), then both.
//! Runs hold the same bytes.

use std::cmp::Ordering;

use dredis_contract::{Error, Result};

use super::SortItem;
use crate::codec::read_u32;

/// Bytes of an item before its rank.
pub(super) const HEADER_BYTES: usize = 8;

/// Items held in memory.
#[derive(Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    /// Where each item begins, in the order of items.
    pub(super) places: Vec<usize>,
}

impl Block {
    /// Adds an item behind all others.
    pub fn push(&mut self, item: SortItem<'_>) -> Result<()> {
        let too_long = |_| Error::invalid_input("an element of 4 GB or more");
        let rank = item.rank.map_or(0, |rank| rank.len() + 1);
        let lengths =
            [u32::try_from(rank).map_err(too_long)?, item.element.len().try_into().map_err(too_long)?];
        self.places.push(self.bytes.len());
        lengths.iter().for_each(|length| self.bytes.extend_from_slice(&length.to_be_bytes()));
        self.bytes.extend_from_slice(item.rank.unwrap_or_default());
        self.bytes.extend_from_slice(item.element);
        Ok(())
    }

    /// Memory that the items take.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.places.len() * size_of::<usize>()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Puts items in order, and drops all but the first `wanted`.
    pub fn sort(&mut self, order: impl Fn(&SortItem<'_>, &SortItem<'_>) -> Ordering, wanted: u64) {
        let Block { bytes, places } = self;
        places.sort_by(|left, right| order(&decode(&bytes[*left..]), &decode(&bytes[*right..])));
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        if places.len() > wanted {
            let mut kept = Block { bytes: Vec::new(), places: Vec::with_capacity(wanted) };
            for item in self.encoded().take(wanted) {
                kept.places.push(kept.bytes.len());
                kept.bytes.extend_from_slice(item);
            }
            *self = kept;
        }
    }

    /// The items in order, as they are written.
    pub fn encoded(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|place| {
            let item = &self.bytes[*place..];
            &item[..encoded_bytes(item)]
        })
    }

    /// The element of the item at an index.
    pub fn element(&self, index: usize) -> Option<&[u8]> {
        self.places.get(index).map(|place| decode(&self.bytes[*place..]).element)
    }

    /// Drops all items.
    pub fn clear(&mut self) {
        // One very long element should not cost its memory from now on.
        self.bytes.clear();
        self.bytes.shrink_to(ROOM_KEPT);
        self.places.clear();
    }
}

/// How much room a block keeps when its items are dropped, in bytes.
const ROOM_KEPT: usize = 64 << 20;

/// The item that some bytes begin with. They were written by [`Block::push`]; of others something meaningless is made.
pub(super) fn decode(bytes: &[u8]) -> SortItem<'_> {
    let (rank, element) = lengths(bytes);
    let end = HEADER_BYTES.saturating_add(rank.unwrap_or(0));
    let part = |from: usize, to: usize| bytes.get(from..to.min(bytes.len())).unwrap_or_default();
    SortItem { rank: rank.map(|_| part(HEADER_BYTES, end)), element: part(end, end.saturating_add(element)) }
}

/// How many bytes the item takes that begins with this header.
pub(super) fn encoded_bytes(header: &[u8]) -> usize {
    let (rank, element) = lengths(header);
    HEADER_BYTES + rank.unwrap_or(0) + element
}

/// The lengths of rank and element.
fn lengths(header: &[u8]) -> (Option<usize>, usize) {
    let length = |at| read_u32(header, at).unwrap_or(0) as usize;
    (length(0).checked_sub(1), length(4))
}
