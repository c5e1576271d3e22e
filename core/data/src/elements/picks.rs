//! Elements picked at random, each with the same probability.
//!
//! A few picks from many elements: a window of hashes is put at random, and a place in it is drawn; if so many elements
//! stand there, the one at that place is picked, otherwise another window is tried. In one try an element is picked if
//! the window begins close enough before it (the same chance for every element, as hashes form a ring) and the
//! place drawn is the number of elements between (one in [`WINDOW_MAX`], whatever that number is). Gaps and
//! clusters of hashes make no difference; only an element with [`WINDOW_MAX`] others close before it would be left
//! out now and then, and a window that holds so many has a probability below 10^-6.
//!
//! Many picks: ranks are drawn, and one walk over all elements collects those that have them.

use std::collections::HashSet;
use std::ops::ControlFlow;

use dredis_contract::{Error, Result};

use super::{ALL, ElementSet, Hashes, NamedElement, bucket};
use crate::codec;
use crate::random::Random;
use crate::transaction::Transaction;

/// What to pick. Each element is as likely as any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picks {
    /// So many different elements, or all if there are not so many; in no order to be relied on.
    Distinct(u64),
    /// So many, each picked from all: one may come again.
    Repeated(u64),
}

/// How much of picked elements is copied out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// Names; payloads are left empty.
    Names,
    /// Names and payloads.
    NamesAndPayloads,
}

/// A window of hashes holds so many elements on average, and none beyond so many is picked. The closer these two, the fewer
/// tries; the larger both, the more is read in each.
const WINDOW_MEAN: u64 = 16;
const WINDOW_MAX: u64 = 40;
/// A try succeeds two times in five; so many that fail in a row cannot be chance.
const TRIES: usize = 1000;
/// Objects of up to this many elements are picked from by counting through them.
const COUNTED_MAX: u64 = 32;
/// A pick by window takes about as long as so many elements of a walk.
const PICK_COST: u64 = 64;

/// An element that was picked.
struct Picked {
    element: NamedElement,
    /// Whether it has its record to itself.
    is_alone: bool,
}

impl Picks {
    /// How many picks from `count` elements there will be.
    pub fn total(self, count: u64) -> u64 {
        match self {
            Picks::Distinct(wanted) => wanted.min(count),
            Picks::Repeated(wanted) if count > 0 => wanted,
            Picks::Repeated(_) => 0,
        }
    }

    /// The places, from 0 on, of the picks among `count` elements; ascending if they are distinct.
    pub(crate) fn ranks(self, count: u64, random: &mut Random) -> Vec<u64> {
        let total = self.total(count);
        match self {
            Picks::Repeated(_) => (0..total).map(|_| random.below(count)).collect(),
            Picks::Distinct(_) if total == count => (0..count).collect(),
            // Knuth's selection sampling (volume 2, 3.4.2, algorithm S).
            Picks::Distinct(_) => {
                let mut ranks = Vec::with_capacity(total as usize);
                let mut missing = total;
                for rank in 0..count {
                    if random.below(count - rank) < missing {
                        ranks.push(rank);
                        missing -= 1;
                    }
                }
                ranks
            }
        }
    }
}

