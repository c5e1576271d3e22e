//! The engine: takes views, and applies commits in steps.

use std::mem;
use std::sync::Arc;

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Open, OpenRequest, Operation, OptionSpec, Result, View,
};
use parking_lot::{Mutex, RwLock, RwLockWriteGuard};

use crate::config;
use crate::history::{History, Step};
use crate::key::Key;
use crate::records::{Change, NewValue, Records, SMALL_VALUE_BYTES_MAX};
use crate::registry::{Leftover, Registry, Sequence};
use crate::view::MemoryView;

/// Most records that are changed under one hold of the lock: what readers may have to wait for, some 0.1 ms.
const STEP_RECORDS_MAX: usize = 64;

/// A commit's last step, or only one, may be a little longer: it is the one that keeps no history for views to come.
const LAST_STEP_RECORDS_MAX: usize = 2 * STEP_RECORDS_MAX;

/// An ordered map in memory.
#[derive(Default)]
pub struct MemoryBackend {
    pub(crate) records: RwLock<Records>,
    pub(crate) registry: Registry,
    /// Held through a commit; commits hand it on.
    writer: Mutex<Step>,
}

impl Open for MemoryBackend {
    const NAME: &'static str = config::NAME;
    const VERSION: &'static str = config::VERSION;

    fn options() -> Vec<OptionSpec> {
        config::options()
    }

    fn open(_request: &OpenRequest) -> Result<Self> {
        Ok(MemoryBackend::default())
    }
}

