//! The tree against the standard library's map.

use std::collections::BTreeMap;
use std::ops::Bound;

use dredis_plugin::Direction;

use super::*;

/// Numbers that look random (Steele's and others' SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}

/// Keys that share much or nothing, that are empty, long, or the beginnings of others.
fn key(random: &mut Random, keys: u64) -> Vec<u8> {
    let number = random.below(keys);
    match number % 5 {
        0 => format!("a common beginning {number:08}").into_bytes(),
        1 => format!("a common beginning that is longer than a key in place may be {number}").into_bytes(),
        2 => vec![0; (number / 5 % 60) as usize],
        3 => vec![0xff; (number / 5 % 60) as usize],
        _ => number.to_be_bytes()[(number % 8) as usize..].to_vec(),
    }
}

fn check(tree: &Tree<Vec<u8>>, model: &BTreeMap<Vec<u8>, Vec<u8>>) {
    assert_eq!(tree.len(), model.len());
    let all = (Bound::Unbounded, Bound::Unbounded);
    let forward = tree.range(all, Direction::Forward).map(|(key, value)| (key.as_slice(), value));
    assert!(forward.eq(model.iter().map(|(key, value)| (key.as_slice(), value))));
    let reverse = tree.range(all, Direction::Reverse).map(|(key, value)| (key.as_slice(), value));
    assert!(reverse.eq(model.iter().rev().map(|(key, value)| (key.as_slice(), value))));
}

/// Ranges with all kinds of bounds, from both ends.
fn check_ranges(tree: &Tree<Vec<u8>>, model: &BTreeMap<Vec<u8>, Vec<u8>>, random: &mut Random, keys: u64) {
    let (start, end) = (key(random, keys), key(random, keys));
    let bound = |kind: u64, key| match kind {
        0 => Bound::Unbounded,
        1 => Bound::Included(key),
        _ => Bound::Excluded(key),
    };
    let range = (bound(random.below(3), start.as_slice()), bound(random.below(3), end.as_slice()));
    // The standard library's map panics for ranges that end before they begin.
    let is_empty = match range {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(start), Bound::Included(end)) => start > end,
        _ => start >= end,
    };
    let expected: Vec<_> = match is_empty {
        true => Vec::new(),
        false => model.range::<[u8], _>(range).map(|(key, _)| key.as_slice()).collect(),
    };
    let forward: Vec<_> = tree.range(range, Direction::Forward).map(|(key, _)| key.as_slice()).collect();
    assert_eq!(forward, expected);
    let mut reverse: Vec<_> = tree.range(range, Direction::Reverse).map(|(key, _)| key.as_slice()).collect();
    reverse.reverse();
    assert_eq!(reverse, expected);
}

#[test]
fn it_does_what_the_standard_map_does() {
    let mut random = Random(20_261_123);
    println!("seed {}", random.0);
    // Growing, shrinking to nothing, and growing again, with few keys and with many.
    for keys in [40, 2_000, 20_000] {
        let (mut tree, mut model) = (Tree::default(), BTreeMap::new());
        for (removes_of_10, changes) in [(2, keys * 2), (9, keys * 4), (3, keys)] {
            for change in 0..changes {
                let key = key(&mut random, keys);
                if random.below(10) < removes_of_10 {
                    let removed = tree.remove(&key).map(|(key, value)| (key.as_slice().to_vec(), value));
                    assert_eq!(removed, model.remove_entry(&key));
                } else {
                    let value = change.to_le_bytes().to_vec();
                    let place = tree.place(&key);
                    match tree.value_mut(&place) {
                        Some(before) => *before = value.clone(),
                        None => tree.insert(&place, Key::new(&key), value.clone()),
                    }
                    model.insert(key.clone(), value);
                }
                assert_eq!(tree.get(&key), model.get(&key));
                if change % 64 == 0 {
                    check_ranges(&tree, &model, &mut random, keys);
                }
            }
            check(&tree, &model);
        }
        for key in model.keys() {
            assert!(tree.remove(key).is_some());
        }
        check(&tree, &BTreeMap::new());
    }
}

#[test]
fn keys_that_ascend_fill_their_nodes_and_descending_ones_are_found() {
    for is_ascending in [true, false] {
        let (mut tree, mut model) = (Tree::default(), BTreeMap::new());
        for number in 0..20_000_u32 {
            let key = if is_ascending { number } else { u32::MAX - number }.to_be_bytes();
            let place = tree.place(&key);
            tree.insert(&place, Key::new(&key), Vec::new());
            model.insert(key.to_vec(), Vec::new());
        }
        check(&tree, &model);
        let filled = tree.len() as f64 / (leaves(&tree.root) * RECORDS_MAX) as f64;
        assert!(filled > if is_ascending { 0.75 } else { 0.45 }, "{filled}");
    }
}

fn leaves<V>(node: &Node<V>) -> usize {
    match node {
        Node::Leaf(_) => 1,
        Node::Inner(inner) => (0..inner.count()).map(|turn| leaves(inner.child(turn))).sum(),
    }
}

#[test]
fn a_tree_built_at_once_is_like_one_that_grew() {
    for length in [0, 1, 2, 13, 14, 169, 170, 171, 5_000] {
        let keys: Vec<Vec<u8>> = (0..length).map(|number: u32| number.to_be_bytes().to_vec()).collect();
        let mut model: BTreeMap<_, _> = keys.iter().map(|key| (key.clone(), key.clone())).collect();
        let mut tree = Tree::of_ascending(keys.iter().map(|key| (Key::new(key), key.clone())).collect());
        check(&tree, &model);
        tree.touch(keys.iter().map(Vec::as_slice));
        for key in keys.iter().step_by(3) {
            assert_eq!(tree.remove(key).map(|(_, value)| value), model.remove(key));
        }
        for key in keys.iter().rev() {
            let key = [key, &b"x"[..]].concat();
            let place = tree.place(&key);
            tree.insert(&place, Key::new(&key), Vec::new());
            model.insert(key, Vec::new());
        }
        check(&tree, &model);
    }
}

#[test]
fn nodes_that_lose_most_of_their_records_are_joined() {
    let mut tree = Tree::<Vec<u8>>::default();
    for number in 0..10_000_u32 {
        let place = tree.place(&number.to_be_bytes());
        tree.insert(&place, Key::new(&number.to_be_bytes()), Vec::new());
    }
    let before = leaves(&tree.root);
    for number in (0..10_000_u32).filter(|number| number % 16 > 0) {
        tree.remove(&number.to_be_bytes());
    }
    assert_eq!(tree.len(), 625);
    let after = leaves(&tree.root);
    assert!(after * 5 < before, "{before} leaves, and then {after}");
}
