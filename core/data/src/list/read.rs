//! Reading: elements by index, parts, and walks from either end.

use std::ops::ControlFlow;

use dredis_contract::{Direction, Result, Scan};

use super::view::{ListView, POSITION_AT, Place, SpreadView, lost};
use super::{End, Search};
use crate::codec::{self, RecordKind, read_u64};
use crate::packed::{Element, ListpackRef};
use crate::scan::MergedScan;
use crate::transaction::Transaction;

impl ListView<'_> {
    pub fn element(&self, txn: &Transaction<'_>, index: u64) -> Result<Option<Vec<u8>>> {
        match self {
            ListView::Packed(list) => Ok(get(*list, index).map(|element| element.to_vec())),
            ListView::Spread(list) => list.element(txn, index),
        }
    }

    pub fn range(&self, txn: &Transaction<'_>, start: u64, count: u64) -> Result<Vec<Vec<u8>>> {
        let mut found = Vec::new();
        match self {
            ListView::Packed(list) => take(*list, start, count, &mut found),
            ListView::Spread(list) => list.range(txn, start, count, &mut found)?,
        }
        Ok(found)
    }

    pub fn indexes(&self, txn: &Transaction<'_>, search: &Search<'_>) -> Result<Vec<u64>> {
        let (length, mut looked_at, mut matches) = (self.len(), 0, 0);
        let mut found = Vec::new();
        if search.matches_max == 0 || search.looked_at_max == 0 {
            return Ok(found);
        }
        self.walk(txn, search.from, |element, _| {
            if element.is(search.element) {
                matches += 1;
                if matches > search.skipped {
                    found.push(match search.from {
                        End::Head => looked_at,
                        End::Tail => length.saturating_sub(looked_at + 1),
                    });
                }
            }
            looked_at += 1;
            let is_over = found.len() as u64 >= search.matches_max || looked_at >= search.looked_at_max;
            if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }

    /// Shows `visit` elements with their places, from one end on, until it has had enough.
    pub fn walk(
        &self,
        txn: &Transaction<'_>,
        from: End,
        mut visit: impl FnMut(&Element<'_>, Place) -> ControlFlow<()>,
    ) -> Result<()> {
        let list = match self {
            ListView::Packed(list) => {
                let _ =
                    walk_listpack(*list, from, |element, at| visit(element, Place::Buffer(End::Head, at)));
                return Ok(());
            }
            ListView::Spread(list) => list,
        };
        let near = |element: &Element<'_>, at| visit(element, Place::Buffer(from, at));
        if walk_listpack(list.buffer(from), from, near).is_break() {
            return Ok(());
        }
        if let Some(ends) = list.ends {
            let mut records = list.chunks(txn, ends.first, ends.last, from.direction(), 0)?;
            while let Some((position, chunk)) = records.next()? {
                let there = |element: &Element<'_>, at| visit(element, Place::Chunk(position, at));
                if walk_listpack(chunk, from, there).is_break() {
                    return Ok(());
                }
            }
        }
        let far = |element: &Element<'_>, at| visit(element, Place::Buffer(from.other(), at));
        let _ = walk_listpack(list.buffer(from.other()), from, far);
        Ok(())
    }
}

impl SpreadView<'_> {
    fn element(&self, txn: &Transaction<'_>, index: u64) -> Result<Option<Vec<u8>>> {
        let element = match self.place(txn, index)? {
            None => None,
            Some(Place::Buffer(end, at)) => self.buffer(end).get(at).map(|element| element.to_vec()),
            Some(Place::Chunk(position, at)) => {
                let chunk = txn.get(&self.chunk(position))?.ok_or_else(lost)?;
                let element = ListpackRef::new(&chunk)?.get(at).map(|element| element.to_vec());
                Some(element.ok_or_else(lost)?)
            }
        };
        Ok(element)
    }

    fn range(&self, txn: &Transaction<'_>, start: u64, count: u64, found: &mut Vec<Vec<u8>>) -> Result<()> {
        let end = start.saturating_add(count).min(self.len());
        if start >= end {
            return Ok(());
        }
        let wanted = (end - start) as usize;
        let behind_head = self.head.count() as u64;
        take(self.head, start, end - start, found);
        let in_chunks = start.max(behind_head);
        if found.len() < wanted && in_chunks < behind_head + self.chunked {
            let place = self.place(txn, in_chunks)?;
            let (Some(Place::Chunk(position, mut skipped)), Some(ends)) = (place, self.ends) else {
                return Err(lost());
            };
            let expected = (wanted - found.len()) / EXPECTED_ELEMENTS + 1;
            let mut chunks = self.chunks(txn, position, ends.last, Direction::Forward, expected)?;
            while found.len() < wanted
                && let Some((_, chunk)) = chunks.next()?
            {
                take(chunk, skipped as u64, (wanted - found.len()) as u64, found);
                skipped = 0;
            }
        }
        if found.len() < wanted {
            let behind_chunks = behind_head + self.chunked;
            take(self.tail, start.saturating_sub(behind_chunks), (wanted - found.len()) as u64, found);
        }
        if found.len() == wanted { Ok(()) } else { Err(lost()) }
    }

    /// The record of a chunk.
    fn chunk(&self, position: u64) -> codec::RecordKey {
        codec::element(RecordKind::ListChunk, self.index.object, position)
    }

    /// The chunks from position `first` to position `last`, both included.
    fn chunks<'t>(
        &self,
        txn: &'t Transaction<'_>,
        first: u64,
        last: u64,
        direction: Direction,
        expected: usize,
    ) -> Result<ChunkScan<'t>> {
        let start = self.chunk(first);
        let end = codec::just_after(&self.chunk(last));
        let scan = Scan { direction, ..Scan::range(&start, &end) };
        Ok(ChunkScan { records: txn.scan(&scan.expecting(expected))? })
    }
}

/// About how many elements a chunk has; only for what the engine is told to expect.
const EXPECTED_ELEMENTS: usize = 32;

/// Chunks, one after the other.
struct ChunkScan<'t> {
    records: MergedScan<'t>,
}

impl ChunkScan<'_> {
    fn next(&mut self) -> Result<Option<(u64, ListpackRef<'_>)>> {
        let Some(record) = self.records.next()? else { return Ok(None) };
        let position = read_u64(record.key, POSITION_AT).ok_or_else(lost)?;
        Ok(Some((position, ListpackRef::new(record.value)?)))
    }
}

fn get<'l>(list: ListpackRef<'l>, index: u64) -> Option<Element<'l>> {
    list.get(usize::try_from(index).ok()?)
}

/// Adds elements from `start` on to `found`, up to `count` of them.
fn take(list: ListpackRef<'_>, start: u64, count: u64, found: &mut Vec<Vec<u8>>) {
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    found.extend(list.iter().skip(start).take(count).map(|element| element.to_vec()));
}

fn walk_listpack(
    list: ListpackRef<'_>,
    from: End,
    mut visit: impl FnMut(&Element<'_>, usize) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match from {
        End::Head => list.iter().enumerate().try_for_each(|(at, element)| visit(&element, at)),
        End::Tail => {
            let places = (0..list.count()).rev();
            list.iter().rev().zip(places).try_for_each(|(element, at)| visit(&element, at))
        }
    }
}
