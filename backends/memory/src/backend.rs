//! The engine: one published snapshot, replaced whole by each commit.

use std::mem;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Open, OpenRequest, Operation, OptionSpec, Result, View,
};
use imbl::OrdMap;

use crate::config;
use crate::view::MemoryView;

/// All records. Keys and values are shared by the snapshots that have them in common.
pub(crate) type Records = OrdMap<Arc<[u8]>, Arc<[u8]>>;

/// An ordered map in memory.
#[derive(Default)]
pub struct MemoryBackend {
    /// What views see. Locked for as long as it takes to copy or to replace a pointer.
    published: Mutex<Records>,
    /// Held through a commit, so that views never wait for one.
    writing: Mutex<()>,
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
        Ok(Box::new(MemoryView::new(self.snapshot())))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        let _writing = lock(&self.writing);
        let mut records = self.snapshot();
        for operation in batch.operations() {
            apply(&mut records, operation);
        }
        let replaced = mem::replace(&mut *lock(&self.published), records);
        // Freeing what no view has any more takes its time, so it waits until the lock is open.
        drop(replaced);
        Ok(Commit::Done)
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }

    fn stats(&self) -> Vec<(String, String)> {
        vec![("memory_records".to_owned(), self.snapshot().len().to_string())]
    }
}

impl MemoryBackend {
    fn snapshot(&self) -> Records {
        lock(&self.published).clone()
    }
}

fn apply(records: &mut Records, operation: &Operation<'_>) {
    match *operation {
        Operation::Put { key, value } => {
            records.insert(Arc::from(key), Arc::from(value));
        }
        Operation::Delete { key } => {
            records.remove(key);
        }
        Operation::DeleteRange { start, end } if start < end => {
            let range = (Bound::Included(start), Bound::Excluded(end));
            let doomed: Vec<Arc<[u8]>> =
                records.range::<_, [u8]>(range).map(|(key, _)| key.clone()).collect();
            for key in doomed {
                records.remove(&key);
            }
        }
        Operation::DeleteRange { .. } => {}
    }
}

/// A lock whose content is whole at any time, so that a holder's panic does it no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        let _commit_is_running = lock(&backend.writing);
        assert!(backend.view().unwrap().get(b"a").unwrap().is_none());
    }
}
