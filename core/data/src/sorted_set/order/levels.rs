//! The levels above level 0 changed for many members at once.

use dredis_contract::{Error, Result, Scan};

use super::super::ScoredMember;
use super::Order;
use crate::codec::{self, LEVEL_HEADER_BYTES, read_u64};
use crate::transaction::Transaction;

/// How many keys are read before something is written.
const PAGE: usize = 1000;

impl Transaction<'_> {
    /// Makes the levels of an index that has level 0 only. `pause` is called between pages.
    pub(in crate::sorted_set) fn order_build(
        &mut self,
        object: u64,
        mut pause: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<Order> {
        let mut order = Order { object, height: 0 };
        let index = order.index();
        // Of each level the last key so far, and how many keys there are from it on.
        let mut open: Vec<(Vec<u8>, u64)> = Vec::new();
        let mut total = 0;
        let end = codec::successor(&codec::level(index.kind, object, 0));
        let mut start = codec::level(index.kind, object, 0);
        loop {
            let mut page: Vec<Vec<u8>> = Vec::with_capacity(PAGE);
            {
                let scan = Scan { start: &start, end: end.as_deref(), ..Scan::all() };
                let mut records = self.scan(&scan.keys().expecting(PAGE))?;
                while page.len() < PAGE
                    && let Some(record) = records.next()?
                {
                    page.push(record.key[LEVEL_HEADER_BYTES..].to_vec());
                }
            }
            let Some(last) = page.last() else { break };
            start = codec::just_after(&index.record(0, last));
            for key in page {
                let top = usize::from(self.counted_level(&key));
                if top > open.len() {
                    open.resize(top, (Vec::new(), total));
                }
                for (level, (from, count)) in (1..).zip(&mut open) {
                    if usize::from(level) <= top {
                        self.put(&index.record(level, from), count.to_be_bytes().to_vec());
                        (*from, *count) = (key.clone(), 0);
                    }
                    *count += 1;
                }
                total += 1;
            }
            pause(self)?;
        }
        if !open.is_empty() {
            self.counted_guard(index);
        }
        for (level, (from, count)) in (1..).zip(&open) {
            self.put(&index.record(level, from), count.to_be_bytes().to_vec());
            order.height = level;
        }
        Ok(order)
    }

    /// Removes members that stand next to each other, given in order. Costs less than one by one: each level is changed
    /// once.
    pub(in crate::sorted_set) fn order_remove_run(
        &mut self,
        order: Order,
        members: &[ScoredMember],
    ) -> Result<()> {
        let entries = members.iter().map(|member| self.order_entry(&member.member, member.score).0);
        let keys: Vec<Vec<u8>> = entries.collect();
        let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Ok(()) };
        let index = order.index();
        if keys.iter().any(|key| self.cluster(key).is_some()) {
            // Neighbours in order need not be neighbours in the index. From the end, so that what is gone is not in the way.
            for key in keys.iter().rev() {
                self.counted_remove(index, key, 1, order.height)?;
            }
            return Ok(());
        }
        for level in 1..=order.height {
            let mut count = 0;
            let mut gone = Vec::new();
            let before = {
                // The keys of this level that go, and the last one before them, backwards.
                let start = codec::level(index.kind, order.object, level);
                let end = codec::just_after(&index.record(level, last));
                let mut records = self.scan(&Scan::range(&start, &end).reverse())?;
                loop {
                    let record = records.next()?.ok_or_else(lost)?;
                    count += read_u64(record.value, 0).ok_or_else(lost)?;
                    let key = record.key[LEVEL_HEADER_BYTES..].to_vec();
                    if key < *first {
                        break key;
                    }
                    gone.push(key);
                }
            };
            for key in gone {
                self.delete(&index.record(level, &key));
            }
            let count: u64 = count.checked_sub(members.len() as u64).ok_or_else(lost)?;
            self.put(&index.record(level, &before), count.to_be_bytes().to_vec());
        }
        for key in &keys {
            self.delete(&index.record(0, key));
        }
        Ok(())
    }
}

fn lost() -> Error {
    Error::corrupt("a sorted set's order has lost a record")
}
