//! my-engine: a storage engine for dredis. So far an ordered map in memory, copied whole for each commit.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Cursor, Direction, Durability, Open, OpenRequest,
    Operation, OptionSpec, Projection, Record, Result, Scan, Value, View,
};

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// The engine. Whoever takes a view gets the map as it is, and keeps it.
pub struct MyEngine {
    records: Mutex<Arc<Records>>,
}

impl MyEngine {
    fn records(&self) -> MutexGuard<'_, Arc<Records>> {
        self.records
            .lock()
            .expect("nothing panics while it holds the lock")
    }
}

impl Open for MyEngine {
    const NAME: &'static str = "my-engine";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    /// What operators may say after `--backend-option`; dredis checks names and types before `open`.
    fn options() -> Vec<OptionSpec> {
        Vec::new()
    }

    fn open(_request: &OpenRequest) -> Result<Self> {
        // Next: lock `_request.dir`, so that nobody else opens it, and read back what was committed.
        Ok(MyEngine {
            records: Mutex::default(),
        })
    }
}

impl Backend for MyEngine {
    fn capabilities(&self) -> Capabilities {
        // A promise that the rest of this file does not keep yet. The kit says so.
        Capabilities::exclusive(Durability::OnSync)
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        Ok(Box::new(MyView(self.records().clone())))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        let mut records = self.records();
        let mut changed = Records::clone(&records);
        for operation in batch.operations() {
            match *operation {
                Operation::Put { key, value } => {
                    changed.insert(key.to_vec(), value.to_vec());
                }
                Operation::Delete { key } => {
                    changed.remove(key);
                }
                Operation::DeleteRange { start, end } => {
                    changed.retain(|key, _| !(start..end).contains(&key.as_slice()));
                }
            }
        }
        // Next: write the batch to a file here. It has to survive the death of the process once this returns.
        *records = Arc::new(changed);
        Ok(Commit::Done)
    }

    fn sync(&self) -> Result<()> {
        // Next: `File::sync_data`. Every commit that returned has to survive the death of the machine once this returns.
        Ok(())
    }
}

struct MyView(Arc<Records>);

impl View for MyView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        Ok(self.0.get(key).map(|value| Value::Borrowed(value)))
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        // A BTreeMap panics on a range that ends before it starts; the contract calls it empty.
        let end = scan
            .end
            .map_or(Bound::Unbounded, |end| Bound::Excluded(end.max(scan.start)));
        let range = self.0.range::<[u8], _>((Bound::Included(scan.start), end));
        let keys_only = scan.projection == Projection::Keys;
        Ok(Box::new(match scan.direction {
            Direction::Forward => MyCursor {
                entries: Box::new(range),
                keys_only,
            },
            Direction::Reverse => MyCursor {
                entries: Box::new(range.rev()),
                keys_only,
            },
        }))
    }
}

type Entries<'v> = Box<dyn Iterator<Item = (&'v Vec<u8>, &'v Vec<u8>)> + Send + 'v>;

struct MyCursor<'v> {
    entries: Entries<'v>,
    keys_only: bool,
}

impl Cursor for MyCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        Ok(Some(Record {
            key,
            value: if self.keys_only { &[] } else { value },
        }))
    }
}

// The one line that makes a plugin of it.
dredis_plugin::export_backend!(MyEngine);