impl Backend for MemoryBackend {
    fn capabilities(&self) -> Capabilities {
        config::CAPABILITIES
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        Ok(Box::new(MemoryView::open(self)))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
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
            self.step(step, Publish::when(published), |records, step| {
                let count = changes.len();
                changes.drain(..).for_each(|change| records.apply(change, step));
                count
            });
        }
        if !published {
            self.step(step, Publish::Yes, |_, _| 0);
        }
        Ok(Commit::Done)
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }

    fn stats(&self) -> Vec<(String, String)> {
        vec![("memory_records".to_owned(), self.records.read().len().to_string())]
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

impl MemoryBackend {
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
    use dredis_plugin::{Logger, Options, Scan};

    fn open() -> MemoryBackend {
        let request = OpenRequest { dir: "unused".into(), options: Options::new(), log: Logger::silent() };
        MemoryBackend::open(&request).unwrap()
    }

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
        let backend = open();
        backend.commit(&Batch::new(&[put(b"a", b"1")])).unwrap();
        let before = backend.view().unwrap();
        backend.commit(&Batch::new(&[put(b"a", b"2"), put(b"b", b"3")])).unwrap();
        assert_eq!(&*before.get(b"a").unwrap().unwrap(), b"1");
        assert!(before.get(b"b").unwrap().is_none());
        assert_eq!(&*backend.view().unwrap().get(b"a").unwrap().unwrap(), b"2");
    }

    #[test]
    fn a_range_delete_spares_its_end() {
        let backend = open();
        backend
            .commit(&Batch::new(&[put(b"a", b""), put(b"b", b""), put(b"c", b""), put(b"d", b"")]))
            .unwrap();
        backend.commit(&Batch::new(&[Operation::DeleteRange { start: b"b", end: b"d" }])).unwrap();
        assert_eq!(keys(&*backend.view().unwrap(), &Scan::all()), [b"a", b"d"]);
        backend.commit(&Batch::new(&[Operation::DeleteRange { start: b"d", end: b"a" }])).unwrap();
        assert_eq!(keys(&*backend.view().unwrap(), &Scan::all()), [b"a", b"d"]);
    }

    #[test]
    fn ranges_include_their_start_and_not_their_end_in_both_directions() {
        let backend = open();
        backend.commit(&Batch::new(&[put(b"a", b""), put(b"b", b""), put(b"c", b"")])).unwrap();
        let view = backend.view().unwrap();
        assert_eq!(keys(&*view, &Scan::range(b"a", b"c")), [b"a", b"b"]);
        assert_eq!(keys(&*view, &Scan::range(b"a", b"c").reverse()), [b"b", b"a"]);
        assert_eq!(keys(&*view, &Scan { start: b"b", ..Scan::all() }.reverse()), [b"c", b"b"]);
        assert!(keys(&*view, &Scan::range(b"c", b"a")).is_empty());
        assert!(keys(&*view, &Scan::range(b"b", b"b").reverse()).is_empty());
    }

    #[test]
    fn a_view_does_not_wait_for_a_running_commit() {
        let backend = open();
        let _commit_is_running = backend.writer.lock();
        assert!(backend.view().unwrap().get(b"a").unwrap().is_none());
    }

    /// How many records there are, and former states of records.
    fn sizes(backend: &MemoryBackend) -> (usize, usize) {
        let records = backend.records.read();
        (records.len(), records.history.versions())
    }

    /// Puts `value` under the keys `numbers`, in one commit.
    fn put_numbers(backend: &MemoryBackend, numbers: std::ops::Range<u32>, value: &[u8]) {
        let keys: Vec<_> = numbers.map(u32::to_be_bytes).collect();
        let operations: Vec<_> = keys.iter().map(|key| put(key, value)).collect();
        backend.commit(&Batch::new(&operations)).unwrap();
    }

    const EVERYTHING: Operation<'_> = Operation::DeleteRange { start: b"", end: &[0xff; 8] };

    #[test]
    fn without_views_nothing_former_is_kept() {
        let backend = open();
        for round in 0..20_u8 {
            put_numbers(&backend, 0..1000, &[round]);
            assert_eq!(sizes(&backend), (1000, 0));
        }
        let first = 5_u32.to_be_bytes();
        backend.commit(&Batch::new(&[Operation::Delete { key: &first }])).unwrap();
        assert_eq!(sizes(&backend), (999, 0));
        backend.commit(&Batch::new(&[EVERYTHING])).unwrap();
        assert_eq!(sizes(&backend), (0, 0));
    }

    #[test]
    fn a_view_keeps_what_it_sees_once_and_until_it_is_dropped() {
        let backend = open();
        put_numbers(&backend, 0..1000, b"first");
        let view = backend.view().unwrap();
        assert_eq!(sizes(&backend), (1000, 0));
        for round in 0..50_u8 {
            put_numbers(&backend, 0..200, &[round]);
        }
        // The large commits keep versions for views that may be taken while they run, and sweep them up as they go on.
        let (records, versions) = sizes(&backend);
        assert_eq!(records, 1000);
        assert!((200..=400).contains(&versions), "{versions} versions");
        for round in 0..100_u8 {
            put_numbers(&backend, 0..50, &[round]);
        }
        assert_eq!(sizes(&backend), (1000, 200));
        backend.commit(&Batch::new(&[EVERYTHING])).unwrap();
        assert!((1000..=1200).contains(&sizes(&backend).1));
        for _ in 0..100 {
            backend.commit(&Batch::new(&[Operation::Delete { key: b"absent" }; 10])).unwrap();
        }
        assert_eq!(sizes(&backend), (0, 1000));
        assert_eq!(keys(&*view, &Scan::all()).len(), 1000);
        drop(view);
        assert_eq!(sizes(&backend), (0, 0));
    }

    #[test]
    fn an_old_view_does_not_keep_what_younger_ones_saw() {
        let backend = open();
        put_numbers(&backend, 0..50, b"first");
        let _oldest = backend.view().unwrap();
        for round in 0..200_u8 {
            let _younger = backend.view().unwrap();
            put_numbers(&backend, 0..50, &[round]);
            let versions = sizes(&backend).1;
            assert!(versions <= 150, "{versions} versions in round {round}");
        }
        put_numbers(&backend, 0..50, b"last");
        assert_eq!(sizes(&backend), (50, 50));
    }

    #[test]
    fn history_that_a_commit_could_not_clear_goes_with_the_next_view() {
        let backend = open();
        put_numbers(&backend, 0..50, b"first");
        let view = backend.view().unwrap();
        put_numbers(&backend, 0..50, b"second");
        let reading = backend.records.read();
        drop(view);
        drop(reading);
        assert_eq!(sizes(&backend), (50, 50));
        drop(backend.view().unwrap());
        assert_eq!(sizes(&backend), (50, 0));
    }

    #[test]
    fn values_of_all_sizes_come_back() {
        let backend = open();
        let values: Vec<Vec<u8>> =
            [0, 1, 511, 512, 513, 1024, 1025, 100_000].map(|length| vec![b'v'; length]).to_vec();
        for (number, value) in values.iter().enumerate() {
            backend.commit(&Batch::new(&[put(&[number as u8 + 1], value)])).unwrap();
        }
        let view = backend.view().unwrap();
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
