//! The map: applies commits in steps.

use std::mem;
use std::sync::Arc;

use dredis_plugin::{Batch, Operation};
use parking_lot::{Mutex, RwLock, RwLockWriteGuard};

use crate::history::{History, Step};
use crate::key::Key;
use crate::records::{Change, NewValue, Records, SMALL_VALUE_BYTES_MAX};
use crate::registry::{Leftover, Registry, Sequence};

/// Most records that are changed under one hold of the lock: what readers may have to wait for, some 0.1 ms.
const STEP_RECORDS_MAX: usize = 256;

/// A commit's last step, or only one, may be a little longer: it is the one that keeps no history for views to come.
const LAST_STEP_RECORDS_MAX: usize = 2 * STEP_RECORDS_MAX;

/// Fewer changes than this are not worth looking ahead.
const TOUCHED_MIN: usize = 4;

/// The map. Views are taken with [`crate::MapView::open`].
#[derive(Default)]
pub struct SnapshotMap {
    pub(crate) records: RwLock<Records>,
    pub(crate) registry: Registry,
    /// Held through a commit; commits hand it on.
    writer: Mutex<Step>,
}

impl SnapshotMap {
    pub(crate) fn of(records: Records) -> SnapshotMap {
        SnapshotMap { records: RwLock::new(records), ..SnapshotMap::default() }
    }

    /// How many records there are now.
    pub fn len(&self) -> usize {
        self.records.read().len()
    }

    /// Whether there is no record now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Applies all of `batch`. Views opened after it returned see it, older ones never do; no view sees a part of it.
    pub fn commit(&self, batch: &Batch<'_>) {
        let mut operations = batch.operations();
        let mut changes = Vec::with_capacity(operations.len().min(LAST_STEP_RECORDS_MAX));
        let mut published = false;
        let mut writer = self.writer.lock();
        let step = &mut *writer;
        step.commit += 1;
        step.has_old_history = !self.records.read().history.is_empty();
        while let Some(&first) = operations.first() {
            if let Operation::DeleteRange { start, end } = first {
                operations = &operations[1..];
                self.delete_range(start, end, step);
                continue;
            }
            let fits = operations.len() <= LAST_STEP_RECORDS_MAX;
            let count_max = if fits { operations.len() } else { STEP_RECORDS_MAX };
            changes.extend(operations.iter().take(count_max).map_while(change));
            operations = &operations[changes.len()..];
            published = operations.is_empty();
            if changes.len() >= TOUCHED_MIN {
                // Nobody else changes the records meanwhile.
                self.records.read().touch(&changes);
            }
            self.step(step, Publish::when(published), |records, step| {
                let count = changes.len();
                changes.drain(..).for_each(|change| records.apply(change, step));
                count
            });
        }
        if !published {
            self.step(step, Publish::Yes, |_, _| 0);
        }
    }
}

/// Whether a step is its commit's last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Publish {
    Yes,
    No,
}

impl Publish {
    fn when(last: bool) -> Self {
        if last { Publish::Yes } else { Publish::No }
    }
}

impl SnapshotMap {
    /// Changes some records under one hold of the lock. `work` says how many.
    fn step(
        &self,
        step: &mut Step,
        publish: Publish,
        work: impl FnOnce(&mut Records, &mut Step) -> usize,
    ) -> usize {
        let mut records = self.records.write();
        records.begin(step.commit);
        match publish {
            Publish::No => self.registry.begin_step(&mut step.needed),
            Publish::Yes => self.registry.begin_last_step(step.commit, &mut step.needed),
        }
        let count = work(&mut records, step);
        let mut unneeded = History::default();
        if step.needed.is_empty() {
            unneeded = mem::take(&mut records.history);
        } else if step.has_old_history {
            records.history.sweep(&step.needed, count);
        }
        // If readers wait, it is their turn. Merely releasing the lock would not do: they take longer to wake up than
        // the next step to begin.
        RwLockWriteGuard::unlock_fair(records);
        drop(unneeded);
        step.garbage.clear();
        count
    }

    /// Removes a range in steps, of which none is the commit's last: nobody knows beforehand how many there will be.
    fn delete_range(&self, start: &[u8], end: &[u8], step: &mut Step) {
        if start >= end {
            return;
        }
        let (start, end) = (Key::new(start), Key::new(end));
        let remove_some = |records: &mut Records, step: &mut Step| {
            records.remove_first(&start, &end, STEP_RECORDS_MAX, step)
        };
        while self.step(step, Publish::No, remove_some) == STEP_RECORDS_MAX {}
    }

