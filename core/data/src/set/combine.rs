//! Union, intersection and difference of sets, a member at a time in the order of hash and name.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use dredis_contract::Result;

use super::walk::Walk;
use super::{SetBuilder, SetRef, intset_members_max};
use crate::elements::NamedElement;
use crate::meta::{Form, Stored};
use crate::packed::{PackedLimits, integer};
use crate::transaction::Transaction;

/// What becomes of several sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetOperation {
    /// Members of any.
    Union,
    /// Members of all.
    Intersection,
    /// Members of the first that are in none of the others.
    Difference,
}

/// A set so many times as large as the one whose members are looked for in it is not walked through: they are looked up.
const LOOKUP_RATIO: u64 = 8;

/// The members of a result. It holds no view, so that they can be written as they come.
pub struct Combination {
    plan: Plan,
    /// Whether Redis finds the members by walking through an intset.
    is_of_integers: bool,
}

enum Plan {
    Union {
        walks: Vec<Walk>,
        /// The next member of every walk that is not at its end, the least on top.
        next: BinaryHeap<Reverse<(u64, Vec<u8>, usize)>>,
    },
    /// Members of `of` that are in all of `others`, or in none of them.
    Filter {
        of: Walk,
        others: Vec<Other>,
        in_others: bool,
        /// Whether a member of `of` was met that is no integer.
        met_text: bool,
    },
}

/// A set that members are looked for in.
enum Other {
    Lookup(Stored),
    Walk(Walk),
}

impl Combination {
    /// Combines the sets of some keys, in this order; `None` stands for an absent key.
    pub fn new(
        txn: &Transaction<'_>,
        operation: SetOperation,
        sources: &[Option<Stored>],
    ) -> Result<Combination> {
        let present: Vec<&Stored> = sources.iter().flatten().collect();
        let plan = match operation {
            SetOperation::Union => union(txn, &present)?,
            SetOperation::Intersection if present.len() < sources.len() => union(txn, &[])?,
            SetOperation::Intersection => {
                let mut sized = Vec::with_capacity(present.len());
                for stored in present {
                    sized.push((SetRef::of_stored(stored)?.count(), stored));
                }
                sized.sort_by_key(|(count, _)| *count);
                let ascending: Vec<&Stored> = sized.into_iter().map(|(_, stored)| stored).collect();
                filter(txn, &ascending, true)?
            }
            SetOperation::Difference => match sources.first() {
                Some(Some(_)) => filter(txn, &present, false)?,
                _ => union(txn, &[])?,
            },
        };
        let is_intset = |stored: &Stored| stored.head.form == Form::SetIntset;
        let is_of_integers =
            operation == SetOperation::Intersection && sources.iter().flatten().any(is_intset);
        Ok(Combination { plan, is_of_integers })
    }

    /// The next member of the result.
    pub fn next(&mut self, txn: &Transaction<'_>) -> Result<Option<NamedElement>> {
        match &mut self.plan {
            Plan::Union { walks, next } => {
                let Some(Reverse((hash, name, from))) = next.pop() else { return Ok(None) };
                refill(txn, walks, next, from)?;
                while let Some(Reverse((_, also, from))) = next.peek()
                    && *also == name
                {
                    let from = *from;
                    next.pop();
                    refill(txn, walks, next, from)?;
                }
                Ok(Some(NamedElement { hash, name, payload: Vec::new() }))
            }
            Plan::Filter { of, others, in_others, met_text } => {
                'members: while let Some(element) = of.next(txn)? {
                    *met_text |= integer(&element.name).is_none();
                    for other in others.iter_mut() {
                        if other.contains(txn, &element)? != *in_others {
                            continue 'members;
                        }
                    }
                    return Ok(Some(element));
                }
                Ok(None)
            }
        }
    }

    /// All members; in ascending order if Redis, too, has them as integers and so answers them like that.
    pub fn collect(mut self, txn: &Transaction<'_>, limits: PackedLimits) -> Result<Vec<Vec<u8>>> {
        let mut members = Vec::new();
        while let Some(element) = self.next(txn)? {
            members.push(element.name);
        }
        let may_be_intset = self.is_of_integers || members.len() as u64 <= intset_members_max(limits);
        if may_be_intset && members.iter().all(|member| integer(member).is_some()) {
            members.sort_by_cached_key(|member| integer(member));
        }
        Ok(members)
    }

    fn has_met_text(&self) -> bool {
        matches!(self.plan, Plan::Filter { met_text: true, .. })
    }
}

