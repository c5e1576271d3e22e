//! From a value's pieces to records: in the form that Redis would choose on loading, in bounded memory, visible at once.
//!
//! A value that turns out to be wrong leaves nothing behind but garbage in the queue.

mod hash;
mod list;
mod set;
mod sorted_set;
mod spread;
mod string;

use std::io::Read;

use super::error::{RdbError, TransferError};
use super::value::ValueReader;
use crate::meta::{Head, Kind};
use crate::packed::{Element, PackedLimits};
use crate::transaction::Transaction;

type Result<T> = std::result::Result<T, TransferError>;

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Restored {
    /// It stands under its key.
    Written,
    /// It is a collection without elements, which there is not: nothing was changed. (Redis passes over such keys in files,
    /// and refuses such payloads.)
    Empty,
}

/// Where a value goes.
#[derive(Clone, Copy)]
struct Target<'k> {
    db: u32,
    key: &'k [u8],
    old: Option<Head>,
    expire_at_ms: Option<u64>,
    /// Nowhere, after all.
    is_trial: bool,
}

impl Transaction<'_> {
    /// Reads a value and puts it under a key, over whatever stands there. `old` is what
    /// [`Transaction::find_for_write`] answered. If the value is wrong, the key keeps what it had.
    ///
    /// Memory is bounded whatever the size of the value, as long as single elements and packed parts are small; parts of
    /// a large value are committed ahead.
    pub fn restore<R: Read>(
        &mut self,
        (db, key): (u32, &[u8]),
        old: Option<Head>,
        expire_at_ms: Option<u64>,
        limits: &PackedLimits,
        mut value: ValueReader<'_, R>,
    ) -> Result<Restored> {
        let target = Target { db, key, old, expire_at_ms, is_trial: false };
        self.restore_to(target, limits, &mut value)
    }

    /// Does all that [`Transaction::restore`] does, but puts the value under no key: to learn whether it is sound.
    pub fn try_restore<R: Read>(
        &mut self,
        limits: &PackedLimits,
        mut value: ValueReader<'_, R>,
    ) -> Result<Restored> {
        let target = Target { db: 0, key: b"", old: None, expire_at_ms: None, is_trial: true };
        self.restore_to(target, limits, &mut value)
    }

    fn restore_to<R: Read>(
        &mut self,
        target: Target<'_>,
        limits: &PackedLimits,
        value: &mut ValueReader<'_, R>,
    ) -> Result<Restored> {
        match value.kind() {
            Kind::String => string::restore(self, target, value),
            Kind::List => list::restore(self, target, limits, value),
            Kind::Set => set::restore(self, target, limits, value),
            Kind::SortedSet => sorted_set::restore(self, target, limits, value),
            Kind::Hash => hash::restore(self, target, limits, value),
        }
    }
}

impl Target<'_> {
    /// Writes the key's record.
    fn write(self, txn: &mut Transaction<'_>, head: Head, body: &[u8]) -> Result<Restored> {
        if self.is_trial {
            return Ok(Restored::Written);
        }
        let head = Head { expire_at_ms: self.expire_at_ms, ..head };
        txn.write_key(self.db, self.key, self.old, head, body)?;
        Ok(Restored::Written)
    }
}

/// The bytes of an element; `text` is where the text of a number may be put.
fn bytes_of<'e>(element: Element<'e>, text: &'e mut Vec<u8>) -> &'e [u8] {
    match element {
        Element::Bytes(bytes) => bytes,
        Element::Integer(_) => {
            *text = element.to_vec();
            text
        }
    }
}

/// The error for a piece that its type does not have.
fn misplaced<R: Read>(value: &ValueReader<'_, R>) -> TransferError {
    TransferError::Rdb(value.corrupt("a value has a part that its type has not"))
}

/// The error for an element that came before.
fn twice<R: Read>(value: &ValueReader<'_, R>) -> RdbError {
    value.corrupt("the same element comes twice")
}
