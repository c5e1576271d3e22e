//! The chunks of a list, that is everything between its two ends, and the index that counts their elements.

use std::ops::Bound;

use dredis_contract::{Direction, Result, Scan};

use super::End;
use super::view::{ChunkEnds, POSITION_AT, SpreadView, lost};
use crate::building::Building;
use crate::codec::{self, LEVEL_HEADER_BYTES, RecordKey, RecordKind, read_u64};
use crate::counted::CountedIndex;
use crate::meta::Form;
use crate::packed::Listpack;
use crate::transaction::Transaction;

/// The chunks of one list.
pub(super) struct Chunks {
    index: CountedIndex,
    height: u8,
    /// Elements in all chunks together.
    count: u64,
    /// Where the chunks are, if there are any.
    ends: Option<ChunkEnds>,
    /// For an object that no key points to yet.
    building: Option<Building>,
}

impl Chunks {
    /// Those of a new list.
    pub fn new(txn: &mut Transaction<'_>) -> Result<Self> {
        let building = txn.build(Form::ListSpread)?;
        Ok(Chunks {
            index: CountedIndex { kind: RecordKind::ListCount, object: building.object },
            height: 0,
            count: 0,
            ends: None,
            building: Some(building),
        })
    }

    /// Those of a list that there is.
    pub fn of(list: &SpreadView<'_>) -> Self {
        let SpreadView { index, height, chunked, ends, .. } = *list;
        Chunks { index, height, count: chunked, ends, building: None }
    }

    /// The object that they are kept under.
    pub fn object(&self) -> u64 {
        self.index.object
    }

    /// The order index and its height.
    pub fn index(&self) -> (CountedIndex, u8) {
        (self.index, self.height)
    }

    /// Elements in all chunks together.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Positions of the first and the last chunk, if there are any.
    pub fn ends(&self) -> Option<ChunkEnds> {
        self.ends
    }

    /// Gives up what was written of a list that will not be kept.
    pub fn give_up(self, txn: &mut Transaction<'_>) -> Result<()> {
        match self.building {
            Some(building) => txn.give_up(building),
            None => Ok(()),
        }
    }

    /// A chunk's elements.
    pub fn load(&self, txn: &Transaction<'_>, position: u64) -> Result<Listpack> {
        let record = txn.get(&self.record(position))?.ok_or_else(lost)?;
        Listpack::from_bytes(record.into_vec())
    }

    /// Adds a chunk at a position where there is none.
    pub fn insert(&mut self, txn: &mut Transaction<'_>, position: u64, list: Listpack) -> Result<()> {
        let weight = list.view().count() as u64;
        let (key, value) = (position.to_be_bytes(), weight.to_be_bytes().to_vec());
        txn.counted_insert(self.index, &key, value, weight, &mut self.height)?;
        txn.put(&self.record(position), list.into_bytes());
        self.count += weight;
        let ends = self.ends.get_or_insert(ChunkEnds { first: position, last: position });
        *ends = ChunkEnds { first: ends.first.min(position), last: ends.last.max(position) };
        match &mut self.building {
            Some(building) => txn.bound_memory(building),
            None => Ok(()),
        }
    }

    /// Puts other elements into a chunk; `weight`: how many it had.
    pub fn replace(
        &mut self,
        txn: &mut Transaction<'_>,
        position: u64,
        weight: u64,
        list: Listpack,
    ) -> Result<()> {
        let count = list.view().count() as u64;
        if count != weight {
            let (key, value) = (position.to_be_bytes(), count.to_be_bytes().to_vec());
            let delta = count as i64 - weight as i64;
            txn.counted_adjust(self.index, &key, value, delta, self.height)?;
            self.count = self.count.checked_add_signed(delta).ok_or_else(lost)?;
        }
        txn.put(&self.record(position), list.into_bytes());
        Ok(())
    }

    /// Removes a chunk; `weight`: how many elements it had.
    pub fn remove(&mut self, txn: &mut Transaction<'_>, position: u64, weight: u64) -> Result<()> {
        self.delete(txn, position, weight)?;
        let Some(ends) = self.ends.filter(|_| self.count > 0) else {
            self.ends = None;
            return Ok(());
        };
        let beside = |direction| {
            let next = self.beyond(txn, position, direction, 1)?.pop();
            next.map(|(position, _)| position).ok_or_else(lost)
        };
        let first = if position == ends.first { beside(Direction::Forward)? } else { ends.first };
        let last = if position == ends.last { beside(Direction::Reverse)? } else { ends.last };
        self.ends = Some(ChunkEnds { first, last });
        Ok(())
    }

    /// Removes all chunks from one end up to the one at `kept`, which stays; `None`: all of them.
    pub fn remove_up_to(&mut self, txn: &mut Transaction<'_>, end: End, kept: Option<u64>) -> Result<()> {
        while let Some(ends) = self.ends {
            let position = end_of(ends, end);
            if kept == Some(position) {
                return Ok(());
            }
            let mut page = self.beyond(txn, position, end.direction(), PAGE)?;
            let next = page.pop();
            page.insert(0, (position, self.weight(txn, position)?));
            for (position, weight) in page {
                if kept == Some(position) {
                    self.set_end(end, position);
                    return Ok(());
                }
                self.delete(txn, position, weight)?;
            }
            match next {
                Some((position, _)) => self.set_end(end, position),
                None => self.ends = None,
            }
        }
        Ok(())
    }

