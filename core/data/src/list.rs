//! Lists: a listpack within the meta record while small, chunks with counts above.
//!
//! The meta record of a spread list also holds its two ends, a listpack each: whoever pushes and pops there reads and
//! writes that one record. Between them stand chunks, listpacks in records of their own, numbered by positions with
//! wide gaps. An order index counts their elements, so the one at any index is found in O(log n) reads.
//!
//! | file | what it does |
//! |---|---|
//! | `view` | the layout of a record's body |
//! | `read` | elements by index, parts, walks |
//! | `editor` | changes, as commands see them |
//! | `spread` | changes to the two ends and to single chunks |
//! | `chunks` | chunk records and their counts |
//! | `positions` | numbers for chunks, new ones between old ones |
//! | `cut` | how large chunks are |
//! | `trim`, `removal` | changes to many chunks at once |

mod chunks;
mod cut;
mod editor;
mod positions;
mod read;
mod removal;
mod spread;
#[cfg(test)]
mod tests;
mod trim;
mod view;

use std::ops::ControlFlow;

use dredis_contract::{Direction, Result};

use crate::meta::{Entry, Stored};
use crate::packed::Element;
use crate::transaction::Transaction;
use view::ListView;

pub use editor::{ListEditor, Side};

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The left one, where index 0 is.
    Head,
    /// The right one.
    Tail,
}

impl End {
    /// Which way a walk goes that begins here.
    pub(crate) fn direction(self) -> Direction {
        match self {
            End::Head => Direction::Forward,
            End::Tail => Direction::Reverse,
        }
    }

    /// The other end.
    pub fn other(self) -> End {
        match self {
            End::Head => End::Tail,
            End::Tail => End::Head,
        }
    }
}

/// What to look for, and how far.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The element.
    pub element: &'a [u8],
    /// Where the search begins.
    pub from: End,
    /// So many matches are passed over.
    pub skipped: u64,
    /// No more matches than these are wanted.
    pub matches_max: u64,
    /// No more elements than these are looked at.
    pub looked_at_max: u64,
}

/// How many elements a list has.
pub fn length(entry: &Entry<'_>) -> Result<u64> {
    Ok(ListView::of(entry)?.len())
}

/// The same of a copied record.
pub fn stored_length(stored: &Stored) -> Result<u64> {
    Ok(ListView::parse(stored.head, &stored.body)?.len())
}

impl Transaction<'_> {
    /// The element at an index.
    pub fn list_element(&self, entry: &Entry<'_>, index: u64) -> Result<Option<Vec<u8>>> {
        ListView::of(entry)?.element(self, index)
    }

    /// Elements from index `start` on, up to `count` of them.
    pub fn list_range(&self, entry: &Entry<'_>, start: u64, count: u64) -> Result<Vec<Vec<u8>>> {
        ListView::of(entry)?.range(self, start, count)
    }

    /// Shows `visit` all elements from the first on, until it has seen enough.
    pub(crate) fn each_list_element_while(
        &self,
        entry: &Entry<'_>,
        mut visit: impl FnMut(&Element<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        ListView::of(entry)?.walk(self, End::Head, |element, _| visit(element))
    }

    /// The same of a list whose record was copied out.
    pub fn stored_list_range(&self, stored: &Stored, start: u64, count: u64) -> Result<Vec<Vec<u8>>> {
        ListView::parse(stored.head, &stored.body)?.range(self, start, count)
    }

    /// The indexes at which an element stands, in the order in which the search finds them.
    pub fn list_indexes(&self, entry: &Entry<'_>, search: &Search<'_>) -> Result<Vec<u64>> {
        ListView::of(entry)?.indexes(self, search)
    }
}