fn union(txn: &Transaction<'_>, sources: &[&Stored]) -> Result<Plan> {
    let mut walks = Vec::with_capacity(sources.len());
    for stored in sources {
        walks.push(Walk::new(txn, &SetRef::of_stored(stored)?, sources.len()));
    }
    let mut next = BinaryHeap::with_capacity(walks.len());
    for from in 0..walks.len() {
        refill(txn, &mut walks, &mut next, from)?;
    }
    Ok(Plan::Union { walks, next })
}

fn refill(
    txn: &Transaction<'_>,
    walks: &mut [Walk],
    next: &mut BinaryHeap<Reverse<(u64, Vec<u8>, usize)>>,
    from: usize,
) -> Result<()> {
    if let Some(element) = walks[from].next(txn)? {
        next.push(Reverse((element.hash, element.name, from)));
    }
    Ok(())
}

fn filter(txn: &Transaction<'_>, sources: &[&Stored], in_others: bool) -> Result<Plan> {
    let Some((first, rest)) = sources.split_first() else { return union(txn, &[]) };
    let set = SetRef::of_stored(first)?;
    let mut others = Vec::with_capacity(rest.len());
    for stored in rest {
        let other = SetRef::of_stored(stored)?;
        let is_large = other.count() / LOOKUP_RATIO > set.count();
        others.push(if is_large || stored.head.form == Form::SetIntset {
            Other::Lookup((*stored).clone())
        } else {
            Other::Walk(Walk::new(txn, &other, sources.len()))
        });
    }
    Ok(Plan::Filter { of: Walk::new(txn, &set, sources.len()), others, in_others, met_text: false })
}

impl Other {
    fn contains(&mut self, txn: &Transaction<'_>, element: &NamedElement) -> Result<bool> {
        match self {
            Other::Lookup(stored) => SetRef::of_stored(stored)?.contains(txn, &element.name),
            Other::Walk(walk) => walk.meets(txn, element),
        }
    }
}

impl Transaction<'_> {
    /// Makes what becomes of several sets the value of a key, whatever it was, or removes it if that is empty. The key may
    /// be that of one of the sets. How many members there are.
    pub fn store_combination(
        &mut self,
        (db, key): (u32, &[u8]),
        operation: SetOperation,
        sources: &[Option<Stored>],
        limits: PackedLimits,
    ) -> Result<u64> {
        let mut combination = Combination::new(self, operation, sources)?;
        let mut builder = SetBuilder::new(limits);
        while let Some(element) = combination.next(self)? {
            builder.add(self, element)?;
        }
        if operation == SetOperation::Difference && is_subtracted_from_copy(sources)? {
            // Redis begins with a copy of the first set, and what once was no intset does not become one.
            let first = sources.iter().flatten().next().map(SetRef::of_stored).transpose()?;
            let count = first.map_or(0, |first| first.count());
            if combination.has_met_text() || count > intset_members_max(limits) {
                builder.refuse_intset();
            }
        }
        let old = self.find_for_write(db, key)?;
        builder.finish(self, (db, key), old, None)
    }
}

/// Which of its two ways Redis takes to a difference, as it estimates their costs: to look the first set's members up in
/// all others, or to take the others' members from a copy of it. OBJECT ENCODING of the result tells them apart.
fn is_subtracted_from_copy(sources: &[Option<Stored>]) -> Result<bool> {
    let Some(Some(first)) = sources.first() else { return Ok(false) };
    let first = SetRef::of_stored(first)?.count();
    let (mut looking_up, mut subtracting) = (0_u64, 0_u64);
    for stored in sources.iter().flatten() {
        looking_up = looking_up.saturating_add(first);
        subtracting = subtracting.saturating_add(SetRef::of_stored(stored)?.count());
    }
    Ok(looking_up / 2 > subtracting)
}
