//! Members picked at random.

use std::collections::HashSet;

use dredis_contract::Result;

use super::read::{Shape, SortedSet, Spread};
use super::{ScoredMember, packed, score};
use crate::elements::NamedElement;
use crate::random::Random;
use crate::transaction::Transaction;

/// A pick costs about as much as walking over so many members.
const PICK_STEPS: u64 = 16;
/// How many members are read at a time.
const PAGE: usize = 500;

impl SortedSet<'_> {
    /// A member, each with the same probability.
    pub fn random_member(&self, txn: &Transaction<'_>, random: &mut Random) -> Result<Option<ScoredMember>> {
        match self.0 {
            Shape::Packed(list) => {
                let rank = random.below(packed::length(list));
                Ok(packed::members_at(list, rank..rank + 1)?.pop())
            }
            Shape::Spread(spread) => {
                let picked = txn.random_element(spread.elements(), spread.count, random)?;
                picked.map(scored).transpose()
            }
        }
    }

    /// So many different members, each set of that size with the same probability; all, in no order, if there are no
    /// more.
    pub fn random_members(
        &self,
        txn: &Transaction<'_>,
        wanted: u64,
        random: &mut Random,
    ) -> Result<Vec<ScoredMember>> {
        let (spread, length) = match self.0 {
            Shape::Packed(list) => {
                let members = packed::members(list)?;
                let mut left = Selection { wanted, length: members.len() as u64 };
                return Ok(members.into_iter().filter(|_| left.takes(random)).collect());
            }
            Shape::Spread(spread) => (spread, spread.count),
        };
        let mut picked = Vec::new();
        if wanted < length / PICK_STEPS {
            let mut known = HashSet::new();
            while (picked.len() as u64) < wanted {
                let Some(member) = self.random_member(txn, random)? else { break };
                if known.insert(member.member.clone()) {
                    picked.push(member);
                }
            }
            return Ok(picked);
        }
        let mut left = Selection { wanted, length };
        walk(txn, spread, |element| {
            if left.takes(random) {
                picked.push(scored(element)?);
            }
            Ok(left.wanted > 0)
        })?;
        Ok(picked)
    }

    /// So many members, each picked from all of them.
    pub fn random_picks(
        &self,
        txn: &Transaction<'_>,
        wanted: u64,
        random: &mut Random,
    ) -> Result<Vec<ScoredMember>> {
        let spread = match self.0 {
            Shape::Packed(list) => {
                let members = packed::members(list)?;
                let pick = |_| members.get(random.below(members.len() as u64) as usize).cloned();
                return Ok((0..wanted).map_while(pick).collect());
            }
            Shape::Spread(spread) => spread,
        };
        if wanted < spread.count / PICK_STEPS {
            let picks = (0..wanted).filter_map(|_| self.random_member(txn, random).transpose());
            return picks.collect();
        }
        // Who is picked how often is drawn first; then all are passed by.
        let drawn = (0..wanted as usize).map(|pick| (random.below(spread.count), pick));
        let mut drawn: Vec<(u64, usize)> = drawn.collect();
        drawn.sort_unstable();
        let mut picked = vec![None; drawn.len()];
        let mut drawn = drawn.into_iter().peekable();
        let mut at = 0;
        walk(txn, spread, |element| {
            let member = scored(element)?;
            while let Some((_, pick)) = drawn.next_if(|(place, _)| *place == at) {
                picked[pick] = Some(member.clone());
            }
            at += 1;
            Ok(drawn.peek().is_some())
        })?;
        Ok(picked.into_iter().flatten().collect())
    }
}

/// Shows `visit` all members, until it has seen enough.
fn walk(
    txn: &Transaction<'_>,
    spread: Spread,
    mut visit: impl FnMut(NamedElement) -> Result<bool>,
) -> Result<()> {
    let mut from = Some(0);
    while let Some(start) = from {
        let page = txn.elements_page(spread.elements(), start, PAGE)?;
        from = page.next;
        for element in page.elements {
            if !visit(element)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// How many are still to be chosen, of how many that are still to come.
struct Selection {
    wanted: u64,
    length: u64,
}

impl Selection {
    /// Whether the next one is chosen.
    fn takes(&mut self, random: &mut Random) -> bool {
        let is_chosen = self.length > 0 && random.below(self.length) < self.wanted;
        self.length = self.length.saturating_sub(1);
        self.wanted -= u64::from(is_chosen);
        is_chosen
    }
}

fn scored(element: NamedElement) -> Result<ScoredMember> {
    Ok(ScoredMember { score: score::from_payload(&element.payload)?, member: element.name })
}
