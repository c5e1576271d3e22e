//! Runs: sorted items laid aside in the engine, and their merge.
//!
//! A run is kept as a long string is, in segments under an object, so the sweep of garbage knows what to do with it.

use std::cmp::Ordering;

use dredis_contract::{Error, Result};

use super::SortItem;
use super::block::{HEADER_BYTES, decode, encoded_bytes};
use crate::building::Building;
use crate::codec;
use crate::meta::Form;
use crate::string::SEGMENT_BYTES;
use crate::transaction::Transaction;

/// A run that is complete.
pub(super) struct Run {
    building: Building,
    /// How many items it has.
    items: u64,
}

/// A run on its way into the engine.
pub(super) struct RunWriter {
    building: Building,
    items: u64,
    /// Number of the segment that is being filled.
    number: u32,
    segment: Vec<u8>,
}

impl Run {
    pub fn begin(txn: &mut Transaction<'_>) -> Result<RunWriter> {
        let building = txn.build(Form::StringSegments)?;
        Ok(RunWriter { building, items: 0, number: 0, segment: Vec::new() })
    }

    /// Leaves it to the garbage sweep.
    pub fn give_up(self, txn: &mut Transaction<'_>) -> Result<()> {
        txn.give_up(self.building)
    }
}

impl RunWriter {
    /// Adds an item as it is encoded.
    pub fn write(&mut self, txn: &mut Transaction<'_>, mut item: &[u8]) -> Result<()> {
        self.items += 1;
        while !item.is_empty() {
            let (now, later) = item.split_at(item.len().min(SEGMENT_BYTES - self.segment.len()));
            self.segment.extend_from_slice(now);
            item = later;
            if self.segment.len() == SEGMENT_BYTES {
                self.end_segment(txn)?;
            }
        }
        Ok(())
    }

    pub fn finish(mut self, txn: &mut Transaction<'_>) -> Result<Run> {
        if !self.segment.is_empty() {
            self.end_segment(txn)?;
        }
        txn.write_ahead(&mut self.building)?;
        Ok(Run { building: self.building, items: self.items })
    }

    fn end_segment(&mut self, txn: &mut Transaction<'_>) -> Result<()> {
        let record = codec::segment(self.building.object, self.number);
        self.number = self.number.checked_add(1).ok_or_else(|| Error::invalid_input("a run of 64 TB"))?;
        txn.put(&record, std::mem::take(&mut self.segment));
        txn.bound_memory(&mut self.building)
    }
}

/// Runs that are being merged.
pub(super) struct Merge {
    /// In the order in which their items were added.
    readers: Vec<RunReader>,
    /// The readers that have an item, the one with the least last.
    ahead: Vec<usize>,
}

impl Merge {
    pub fn new(
        txn: &Transaction<'_>,
        runs: Vec<Run>,
        order: impl Fn(&SortItem<'_>, &SortItem<'_>) -> Ordering,
    ) -> Result<Merge> {
        let readers: Vec<RunReader> = runs.into_iter().map(RunReader::new).collect();
        let mut merge = Merge { ahead: Vec::with_capacity(readers.len()), readers };
        for number in 0..merge.readers.len() {
            merge.advance(txn, number, &order)?;
        }
        Ok(merge)
    }

    /// The next item, encoded.
    pub fn next(
        &mut self,
        txn: &Transaction<'_>,
        order: impl Fn(&SortItem<'_>, &SortItem<'_>) -> Ordering,
    ) -> Result<Option<Vec<u8>>> {
        let Some(number) = self.ahead.pop() else { return Ok(None) };
        let item = std::mem::take(&mut self.readers[number].item);
        self.advance(txn, number, order)?;
        Ok(Some(item))
    }

    /// Reads a reader's next item and finds the reader's place among the others.
    fn advance(
        &mut self,
        txn: &Transaction<'_>,
        number: usize,
        order: impl Fn(&SortItem<'_>, &SortItem<'_>) -> Ordering,
    ) -> Result<()> {
        if !self.readers[number].advance(txn)? {
            return Ok(());
        }
        let own = decode(&self.readers[number].item);
        let comes_later = |other: &usize| {
            let by_order = order(&decode(&self.readers[*other].item), &own);
            by_order.then_with(|| other.cmp(&number)) == Ordering::Greater
        };
        let place = self.ahead.partition_point(comes_later);
        self.ahead.insert(place, number);
        Ok(())
    }

    pub fn give_up(self, txn: &mut Transaction<'_>) -> Result<()> {
        self.readers.into_iter().try_for_each(|reader| txn.give_up(reader.run.building))
    }
}

/// Reads a run, a segment at a time. It holds no view, so records may be written meanwhile.
struct RunReader {
    run: Run,
    /// Number of the next segment.
    number: u32,
    segment: Vec<u8>,
    /// How much of the segment has been read.
    at: usize,
    /// The item that is next, encoded.
    item: Vec<u8>,
}

impl RunReader {
    fn new(run: Run) -> RunReader {
        RunReader { run, number: 0, segment: Vec::new(), at: 0, item: Vec::new() }
    }

    /// Reads the next item; whether there is one.
    fn advance(&mut self, txn: &Transaction<'_>) -> Result<bool> {
        self.item.clear();
        let Some(left) = self.run.items.checked_sub(1) else {
            self.segment = Vec::new();
            return Ok(false);
        };
        self.run.items = left;
        self.read(txn, HEADER_BYTES)?;
        self.read(txn, encoded_bytes(&self.item))?;
        Ok(true)
    }

    /// Reads on until the item has so many bytes.
    fn read(&mut self, txn: &Transaction<'_>, bytes: usize) -> Result<()> {
        while self.item.len() < bytes {
            if self.at >= self.segment.len() {
                let record = codec::segment(self.run.building.object, self.number);
                let segment = txn.get(&record)?;
                let segment =
                    segment.ok_or_else(|| Error::corrupt("a run that is being merged has lost a part"))?;
                self.segment.clear();
                self.segment.extend_from_slice(&segment);
                (self.number, self.at) = (self.number + 1, 0);
            }
            let unread = &self.segment[self.at..];
            let taken = unread.len().min(bytes - self.item.len());
            self.item.extend_from_slice(&unread[..taken]);
            self.at += taken;
        }
        Ok(())
    }
}
