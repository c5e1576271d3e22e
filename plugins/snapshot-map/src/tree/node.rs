//! Nodes of a tree: leaves with records, and inner nodes that lead to them.
//!
//! A full node is divided before something is put in. One that is nearly empty is joined to a neighbour if the two leave
//! room, and goes when it is empty: so nodes need not be half full, and removing is cheap.

use super::LINE_BYTES;
use super::keys::{self, Keys};
use crate::key::Key;

/// Most records of a leaf. Half of them move when one is put in.
pub(super) const RECORDS_MAX: usize = 15;
/// Most separators of an inner node, in which something is put rarely. Larger ones make the tree lower.
pub(super) const SEPARATORS_MAX: usize = 31;
const CHILDREN_MAX: usize = SEPARATORS_MAX + 1;

pub(super) enum Node<V> {
    Leaf(Box<Leaf<V>>),
    Inner(Box<Inner<V>>),
}

/// Records, ascending.
#[repr(C)]
pub(super) struct Leaf<V> {
    pub(super) keys: Keys<RECORDS_MAX>,
    /// As many as keys.
    values: [Option<V>; RECORDS_MAX],
}

/// Children, all of one height.
#[repr(C)]
pub(super) struct Inner<V> {
    /// One less than children: what is not less than the first is in the second child or behind it, and so on.
    pub(super) separators: Keys<SEPARATORS_MAX>,
    children: [Option<Node<V>>; CHILDREN_MAX],
    count: usize,
}

/// A key and the node behind it, on the right of one that was divided.
type Divided<V> = Option<(Key, Node<V>)>;

impl<V> Node<V> {
    /// Puts a record into a slot of the leaf to which `turns` lead.
    pub(super) fn insert(&mut self, turns: &[u8], slot: usize, key: Key, value: V) -> Divided<V> {
        match self {
            Node::Leaf(leaf) => leaf.insert(slot, key, value),
            Node::Inner(inner) => {
                let (turn, turns) = turns.split_first().expect("a place has a turn for each inner node");
                let (separator, right) = inner.child_mut(*turn).insert(turns, slot, key, value)?;
                inner.insert(usize::from(*turn), separator, right)
            }
        }
    }

    /// Takes a record out of a slot of the leaf to which `turns` lead. This node may be empty then.
    pub(super) fn remove(&mut self, turns: &[u8], slot: usize) -> (Key, V) {
        match self {
            Node::Leaf(leaf) => leaf.remove(slot),
            Node::Inner(inner) => {
                let (turn, turns) = turns.split_first().expect("a place has a turn for each inner node");
                let removed = inner.child_mut(*turn).remove(turns, slot);
                inner.tidy(usize::from(*turn));
                removed
            }
        }
    }

    /// How many records or children it has.
    fn count(&self) -> usize {
        match self {
            Node::Leaf(leaf) => leaf.keys.len(),
            Node::Inner(inner) => inner.count,
        }
    }

    /// How many it has at most.
    fn count_max(&self) -> usize {
        match self {
            Node::Leaf(_) => RECORDS_MAX,
            Node::Inner(_) => CHILDREN_MAX,
        }
    }

    /// What a search looks at first.
    #[inline]
    pub(super) fn touch(&self) -> u64 {
        match self {
            Node::Leaf(leaf) => leaf.keys.touch(),
            Node::Inner(inner) => inner.separators.touch(),
        }
    }
}

impl<V> Default for Leaf<V> {
    fn default() -> Self {
        Leaf { keys: Keys::default(), values: std::array::from_fn(|_| None) }
    }
}

impl<V> Leaf<V> {
    /// A leaf of some records, as many as there is room for.
    pub(super) fn of(records: impl Iterator<Item = (Key, V)>) -> Leaf<V> {
        let mut leaf = Leaf::default();
        for (slot, (key, value)) in records.enumerate() {
            leaf.keys.insert(slot, key);
            leaf.values[slot] = Some(value);
        }
        leaf
    }

    pub(super) fn value(&self, slot: usize) -> &V {
        self.values[slot].as_ref().expect("a key has a value")
    }

    pub(super) fn value_mut(&mut self, slot: usize) -> &mut V {
        self.values[slot].as_mut().expect("a key has a value")
    }

    /// The value that a key probably has.
    #[inline]
    pub(super) fn guess(&self, slot: usize) -> Option<&V> {
        self.values.get(slot).and_then(Option::as_ref)
    }

    /// What an insertion moves.
    #[inline]
    pub(super) fn touch_from(&self, slot: usize) -> u64 {
        let values = self.values[slot..].iter().step_by(LINE_BYTES / size_of::<Option<V>>());
        values.fold(self.keys.touch_from(slot), |sum, value| sum ^ u64::from(value.is_some()))
    }

    fn insert(&mut self, slot: usize, key: Key, value: V) -> Divided<V> {
        if !self.keys.is_full() {
            self.values[slot..=self.keys.len()].rotate_right(1);
            self.values[slot] = Some(value);
            self.keys.insert(slot, key);
            return None;
        }
        let middle = middle(slot, RECORDS_MAX);
        let mut right = Leaf { keys: self.keys.split_off(middle), ..Leaf::default() };
        for (to, from) in right.values.iter_mut().zip(&mut self.values[middle..]) {
            *to = from.take();
        }
        match slot.checked_sub(middle) {
            Some(slot) if slot > 0 => right.insert(slot, key, value),
            _ => self.insert(slot, key, value),
        };
        let last = self.keys.get(self.keys.len() - 1);
        Some((keys::separator(last.as_slice(), right.keys.first().as_slice()), Node::Leaf(Box::new(right))))
    }

