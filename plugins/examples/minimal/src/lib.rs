//! The smallest engine that keeps all of the contract's promises: a `BTreeMap`, copied whole for every commit.
//!
//! Copying makes it slow and simple. A reader keeps the map that it found, a writer puts another one in its place, and
//! neither sees the other half done. It stores nothing on disk.
//!
//! Build it with `cargo build --release` in this folder, then run dredis on it:
//! `dredis --backend ./target/release/libdredis_backend_minimal.so`.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Cursor, Direction, Durability, Error, ErrorKind, LogLevel, Open,
    OpenRequest, Operation, OptionSpec, Projection, Record, Result, Scan, Setting, Value, View,
};

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// The engine: the records as they are now, and a limit to them.
struct Minimal {
    records: Mutex<Arc<Records>>,
    records_max: i64,
}

/// An option: its type, name, help and range, declared once.
const RECORDS_MAX: Setting<Option<i64>> =
    Setting::integer("records_max", "most records to keep; no limit if not given").range(1, i64::MAX);

impl Minimal {
    fn records(&self) -> MutexGuard<'_, Arc<Records>> {
        self.records.lock().expect("nothing panics while it holds the lock")
    }
}

/// How the engine presents itself, and how it is opened.
impl Open for Minimal {
    const NAME: &'static str = "minimal";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    /// dredis checks what operators say against this list, and prints it when asked for help.
    fn options() -> Vec<OptionSpec> {
        vec![RECORDS_MAX.spec()]
    }

    fn open(request: &OpenRequest) -> Result<Self> {
        let records_max = RECORDS_MAX.read(&request.options)?.unwrap_or(i64::MAX);
        // A real engine would open its files in `request.dir` now.
        request.log.log(LogLevel::Warning, "the minimal backend keeps nothing on disk");
        Ok(Minimal { records: Mutex::default(), records_max })
    }
}

/// The three verbs that every engine owes: take a view, commit a batch, sync.
impl Backend for Minimal {
    fn capabilities(&self) -> Capabilities {
        Capabilities::exclusive(Durability::Never)
    }

    /// A consistent view of everything committed so far. Here: another pointer to the same map.
    fn view(&self) -> Result<Box<dyn View + '_>> {
        Ok(Box::new(MinimalView { records: self.records().clone() }))
    }

    /// All or nothing: the new map is published when it is complete, or dropped.
    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        // dredis runs one commit at a time on an exclusive engine, so nothing changes in between.
        let mut records = Records::clone(&self.records().clone());
        for operation in batch.operations() {
            match *operation {
                Operation::Put { key, value } => {
                    records.insert(key.to_vec(), value.to_vec());
                }
                Operation::Delete { key } => {
                    records.remove(key);
                }
                Operation::DeleteRange { start, end } => {
                    records.retain(|key, _| !(start..end).contains(&key.as_slice()));
                }
            }
        }
        if records.len() as i64 > self.records_max {
            // The kind tells dredis what to do, the message tells the operator.
            let message = format!("the limit of {} records is reached; raise records_max", self.records_max);
            return Err(Error::new(ErrorKind::NoSpace, message));
        }
        *self.records() = Arc::new(records);
        Ok(Commit::Done)
    }

    /// Nothing to do, as `Durability::Never` has announced.
    fn sync(&self) -> Result<()> {
        Ok(())
    }
}

/// A view keeps the map that was current when it was taken.
struct MinimalView {
    records: Arc<Records>,
}

impl View for MinimalView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        // `Borrowed` lends the bytes to dredis for as long as the view lives: nothing is copied.
        Ok(self.records.get(key).map(|value| Value::Borrowed(value)))
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        let keys_only = scan.projection == Projection::Keys;
        let end = match scan.end {
            // `BTreeMap` panics on a range that ends before it starts; the contract calls it empty.
            Some(end) => Bound::Excluded(end.max(scan.start)),
            None => Bound::Unbounded,
        };
        let range = self.records.range::<[u8], _>((Bound::Included(scan.start), end));
        let entries: Entries<'_> = match scan.direction {
            Direction::Forward => Box::new(range),
            Direction::Reverse => Box::new(range.rev()),
        };
        Ok(Box::new(MinimalCursor { entries, keys_only }))
    }
}

type Entries<'v> = Box<dyn Iterator<Item = (&'v Vec<u8>, &'v Vec<u8>)> + Send + 'v>;

/// A cursor is one of the map's iterators. dredis fetches a page of records at a time, so `next` need not be clever.
struct MinimalCursor<'v> {
    entries: Entries<'v>,
    keys_only: bool,
}

impl Cursor for MinimalCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        Ok(Some(Record { key, value: if self.keys_only { &[] } else { value } }))
    }
}

// The line that makes a plugin of it.
dredis_plugin::export_backend!(Minimal);
