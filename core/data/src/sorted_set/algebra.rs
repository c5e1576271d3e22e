//! Unions, intersections and differences of sets and sorted sets: one walk over all of them in the order of hashes, which is
//! the same for all, so that memory holds a page of each.

use dredis_contract::Result;

use super::ScoredMember;
use super::source::{Hashed, Source};
use crate::transaction::Transaction;

/// What is made of several sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Combination {
    /// What stands in any.
    Union,
    /// What stands in all.
    Intersection,
    /// What stands in the first and in no other.
    Difference,
}

/// What becomes of a member's scores in several sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// Their sum; 0 for infinities of both signs.
    Sum,
    /// The lowest.
    Min,
    /// The highest.
    Max,
}

impl Aggregate {
    fn add(self, sum: &mut f64, score: f64) {
        match self {
            Aggregate::Sum => {
                *sum += score;
                if sum.is_nan() {
                    *sum = 0.0;
                }
            }
            // Comparisons with NaN (an infinity with the weight 0) are false.
            Aggregate::Min => *sum = if score < *sum { score } else { *sum },
            Aggregate::Max => *sum = if score > *sum { score } else { *sum },
        }
    }
}

/// A combination on its way.
#[derive(Debug)]
pub struct Algebra {
    /// Sources with their weights.
    sources: Vec<(Source, f64)>,
    combination: Combination,
    aggregate: Aggregate,
}

impl Algebra {
    /// A combination of sources, each with its weight. As in Redis, all but a difference begin with the smallest source,
    /// which shows in how sums are rounded.
    pub fn new(mut sources: Vec<(Source, f64)>, combination: Combination, aggregate: Aggregate) -> Algebra {
        if combination != Combination::Difference {
            sources.sort_by_key(|(source, _)| source.length());
        }
        Algebra { sources, combination, aggregate }
    }

    /// The next members of the result, in no order that means anything; nothing at the end.
    pub fn next(&mut self, txn: &Transaction<'_>) -> Result<Vec<ScoredMember>> {
        loop {
            let found = match self.combination {
                Combination::Union => self.next_of_union(txn)?,
                Combination::Intersection => self.next_of_intersection(txn)?,
                Combination::Difference => self.next_of_difference(txn)?,
            };
            match found {
                Some(found) if found.is_empty() => {}
                Some(found) => return Ok(found),
                None => return Ok(Vec::new()),
            }
        }
    }

    /// The whole result in order.
    pub fn sorted(mut self, txn: &Transaction<'_>) -> Result<Vec<ScoredMember>> {
        let mut all = Vec::new();
        loop {
            let mut found = self.next(txn)?;
            if found.is_empty() {
                break;
            }
            all.append(&mut found);
        }
        all.sort_unstable_by(ScoredMember::order);
        Ok(all)
    }

    fn next_of_union(&mut self, txn: &Transaction<'_>) -> Result<Option<Vec<ScoredMember>>> {
        let mut lowest: Option<u64> = None;
        for (source, _) in &mut self.sources {
            if let Some(hash) = source.next_hash(txn)? {
                lowest = Some(lowest.map_or(hash, |lowest| lowest.min(hash)));
            }
        }
        let Some(hash) = lowest else { return Ok(None) };
        let mut found: Vec<ScoredMember> = Vec::new();
        for (source, weight) in &mut self.sources {
            for Hashed { member, score, .. } in source.take(hash) {
                let score = weighted(score, *weight);
                match found.iter_mut().find(|known| known.member == member) {
                    Some(known) => self.aggregate.add(&mut known.score, score),
                    None => found.push(ScoredMember { member, score }),
                }
            }
        }
        Ok(Some(found))
    }

    fn next_of_intersection(&mut self, txn: &Transaction<'_>) -> Result<Option<Vec<ScoredMember>>> {
        // Leap from one source to the next until all stand at the same hash.
        let (mut hash, mut agreeing) = (0, 0);
        for turn in (0..self.sources.len()).cycle() {
            let (source, _) = &mut self.sources[turn];
            source.leap(hash);
            match source.next_hash(txn)? {
                None => return Ok(None),
                Some(next) if next == hash && agreeing > 0 => agreeing += 1,
                Some(next) => (hash, agreeing) = (next, 1),
            }
            if agreeing == self.sources.len() {
                break;
            }
        }
        let mut sources = self.sources.iter_mut();
        let Some((first, weight)) = sources.next() else { return Ok(None) };
        let mut found: Vec<ScoredMember> = first
            .take(hash)
            .into_iter()
            .map(|Hashed { member, score, .. }| ScoredMember { member, score: weighted(score, *weight) })
            .collect();
        for (source, weight) in sources {
            let others = source.take(hash);
            found.retain_mut(|known| match others.iter().find(|other| other.member == known.member) {
                Some(other) => {
                    self.aggregate.add(&mut known.score, other.score * *weight);
                    true
                }
                None => false,
            });
        }
        Ok(Some(found))
    }

    fn next_of_difference(&mut self, txn: &Transaction<'_>) -> Result<Option<Vec<ScoredMember>>> {
        let Some(((first, _), others)) = self.sources.split_first_mut() else { return Ok(None) };
        let Some(hash) = first.next_hash(txn)? else { return Ok(None) };
        let mut found = first.take(hash);
        for (other, _) in others {
            other.leap(hash);
            if other.next_hash(txn)? == Some(hash) {
                let taken = other.take(hash);
                found.retain(|known| !taken.iter().any(|other| other.member == known.member));
            }
        }
        let scored = |Hashed { member, score, .. }| ScoredMember { member, score };
        Ok(Some(found.into_iter().map(scored).collect()))
    }
}

fn weighted(score: f64, weight: f64) -> f64 {
    let weighted = score * weight;
    if weighted.is_nan() { 0.0 } else { weighted }
}
