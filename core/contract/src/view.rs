//! Reading: views, values and cursors.

use std::fmt;
use std::ops::Deref;

use crate::Result;

/// A consistent, repeatable read of everything that was committed before it was taken. (Kit: `a_view_repeats_itself`,
/// `a_view_never_shows_later_commits`, `many_views_of_many_moments_stay_apart`.)
///
/// Views are taken for every batch of reads, so taking one must be cheap. They may be used from several
/// threads at once and dropped on another thread than the one that took them. (Kit:
/// `a_view_is_shared_by_threads_and_dropped_on_any`.)
pub trait View: Send + Sync {
    /// The value of `key`, or `None` if there is none. The value may borrow from the view (kit:
    /// `a_value_lives_as_long_as_its_view`).
    ///
    /// A key that is longer than [`crate::Limits::key_bytes_max`] cannot have been put, so that there is none; asking
    /// for it is no error. (Kit: `keys_beyond_the_limit_are_merely_absent`.)
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>>;

    /// The values of several keys, in the order asked. Worth overriding where one call beats many. (Kit:
    /// `values_are_read_in_the_order_asked`.)
    fn get_many<'v>(&'v self, keys: &[&[u8]]) -> Result<Vec<Option<Value<'v>>>> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// A cursor over the keys in `scan`'s range, in its direction. It sees what the view sees (kit:
    /// `a_cursor_sees_what_its_view_sees`). A range whose end is not greater than its start is empty, which is no
    /// error (kit: `a_scan_of_an_empty_range_brings_nothing`). Bounds may be longer than any key can be: they still
    /// have their place in the order (kit: `keys_beyond_the_limit_are_merely_absent`).
    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>>;

    /// The moment that this view shows, for [`crate::Batch::resting_on`]. Only shared engines need to tell one from
    /// another.
    fn moment(&self) -> Result<Moment> {
        Ok(Moment::default())
    }
}

/// A number that a shared engine gives to what a view shows: the number of a commit, a timestamp, a version. Whoever
/// holds it makes nothing of it but to hand it back, and views of one moment show the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Moment(pub u64);

/// Which way a scan goes. (Kit: `a_scan_goes_both_ways`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the first key of the range upwards.
    Forward,
    /// From the last key of the range downwards.
    Reverse,
}

/// What a scan brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Projection {
    /// Keys only; values come back empty. (Kit: `a_scan_for_keys_brings_no_values`.)
    Keys,
    /// Keys and values.
    Entries,
}

/// A range to read. (Kit: `a_scan_keeps_to_its_range`, `a_long_scan_brings_every_record_once`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan<'a> {
    /// First key of the range (included). Empty: from the very first.
    pub start: &'a [u8],
    /// End of the range (not included). `None`: to the very last.
    pub end: Option<&'a [u8]>,
    /// Which end comes first.
    pub direction: Direction,
    /// Keys or entries.
    pub projection: Projection,
    /// How many records the caller expects to take; a hint for read-ahead, not a limit. 0: unknown. (Kit:
    /// `an_expected_number_is_a_hint`.)
    pub expected: usize,
}

impl<'a> Scan<'a> {
    /// A forward scan of entries over `start..end`.
    pub fn range(start: &'a [u8], end: &'a [u8]) -> Self {
        Scan {
            start,
            end: Some(end),
            direction: Direction::Forward,
            projection: Projection::Entries,
            expected: 0,
        }
    }

    /// A forward scan of everything.
    pub fn all() -> Scan<'static> {
        Scan {
            start: &[],
            end: None,
            direction: Direction::Forward,
            projection: Projection::Entries,
            expected: 0,
        }
    }

    /// The same from its other end.
    pub fn reverse(self) -> Self {
        Scan { direction: Direction::Reverse, ..self }
    }

    /// The same without values.
    pub fn keys(self) -> Self {
        Scan { projection: Projection::Keys, ..self }
    }

    /// The same with a hint of how many records will be taken.
    pub fn expecting(self, expected: usize) -> Self {
        Scan { expected, ..self }
    }
}

/// One record under a cursor. It lives until the cursor moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'c> {
    /// The key.
    pub key: &'c [u8],
    /// The value; empty if the scan asked for keys only.
    pub value: &'c [u8],
}

/// A position in a scan.
pub trait Cursor: Send {
    /// Moves to the next record of the scan (at first: to its first record) and shows it; `None` at the end, and from
    /// then on (kit: `a_cursor_at_its_end_stays_there`). After an error the cursor is only good for dropping.
    fn next(&mut self) -> Result<Option<Record<'_>>>;
}

/// A value that was read: borrowed from the engine, owned, or held by its maker until dropped.
pub enum Value<'v> {
    /// Lives in the engine's memory (its map, its cache) as long as the view.
    Borrowed(&'v [u8]),
    /// An ordinary vector.
    Owned(Vec<u8>),
    /// Kept by whoever made it, and released by dropping this.
    Held(Box<dyn AsRef<[u8]> + Send + Sync + 'v>),
}

impl Value<'_> {
    /// The bytes, copied unless they are owned already.
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            Value::Owned(bytes) => bytes,
            other => other.to_vec(),
        }
    }
}

impl Deref for Value<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Value::Borrowed(bytes) => bytes,
            Value::Owned(bytes) => bytes,
            Value::Held(holder) => (**holder).as_ref(),
        }
    }
}

impl AsRef<[u8]> for Value<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Value(\"{}\")", self.escape_ascii())
    }
}
