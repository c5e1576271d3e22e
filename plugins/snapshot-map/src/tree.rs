//! The tree: values under keys, in order, found for many keys at once.
//!
//! A B+tree. With a million records nearly every node that a search passes has left the processor's caches, and waiting for
//! memory is most of what a change costs. So a node says in few cache lines where to go (see [`keys`]), and
//! [`Tree::touch`] goes down for all keys of a batch together, one level at a time: the processor then waits for many nodes
//! at once, where it would wait for one after the other.

mod keys;
mod node;
mod walk;

use crate::key::Key;
use crate::records::SMALL_VALUE_BYTES_MAX;
use node::{Inner, Leaf, Node, RECORDS_MAX, SEPARATORS_MAX};

/// The tree.
pub(crate) struct Tree<V> {
    root: Node<V>,
    length: usize,
}

/// Where a key's value is, or where it belongs.
pub(crate) struct Place {
    /// Which child was taken at each inner node.
    turns: [u8; LEVELS_MAX],
    levels: usize,
    /// In the leaf.
    slot: Result<usize, usize>,
}

/// Most levels of inner nodes. A node has eight children or more when it comes into being, and the tree gets a level when
/// its root is divided: so many levels take more records than there is memory for.
const LEVELS_MAX: usize = 24;

/// What nodes of a tree that is built at once are filled with: some room is left for what comes.
const BUILT_RECORDS: usize = RECORDS_MAX - 2;
const BUILT_CHILDREN: usize = SEPARATORS_MAX - 3;

/// Bytes of a cache line.
const LINE_BYTES: usize = 64;
/// So much of a value is touched. What is longer is not written over but replaced.
const VALUE_LINES_MAX: usize = SMALL_VALUE_BYTES_MAX / LINE_BYTES;

impl<V> Default for Tree<V> {
    fn default() -> Self {
        Tree { root: Node::Leaf(Box::default()), length: 0 }
    }
}

impl<V> Tree<V> {
    /// A tree of these records, whose keys ascend.
    pub(crate) fn of_ascending(records: Vec<(Key, V)>) -> Tree<V> {
        let length = records.len();
        let mut records = records.into_iter().peekable();
        let mut level = Vec::with_capacity(length.div_ceil(BUILT_RECORDS));
        while records.peek().is_some() {
            let leaf = Leaf::of(records.by_ref().take(BUILT_RECORDS));
            level.push((leaf.keys.first().clone(), Node::Leaf(Box::new(leaf))));
        }
        while level.len() > 1 {
            let mut nodes = level.into_iter().peekable();
            level = Vec::new();
            while nodes.peek().is_some() {
                let (first, inner) = Inner::of(nodes.by_ref().take(BUILT_CHILDREN));
                level.push((first, Node::Inner(Box::new(inner))));
            }
        }
        level.pop().map_or_else(Tree::default, |(_, root)| Tree { root, length })
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&V> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Inner(inner) => node = inner.child_for(key),
                Node::Leaf(leaf) => return leaf.keys.search(key).ok().map(|slot| leaf.value(slot)),
            }
        }
    }

    /// Where a key's value is, or where it belongs.
    pub(crate) fn place(&self, key: &[u8]) -> Place {
        let mut place = Place { turns: [0; LEVELS_MAX], levels: 0, slot: Err(0) };
        let mut node = &self.root;
        loop {
            match node {
                Node::Inner(inner) => {
                    let turn = inner.turn(key);
                    place.turns[place.levels] = turn as u8;
                    place.levels += 1;
                    node = inner.child(turn);
                }
                Node::Leaf(leaf) => {
                    place.slot = leaf.keys.search(key);
                    return place;
                }
            }
        }
    }

    /// The value at a place, if there is one. The tree has not changed since the place was found.
    pub(crate) fn value_mut(&mut self, place: &Place) -> Option<&mut V> {
        let mut node = &mut self.root;
        for turn in place.turns() {
            match node {
                Node::Inner(inner) => node = inner.child_mut(*turn),
                Node::Leaf(_) => return None,
            }
        }
        match node {
            Node::Leaf(leaf) => place.slot.ok().map(|slot| leaf.value_mut(slot)),
            Node::Inner(_) => None,
        }
    }

    /// Puts a record where it belongs. The tree has not changed since the place was found, and there was nothing.
    pub(crate) fn insert(&mut self, place: &Place, key: Key, value: V) {
        let slot = place.slot.expect_err("the key has no value");
        self.length += 1;
        if let Some((separator, right)) = self.root.insert(place.turns(), slot, key, value) {
            let left = std::mem::replace(&mut self.root, Node::Leaf(Box::default()));
            let (_, root) = Inner::of([(Key::default(), left), (separator, right)].into_iter());
            self.root = Node::Inner(Box::new(root));
        }
    }

    /// Removes a record.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<(Key, V)> {
        let place = self.place(key);
        let slot = place.slot.ok()?;
        let removed = self.root.remove(place.turns(), slot);
        self.length -= 1;
        while let Node::Inner(inner) = &mut self.root {
            match inner.only_child() {
                Some(child) => self.root = child,
                None => break,
            }
        }
        Some(removed)
    }
}

impl<V: AsRef<[u8]>> Tree<V> {
    /// Brings what lies on the way to these keys, and their values, into the processor's caches.
    pub(crate) fn touch<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) {
        let mut ways: Vec<(&[u8], &Node<V>)> = keys.map(|key| (key, &self.root)).collect();
        // All leaves are equally deep.
        while let Some((_, Node::Inner(_))) = ways.first() {
            for (key, node) in &mut ways {
                if let Node::Inner(inner) = node {
                    *node = inner.child(inner.separators.guess(key).0);
                }
            }
            read(ways.iter().map(|(_, node)| node.touch()));
        }
        let leaves = ways.into_iter().filter_map(|(key, node)| match node {
            Node::Leaf(leaf) => Some((leaf, leaf.keys.guess(key).0)),
            Node::Inner(_) => None,
        });
        let slots: Vec<_> = leaves.collect();
        read(slots.iter().map(|(leaf, slot)| leaf.touch_from(*slot)));
        let values = slots.into_iter().filter_map(|(leaf, slot)| leaf.guess(slot)).map(V::as_ref);
        let lines = |value: &[u8]| {
            let bytes = value.iter().step_by(LINE_BYTES).take(VALUE_LINES_MAX);
            bytes.fold(0, |sum, byte| sum ^ u64::from(*byte))
        };
        read(values.map(lines));
    }
}

/// Sees to it that these numbers are read from where they are.
fn read(numbers: impl Iterator<Item = u64>) {
    std::hint::black_box(numbers.fold(0, |sum, number| sum ^ number));
}

impl Place {
    fn turns(&self) -> &[u8] {
        &self.turns[..self.levels]
    }
}

#[cfg(test)]
mod tests;
