//! Which commits are published, and which views are open.
//!
//! Its lock is held for some nanoseconds at a time, so that taking a view waits for nobody's work. Where both locks are
//! held, this is the inner one and that of the records the outer one.

use parking_lot::Mutex;

/// The number of a commit. A view carries that of the last commit that it sees.
pub(crate) type Sequence = u64;

/// The open views, by what they see.
#[derive(Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What new views see.
    published: Sequence,
    /// What open views see, ascending, each with the number of views.
    open: Vec<(Sequence, usize)>,
    /// Whether there may be any history.
    has_history: bool,
}

/// What has become of the history when the last view was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leftover {
    /// There is none, or there are views that may need it.
    None,
    /// Nobody needs it any more.
    Garbage,
}

impl Registry {
    /// Opens a view of all published commits.
    pub(crate) fn open(&self) -> Sequence {
        let mut state = self.state.lock();
        let published = state.published;
        match state.open.last_mut() {
            Some((sequence, views)) if *sequence == published => *views += 1,
            _ => state.open.push((published, 1)),
        }
        published
    }

    /// Closes a view.
    pub(crate) fn close(&self, sequence: Sequence) -> Leftover {
        let mut state = self.state.lock();
        let at = state.open.binary_search_by_key(&sequence, |&(sequence, _)| sequence);
        let at = at.expect("a view is closed once, and was open until then");
        state.open[at].1 -= 1;
        if state.open[at].1 == 0 {
            state.open.remove(at);
        }
        if state.has_history && state.open.is_empty() { Leftover::Garbage } else { Leftover::None }
    }

    /// Lists in `needed`, ascending, whatever views see that may be older than the changes which the caller is going to
    /// make. The caller holds the lock of the records, and keeps history for each.
    ///
    /// Before other steps than a commit's last one these are the open views and those that will be opened meanwhile.
    pub(crate) fn begin_step(&self, needed: &mut Vec<Sequence>) {
        let mut state = self.state.lock();
        list(&state, needed);
        if needed.last() != Some(&state.published) {
            needed.push(state.published);
        }
        state.has_history = true;
    }

    /// The same before a commit's last step, which publishes it: from now on views are opened that see it. They can't
    /// look at the records before the caller releases their lock, and so find it complete.
    pub(crate) fn begin_last_step(&self, commit: Sequence, needed: &mut Vec<Sequence>) {
        let mut state = self.state.lock();
        list(&state, needed);
        state.published = commit;
        state.has_history = !needed.is_empty();
    }

    /// Whether no view needs any history while the newest commit that has begun is `newest`. The caller holds the lock
    /// of the records, and clears the history if so.
    pub(crate) fn may_clear_history(&self, newest: Sequence) -> bool {
        let mut state = self.state.lock();
        // While a commit is half done, views may be opened that are older.
        let clear = state.open.is_empty() && state.published == newest;
        state.has_history &= !clear;
        clear
    }
}

fn list(state: &State, needed: &mut Vec<Sequence>) {
    needed.clear();
    needed.extend(state.open.iter().map(|&(sequence, _)| sequence));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_protects_open_views_and_those_that_are_going_to_be_opened() {
        let registry = Registry::default();
        let mut needed = vec![9];
        registry.begin_last_step(1, &mut needed);
        assert_eq!(needed, []);
        let (first, second) = (registry.open(), registry.open());
        assert_eq!((first, second), (1, 1));
        registry.begin_last_step(2, &mut needed);
        assert_eq!(needed, [1]);
        registry.begin_step(&mut needed);
        assert_eq!(needed, [1, 2]);
        assert_eq!(registry.close(first), Leftover::None);
        assert_eq!(registry.close(second), Leftover::Garbage);
        assert!(!registry.may_clear_history(3));
        assert!(registry.may_clear_history(2));
        let third = registry.open();
        assert_eq!(third, 2);
        assert_eq!(registry.close(third), Leftover::None);
    }
}
