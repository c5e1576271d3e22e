//! The records: what they are now, and through their history what they were.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::iter::Peekable;
use std::mem;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use dredis_plugin::Direction;

use crate::history::{History, Step, Versions};
use crate::key::Key;
use crate::registry::Sequence;

/// Longer values are shared with those who read them, and copied before the lock is taken. Up to here, copying costs
/// hardly more than counting those who share.
pub(crate) const SMALL_VALUE_BYTES_MAX: usize = 1024;

/// Everything behind the lock. Not aware of locks, nor of who looks.
#[derive(Default)]
pub(crate) struct Records {
    current: BTreeMap<Key, Arc<[u8]>>,
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
    pub(crate) fn new(current: Vec<(Key, Arc<[u8]>)>) -> Records {
        Records { current: current.into_iter().collect(), ..Records::default() }
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

    pub(crate) fn apply(&mut self, change: Change<'_>, step: &mut Step) {
        match change {
            Change::Put { key, value } => self.put(key, value, step),
            Change::Delete { key } => {
                if let Some((key, old)) = self.current.remove_entry(&key) {
                    self.history.keep(key, Some(old), step);
                }
            }
        }
    }

    fn put(&mut self, key: Key, value: NewValue<'_>, step: &mut Step) {
        let nobody_sees_it = step.needed.is_empty();
        match self.current.entry(key) {
            Entry::Occupied(mut entry) => {
                if nobody_sees_it && overwrite(entry.get_mut(), &value) {
                    return;
                }
                let old = mem::replace(entry.get_mut(), value.into_shared());
                if nobody_sees_it {
                    step.garbage.push(Some(old));
                } else {
                    self.history.keep(entry.key().clone(), Some(old), step);
                }
            }
            Entry::Vacant(entry) => {
                if !nobody_sees_it {
                    self.history.keep(entry.key().clone(), None, step);
                }
                entry.insert(value.into_shared());
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
        let range = (Bound::Included(start), Bound::Excluded(end));
        let mut removed = 0;
        for (key, old) in
            self.current.extract_if::<_, (Bound<&Key>, Bound<&Key>)>(range, |_, _| true).take(count_max)
        {
            self.history.keep(key, Some(old), step);
            removed += 1;
        }
        removed
    }

    /// The value of `key` that a view of `sequence` sees.
    #[inline]
    pub(crate) fn get(&self, key: &[u8], sequence: Sequence) -> Option<&Arc<[u8]>> {
        if sequence < self.newest
            && let Some(content) = self.history.find(key, sequence)
        {
            return content.as_ref();
        }
        if Key::is_short(key.len()) { self.current.get(&Key::new(key)) } else { self.current.get(key) }
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
        let current = self.current.range::<[u8], _>(range);
        if sequence == self.newest || self.history.is_empty() {
            let mut show = |(key, value)| visit(key, Some(value));
            return match direction {
                Direction::Forward => { current }.try_for_each(&mut show),
                Direction::Reverse => current.rev().try_for_each(&mut show),
            };
        }
        let history = self.history.range(range);
        match direction {
            Direction::Forward => merge(current, history, Key::cmp, sequence, visit),
            Direction::Reverse => merge(current.rev(), history.rev(), |a, b| b.cmp(a), sequence, visit),
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