    fn remove(&mut self, slot: usize) -> (Key, V) {
        let value = self.values[slot].take().expect("a key has a value");
        self.values[slot..self.keys.len()].rotate_left(1);
        (self.keys.remove(slot), value)
    }

    fn append(&mut self, mut right: Leaf<V>) {
        for (to, from) in self.values[self.keys.len()..].iter_mut().zip(&mut right.values) {
            *to = from.take();
        }
        self.keys.append(right.keys);
    }
}

impl<V> Default for Inner<V> {
    fn default() -> Self {
        Inner { separators: Keys::default(), children: std::array::from_fn(|_| None), count: 0 }
    }
}

impl<V> Inner<V> {
    /// An inner node of some children, as many as there is room for, and the first key that leads to it.
    pub(super) fn of(children: impl Iterator<Item = (Key, Node<V>)>) -> (Key, Inner<V>) {
        let mut inner = Inner::default();
        let mut first = Key::default();
        for (at, (key, child)) in children.enumerate() {
            match at.checked_sub(1) {
                None => first = key,
                Some(at) => inner.separators.insert(at, key),
            }
            inner.children[at] = Some(child);
            inner.count += 1;
        }
        (first, inner)
    }

    /// Which child a key belongs to.
    #[inline]
    pub(super) fn turn(&self, key: &[u8]) -> usize {
        match self.separators.search(key) {
            Ok(at) => at + 1,
            Err(at) => at,
        }
    }

    /// The child that a key belongs to.
    #[inline]
    pub(super) fn child_for(&self, key: &[u8]) -> &Node<V> {
        self.child(self.turn(key))
    }

    #[inline]
    pub(super) fn child(&self, turn: usize) -> &Node<V> {
        self.children[turn].as_ref().expect("a turn leads to a child")
    }

    pub(super) fn child_mut(&mut self, turn: u8) -> &mut Node<V> {
        self.children[usize::from(turn)].as_mut().expect("a turn leads to a child")
    }

    /// How many children it has.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Its child, if it has only one, or an empty leaf if it has none.
    pub(super) fn only_child(&mut self) -> Option<Node<V>> {
        match self.count {
            0 => Some(Node::Leaf(Box::default())),
            1 => self.children[0].take(),
            _ => None,
        }
    }

    /// Puts a node behind the child of this turn, and what leads to it.
    fn insert(&mut self, turn: usize, separator: Key, node: Node<V>) -> Divided<V> {
        if !self.separators.is_full() {
            self.separators.insert(turn, separator);
            self.children[turn + 1..=self.count].rotate_right(1);
            self.children[turn + 1] = Some(node);
            self.count += 1;
            return None;
        }
        let middle = middle(turn, SEPARATORS_MAX);
        let mut right = Inner { separators: self.separators.split_off(middle + 1), ..Inner::default() };
        for (to, from) in right.children.iter_mut().zip(&mut self.children[middle + 1..]) {
            *to = from.take();
        }
        right.count = self.count - (middle + 1);
        self.count = middle + 1;
        let between = self.separators.remove(middle);
        match turn.checked_sub(middle + 1) {
            Some(turn) => right.insert(turn, separator, node),
            None => self.insert(turn, separator, node),
        };
        Some((between, Node::Inner(Box::new(right))))
    }

    /// Joins a child that has become small to a neighbour, or removes it if it is empty.
    fn tidy(&mut self, turn: usize) {
        let child = self.child(turn);
        let (count, count_max) = (child.count(), child.count_max());
        if count == 0 {
            self.remove(turn);
            if self.separators.len() > 0 {
                self.separators.remove(turn.saturating_sub(1));
            }
        } else if count <= few(count_max) {
            let fits = |left: &usize| {
                left + 1 < self.count
                    && self.child(*left).count() + self.child(left + 1).count() <= count_max - few(count_max)
            };
            let left = [Some(turn), turn.checked_sub(1)].into_iter().flatten().find(fits);
            if let Some(left) = left {
                self.join(left);
            }
        }
    }

    /// Takes a child out.
    fn remove(&mut self, turn: usize) -> Option<Node<V>> {
        let removed = self.children[turn].take();
        self.children[turn..self.count].rotate_left(1);
        self.count -= 1;
        removed
    }

    /// Joins a child to the one before it.
    fn join(&mut self, left: usize) {
        let between = self.separators.remove(left);
        match (self.remove(left + 1), &mut self.children[left]) {
            (Some(Node::Leaf(right)), Some(Node::Leaf(left))) => left.append(*right),
            (Some(Node::Inner(right)), Some(Node::Inner(left))) => left.append(between, *right),
            _ => unreachable!("all children are of one height"),
        }
    }

    fn append(&mut self, between: Key, mut right: Inner<V>) {
        self.separators.insert(self.separators.len(), between);
        self.separators.append(right.separators);
        for (to, from) in self.children[self.count..].iter_mut().zip(&mut right.children) {
            *to = from.take();
        }
        self.count += right.count;
    }
}

/// A node that has no more than this, of so many at most, is joined to a neighbour if that leaves as much room.
fn few(count_max: usize) -> usize {
    count_max / 4
}

/// Where a full node is divided into which something is to be put at `slot`. Keys that ascend leave fuller nodes behind.
fn middle(slot: usize, slots: usize) -> usize {
    if slot == slots { slots - few(slots) } else { slots / 2 }
}
