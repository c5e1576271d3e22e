//! History: what records were before they changed, for the views that are older than the change.
//!
//! A record that is not in here has been, for all open views, what it is now. What no open view needs any more is
//! dropped when its record changes again, and by a hand that goes round the whole history, a few records with each step of a
//! commit: the history never grows far beyond what open views need.

use std::collections::BTreeMap;
use std::collections::btree_map::{Entry, Range};
use std::mem;
use std::ops::Bound;
use std::sync::Arc;

use crate::key::Key;
use crate::registry::Sequence;

/// The bytes of a value. `None` where a record was absent.
pub(crate) type Content = Option<Arc<[u8]>>;

/// How many records' history is looked through for each operation of a commit. As each adds one at most, a round
/// ends before the history has grown by half.
const LOOKED_THROUGH_PER_OPERATION: usize = 2;

/// A part of a commit that is applied under one hold of the lock: on whose behalf, and what is left over.
#[derive(Default)]
pub(crate) struct Step {
    pub(crate) commit: Sequence,
    /// What the views see that are older than the commit, ascending.
    pub(crate) needed: Vec<Sequence>,
    /// What nobody needs any more. Freeing it takes time, so that it waits for the lock to be released.
    pub(crate) garbage: Vec<Content>,
    /// Whether the history holds anything from before the commit. If not, all of it is needed until the commit ends.
    pub(crate) has_old_history: bool,
}

/// Former states of records.
#[derive(Default)]
pub(crate) struct History {
    records: BTreeMap<Key, Versions>,
    /// The last record that the hand has looked through.
    hand: Option<Key>,
}

/// One former state of a record.
struct Version {
    content: Content,
    /// The commit that ended it. It began with the version before; the oldest one has always been, for all that open
    /// views know.
    until: Sequence,
}

/// The former states of a record, of which there nearly always is one.
pub(crate) struct Versions {
    oldest: Version,
    /// Ascending.
    later: Vec<Version>,
}

impl History {
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Keeps what `key` was until the step's commit, if a view sees it. It becomes garbage otherwise.
    pub(crate) fn keep(&mut self, key: Key, content: Content, step: &mut Step) {
        // No view is as new as the commit, so that the newest one alone decides.
        let Some(&newest) = step.needed.last() else { return step.garbage.push(content) };
        let version = Version { content, until: step.commit };
        match self.records.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(Versions { oldest: version, later: Vec::new() });
            }
            Entry::Occupied(entry) if newest < entry.get().last_until() => step.garbage.push(version.content),
            Entry::Occupied(mut entry) => {
                let versions = entry.get_mut();
                if versions.prune(&step.needed) {
                    versions.later.push(version);
                } else {
                    versions.oldest = version;
                    versions.later.clear();
                }
            }
        }
    }

    /// What a view of `sequence` sees of `key`; `None` if it is what the record is now.
    pub(crate) fn find(&self, key: &[u8], sequence: Sequence) -> Option<&Content> {
        self.records.get(key)?.seen_from(sequence)
    }

    /// The records in a range that have a history.
    pub(crate) fn range(&self, range: (Bound<&[u8]>, Bound<&[u8]>)) -> Range<'_, Key, Versions> {
        self.records.range::<[u8], _>(range)
    }

    /// Drops what no view sees any more, from some records, with each step of so many operations.
    pub(crate) fn sweep(&mut self, needed: &[Sequence], operations: usize) {
        if operations == 0 {
            return;
        }
        let start = self.hand.take();
        let start = start.as_ref().map_or(Bound::Unbounded, |hand| Bound::Excluded(hand.as_slice()));
        let mut unneeded = Vec::new();
        let mut last = None;
        let looked_through_max = LOOKED_THROUGH_PER_OPERATION * operations;
        let mut looked_through = 0;
        for (key, versions) in
            self.records.range_mut::<[u8], _>((start, Bound::Unbounded)).take(looked_through_max)
        {
            if !versions.prune(needed) {
                unneeded.push(key.clone());
            }
            last = Some(key);
            looked_through += 1;
        }
        // At the end it starts anew.
        if looked_through == looked_through_max {
            self.hand = last.cloned();
        }
        for key in unneeded {
            self.records.remove(&key);
        }
    }

    /// How many former states there are.
    #[cfg(test)]
    pub(crate) fn versions(&self) -> usize {
        self.records.values().map(|versions| 1 + versions.later.len()).sum()
    }
}

