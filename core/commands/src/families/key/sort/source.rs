//! What is sorted: the elements of a list, set or sorted set, read a page at a time.

use dredis_data::set::SetRef;
use dredis_data::sorted_set::{Direction, SortedSet};
use dredis_data::{Entry, Kind, Stored, Transaction, list};

use crate::errors::CommandError;

/// How many elements are read and looked up at a time at first, and at most.
const PAGE_MIN: usize = 16;
const PAGE_MAX: usize = 256;
/// Pages of more bytes than this are followed by smaller ones.
pub const PAGE_BYTES: usize = 256 << 10;

/// How many elements the next page has: fewer where they are large.
#[derive(Clone, Copy, Debug)]
pub struct PageSize(usize);

impl Default for PageSize {
    fn default() -> Self {
        PageSize(PAGE_MIN)
    }
}

impl PageSize {
    /// The number of elements.
    pub fn elements(self) -> usize {
        self.0
    }

    /// Takes note of how many bytes a page had, with what was looked up for it.
    pub fn note(&mut self, bytes: usize) {
        self.0 = if bytes > PAGE_BYTES { (self.0 / 2).max(1) } else { (self.0 * 2).min(PAGE_MAX) };
    }
}

/// A value whose elements can be sorted.
pub struct Source(Stored);

/// Which elements are wanted, in the order that they have.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// How many to pass over.
    pub start: u64,
    /// How many to take.
    pub count: u64,
    /// From the last on; for a set, whose order means nothing, the same.
    pub is_reversed: bool,
}

impl Source {
    /// The elements of an entry, if it is of a type that has any to be sorted.
    pub fn new(entry: &Entry<'_>) -> Option<Self> {
        matches!(entry.kind(), Kind::List | Kind::Set | Kind::SortedSet).then(|| Source(entry.to_stored()))
    }

    fn kind(&self) -> Kind {
        self.0.head.form.kind()
    }

    /// Whether this is a set.
    pub fn is_set(&self) -> bool {
        self.kind() == Kind::Set
    }

    /// How many elements there are.
    pub fn length(&self) -> Result<u64, CommandError> {
        Ok(match self.kind() {
            Kind::Set => SetRef::of_stored(&self.0)?.count(),
            Kind::SortedSet => SortedSet::of_stored(&self.0)?.length(),
            _ => list::stored_length(&self.0)?,
        })
    }

    /// A walk over elements in the order that they have. The window ends with the last element at the latest.
    pub fn walk(self, window: Window) -> Walk {
        let hash = self.is_set().then_some(0);
        Walk { source: self, window, hash, page_size: PageSize::default() }
    }
}

/// Elements on their way. It holds no view, so records may be written between its steps, but not the source's own.
pub struct Walk {
    source: Source,
    /// What is still to come.
    window: Window,
    /// Where the walk over a set goes on; nothing at its end.
    hash: Option<u64>,
    /// How many come next.
    pub page_size: PageSize,
}

impl Walk {
    /// The next elements; none at the end.
    pub fn next(&mut self, txn: &Transaction<'_>) -> Result<Vec<Vec<u8>>, CommandError> {
        let limit = self.page_size.elements();
        match self.source.kind() {
            Kind::Set => self.next_of_set(txn, limit),
            kind => {
                let Window { start, count, is_reversed } = self.window;
                let count = count.min(limit as u64);
                if count == 0 {
                    return Ok(Vec::new());
                }
                self.window = Window { start: start + count, count: self.window.count - count, is_reversed };
                self.ranks(txn, kind, start, count)
            }
        }
    }

    /// Elements by rank, counted from the window's side.
    fn ranks(
        &self,
        txn: &Transaction<'_>,
        kind: Kind,
        start: u64,
        count: u64,
    ) -> Result<Vec<Vec<u8>>, CommandError> {
        let end = start + count;
        let ranks = match self.window.is_reversed {
            true => {
                let length = self.source.length()?;
                length.saturating_sub(end)..length.saturating_sub(start)
            }
            false => start..end,
        };
        if kind == Kind::SortedSet {
            let direction = if self.window.is_reversed { Direction::Reverse } else { Direction::Forward };
            let members = SortedSet::of_stored(&self.source.0)?.members(txn, ranks, direction)?;
            return Ok(members.into_iter().map(|scored| scored.member).collect());
        }
        let mut elements = txn.stored_list_range(&self.source.0, ranks.start, ranks.end - ranks.start)?;
        if self.window.is_reversed {
            elements.reverse();
        }
        Ok(elements)
    }

    fn next_of_set(&mut self, txn: &Transaction<'_>, limit: usize) -> Result<Vec<Vec<u8>>, CommandError> {
        while let Some(hash) = self.hash
            && self.window.count > 0
        {
            let page = SetRef::of_stored(&self.source.0)?.page(txn, hash, limit)?;
            self.hash = page.next;
            let members = page.elements.len() as u64;
            let passed_over = members.min(self.window.start);
            let taken = (members - passed_over).min(self.window.count);
            self.window.start -= passed_over;
            self.window.count -= taken;
            if taken > 0 {
                let members = page.elements.into_iter().map(|element| element.name);
                return Ok(members.skip(passed_over as usize).take(taken as usize).collect());
            }
        }
        Ok(Vec::new())
    }
}

/// The value of a hash's field.
pub fn field_of(
    txn: &Transaction<'_>,
    entry: &Entry<'_>,
    field: &[u8],
) -> Result<Option<Vec<u8>>, CommandError> {
    Ok(txn.hash_value(entry, field)?)
}
