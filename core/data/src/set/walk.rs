//! A set's members in the order of hash and name, a page at a time: so that sets can be compared while each is read once.

use std::vec::IntoIter;

use dredis_contract::Result;

use super::{SetRef, Shape};
use crate::elements::{ElementSet, NamedElement};
use crate::transaction::Transaction;

/// Members of a page at first, and at most. Walks often end early, so pages begin small.
const PAGE_MIN: usize = 16;
const PAGE_MAX: usize = 512;
/// About how many bytes of members a page should have at most.
const PAGE_BYTES: usize = 256 << 10;
/// So many walks at a time have pages of full size; of more, each has smaller ones.
const FULL_SHARES: usize = 32;

/// A walk. It holds no view, so records may be written between its steps; what it still has to read is read as it
/// stands then.
pub(super) struct Walk {
    page: IntoIter<NamedElement>,
    /// Where a spread set's next page begins.
    rest: Option<(ElementSet, u64)>,
    limit: usize,
    /// How many walks share the memory.
    shares: usize,
}

impl Walk {
    /// A walk over a set, beside others; `shares` is how many there are in all.
    pub fn new(txn: &Transaction<'_>, set: &SetRef<'_>, shares: usize) -> Walk {
        let (members, rest) = match set.0 {
            Shape::Spread { elements, .. } => (Vec::new(), Some((elements, 0))),
            Shape::Intset(_) | Shape::Packed(_) => (in_order(txn, set.small().unwrap_or_default()), None),
        };
        let shares = shares.div_ceil(FULL_SHARES).max(1);
        Walk { page: members.into_iter(), rest, limit: PAGE_MIN, shares }
    }

    /// The next member; the walk stays where it is.
    pub fn peek(&mut self, txn: &Transaction<'_>) -> Result<Option<&NamedElement>> {
        while self.page.as_slice().is_empty() && self.rest.is_some() {
            self.read(txn)?;
        }
        Ok(self.page.as_slice().first())
    }

    /// The next member.
    pub fn next(&mut self, txn: &Transaction<'_>) -> Result<Option<NamedElement>> {
        self.peek(txn)?;
        Ok(self.page.next())
    }

    /// Whether this element is a member. Elements must be asked for in the order of the walk.
    pub fn meets(&mut self, txn: &Transaction<'_>, element: &NamedElement) -> Result<bool> {
        self.skip_to(element.hash);
        while let Some(own) = self.peek(txn)? {
            match place(own).cmp(&place(element)) {
                std::cmp::Ordering::Less => self.page.next(),
                std::cmp::Ordering::Equal => return Ok(true),
                std::cmp::Ordering::Greater => break,
            };
        }
        Ok(false)
    }

    /// Leaves out members of lower hashes; pages that hold nothing else are not read.
    fn skip_to(&mut self, hash: u64) {
        let behind = self.page.as_slice().iter().take_while(|element| element.hash < hash).count();
        if behind > 0 {
            self.page.nth(behind - 1);
        }
        if self.page.as_slice().is_empty()
            && let Some((_, next)) = &mut self.rest
            && *next < hash
        {
            *next = hash;
            self.limit = PAGE_MIN;
        }
    }

    fn read(&mut self, txn: &Transaction<'_>) -> Result<()> {
        let Some((set, from)) = self.rest else { return Ok(()) };
        let mut page = txn.elements_page(set, from, self.limit)?;
        // Members with one hash stand in the order of their arrival.
        page.elements.sort_by(|left, right| place(left).cmp(&place(right)));
        let bytes: usize = page.elements.iter().map(|element| element.name.len()).sum();
        self.limit = if bytes * self.shares > PAGE_BYTES {
            (self.limit / 2).max(1)
        } else {
            (self.limit * 2).min(PAGE_MAX / self.shares).max(1)
        };
        self.rest = page.next.map(|next| (set, next));
        self.page = page.elements.into_iter();
        Ok(())
    }
}

/// What members are ordered by.
fn place(element: &NamedElement) -> (u64, &[u8]) {
    (element.hash, &element.name)
}

/// Members with their hashes, in the order of a walk.
pub(super) fn in_order(txn: &Transaction<'_>, members: Vec<Vec<u8>>) -> Vec<NamedElement> {
    let hashed = members.into_iter().map(|name| {
        let hash = txn.element_hash(&name);
        NamedElement { hash, name, payload: Vec::new() }
    });
    let mut elements: Vec<NamedElement> = hashed.collect();
    elements.sort_unstable_by(|left, right| place(left).cmp(&place(right)));
    elements
}