impl Versions {
    /// What a view of `sequence` sees; `None` if it is what the record is now.
    pub(crate) fn seen_from(&self, sequence: Sequence) -> Option<&Content> {
        if sequence < self.oldest.until {
            return Some(&self.oldest.content);
        }
        let at = self.later.partition_point(|version| version.until <= sequence);
        self.later.get(at).map(|version| &version.content)
    }

    fn last_until(&self) -> Sequence {
        self.later.last().unwrap_or(&self.oldest).until
    }

    /// Drops the versions that none of the views `needed` sees. If that is all of them, it drops none and says `false`.
    ///
    /// Those around a dropped one close the gap: no view is in it, and none will be, as new views are never old.
    fn prune(&mut self, needed: &[Sequence]) -> bool {
        let is_needed = |from: Sequence, until: Sequence| {
            let at = needed.partition_point(|&sequence| sequence < from);
            needed.get(at).is_some_and(|&sequence| sequence < until)
        };
        let mut from = self.oldest.until;
        let keep_oldest = is_needed(0, from);
        if self.later.is_empty() {
            return keep_oldest;
        }
        self.later.retain(|version| is_needed(mem::replace(&mut from, version.until), version.until));
        if !keep_oldest {
            if self.later.is_empty() {
                return false;
            }
            self.oldest = self.later.remove(0);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Content {
        Some(Arc::from(text.as_bytes()))
    }

    /// What a view finds where the record has a history.
    fn find(history: &History, key: &[u8], sequence: Sequence) -> Option<String> {
        let text = |content: &Content| match content {
            Some(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            None => "absent".to_owned(),
        };
        history.find(key, sequence).map(text)
    }

    fn step(commit: Sequence, needed: &[Sequence]) -> Step {
        Step { commit, needed: needed.to_vec(), ..Step::default() }
    }

    #[test]
    fn each_view_finds_its_version_and_unneeded_ones_go() {
        let mut history = History::default();
        let mut keep = |content: Content, commit, needed: &[Sequence]| {
            let mut step = step(commit, needed);
            history.keep(Key::new(b"k"), content, &mut step);
            step.garbage.is_empty()
        };
        assert!(!keep(None, 4, &[]));
        assert!(keep(None, 5, &[2, 4]));
        assert!(!keep(content("a"), 6, &[2, 4]));
        assert!(keep(content("b"), 8, &[2, 4, 7]));
        assert!(keep(content("c"), 9, &[2, 4, 7, 8]));
        assert_eq!(history.versions(), 3);
        for (sequence, seen) in
            [(2, Some("absent")), (4, Some("absent")), (7, Some("b")), (8, Some("c")), (9, None)]
        {
            assert_eq!(find(&history, b"k", sequence).as_deref(), seen, "view {sequence}");
        }
        history.sweep(&[4, 8], 1);
        assert_eq!(history.versions(), 2);
        assert_eq!(find(&history, b"k", 4).unwrap(), "absent");
        assert_eq!(find(&history, b"k", 8).unwrap(), "c");
        history.sweep(&[8], 1);
        assert_eq!(history.versions(), 1);
        assert_eq!(find(&history, b"k", 8).unwrap(), "c");
        history.sweep(&[9], 1);
        assert!(history.is_empty());
    }

    #[test]
    fn the_hand_goes_round() {
        let mut history = History::default();
        for key in 0..100_u8 {
            history.keep(Key::new(&[key]), None, &mut step(5, &[4]));
        }
        for _ in 0..75 {
            history.sweep(&[4], 1);
        }
        assert_eq!(history.versions(), 100);
        for _ in 0..24 {
            history.sweep(&[5], 1);
        }
        assert!(!history.is_empty());
        for _ in 0..30 {
            history.sweep(&[5], 1);
        }
        assert!(history.is_empty());
    }
}
