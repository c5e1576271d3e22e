//! What comes out of a sort, a page at a time.

use std::cmp::Ordering;
use std::ops::Range;

use dredis_data::{SortItem, Sorted, Sorter, Spilling, Transaction};

use super::order::Criterion;
use super::source::{PAGE_BYTES, PageSize, Source, Walk, Window};
use crate::errors::CommandError;

/// How two items compare.
type Order<'o> = Box<dyn Fn(&SortItem<'_>, &SortItem<'_>) -> Ordering + 'o>;

/// Elements in the order asked for. To be given up in the end.
pub struct Output<'o>(Elements<'o>);

enum Elements<'o> {
    Nothing(PageSize),
    /// In the order that they have.
    Unsorted(Walk),
    Sorted {
        elements: Sorted<Order<'o>>,
        page_size: PageSize,
    },
}

impl<'o> Output<'o> {
    /// No elements.
    pub fn nothing() -> Self {
        Output(Elements::Nothing(PageSize::default()))
    }

    /// Elements in the order that they have.
    pub fn unsorted(walk: Walk) -> Self {
        Output(Elements::Unsorted(walk))
    }

    /// Those of a source, sorted, of which a part is wanted.
    pub fn sorted(
        txn: &mut Transaction<'_>,
        db: u32,
        source: Source,
        criterion: Criterion<'o, '_>,
        wanted: Range<u64>,
        is_stored: bool,
    ) -> Result<Self, CommandError> {
        // Elements that are answered are going to be in memory anyway.
        let is_reply_large = !is_stored && wanted.end - wanted.start >= wanted.end / 2;
        let spilling =
            if txn.is_writable() && !is_reply_large { Spilling::Allowed } else { Spilling::Forbidden };
        let order: Order<'o> = Box::new(move |left, right| criterion.compare(left, right));
        let mut sorter = Sorter::new(txn, order, wanted.end, spilling);
        let all = Window { start: 0, count: source.length()?, is_reversed: false };
        let mut walk = source.walk(all);
        loop {
            let elements = walk.next(txn)?;
            if elements.is_empty() {
                break;
            }
            let ranks = match criterion.ranks(txn, db, &elements) {
                Ok(ranks) => ranks,
                Err(error) => {
                    sorter.give_up(txn)?;
                    return Err(error);
                }
            };
            let rank_bytes: usize = ranks.iter().flatten().map(Vec::len).sum();
            walk.page_size.note(rank_bytes + elements.iter().map(Vec::len).sum::<usize>());
            for (element, rank) in elements.iter().zip(&ranks) {
                sorter.add(txn, SortItem { rank: rank.as_deref(), element })?;
            }
        }
        let mut elements = sorter.finish(txn)?;
        elements.skip(txn, wanted.start)?;
        Ok(Output(Elements::Sorted { elements, page_size: PageSize::default() }))
    }

    /// The next elements; none at the end. The caller notes their size.
    pub fn next(&mut self, txn: &Transaction<'_>) -> Result<Vec<Vec<u8>>, CommandError> {
        match &mut self.0 {
            Elements::Nothing(_) => Ok(Vec::new()),
            Elements::Unsorted(walk) => walk.next(txn),
            Elements::Sorted { elements, page_size } => {
                let (mut found, mut bytes) = (Vec::new(), 0);
                while found.len() < page_size.elements()
                    && bytes < PAGE_BYTES
                    && let Some(element) = elements.next(txn)?
                {
                    bytes += element.len();
                    found.push(element);
                }
                Ok(found)
            }
        }
    }

    /// How many elements come next.
    pub fn page_size(&mut self) -> &mut PageSize {
        match &mut self.0 {
            Elements::Nothing(page_size) | Elements::Sorted { page_size, .. } => page_size,
            Elements::Unsorted(walk) => &mut walk.page_size,
        }
    }

    /// Leaves what was written on the way to the garbage sweep.
    pub fn give_up(self, txn: &mut Transaction<'_>) -> Result<(), CommandError> {
        match self.0 {
            Elements::Nothing(_) | Elements::Unsorted(_) => Ok(()),
            Elements::Sorted { elements, .. } => Ok(elements.give_up(txn)?),
        }
    }
}
