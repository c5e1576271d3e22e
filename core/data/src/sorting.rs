//! Sorting what is larger than memory.
//!
//! Items gather in one block of memory. When that is full, it is sorted, and what cannot be among the items wanted is
//! dropped. If too much is left, the block is laid aside in the engine as a *run*: bytes under an object that nothing points
//! to, queued as garbage from the first commit on (`building.rs`). Runs are merged in the end, each read a segment at a
//! time. Items that compare as equal stay in the order in which they were added.
//!
//! ```text
//! let mut sorter = Sorter::new(&txn, order, wanted, Spilling::Allowed);
//! for each item: sorter.add(&mut txn, item)?;
//! let mut sorted = sorter.finish(&mut txn)?;
//! while let Some(element) = sorted.next(&txn)? { .. }
//! sorted.give_up(&mut txn)?;
//! ```

mod block;
mod runs;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use dredis_contract::Result;

use crate::transaction::Transaction;
use block::Block;
use runs::{Merge, Run};

/// So many runs are merged into one before there are more of them.
const MERGED_AT_ONCE: usize = 32;

/// What is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortItem<'i> {
    /// What the element is compared by, if not by itself.
    pub rank: Option<&'i [u8]>,
    /// The element.
    pub element: &'i [u8],
}

/// Whether runs may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spilling {
    /// Memory is bounded.
    Allowed,
    /// All items that may be wanted are held in memory.
    Forbidden,
}

/// Takes items in any order. One that has been added to is to be finished or given up.
pub struct Sorter<O> {
    order: O,
    wanted: u64,
    spilling: Spilling,
    block: Block,
    /// The block is full when it takes so many bytes.
    bytes_max: usize,
    /// Runs by generation: those of the first are blocks, those of each other are merged from the one before. The oldest
    /// items are in the last generation, and within one in its first run.
    generations: Vec<Vec<Run>>,
}

impl<O: Fn(&SortItem<'_>, &SortItem<'_>) -> Ordering> Sorter<O> {
    /// Sorts by `order`; only the first `wanted` items will be asked for.
    pub fn new(txn: &Transaction<'_>, order: O, wanted: u64, spilling: Spilling) -> Self {
        let bytes_max = txn.store.bounds.sorted_bytes;
        Sorter { order, wanted, spilling, block: Block::default(), bytes_max, generations: Vec::new() }
    }

    /// Adds an item. With [`Spilling::Allowed`], scans of the caller's may have to begin anew.
    pub fn add(&mut self, txn: &mut Transaction<'_>, item: SortItem<'_>) -> Result<()> {
        self.block.push(item)?;
        if self.block.bytes() < self.bytes_max {
            return Ok(());
        }
        self.block.sort(&self.order, self.wanted);
        if self.block.bytes() <= self.bytes_max / 2 {
            return Ok(());
        }
        match self.spilling {
            Spilling::Allowed => self.spill(txn),
            Spilling::Forbidden => {
                self.bytes_max = self.block.bytes().saturating_mul(2);
                Ok(())
            }
        }
    }

    /// Puts all items in order.
    pub fn finish(mut self, txn: &mut Transaction<'_>) -> Result<Sorted<O>> {
        self.block.sort(&self.order, self.wanted);
        if self.generations.is_empty() {
            let items = Items::Block(self.block, 0);
            return Ok(Sorted { order: self.order, items, left: self.wanted });
        }
        if !self.block.is_empty() {
            self.spill(txn)?;
        }
        drop(self.block);
        let runs = self.generations.into_iter().rev().flatten().collect();
        let merge = Merge::new(txn, runs, &self.order)?;
        Ok(Sorted { order: self.order, items: Items::Runs(merge), left: self.wanted })
    }

    /// Leaves what was written to the garbage sweep.
    pub fn give_up(self, txn: &mut Transaction<'_>) -> Result<()> {
        self.generations.into_iter().flatten().try_for_each(|run| run.give_up(txn))
    }

    /// Makes the block, which is sorted, a run.
    fn spill(&mut self, txn: &mut Transaction<'_>) -> Result<()> {
        let mut run = Run::begin(txn)?;
        for item in self.block.encoded() {
            run.write(txn, item)?;
        }
        let mut run = run.finish(txn)?;
        self.block.clear();
        for generation in 0.. {
            if generation == self.generations.len() {
                self.generations.push(Vec::new());
            }
            let runs = &mut self.generations[generation];
            runs.push(run);
            if runs.len() < MERGED_AT_ONCE {
                break;
            }
            let runs = std::mem::take(runs);
            run = self.merge(txn, runs)?;
        }
        Ok(())
    }

    /// Makes one run of several, which become garbage.
    fn merge(&self, txn: &mut Transaction<'_>, runs: Vec<Run>) -> Result<Run> {
        let mut merge = Merge::new(txn, runs, &self.order)?;
        let mut merged = Run::begin(txn)?;
        let mut left = self.wanted;
        while left > 0
            && let Some(item) = merge.next(txn, &self.order)?
        {
            merged.write(txn, &item)?;
            left -= 1;
        }
        merge.give_up(txn)?;
        merged.finish(txn)
    }
}

/// Elements in order, no more than are wanted. To be given up in the end.
pub struct Sorted<O> {
    order: O,
    items: Items,
    /// How many are still wanted.
    left: u64,
}

enum Items {
    /// The block, and how many of its items have been taken.
    Block(Block, usize),
    Runs(Merge),
}

impl<O: Fn(&SortItem<'_>, &SortItem<'_>) -> Ordering> Sorted<O> {
    /// The next element.
    pub fn next(&mut self, txn: &Transaction<'_>) -> Result<Option<Vec<u8>>> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        match &mut self.items {
            Items::Block(block, taken) => {
                let element = block.element(*taken).map(<[u8]>::to_vec);
                *taken = taken.saturating_add(1);
                Ok(element)
            }
            Items::Runs(merge) => {
                let item = merge.next(txn, &self.order)?;
                Ok(item.as_deref().map(|item| block::decode(item).element.to_vec()))
            }
        }
    }

    /// Passes over so many elements.
    pub fn skip(&mut self, txn: &Transaction<'_>, count: u64) -> Result<()> {
        let count = count.min(self.left);
        self.left -= count;
        match &mut self.items {
            Items::Block(_, taken) => {
                *taken = taken.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
            }
            Items::Runs(merge) => {
                let mut left = count;
                while left > 0 && merge.next(txn, &self.order)?.is_some() {
                    left -= 1;
                }
            }
        }
        Ok(())
    }

    /// Leaves what was written to the garbage sweep.
    pub fn give_up(self, txn: &mut Transaction<'_>) -> Result<()> {
        match self.items {
            Items::Block(..) => Ok(()),
            Items::Runs(merge) => merge.give_up(txn),
        }
    }
}
