//! The records: what they are now, and through their history what they were.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::mem;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use dredis_plugin::Direction;

use crate::history::{History, Step, Versions};
use crate::key::Key;
use crate::registry::Sequence;
use crate::tree::Tree;

/// Longer values are shared with those who read them, and copied before the lock is taken. Up to here, copying costs
/// hardly more than counting those who share.
pub(crate) const SMALL_VALUE_BYTES_MAX: usize = 1024;

/// Everything behind the lock. Not aware of locks, nor of who looks.
#[derive(Default)]
pub(crate) struct Records {
    current: Tree<Arc<[u8]>>,
    pub(crate) history: History,
    /// The last commit that has begun. Only views that are older need the history.
    newest: Sequence,
}

/// One change of a step, made ready before the lock is taken.
pub(crate) enum Change<'a> {
    Put { key: Key, value: NewValue<'a> },
    Delete { key: Key },
}

/// The value of a put.
pub(crate) enum NewValue<'a> {
    /// To be copied: over the old value if it is as long and nobody sees it any more.
    Small(&'a [u8]),
    /// A copy, made beforehand.
    Large(Arc<[u8]>),
}

impl Change<'_> {
    fn key(&self) -> &Key {
        match self {
            Change::Put { key, .. } | Change::Delete { key } => key,
        }
    }
}

impl NewValue<'_> {
    fn into_shared(self) -> Arc<[u8]> {
        match self {
            NewValue::Small(bytes) => Arc::from(bytes),
            NewValue::Large(bytes) => bytes,
        }
    }
}

impl Records {
    /// Just these, of several under one key the last.
    pub(crate) fn new(mut current: Vec<(Key, Arc<[u8]>)>) -> Records {
        // Stable, so that the last of several is the last of its like.
        current.sort_by(|(left, _), (right, _)| left.cmp(right));
        current.dedup_by(|later, earlier| {
            let is_same = later.0 == earlier.0;
            if is_same {
                mem::swap(later, earlier);
            }
            is_same
        });
        Records { current: Tree::of_ascending(current), ..Records::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.current.len()
    }

    pub(crate) fn newest(&self) -> Sequence {
        self.newest
    }

    /// Called before the first change of a commit, and harmless before its others.
    pub(crate) fn begin(&mut self, commit: Sequence) {
        self.newest = commit;
    }

    /// Brings what these changes will look at into the processor's caches.
    pub(crate) fn touch(&self, changes: &[Change<'_>]) {
        self.current.touch(changes.iter().map(|change| change.key().as_slice()));
    }

    pub(crate) fn apply(&mut self, change: Change<'_>, step: &mut Step) {
        match change {
            Change::Put { key, value } => self.put(key, value, step),
            Change::Delete { key } => {
                if let Some((key, old)) = self.current.remove(key.as_slice()) {
                    self.history.keep(key, Some(old), step);
                }
            }
        }
    }

    fn put(&mut self, key: Key, value: NewValue<'_>, step: &mut Step) {
        let nobody_sees_it = step.needed.is_empty();
        let place = self.current.place(key.as_slice());
        match self.current.value_mut(&place) {
            Some(before) => {
                if nobody_sees_it && overwrite(before, &value) {
                    return;
                }
                let before = mem::replace(before, value.into_shared());
                if nobody_sees_it {
                    step.garbage.push(Some(before));
                } else {
                    self.history.keep(key, Some(before), step);
                }
            }
            None => {
                if !nobody_sees_it {
                    self.history.keep(key.clone(), None, step);
                }
                self.current.insert(&place, key, value.into_shared());
            }
        }
    }

    /// Removes the first records of `start..end`, `count_max` of them if there are as many. Returns how many.
    pub(crate) fn remove_first(
        &mut self,
        start: &Key,
        end: &Key,
        count_max: usize,
        step: &mut Step,
    ) -> usize {
        let range = (Bound::Included(start.as_slice()), Bound::Excluded(end.as_slice()));
        let first = self.current.range(range, Direction::Forward).take(count_max);
        let keys: Vec<Key> = first.map(|(key, _)| key.clone()).collect();
        for key in &keys {
            if let Some((key, old)) = self.current.remove(key.as_slice()) {
                self.history.keep(key, Some(old), step);
            }
        }
        keys.len()
    }

    /// The value of `key` that a view of `sequence` sees.
    #[inline]
    pub(crate) fn get(&self, key: &[u8], sequence: Sequence) -> Option<&Arc<[u8]>> {
        if sequence < self.newest
            && let Some(content) = self.history.find(key, sequence)
        {
            return content.as_ref();
        }
        self.current.get(key)
    }

    /// Shows `visit` the records of a range in order, until it breaks off: to each key what a view of `sequence` sees,
    /// which may be nothing.
    pub(crate) fn visit<'r>(
        &'r self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
        sequence: Sequence,
        mut visit: impl FnMut(&'r Key, Option<&'r Arc<[u8]>>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut current = self.current.range(range, direction);
        if sequence == self.newest || self.history.is_empty() {
            return current.try_for_each(|(key, value)| visit(key, Some(value)));
        }
        let history = self.history.range(range);
        match direction {
            Direction::Forward => merge(current, history, Key::cmp, sequence, visit),
            Direction::Reverse => merge(current, history.rev(), |a, b| b.cmp(a), sequence, visit),
        }
    }
}

/// Writes over the old value, if that can be done. It spares freeing one and allocating the other.
fn overwrite(old: &mut Arc<[u8]>, new: &NewValue<'_>) -> bool {
    let NewValue::Small(new) = new else { return false };
    match Arc::get_mut(old) {
        Some(old) if old.len() == new.len() => {
            old.copy_from_slice(new);
            true
        }
        _ => false,
    }
}

/// Shows `visit` the keys of both, which come in the order that `compare` says, until it breaks off.
fn merge<'r>(
    current: impl Iterator<Item = (&'r Key, &'r Arc<[u8]>)>,
    history: impl Iterator<Item = (&'r Key, &'r Versions)>,
    compare: impl Fn(&Key, &Key) -> Ordering,
    sequence: Sequence,
    mut visit: impl FnMut(&'r Key, Option<&'r Arc<[u8]>>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let (mut current, mut history): (Peekable<_>, Peekable<_>) = (current.peekable(), history.peekable());
    loop {
        let order = match (current.peek(), history.peek()) {
            (None, None) => return ControlFlow::Continue(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((key, _)), Some((changed, _))) => compare(key, changed),
        };
        let now = if order.is_le() { current.next() } else { None };
        let before = if order.is_ge() { history.next() } else { None };
        let content = match before.map(|(_, versions)| versions.seen_from(sequence)) {
            Some(Some(content)) => content.as_ref(),
            Some(None) | None => now.map(|(_, value)| value),
        };
        let key = now.map(|(key, _)| key).or(before.map(|(key, _)| key));
        visit(key.expect("one of the two has a next record"), content)?;
    }
}
