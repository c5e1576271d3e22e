//! The simplest engine that is right: an ordered map, copied when a view still needs the old one. What others are judged
//! by, and what an engine may be compared with.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use dredis_contract::{
    Backend, Batch, Capabilities, Commit, Cursor, Direction, Durability, Limits, Operation, Projection,
    Record, Result, Scan, Value, View,
};

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// The engine. Clones share their records.
#[derive(Clone)]
pub struct ReferenceBackend {
    records: Arc<RwLock<Arc<Records>>>,
    limits: Limits,
}

impl ReferenceBackend {
    /// An empty one that declares these limits, and relies on its caller to keep to them.
    pub fn new(limits: Limits) -> Self {
        ReferenceBackend { records: Arc::default(), limits }
    }

    /// All records as they stand.
    pub fn records(&self) -> Arc<BTreeMap<Vec<u8>, Vec<u8>>> {
        self.records.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Backend for ReferenceBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities::exclusive(Durability::Never).with_limits(self.limits)
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        Ok(Box::new(ReferenceView(self.records())))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        let mut guard = self.records.write().unwrap_or_else(PoisonError::into_inner);
        let records = Arc::make_mut(&mut guard);
        for operation in batch.operations() {
            match *operation {
                Operation::Put { key, value } => drop(records.insert(key.to_vec(), value.to_vec())),
                Operation::Delete { key } => drop(records.remove(key)),
                Operation::DeleteRange { start, end } => {
                    records.retain(|key, _| key.as_slice() < start || key.as_slice() >= end);
                }
            }
        }
        Ok(Commit::Done)
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }
}

struct ReferenceView(Arc<Records>);

impl View for ReferenceView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        Ok(self.0.get(key).map(|value| Value::Borrowed(value)))
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        // A BTreeMap panics on a range that ends before it starts; here it is empty.
        let end = scan.end.map_or(Bound::Unbounded, |end| Bound::Excluded(end.max(scan.start)));
        let range = self.0.range::<[u8], _>((Bound::Included(scan.start), end));
        let keys_only = scan.projection == Projection::Keys;
        let range: Entries<'_> = match scan.direction {
            Direction::Forward => Box::new(range),
            Direction::Reverse => Box::new(range.rev()),
        };
        Ok(Box::new(ReferenceCursor { range, keys_only }))
    }
}

type Entries<'v> = Box<dyn Iterator<Item = (&'v Vec<u8>, &'v Vec<u8>)> + Send + 'v>;

struct ReferenceCursor<'v> {
    range: Entries<'v>,
    keys_only: bool,
}

impl Cursor for ReferenceCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        let Some((key, value)) = self.range.next() else { return Ok(None) };
        Ok(Some(Record { key, value: if self.keys_only { &[] } else { value } }))
    }
}