impl Transaction<'_> {
    /// An element; `count` is how many there are. `None` if there is none.
    pub(crate) fn random_element(
        &self,
        set: ElementSet,
        count: u64,
        random: &mut Random,
    ) -> Result<Option<NamedElement>> {
        if count == 0 {
            return Ok(None);
        }
        self.pick(set, count, Parts::NamesAndPayloads, random).map(|picked| Some(picked.element))
    }

    /// Removes an element, and answers its name; `count` is how many there are. `None` if there is none.
    pub(crate) fn take_random_element(
        &mut self,
        set: ElementSet,
        count: u64,
        random: &mut Random,
    ) -> Result<Option<Vec<u8>>> {
        if count == 0 {
            return Ok(None);
        }
        let Picked { element, is_alone } = self.pick(set, count, Parts::Names, random)?;
        if is_alone {
            self.delete(&codec::element(set.kind, set.object, element.hash));
        } else {
            self.remove_elements(set, &[&element.name])?;
        }
        Ok(Some(element.name))
    }

    /// Elements picked at random; `count` is how many there are. In memory stands only what is answered.
    pub(crate) fn random_elements(
        &self,
        set: ElementSet,
        count: u64,
        picks: Picks,
        parts: Parts,
        random: &mut Random,
    ) -> Result<Vec<NamedElement>> {
        let total = picks.total(count);
        if total.saturating_mul(PICK_COST) >= count {
            return self.elements_of_ranks(set, &picks.ranks(count, random), parts);
        }
        let mut picked = Vec::new();
        let mut names = HashSet::new();
        while (picked.len() as u64) < total {
            let element = self.pick(set, count, parts, random)?.element;
            if matches!(picks, Picks::Repeated(_)) || names.insert(element.name.clone()) {
                picked.push(element);
            }
        }
        Ok(picked)
    }

    fn pick(&self, set: ElementSet, count: u64, parts: Parts, random: &mut Random) -> Result<Picked> {
        if count <= COUNTED_MAX {
            let mut rank = random.below(count);
            return self.nth_element(set, ALL, &mut rank, parts)?.ok_or_else(miscounted);
        }
        let width = u64::MAX / count * WINDOW_MEAN;
        for _ in 0..TRIES {
            let mut rank = random.below(WINDOW_MAX);
            let from = random.next_u64();
            let (end, wraps) = from.overflowing_add(width);
            let hashes = Hashes { from, end: (!wraps).then_some(end) };
            let mut found = self.nth_element(set, hashes, &mut rank, parts)?;
            if found.is_none() && wraps {
                found = self.nth_element(set, Hashes { from: 0, end: Some(end) }, &mut rank, parts)?;
            }
            if let Some(element) = found {
                return Ok(element);
            }
        }
        Err(miscounted())
    }

    /// The element with `rank` others before it among those hashes, or else `rank` less how many there are.
    fn nth_element(
        &self,
        set: ElementSet,
        hashes: Hashes,
        rank: &mut u64,
        parts: Parts,
    ) -> Result<Option<Picked>> {
        let expected = usize::try_from(*rank).unwrap_or(usize::MAX).saturating_add(1);
        let mut found = None;
        self.visit_records(set, hashes, expected, |hash, record| {
            let mut elements = bucket::Elements(record);
            while let Some((name, payload)) = elements.next().transpose()? {
                if *rank == 0 {
                    let is_alone = bucket::is_alone(record, name, payload);
                    found = Some(Picked { element: copied(hash, name, payload, parts), is_alone });
                    return Ok(ControlFlow::Break(()));
                }
                *rank -= 1;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// The elements of these ranks in the order of hashes, in the order asked.
    fn elements_of_ranks(&self, set: ElementSet, ranks: &[u64], parts: Parts) -> Result<Vec<NamedElement>> {
        if ranks.is_empty() {
            return Ok(Vec::new());
        }
        let mut ascending: Vec<usize> = (0..ranks.len()).collect();
        ascending.sort_by_key(|place| ranks[*place]);
        let mut places = ascending.into_iter().peekable();
        let mut found = vec![None; ranks.len()];
        let mut rank = 0;
        self.visit_elements(set, ALL, usize::MAX, |hash, name, payload| {
            while let Some(place) = places.next_if(|place| ranks[*place] == rank) {
                found[place] = Some(copied(hash, name, payload, parts));
            }
            rank += 1;
            if places.peek().is_some() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        found.into_iter().collect::<Option<_>>().ok_or_else(miscounted)
    }
}

fn copied(hash: u64, name: &[u8], payload: &[u8], parts: Parts) -> NamedElement {
    let payload = match parts {
        Parts::Names => Vec::new(),
        Parts::NamesAndPayloads => payload.to_vec(),
    };
    NamedElement { hash, name: name.to_vec(), payload }
}

fn miscounted() -> Error {
    Error::corrupt("a collection holds fewer elements than it counts")
}