    /// Called as a view is dropped, by any thread.
    pub(crate) fn close_view(&self, sequence: Sequence) {
        if self.registry.close(sequence) == Leftover::None {
            return;
        }
        // Whoever has the lock is a commit that clears the history itself, at the latest the next one, or a reader, and
        // then this was not the last view.
        let Some(mut records) = self.records.try_write() else { return };
        if self.registry.may_clear_history(records.newest()) {
            let unneeded = mem::take(&mut records.history);
            drop(records);
            drop(unneeded);
        }
    }
}

/// The change that an operation asks for, unless it removes a range.
fn change<'a>(operation: &Operation<'a>) -> Option<Change<'a>> {
    match *operation {
        Operation::Put { key, value } => Some(Change::Put { key: Key::new(key), value: new_value(value) }),
        Operation::Delete { key } => Some(Change::Delete { key: Key::new(key) }),
        Operation::DeleteRange { .. } => None,
    }
}

fn new_value(value: &[u8]) -> NewValue<'_> {
    if value.len() > SMALL_VALUE_BYTES_MAX {
        NewValue::Large(Arc::from(value))
    } else {
        NewValue::Small(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dredis_plugin::{Scan, View};

    use crate::MapView;

    fn put<'a>(key: &'a [u8], value: &'a [u8]) -> Operation<'a> {
        Operation::Put { key, value }
    }

    fn keys(view: &dyn View, scan: &Scan<'_>) -> Vec<Vec<u8>> {
        let mut cursor = view.scan(scan).unwrap();
        let mut keys = Vec::new();
        while let Some(record) = cursor.next().unwrap() {
            keys.push(record.key.to_vec());
        }
        keys
    }

    #[test]
    fn a_view_stays_as_it_was_taken() {
        let map = SnapshotMap::default();
        map.commit(&Batch::new(&[put(b"a", b"1")]));
        let before = MapView::open(&map);
        map.commit(&Batch::new(&[put(b"a", b"2"), put(b"b", b"3")]));
        assert_eq!(&*before.get(b"a").unwrap().unwrap(), b"1");
        assert!(before.get(b"b").unwrap().is_none());
        assert_eq!(&*MapView::open(&map).get(b"a").unwrap().unwrap(), b"2");
    }

    #[test]
    fn a_range_delete_spares_its_end() {
        let map = SnapshotMap::default();
        map.commit(&Batch::new(&[put(b"a", b""), put(b"b", b""), put(b"c", b""), put(b"d", b"")]));
        map.commit(&Batch::new(&[Operation::DeleteRange { start: b"b", end: b"d" }]));
        assert_eq!(keys(&MapView::open(&map), &Scan::all()), [b"a", b"d"]);
        map.commit(&Batch::new(&[Operation::DeleteRange { start: b"d", end: b"a" }]));
        assert_eq!(keys(&MapView::open(&map), &Scan::all()), [b"a", b"d"]);
    }

    #[test]
    fn ranges_include_their_start_and_not_their_end_in_both_directions() {
        let map = SnapshotMap::default();
        map.commit(&Batch::new(&[put(b"a", b""), put(b"b", b""), put(b"c", b"")]));
        let view = MapView::open(&map);
        assert_eq!(keys(&view, &Scan::range(b"a", b"c")), [b"a", b"b"]);
        assert_eq!(keys(&view, &Scan::range(b"a", b"c").reverse()), [b"b", b"a"]);
        assert_eq!(keys(&view, &Scan { start: b"b", ..Scan::all() }.reverse()), [b"c", b"b"]);
        assert!(keys(&view, &Scan::range(b"c", b"a")).is_empty());
        assert!(keys(&view, &Scan::range(b"b", b"b").reverse()).is_empty());
    }

    #[test]
    fn a_view_does_not_wait_for_a_running_commit() {
        let map = SnapshotMap::default();
        let _commit_is_running = map.writer.lock();
        assert!(MapView::open(&map).get(b"a").unwrap().is_none());
    }

    /// How many records there are, and former states of records.
    fn sizes(map: &SnapshotMap) -> (usize, usize) {
        let records = map.records.read();
        (records.len(), records.history.versions())
    }

    /// Puts `value` under the keys `numbers`, in one commit.
    fn put_numbers(map: &SnapshotMap, numbers: std::ops::Range<u32>, value: &[u8]) {
        let keys: Vec<_> = numbers.map(u32::to_be_bytes).collect();
        let operations: Vec<_> = keys.iter().map(|key| put(key, value)).collect();
        map.commit(&Batch::new(&operations));
    }

    const EVERYTHING: Operation<'_> = Operation::DeleteRange { start: b"", end: &[0xff; 8] };

    #[test]
    fn without_views_nothing_former_is_kept() {
        let map = SnapshotMap::default();
        for round in 0..20_u8 {
            put_numbers(&map, 0..1000, &[round]);
            assert_eq!(sizes(&map), (1000, 0));
        }
        let first = 5_u32.to_be_bytes();
        map.commit(&Batch::new(&[Operation::Delete { key: &first }]));
        assert_eq!(sizes(&map), (999, 0));
        map.commit(&Batch::new(&[EVERYTHING]));
        assert_eq!(sizes(&map), (0, 0));
    }

    #[test]
    fn a_view_keeps_what_it_sees_once_and_until_it_is_dropped() {
        let map = SnapshotMap::default();
        put_numbers(&map, 0..1000, b"first");
        let view = MapView::open(&map);
        assert_eq!(sizes(&map), (1000, 0));
        for round in 0..50_u8 {
            put_numbers(&map, 0..200, &[round]);
        }
        // The large commits keep versions for views that may be taken while they run, and sweep them up as they go on.
        let (records, versions) = sizes(&map);
        assert_eq!(records, 1000);
        assert!((200..=400).contains(&versions), "{versions} versions");
        for round in 0..100_u8 {
            put_numbers(&map, 0..50, &[round]);
        }
        assert_eq!(sizes(&map), (1000, 200));
        map.commit(&Batch::new(&[EVERYTHING]));
        assert!((1000..=1200).contains(&sizes(&map).1));
        for _ in 0..100 {
            map.commit(&Batch::new(&[Operation::Delete { key: b"absent" }; 10]));
        }
        assert_eq!(sizes(&map), (0, 1000));
        assert_eq!(keys(&view, &Scan::all()).len(), 1000);
        drop(view);
        assert_eq!(sizes(&map), (0, 0));
    }

    #[test]
    fn an_old_view_does_not_keep_what_younger_ones_saw() {
        let map = SnapshotMap::default();
        put_numbers(&map, 0..50, b"first");
        let _oldest = MapView::open(&map);
        for round in 0..200_u8 {
            let _younger = MapView::open(&map);
            put_numbers(&map, 0..50, &[round]);
            let versions = sizes(&map).1;
            assert!(versions <= 150, "{versions} versions in round {round}");
        }
        put_numbers(&map, 0..50, b"last");
        assert_eq!(sizes(&map), (50, 50));
    }

    #[test]
    fn history_that_a_commit_could_not_clear_goes_with_the_next_view() {
        let map = SnapshotMap::default();
        put_numbers(&map, 0..50, b"first");
        let view = MapView::open(&map);
        put_numbers(&map, 0..50, b"second");
        let reading = map.records.read();
        drop(view);
        drop(reading);
        assert_eq!(sizes(&map), (50, 50));
        drop(MapView::open(&map));
        assert_eq!(sizes(&map), (50, 0));
    }

    #[test]
    fn values_of_all_sizes_come_back() {
        let map = SnapshotMap::default();
        let values: Vec<Vec<u8>> =
            [0, 1, 511, 512, 513, 1024, 1025, 100_000].map(|length| vec![b'v'; length]).to_vec();
        for (number, value) in values.iter().enumerate() {
            map.commit(&Batch::new(&[put(&[number as u8 + 1], value)]));
        }
        let view = MapView::open(&map);
        let names: Vec<[u8; 1]> = (1..=values.len() as u8).map(|number| [number]).collect();
        let names: Vec<&[u8]> = names.iter().map(|name| name.as_slice()).collect();
        let many = view.get_many(&names).unwrap();
        let mut cursor = view.scan(&Scan::all()).unwrap();
        for ((name, value), found) in names.iter().zip(&values).zip(many) {
            assert_eq!(&*view.get(name).unwrap().unwrap(), value);
            assert_eq!(&*found.unwrap(), value);
            assert_eq!(cursor.next().unwrap().unwrap().value, value);
        }
        assert!(view.get_many(&[b"absent"]).unwrap()[0].is_none());
    }
}
