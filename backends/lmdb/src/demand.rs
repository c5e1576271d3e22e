//! Demand: how many pages the data takes, and may take with what comes to it.

use dredis_plugin::{Batch, Operation};

use crate::snapshots::Environment;

/// What the data takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) bytes: u64,
    pub(crate) page: u64,
    depth: u64,
    leaf_pages: u64,
    tree_pages: u64,
}

impl Usage {
    /// Reads the meta page: the map must not move meanwhile.
    pub(crate) fn of(env: &Environment) -> Self {
        let stat = env.unnamed_database_stat();
        let page = u64::from(stat.page_size);
        Usage {
            bytes: (env.info().last_page_number as u64 + 1) * page,
            page,
            depth: u64::from(stat.depth),
            leaf_pages: stat.leaf_pages as u64,
            tree_pages: (stat.leaf_pages + stat.branch_pages) as u64,
        }
    }
}

/// What a batch asks of the tree.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Demand {
    puts: u64,
    deletes: u64,
    range_deletes: u64,
    put_bytes: u64,
    large_value_bytes: u64,
    large_values: u64,
}

impl Demand {
    pub(crate) fn of(batch: &Batch<'_>) -> Self {
        let mut demand = Demand::default();
        for operation in batch.operations() {
            match operation {
                Operation::Put { key, value } => {
                    demand.puts += 1;
                    demand.put_bytes += (key.len() + value.len()) as u64;
                    // From about half a page on (of 4 KiB, the smallest), a value gets pages of its own.
                    if value.len() > 1024 {
                        demand.large_values += 1;
                        demand.large_value_bytes += value.len() as u64;
                    }
                }
                Operation::Delete { .. } => demand.deletes += 1,
                Operation::DeleteRange { .. } => demand.range_deletes += 1,
            }
        }
        demand
    }

    /// Whether the batch is there to give space back: as many deletes as puts or more, and little put with them (as
    /// when a collection goes to a garbage queue). Such a batch may use the margin.
    pub(crate) fn shrinks(&self) -> bool {
        let deletes = self.deletes + self.range_deletes;
        deletes > 0 && self.puts <= deletes && self.put_bytes <= 512 * deletes
    }

    /// The most pages that the batch can append to the file, if no free page is reused.
    pub(crate) fn pages(&self, usage: &Usage) -> u64 {
        // Copy on write: per change a path from the root, and for deletes a neighbour on each level to merge with,
        // but never more than there is. Then splits: each makes a page for at least one record, or on average for
        // half a page of them after every full page met was split once. Each new leaf may make a branch.
        let path = usage.depth + 1;
        let changes = self.puts + self.deletes;
        let copied = if self.range_deletes > 0 {
            usage.tree_pages
        } else {
            (2 * changes * path).min(usage.tree_pages)
        };
        let node_bytes = self.put_bytes + 16 * self.puts;
        let by_bytes = 2 * self.puts.min(usage.leaf_pages) + 8 * node_bytes / usage.page + 8;
        let split = if self.puts == 0 { 0 } else { 2 * (2 * self.puts).min(by_bytes) + path };
        let large = self.large_value_bytes / usage.page + 2 * self.large_values;
        // The list of free pages is rewritten: at most the number of every page, eight bytes each, in a tree.
        let all = usage.bytes / usage.page + copied + split + large;
        let free_list = 4 * all / (usage.page / 8 - 8) + 64;
        2 * (copied + split) + large + free_list
    }
}

/// Records that wait to be put in, in order and in transactions of some thousand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pending {
    pub(crate) records: u64,
    /// Keys and values, and 64 bytes for each record.
    pub(crate) bytes: u64,
}

impl Pending {
    /// These and others.
    pub(crate) fn and(self, others: Pending) -> Pending {
        Pending { records: self.records + others.records, bytes: self.bytes + others.bytes }
    }

    /// The most bytes by which the file grows with them, however they are spread.
    pub(crate) fn growth(&self, usage: &Usage) -> u64 {
        // Each leaf that is met splits once, whatever little comes to it; what comes in bulk leaves its pages half full, and the
        // factor 4 covers that and long values, whose last page is hardly used. Some may come in one go and some in the next.
        let split = self.records.min(2 * usage.leaf_pages) + 4 * self.bytes / usage.page;
        // Copies of the pages of three transactions, before the first one's are free again; of few records, all their paths.
        let path = usage.depth + 1;
        let copied = (3 * (12 * 1024).min(usage.tree_pages)).min(self.records * path);
        (split + split / 8 + copied + 64) * usage.page
    }
}
