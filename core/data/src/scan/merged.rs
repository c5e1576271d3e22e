//! A scan of a view with a transaction's own writes laid over it.

use std::cmp::Ordering;

use dredis_contract::{Cursor, Direction, Projection, Record, Result, Scan, View};

use crate::codec::{self, RecordKey};
use crate::overlay::{Overlay, Pending};

/// A scan. Where the transaction has written nothing, it is the view's.
pub(crate) struct MergedScan<'t> {
    cursor: Box<dyn Cursor + 't>,
    merge: Option<Box<Merge<'t>>>,
}

/// So many removed records in a row are worth being remembered.
const GAP_MIN: usize = 8;

/// What it takes to look at two sources at once.
struct Merge<'t> {
    view: &'t dyn View,
    overlay: &'t Overlay,
    /// The whole scan, but for its bounds.
    scan: Scan<'static>,
    /// What is left of the range: from here or to here, by the direction.
    start: RecordKey,
    end: Option<RecordKey>,
    /// Writes beyond the next one.
    pending: Pending<'t>,
    /// The next write.
    write: Option<Write<'t>>,
    /// The view's record that comes next, copied out because its cursor has to stand still meanwhile.
    ahead: Ahead,
    key: Vec<u8>,
    value: Vec<u8>,
    /// Removed records passed by since the last one that is there, and where the first of them is (for the first ones of all, the end where
    /// the scan begins).
    passed: usize,
    passed_from: Option<RecordKey>,
    /// Whether some were not passed by one by one.
    has_leapt: bool,
}

/// A write, with its key.
type Write<'t> = (&'t [u8], Option<&'t [u8]>);

/// What is known of the view's next record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ahead {
    /// Not yet looked for.
    Unknown,
    /// In hand.
    Copied,
    /// There is none.
    Nothing,
}

impl<'t> MergedScan<'t> {
    /// Over what a view and a transaction's writes have in a range.
    pub fn new(view: &'t dyn View, overlay: &'t Overlay, scan: &Scan<'_>) -> Result<Self> {
        let mut merge = None;
        let mut bounded = *scan;
        if !overlay.is_empty() {
            let pending = overlay.range(scan.start, scan.end);
            if pending.clone().next().is_some() {
                merge = Some(Box::new(Merge::new(view, overlay, pending, scan)));
            }
        }
        if let Some(merge) = &mut merge {
            merge.leap();
            bounded = merge.left();
        }
        let cursor = view.scan(&bounded)?;
        Ok(MergedScan { cursor, merge })
    }

    /// The next record, or `None` at the end.
    pub fn next(&mut self) -> Result<Option<Record<'_>>> {
        match &mut self.merge {
            None => self.cursor.next(),
            Some(merge) => merge.next(&mut self.cursor),
        }
    }
}

impl<'t> Merge<'t> {
    fn new(view: &'t dyn View, overlay: &'t Overlay, pending: Pending<'t>, scan: &Scan<'_>) -> Self {
        let mut merge = Merge {
            view,
            overlay,
            scan: Scan { start: &[], end: None, ..*scan },
            start: RecordKey::from_slice(scan.start),
            end: scan.end.map(RecordKey::from_slice),
            pending,
            write: None,
            ahead: Ahead::Unknown,
            key: Vec::new(),
            value: Vec::new(),
            passed: 0,
            passed_from: match scan.direction {
                Direction::Forward => Some(RecordKey::from_slice(scan.start)),
                Direction::Reverse => scan.end.map(RecordKey::from_slice),
            },
            has_leapt: false,
        };
        merge.turn_write();
        merge
    }

