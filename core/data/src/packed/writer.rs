//! A listpack made from the first element to the last, of any number of elements.

use super::Listpack;
use super::listpack::{self, HEADER_BYTES};

/// Takes elements in order.
#[derive(Debug)]
pub(crate) struct ListpackWriter {
    bytes: Vec<u8>,
    count: usize,
}

impl ListpackWriter {
    /// A listpack for about so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut list = Vec::with_capacity(HEADER_BYTES + bytes + 1);
        list.resize(HEADER_BYTES, 0);
        ListpackWriter { bytes: list, count: 0 }
    }

    /// Adds an element.
    pub fn push(&mut self, value: &[u8]) {
        listpack::encode(value, &mut self.bytes);
        self.count += 1;
    }

    /// Adds an integer.
    pub fn push_integer(&mut self, number: i64) {
        listpack::encode_integer(number, &mut self.bytes);
        self.count += 1;
    }

    /// How many elements there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many bytes the listpack has.
    pub fn len(&self) -> usize {
        self.bytes.len() + 1
    }

    /// The listpack.
    pub fn finish(self) -> Listpack {
        Listpack::of_elements(self.bytes, self.count)
    }
}
