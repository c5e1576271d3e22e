//! Walking through a range of a tree.

use std::ops::{Bound, Range};

use dredis_plugin::Direction;

use super::Tree;
use super::node::{Inner, Leaf, Node};
use crate::key::Key;

/// The records of a range, in order from either end.
pub(crate) struct Walk<'t, 'r, V> {
    direction: Direction,
    /// Where the walk ends.
    end: Bound<&'r [u8]>,
    /// Inner nodes that lead to the leaf, each with the turn taken.
    path: Vec<(&'t Inner<V>, usize)>,
    leaf: &'t Leaf<V>,
    /// What is left of the leaf.
    slots: Range<usize>,
    /// Whether the walk ends in this leaf.
    is_last: bool,
}

impl<V> Tree<V> {
    /// The records of a range, from its start or its end on.
    pub(crate) fn range<'t, 'r>(
        &'t self,
        (start, end): (Bound<&'r [u8]>, Bound<&'r [u8]>),
        direction: Direction,
    ) -> Walk<'t, 'r, V> {
        let (begin, end) = match direction {
            Direction::Forward => (start, end),
            Direction::Reverse => (end, start),
        };
        let mut path = Vec::new();
        let mut node = &self.root;
        let leaf = loop {
            match node {
                Node::Inner(inner) => {
                    let turn = match (begin, direction) {
                        (Bound::Included(key) | Bound::Excluded(key), _) => inner.turn(key),
                        (Bound::Unbounded, Direction::Forward) => 0,
                        (Bound::Unbounded, Direction::Reverse) => inner.count() - 1,
                    };
                    path.push((&**inner, turn));
                    node = inner.child(turn);
                }
                Node::Leaf(leaf) => break &**leaf,
            }
        };
        let mut walk = Walk { direction, end, path, leaf, slots: 0..0, is_last: false };
        walk.enter(leaf);
        match direction {
            Direction::Forward => walk.slots.start = lower(leaf, begin),
            Direction::Reverse => walk.slots.end = upper(leaf, begin),
        }
        walk
    }
}

impl<'t, V> Walk<'t, '_, V> {
    /// Goes on in this leaf.
    fn enter(&mut self, leaf: &'t Leaf<V>) {
        let all = 0..leaf.keys.len();
        self.leaf = leaf;
        self.slots = match self.direction {
            Direction::Forward => 0..upper(leaf, self.end),
            Direction::Reverse => lower(leaf, self.end)..all.end,
        };
        self.is_last = self.slots != all;
    }

    /// Goes on in the next leaf, if there is one.
    fn enter_next(&mut self) -> Option<()> {
        let mut node = loop {
            let (inner, turn) = self.path.pop()?;
            let turn = match self.direction {
                Direction::Forward => turn + 1,
                Direction::Reverse => turn.wrapping_sub(1),
            };
            if turn < inner.count() {
                self.path.push((inner, turn));
                break inner.child(turn);
            }
        };
        let leaf = loop {
            match node {
                Node::Leaf(leaf) => break leaf,
                Node::Inner(inner) => {
                    let turn = match self.direction {
                        Direction::Forward => 0,
                        Direction::Reverse => inner.count() - 1,
                    };
                    self.path.push((inner, turn));
                    node = inner.child(turn);
                }
            }
        };
        self.enter(leaf);
        Some(())
    }
}

impl<'t, V> Iterator for Walk<'t, '_, V> {
    type Item = (&'t Key, &'t V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let slot = match self.direction {
                Direction::Forward => self.slots.next(),
                Direction::Reverse => self.slots.next_back(),
            };
            if let Some(slot) = slot {
                return Some((self.leaf.keys.get(slot), self.leaf.value(slot)));
            }
            if self.is_last {
                return None;
            }
            self.enter_next()?;
        }
    }
}

/// The first slot of a leaf that is not before a bound.
fn lower<V>(leaf: &Leaf<V>, bound: Bound<&[u8]>) -> usize {
    match bound {
        Bound::Unbounded => 0,
        Bound::Included(key) => leaf.keys.search(key).unwrap_or_else(|slot| slot),
        Bound::Excluded(key) => leaf.keys.search(key).map_or_else(|slot| slot, |slot| slot + 1),
    }
}

/// The first slot of a leaf that is behind a bound.
fn upper<V>(leaf: &Leaf<V>, bound: Bound<&[u8]>) -> usize {
    match bound {
        Bound::Unbounded => leaf.keys.len(),
        Bound::Excluded(key) => leaf.keys.search(key).unwrap_or_else(|slot| slot),
        Bound::Included(key) => leaf.keys.search(key).map_or_else(|slot| slot, |slot| slot + 1),
    }
}