    fn next<'m>(&'m mut self, cursor: &'m mut Box<dyn Cursor + 't>) -> Result<Option<Record<'m>>> {
        loop {
            if self.write.is_none() && self.ahead != Ahead::Copied && self.passed == 0 && !self.has_leapt {
                // Nothing is left to be merged, and nothing to be noted.
                return if self.ahead == Ahead::Nothing { Ok(None) } else { cursor.next() };
            }
            self.look_ahead(cursor)?;
            let order = match (self.write, self.ahead) {
                (None, Ahead::Copied) => Ordering::Less,
                (None, _) => {
                    self.note_gap(None);
                    return Ok(None);
                }
                (Some((key, _)), Ahead::Copied) => self.order(key),
                (Some(_), _) => Ordering::Greater,
            };
            if order == Ordering::Less {
                let key = std::mem::take(&mut self.key);
                self.note_gap(Some(&key));
                self.key = key;
                self.ahead = Ahead::Unknown;
                return Ok(Some(Record { key: &self.key, value: &self.value }));
            }
            if order == Ordering::Equal {
                self.ahead = Ahead::Unknown;
            }
            let Some((key, value)) = self.write else { continue };
            self.turn_write();
            if let Some(value) = value {
                self.note_gap(Some(key));
                let value = if self.scan.projection == Projection::Keys { &[] } else { value };
                return Ok(Some(Record { key, value }));
            }
            self.pass(key, cursor)?;
        }
    }

    /// How the view's next record stands to a write's key in the direction of the scan.
    fn order(&self, key: &[u8]) -> Ordering {
        match self.scan.direction {
            Direction::Forward => self.key.as_slice().cmp(key),
            Direction::Reverse => key.cmp(&self.key),
        }
    }

    fn look_ahead(&mut self, cursor: &mut Box<dyn Cursor + 't>) -> Result<()> {
        if self.ahead == Ahead::Unknown {
            self.ahead = match cursor.next()? {
                None => Ahead::Nothing,
                Some(record) => {
                    self.key.clear();
                    self.key.extend_from_slice(record.key);
                    self.value.clear();
                    self.value.extend_from_slice(record.value);
                    Ahead::Copied
                }
            };
        }
        Ok(())
    }

    fn turn_write(&mut self) {
        let next = match self.scan.direction {
            Direction::Forward => self.pending.next(),
            Direction::Reverse => self.pending.next_back(),
        };
        self.write = next.map(|(key, value)| (&**key, value.as_deref()));
    }

    /// Passes by a record that was removed; where it is known that more of them follow, by all of those.
    fn pass(&mut self, key: &[u8], cursor: &mut Box<dyn Cursor + 't>) -> Result<()> {
        self.passed += 1;
        self.passed_from.get_or_insert_with(|| match self.scan.direction {
            Direction::Forward => RecordKey::from_slice(key),
            Direction::Reverse => codec::just_after(key),
        });
        // To look for a leap at each one would cost more than it saves.
        if !self.passed.is_power_of_two() {
            return Ok(());
        }
        match self.scan.direction {
            Direction::Forward => self.start = codec::just_after(key),
            Direction::Reverse => self.end = Some(RecordKey::from_slice(key)),
        }
        if self.leap() {
            *cursor = self.view.scan(&self.left())?;
            self.ahead = Ahead::Unknown;
        }
        Ok(())
    }

    /// Narrows what is left if it begins with an empty range; whether it does.
    fn leap(&mut self) -> bool {
        let gaps = self.overlay.gaps.borrow();
        let from = match self.scan.direction {
            Direction::Forward => Some(&self.start),
            Direction::Reverse => self.end.as_ref(),
        };
        let Some(to) = from.and_then(|from| gaps.leap(from, self.scan.direction)).cloned() else {
            return false;
        };
        drop(gaps);
        // The empty range may go on beyond this scan's.
        match (self.scan.direction, &self.end) {
            (Direction::Forward, Some(end)) => self.start = to.min(end.clone()),
            (Direction::Forward, None) => self.start = to,
            (Direction::Reverse, _) => self.end = Some(to.max(self.start.clone())),
        }
        self.has_leapt = true;
        self.pending = self.overlay.range(&self.start, self.end.as_deref());
        self.turn_write();
        true
    }

    /// What is left to be scanned.
    fn left(&self) -> Scan<'_> {
        Scan { start: &self.start, end: self.end.as_deref(), ..self.scan }
    }

    /// Remembers that nothing is left between where removed records began and the record at `reached`, or the end of the scan.
    fn note_gap(&mut self, reached: Option<&[u8]>) {
        let (passed, has_leapt) = (self.passed, self.has_leapt);
        (self.passed, self.has_leapt) = (0, false);
        let Some(from) = self.passed_from.take() else { return };
        // What was leapt over is known already.
        if passed < if has_leapt { 1 } else { GAP_MIN } {
            return;
        }
        let mut gaps = self.overlay.gaps.borrow_mut();
        match (self.scan.direction, reached) {
            (Direction::Forward, Some(reached)) => gaps.add(&from, reached),
            (Direction::Forward, None) => {
                if let Some(end) = &self.end {
                    gaps.add(&from, end);
                }
            }
            (Direction::Reverse, Some(reached)) => gaps.add(&codec::just_after(reached), &from),
            (Direction::Reverse, None) => gaps.add(&self.start, &from),
        }
    }
}

#[cfg(test)]
mod tests;
