//! The elements of a new object, written in the order of their hashes: for conversions and stores.

use dredis_contract::Result;

use super::{ElementSet, bucket};
use crate::codec;
use crate::transaction::Transaction;

/// Writes without reading.
pub(crate) struct ElementWriter {
    set: ElementSet,
    hash: u64,
    bucket: Vec<u8>,
    count: u64,
}

impl ElementWriter {
    /// For an object that has no elements yet.
    pub fn new(set: ElementSet) -> Self {
        ElementWriter { set, hash: 0, bucket: Vec::new(), count: 0 }
    }

    /// Adds an element of a name not added before; hashes never descend.
    pub fn add(&mut self, txn: &mut Transaction<'_>, hash: u64, name: &[u8], payload: &[u8]) -> Result<()> {
        debug_assert!(hash >= self.hash);
        if hash != self.hash {
            self.write_out(txn);
            self.hash = hash;
        }
        self.count += 1;
        bucket::push(&mut self.bucket, name, payload)
    }

    /// Writes what is left. How many elements there were.
    pub fn finish(mut self, txn: &mut Transaction<'_>) -> u64 {
        self.write_out(txn);
        self.count
    }

    fn write_out(&mut self, txn: &mut Transaction<'_>) {
        if !self.bucket.is_empty() {
            let record = codec::element(self.set.kind, self.set.object, self.hash);
            txn.put(&record, std::mem::take(&mut self.bucket));
        }
    }
}
