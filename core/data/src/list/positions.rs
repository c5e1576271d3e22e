//! Positions for new chunks: beyond the last one, or between two that there are.
//!
//! New chunks at an end keep a distance of [`STEP`] from their neighbour. A chunk that is split halves the gap behind
//! it. Where a gap is used up, chunks around it are moved: as few as it takes until they stand apart again.

use dredis_contract::{Direction, Result};

use super::End;
use super::chunks::{Chunks, end_of};
use super::view::lost;
use crate::packed::Listpack;
use crate::transaction::Transaction;

/// The position of a list's first chunk. From here to either end there is room for 2^39 chunks.
const MIDDLE: u64 = 1 << 63;
/// The distance of chunks that are added at an end. A gap can be halved 24 times.
const STEP: u64 = 1 << 24;
/// Chunks that were moved stand at least this far apart.
const DISTANCE_MIN: u64 = 1 << 12;
/// How many chunks to either side are moved at first.
const REACH: usize = 8;

impl Chunks {
    /// Adds a chunk at an end.
    pub fn add(&mut self, txn: &mut Transaction<'_>, end: End, list: Listpack) -> Result<()> {
        let position = match self.step_beyond(end) {
            Some(position) => position,
            None => {
                self.recentre(txn)?;
                self.step_beyond(end).ok_or_else(lost)?
            }
        };
        self.insert(txn, position, list)
    }

    /// Adds chunks right behind the one at `position`, in order.
    pub fn add_behind(
        &mut self,
        txn: &mut Transaction<'_>,
        mut position: u64,
        lists: Vec<Listpack>,
    ) -> Result<()> {
        for list in lists {
            let next = self.beyond(txn, position, Direction::Forward, 1)?.pop();
            let Some((next, _)) = next else {
                // A chunk at the end stays there, wherever it is moved.
                self.add(txn, End::Tail, list)?;
                position = self.ends().ok_or_else(lost)?.last;
                continue;
            };
            let mut between = (position, next);
            if between.1 - between.0 < 2 {
                between = self.move_apart(txn, position)?;
            }
            position = between.0 + (between.1 - between.0) / 2;
            self.insert(txn, position, list)?;
        }
        Ok(())
    }

    fn step_beyond(&self, end: End) -> Option<u64> {
        let Some(ends) = self.ends() else { return Some(MIDDLE) };
        let position = end_of(ends, end);
        match end {
            End::Head => position.checked_sub(STEP),
            End::Tail => position.checked_add(STEP),
        }
    }

    /// Moves chunks around the one at `position`, which is not the last one, until they stand apart. Where that one and
    /// the next one are now.
    fn move_apart(&mut self, txn: &mut Transaction<'_>, position: u64) -> Result<(u64, u64)> {
        let mut reach = REACH;
        loop {
            let mut before = self.beyond(txn, position, Direction::Reverse, reach)?;
            let mut behind = self.beyond(txn, position, Direction::Forward, reach)?;
            if before.len() < reach && behind.len() < reach {
                let at = before.len();
                let moved = self.recentre(txn)?;
                return moved.get(at).copied().zip(moved.get(at + 1).copied()).ok_or_else(lost);
            }
            // The outermost ones stay; beyond an end of the list there is room for a few more.
            let room = STEP.saturating_mul(reach as u64);
            let outermost = |side: &mut Vec<(u64, u64)>| if side.len() < reach { None } else { side.pop() };
            let first = before.last().map_or(position, |(position, _)| *position);
            let last = behind.last().map_or(position, |(position, _)| *position);
            let lower = outermost(&mut before).map_or(first.saturating_sub(room), |(position, _)| position);
            let upper = outermost(&mut behind).map_or(last.saturating_add(room), |(position, _)| position);
            let at = before.len();
            let count = (before.len() + 1 + behind.len()) as u64;
            let distance = (upper - lower) / (count + 1);
            if distance >= DISTANCE_MIN {
                before.reverse();
                let own = self.weight(txn, position)?;
                let moving: Vec<_> = before.into_iter().chain([(position, own)]).chain(behind).collect();
                self.relocate(txn, &moving, |number| lower + distance * (number + 1))?;
                let here = lower + distance * (at as u64 + 1);
                return Ok((here, here + distance));
            }
            reach *= 2;
        }
    }

    /// Moves all chunks to the middle, each a step from the next. Happens when an end has been pushed at some 2^39 times.
    /// Where they are now.
    fn recentre(&mut self, txn: &mut Transaction<'_>) -> Result<Vec<u64>> {
        let Some(ends) = self.ends() else { return Ok(Vec::new()) };
        let mut moving = vec![(ends.first, self.weight(txn, ends.first)?)];
        moving.extend(self.beyond(txn, ends.first, Direction::Forward, usize::MAX)?);
        let start = MIDDLE - moving.len() as u64 / 2 * STEP;
        let place = |number| start + STEP * number;
        self.relocate(txn, &moving, place)?;
        Ok((0..moving.len() as u64).map(place).collect())
    }

    /// Moves chunks, given with the numbers of their elements, to other positions in the same order.
    fn relocate(
        &mut self,
        txn: &mut Transaction<'_>,
        moving: &[(u64, u64)],
        place: impl Fn(u64) -> u64,
    ) -> Result<()> {
        let mut lists = Vec::with_capacity(moving.len());
        for (position, weight) in moving {
            lists.push(self.load(txn, *position)?);
            self.remove(txn, *position, *weight)?;
        }
        for (number, list) in (0..).zip(lists) {
            self.insert(txn, place(number), list)?;
        }
        Ok(())
    }
}
