//! Changes of a commit, for an engine and for the ordered map against which it is judged.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use dredis_contract::{Backend, Batch, Commit, Direction, Operation, Projection, Scan};

use crate::bytes::show;
use crate::check::{Ending, Proof};

/// What an engine should hold.
pub(crate) type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// Keys with their values, in the order of a scan.
pub(crate) type Records = Vec<(Vec<u8>, Vec<u8>)>;

/// One change, owning its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    DeleteRange(Vec<u8>, Vec<u8>),
}

impl Change {
    pub(crate) fn put(key: &[u8], value: &[u8]) -> Self {
        Change::Put(key.to_vec(), value.to_vec())
    }

    pub(crate) fn delete(key: &[u8]) -> Self {
        Change::Delete(key.to_vec())
    }

    pub(crate) fn delete_range(start: &[u8], end: &[u8]) -> Self {
        Change::DeleteRange(start.to_vec(), end.to_vec())
    }

    /// The key by which it is sorted.
    pub(crate) fn start(&self) -> &[u8] {
        match self {
            Change::Put(key, _) | Change::Delete(key) | Change::DeleteRange(key, _) => key,
        }
    }

    fn operation(&self) -> Operation<'_> {
        match self {
            Change::Put(key, value) => Operation::Put { key, value },
            Change::Delete(key) => Operation::Delete { key },
            Change::DeleteRange(start, end) => Operation::DeleteRange { start, end },
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Put(key, value) => write!(formatter, "put {} = {}", show(key), show(value)),
            Change::Delete(key) => write!(formatter, "delete {}", show(key)),
            Change::DeleteRange(start, end) => write!(formatter, "delete {}..{}", show(start), show(end)),
        }
    }
}

/// Puts of these pairs, which need not be sorted; the last of several with one key counts.
pub(crate) fn puts<K: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (K, V)>) -> Vec<Change> {
    let sorted: BTreeMap<Vec<u8>, Vec<u8>> =
        pairs.into_iter().map(|(key, value)| (key.as_ref().to_vec(), value.as_ref().to_vec())).collect();
    sorted.into_iter().map(|(key, value)| Change::Put(key, value)).collect()
}

/// Commits; anything but success is a failure of the check.
pub(crate) fn commit(backend: &dyn Backend, changes: &[Change]) -> Proof {
    match try_commit(backend, changes) {
        Ok(Commit::Done) => Ok(()),
        Ok(other) => Err(Ending::failed(format!(
            "a commit that rests on nothing ended as {other:?}, which is for commits on shared engines that rest on a view"
        ))),
        Err(error) => Err(Ending::from(error).during(format!("a commit of {} changes", changes.len()))),
    }
}

/// Commits and tells how that went.
pub(crate) fn try_commit(backend: &dyn Backend, changes: &[Change]) -> dredis_contract::Result<Commit> {
    backend.commit(&Batch::new(&operations(changes)))
}

/// The changes as a batch has them.
pub(crate) fn operations(changes: &[Change]) -> Vec<Operation<'_>> {
    changes.iter().map(Change::operation).collect()
}

/// What the changes do to the model.
pub(crate) fn apply(model: &mut Model, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Put(key, value) => drop(model.insert(key.clone(), value.clone())),
            Change::Delete(key) => drop(model.remove(key)),
            Change::DeleteRange(start, end) => model.retain(|key, _| key < start || key >= end),
        }
    }
}

/// What a scan of the model brings.
pub(crate) fn expected(model: &Model, scan: &Scan<'_>) -> Records {
    if scan.end.is_some_and(|end| end <= scan.start) {
        return Vec::new();
    }
    let end = scan.end.map_or(Bound::Unbounded, Bound::Excluded);
    let range = model.range::<[u8], _>((Bound::Included(scan.start), end));
    let value = |value: &Vec<u8>| match scan.projection {
        Projection::Keys => Vec::new(),
        Projection::Entries => value.clone(),
    };
    let mut records: Records = range.map(|(key, found)| (key.clone(), value(found))).collect();
    if scan.direction == Direction::Reverse {
        records.reverse();
    }
    records
}
