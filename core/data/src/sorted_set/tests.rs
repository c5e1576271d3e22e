//! Sorted sets against a sorted vector.

use std::collections::HashMap;
use std::ops::{Bound, RangeBounds as _};
use std::sync::Arc;

use dredis_contract::Result;

use super::*;
use crate::codec::RecordKind;
use crate::elements::ElementSet;
use crate::meta::{Form, Head};
use crate::packed::PackedLimits;
use crate::random::Random;
use crate::store::{Store, WriterState};
use crate::test_backend::MapBackend;
use crate::transaction::{Observer, Transaction};

struct Nobody;

impl Observer for Nobody {
    fn key_changed(&self, _: u32, _: &[u8]) {}

    fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        Ok(())
    }
}

struct Fixture {
    backend: MapBackend,
    store: Store,
    writer: WriterState,
}

impl Fixture {
    fn new(key_bytes_max: u64) -> Self {
        let backend = MapBackend::new(key_bytes_max);
        let (store, writer) = Store::open(Arc::new(backend.clone()), "map", [5, 6]).unwrap();
        Fixture { backend, store, writer }
    }

    fn write<T>(&mut self, change: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> T {
        let mut txn = Transaction::writable(&self.store, &mut self.writer, &Nobody, 0);
        let answer = change(&mut txn).unwrap();
        txn.commit().unwrap();
        answer
    }
}

fn scored(member: &[u8], score: f64) -> ScoredMember {
    ScoredMember { member: member.to_vec(), score }
}

/// Short and long members, many of them with a long beginning in common.
fn any_member(random: &mut Random) -> Vec<u8> {
    let number = random.below(300);
    let prefix = [0, 0, 0, 44, 50, 60][number as usize % 6];
    let mut member = vec![b'p'; prefix];
    member.extend_from_slice(number.to_string().as_bytes());
    member
}

fn any_bound(random: &mut Random) -> Bound<f64> {
    let score = random.below(12) as f64 - 2.0;
    match random.below(5) {
        0 => Bound::Unbounded,
        1 | 2 => Bound::Included(score),
        _ => Bound::Excluded(score),
    }
}

fn any_member_bound(random: &mut Random) -> MemberBound {
    match random.below(6) {
        0 => MemberBound::Lowest,
        1 => MemberBound::Highest,
        2 | 3 => MemberBound::Before(any_member(random)),
        _ => MemberBound::After(any_member(random)),
    }
}

/// Compares everything that can be read with the model.
fn compare(txn: &Transaction<'_>, model: &[ScoredMember], random: &mut Random, seed: u64) {
    let entry = txn.find(0, b"z").unwrap();
    let Some(entry) = entry else { return assert!(model.is_empty(), "seed {seed}") };
    let set = SortedSet::of(&entry).unwrap();
    assert_eq!(set.length(), model.len() as u64, "seed {seed}");
    for (rank, ScoredMember { member, score }) in model.iter().enumerate() {
        assert_eq!(set.rank(txn, member).unwrap(), Some(rank as u64), "seed {seed}");
        assert_eq!(set.score(txn, member).unwrap(), Some(*score), "seed {seed}");
    }
    let all_alike = model.iter().all(|member| member.score == model[0].score);
    for _ in 0..20 {
        let range = match random.below(3) {
            0 => {
                let start = random.below(model.len() as u64 + 2);
                SortedSetRange::Ranks(start..start + random.below(20))
            }
            1 if all_alike => SortedSetRange::Members(any_member_bound(random), any_member_bound(random)),
            _ => SortedSetRange::Scores(any_bound(random), any_bound(random)),
        };
        let is_in = |(rank, member): &(usize, &ScoredMember)| match &range {
            SortedSetRange::Ranks(ranks) => ranks.contains(&(*rank as u64)),
            SortedSetRange::Scores(low, high) => (*low, *high).contains(&member.score),
            SortedSetRange::Members(low, high) => {
                !low.is_after(&member.member) && high.is_after(&member.member)
            }
        };
        let mut expected: Vec<ScoredMember> =
            model.iter().enumerate().filter(is_in).map(|(_, member)| member.clone()).collect();
        let ranks = set.ranks(txn, &range).unwrap();
        let counted = ranks.end.saturating_sub(ranks.start);
        assert_eq!(counted, expected.len() as u64, "seed {seed} {range:?}");
        let direction = [Direction::Forward, Direction::Reverse][random.below(2) as usize];
        if direction == Direction::Reverse {
            expected.reverse();
        }
        let window = Window { direction, offset: random.below(50), count: random.below(30) };
        let shown = expected.into_iter().skip(window.offset as usize).take(window.count as usize);
        let found = set.window(txn, &range, window).unwrap();
        assert_eq!(found, shown.collect::<Vec<_>>(), "seed {seed} {range:?} {window:?}");
    }
}

fn play(seed: u64, key_bytes_max: u64, entries_max: u64, scores: u64) {
    let mut random = Random::new(seed);
    let mut fixture = Fixture::new(key_bytes_max);
    let limits = PackedLimits { zset_entries: entries_max, ..PackedLimits::default() };
    let mut model: Vec<ScoredMember> = Vec::new();
    for round in 0..8 {
        fixture.write(|txn| {
            let stored = txn.load_for_write(0, b"z")?;
            let mut editor = SortedSetEditor::open((0, b"z"), stored, limits)?;
            for _ in 0..60 {
                let member = any_member(&mut random);
                let known = model.iter().position(|own| own.member == member);
                let before = known.map(|known| model[known].score);
                assert_eq!(editor.view().score(txn, &member)?, before, "seed {seed}");
                if random.below(6) == 0 {
                    assert_eq!(
                        editor.remove_all(txn, &[&member])?,
                        u64::from(known.is_some()),
                        "seed {seed}"
                    );
                    known.map(|known| model.remove(known));
                } else {
                    let score = random.below(scores) as f64;
                    editor.set(txn, &member, score)?;
                    known.map(|known| model.remove(known));
                    model.push(scored(&member, score));
                }
                model.sort_by(ScoredMember::order);
            }
            if round % 3 == 2 {
                let start = random.below(model.len() as u64);
                let ranks = start..start + random.below(40);
                let gone = start as usize..model.len().min(ranks.end as usize);
                assert_eq!(editor.remove_ranks(txn, ranks)?, gone.len() as u64, "seed {seed}");
                model.drain(gone);
                let popped = editor.pop(txn, 3, Direction::Reverse)?;
                let kept = model.len().saturating_sub(3);
                assert!(popped.iter().eq(model.split_off(kept).iter().rev()), "seed {seed}");
            }
            editor.finish(txn)
        });
        compare(&Transaction::read_only(&fixture.store, 0), &model, &mut random, seed);
    }
}

#[test]
fn sorted_sets_agree_with_a_sorted_vector() {
    for seed in 1..4 {
        play(seed, u64::MAX, 0, 10);
        play(seed, u64::MAX, 20, 10);
        play(seed, u64::MAX, 1000, 10);
        play(seed, 80, 0, 2);
        play(seed, 80, 0, 1);
    }
}

#[test]
fn a_large_one_is_built_with_its_counts() {
    let mut fixture = Fixture::new(u64::MAX);
    let mut members: Vec<ScoredMember> =
        (0..2_500_u64).map(|number| scored(&number.to_be_bytes(), (number * 7 % 100) as f64)).collect();
    fixture.write(|txn| {
        let mut builder = SortedSetBuilder::new(PackedLimits::default());
        for member in &members {
            builder.add(txn, member.clone())?;
        }
        builder.finish(txn, (0, b"z"), None)
    });
    members.sort_by(ScoredMember::order);
    let mut random = Random::new(1);
    compare(&Transaction::read_only(&fixture.store, 0), &members, &mut random, 0);
    // What grew member by member has the very same records.
    let built = fixture.backend.records();
    let mut other = Fixture::new(u64::MAX);
    other.write(|txn| {
        let mut editor = SortedSetEditor::open((0, b"z"), None, PackedLimits::default())?;
        for member in members.iter().rev() {
            editor.set(txn, &member.member, member.score)?;
        }
        editor.finish(txn)
    });
    assert!(*built == *other.backend.records());
}

#[test]
fn random_members_are_distinct_and_picks_are_members() {
    let mut fixture = Fixture::new(u64::MAX);
    fixture.write(|txn| {
        let mut builder = SortedSetBuilder::new(PackedLimits::default());
        for number in 0..600_u32 {
            builder.add(txn, scored(&number.to_be_bytes(), f64::from(number)))?;
        }
        builder.finish(txn, (0, b"z"), None)
    });
    let txn = Transaction::read_only(&fixture.store, 0);
    let entry = txn.find(0, b"z").unwrap().unwrap();
    let set = SortedSet::of(&entry).unwrap();
    let mut random = Random::new(4);
    for wanted in [1, 20, 200, 599, 600] {
        let mut members = set.random_members(&txn, wanted, &mut random).unwrap();
        members.sort_by(ScoredMember::order);
        members.dedup();
        assert_eq!(members.len() as u64, wanted);
        let picks = set.random_picks(&txn, wanted, &mut random).unwrap();
        assert_eq!(picks.len() as u64, wanted);
    }
    let mut times = [0_u32; 600];
    for pick in set.random_picks(&txn, 60_000, &mut random).unwrap() {
        times[pick.score as usize] += 1;
    }
    assert!(times.iter().all(|times| (50..160).contains(times)), "{times:?}");
}

#[test]
fn sources_of_all_forms_are_combined() {
    let mut random = Random::new(8);
    for round in 0..8 {
        let mut fixture = Fixture::new(u64::MAX);
        let keys: [&[u8]; 3] = [b"0", b"1", b"2"];
        let mut models: Vec<HashMap<Vec<u8>, f64>> = Vec::new();
        for key in keys {
            let mut members: Vec<Vec<u8>> =
                (0..random.below(700)).map(|_| random.below(1000).to_string().into_bytes()).collect();
            members.sort();
            members.dedup();
            let is_set = random.below(2) == 0;
            let mut model: Vec<ScoredMember> = members
                .into_iter()
                .map(|member| scored(&member, if is_set { 1.0 } else { random.below(9) as f64 }))
                .collect();
            model.sort_by(ScoredMember::order);
            fixture.write(|txn| match is_set {
                true => {
                    let object = txn.next_object()?;
                    let elements = ElementSet { kind: RecordKind::SetMember, object };
                    for member in &model {
                        txn.add_element(elements, &member.member, &[])?;
                    }
                    let head = Head { object: Some(object), ..Head::new(Form::SetSpread) };
                    txn.write_key(0, key, None, head, &(model.len() as u64).to_be_bytes())
                }
                false => {
                    let mut builder = SortedSetBuilder::new(PackedLimits::default());
                    for member in &model {
                        builder.add(txn, member.clone())?;
                    }
                    builder.finish(txn, (0, key), None).map(|_| ())
                }
            });
            models.push(model.into_iter().map(|own| (own.member, own.score)).collect());
        }
        let txn = Transaction::read_only(&fixture.store, 0);
        for combination in [Combination::Union, Combination::Intersection, Combination::Difference] {
            let mut sources = Vec::new();
            for key in keys {
                let source = txn.find(0, key).unwrap().map(|entry| Source::open(&txn, &entry).unwrap());
                sources.push((source.flatten().unwrap_or_else(Source::empty), 2.0));
            }
            let found = Algebra::new(sources, combination, Aggregate::Sum).sorted(&txn).unwrap();
            assert_eq!(found, naive(&models, combination), "round {round} {combination:?}");
        }
    }
}

fn naive(models: &[HashMap<Vec<u8>, f64>], combination: Combination) -> Vec<ScoredMember> {
    let mut found: Vec<ScoredMember> = Vec::new();
    for number in 0..1000 {
        let member = number.to_string().into_bytes();
        let scores: Vec<Option<f64>> = models.iter().map(|model| model.get(&member).copied()).collect();
        let sum = scores.iter().flatten().sum::<f64>() * 2.0;
        match combination {
            Combination::Union if scores.iter().any(Option::is_some) => found.push(scored(&member, sum)),
            Combination::Intersection if scores.iter().all(Option::is_some) => {
                found.push(scored(&member, sum));
            }
            Combination::Difference if scores[1..].iter().all(Option::is_none) => {
                found.extend(scores[0].map(|score| scored(&member, score)));
            }
            _ => {}
        }
    }
    found.sort_by(ScoredMember::order);
    found
}
