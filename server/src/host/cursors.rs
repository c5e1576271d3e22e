//! Open cursors of SCAN: numbers that clients hold, and the positions that they stand for.
//!
//! Numbers begin at a random point in each process, so that one from before a restart is not taken for one of
//! today. A scan keeps its last two positions, so that a client may ask for the same page again.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use dredis_data::{KeyPosition, Random};

/// How many positions are kept; the oldest go first.
const POSITIONS_MAX: usize = 200_000;
/// How many bytes the kept positions may take.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// What a position takes beside its own bytes.
const ENTRY_BYTES: usize = 96;
/// Numbers stay below what a double holds exactly; some clients read them so.
const NUMBER_BITS: u32 = 53;

/// The open cursors.
pub struct Cursors {
    table: Mutex<Table>,
}

struct Table {
    next: u64,
    positions: HashMap<u64, Entry>,
    /// Numbers in the order in which they were given out; some are gone already.
    order: VecDeque<u64>,
    bytes: usize,
}

struct Entry {
    position: KeyPosition,
    previous: u64,
}

impl Cursors {
    /// No cursor; the first number follows from `seed`.
    pub fn new(seed: u64) -> Cursors {
        let first = (Random::new(seed).next_u64() >> (64 - NUMBER_BITS)) & !0xffff_ffff;
        let table = Table { next: first | 1, positions: HashMap::new(), order: VecDeque::new(), bytes: 0 };
        Cursors { table: Mutex::new(table) }
    }

    /// Keeps a position, reached from the one of number `previous`.
    pub fn open(&self, position: KeyPosition, previous: u64) -> u64 {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let number = table.next;
        table.next = (number + 1) & ((1 << NUMBER_BITS) - 1);
        if table.next == 0 {
            table.next = 1;
        }
        if let Some(before) = table.positions.get(&previous).map(|entry| entry.previous) {
            table.remove(before);
        }
        table.bytes += position.bytes() + ENTRY_BYTES;
        table.positions.insert(number, Entry { position, previous });
        table.order.push_back(number);
        table.trim();
        number
    }

    /// The position of a number.
    pub fn position(&self, number: u64) -> Option<KeyPosition> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.positions.get(&number).map(|entry| entry.position.clone())
    }
}

impl Table {
    fn remove(&mut self, number: u64) {
        if let Some(entry) = self.positions.remove(&number) {
            self.bytes -= entry.position.bytes() + ENTRY_BYTES;
        }
    }

    fn trim(&mut self) {
        while self.positions.len() > POSITIONS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            self.remove(oldest);
        }
        if self.order.len() > 2 * POSITIONS_MAX {
            let positions = &self.positions;
            self.order.retain(|number| positions.contains_key(number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_keeps_its_last_two_positions() {
        let cursors = Cursors::new(1);
        let first = cursors.open(KeyPosition::default(), 0);
        let second = cursors.open(KeyPosition::default(), first);
        assert!(cursors.position(first).is_some());
        let third = cursors.open(KeyPosition::default(), second);
        assert!(cursors.position(first).is_none());
        assert!(cursors.position(second).is_some());
        assert!(cursors.position(third).is_some());
        assert!(cursors.position(0).is_none());
    }

    #[test]
    fn thousands_of_scans_stand_side_by_side() {
        let cursors = Cursors::new(1);
        let open: Vec<u64> = (0..10_000).map(|_| cursors.open(KeyPosition::default(), 0)).collect();
        assert!(open.iter().all(|number| cursors.position(*number).is_some()));
    }

    #[test]
    fn another_process_gives_other_numbers() {
        let ours = Cursors::new(1).open(KeyPosition::default(), 0);
        assert!(Cursors::new(2).position(ours).is_none());
        let theirs = Cursors::new(2).open(KeyPosition::default(), 0);
        assert_ne!(ours, theirs);
        assert!(ours < 1 << NUMBER_BITS);
    }
}