    /// How many chunks hold the outermost `elements` at an end; counted up to `limit`.
    pub fn count_up_to(&self, txn: &Transaction<'_>, end: End, elements: u64, limit: u64) -> Result<u64> {
        let Some(ends) = self.ends else { return Ok(0) };
        let mut position = end_of(ends, end);
        let mut left = elements.saturating_sub(self.weight(txn, position)?);
        let mut counted = u64::from(elements > 0);
        while left > 0 && counted < limit {
            let page = self.beyond(txn, position, end.direction(), COUNTED_AT_ONCE)?;
            let Some((last, _)) = page.last() else { break };
            position = *last;
            for (_, weight) in page {
                counted += u64::from(left > 0);
                left = left.saturating_sub(weight);
            }
        }
        Ok(counted)
    }

    /// Takes the chunk at one end away.
    pub fn take(&mut self, txn: &mut Transaction<'_>, end: End) -> Result<Option<Listpack>> {
        let Some(ends) = self.ends else { return Ok(None) };
        let position = end_of(ends, end);
        let list = self.load(txn, position)?;
        self.remove(txn, position, list.view().count() as u64)?;
        Ok(Some(list))
    }

    /// Up to `limit` chunks beyond a position, in the order of the direction, with the number of their elements.
    pub fn beyond(
        &self,
        txn: &Transaction<'_>,
        position: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>> {
        let own = self.index.record(0, &position.to_be_bytes());
        let level = codec::level(self.index.kind, self.index.object, 0);
        let (start, end) = match direction {
            Direction::Forward => (codec::just_after(&own), codec::successor(&level)),
            Direction::Reverse => (level, Some(own)),
        };
        let scan = Scan { start: &start, end: end.as_deref(), direction, ..Scan::all() };
        let mut records = txn.scan(&scan.expecting(limit))?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(record) = records.next()?
        {
            let position = read_u64(record.key, LEVEL_HEADER_BYTES).ok_or_else(lost)?;
            found.push((position, read_u64(record.value, 0).ok_or_else(lost)?));
        }
        Ok(found)
    }

    /// The next chunks on a way that begins at `from`, or at an end.
    pub fn page(&self, txn: &Transaction<'_>, from: Bound<u64>, way: End) -> Result<Vec<(u64, Listpack)>> {
        let prefix = codec::object(RecordKind::ListChunk, self.index.object);
        let mut start = prefix.clone();
        let mut end = codec::successor(&prefix);
        match (from, way) {
            (Bound::Unbounded, _) => {}
            (Bound::Included(position), End::Head) => start = self.record(position),
            (Bound::Excluded(position), End::Head) => start = codec::just_after(&self.record(position)),
            (Bound::Included(position), End::Tail) => end = Some(codec::just_after(&self.record(position))),
            (Bound::Excluded(position), End::Tail) => end = Some(self.record(position)),
        }
        let scan = Scan { start: &start, end: end.as_deref(), direction: way.direction(), ..Scan::all() };
        let mut records = txn.scan(&scan.expecting(PAGE))?;
        let (mut found, mut bytes) = (Vec::new(), 0);
        while found.len() < PAGE
            && bytes < PAGE_BYTES
            && let Some(record) = records.next()?
        {
            let position = read_u64(record.key, POSITION_AT).ok_or_else(lost)?;
            bytes += record.value.len();
            found.push((position, Listpack::from_bytes(record.value.to_vec())?));
        }
        Ok(found)
    }

    /// How many elements a chunk has.
    pub fn weight(&self, txn: &Transaction<'_>, position: u64) -> Result<u64> {
        let value = txn.get(&self.index.record(0, &position.to_be_bytes()))?.ok_or_else(lost)?;
        read_u64(&value, 0).ok_or_else(lost)
    }

    fn delete(&mut self, txn: &mut Transaction<'_>, position: u64, weight: u64) -> Result<()> {
        txn.counted_remove(self.index, &position.to_be_bytes(), weight, self.height)?;
        txn.delete(&self.record(position));
        self.count = self.count.checked_sub(weight).ok_or_else(lost)?;
        Ok(())
    }

    fn set_end(&mut self, end: End, position: u64) {
        if let Some(ends) = &mut self.ends {
            match end {
                End::Head => ends.first = position,
                End::Tail => ends.last = position,
            }
        }
    }

    fn record(&self, position: u64) -> RecordKey {
        codec::element(RecordKind::ListChunk, self.index.object, position)
    }
}

/// How many chunks, and about how many bytes of them, are read before they are changed.
const PAGE: usize = 64;
const PAGE_BYTES: usize = 1 << 18;
/// How many chunks are counted at a time.
const COUNTED_AT_ONCE: usize = 1024;

/// The position of the outermost chunk.
pub(super) fn end_of(ends: ChunkEnds, end: End) -> u64 {
    match end {
        End::Head => ends.first,
        End::Tail => ends.last,
    }
}
