//! A plugin for tests: an ordered map in memory whose calls stall, fail or panic when they are told to.
//!
//! Told by files in the directory named by the option `control`. `hold_get` holds the next `get`: the file becomes
//! `held_get`, and the call returns once that one is gone. `panic_get` makes the next `get` panic, and
//! `full_commit` makes every `commit` report that there is no space for as long as the file is there. The same goes
//! for `view`, `scan`, `next` (of a cursor), `commit`, `sync`, `stats` and `drop` (of a view).
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fs;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Cursor, Direction, Durability, Error, ErrorKind, Open, OpenRequest,
    Operation, OptionKind, OptionSpec, OptionValue, Record, Result, Scan, Value, View,
};

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// The engine.
pub struct Faulty {
    records: Mutex<Arc<Records>>,
    control: Control,
}

/// Where orders come from.
#[derive(Clone)]
struct Control {
    directory: PathBuf,
}

impl Control {
    /// Follows the orders for a method. An error if it shall fail.
    fn obey(&self, method: &str) -> Result<()> {
        let file = |order: &str| self.directory.join(format!("{order}_{method}"));
        // Renaming and removing succeed for one call alone.
        if fs::rename(file("hold"), file("held")).is_ok() {
            while file("held").exists() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        assert!(fs::remove_file(file("panic")).is_err(), "told to panic in {method}");
        if file("full").exists() {
            return Err(Error::new(ErrorKind::NoSpace, "told to be full"));
        }
        Ok(())
    }
}

impl Open for Faulty {
    const NAME: &'static str = "faulty";
    const VERSION: &'static str = "faulty 1.0";

    fn options() -> Vec<OptionSpec> {
        vec![OptionSpec::new(
            "control",
            OptionKind::Text,
            OptionValue::Null,
            "directory that orders come from",
        )]
    }

    fn open(request: &OpenRequest) -> Result<Self> {
        let control =
            request.options.text("control").ok_or_else(|| Error::invalid_input("control is not given"))?;
        Ok(Faulty { records: Mutex::default(), control: Control { directory: control.into() } })
    }
}

impl Faulty {
    fn current(&self) -> Arc<Records> {
        Arc::clone(&self.records.lock().expect("nothing panics while it holds the lock"))
    }
}

impl Backend for Faulty {
    fn capabilities(&self) -> Capabilities {
        Capabilities::exclusive(Durability::OnSync)
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        self.control.obey("view")?;
        Ok(Box::new(FaultyView { records: self.current(), control: self.control.clone() }))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        self.control.obey("commit")?;
        let mut changed = Records::clone(&self.current());
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
        *self.records.lock().expect("nothing panics while it holds the lock") = Arc::new(changed);
        Ok(Commit::Done)
    }

    fn sync(&self) -> Result<()> {
        self.control.obey("sync")
    }

    fn stats(&self) -> Vec<(String, String)> {
        // Nobody could be told of a failure here.
        self.control.obey("stats").ok();
        Vec::new()
    }
}

struct FaultyView {
    records: Arc<Records>,
    control: Control,
}

impl View for FaultyView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        self.control.obey("get")?;
        Ok(self.records.get(key).map(|value| Value::Borrowed(value)))
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        self.control.obey("scan")?;
        let end = scan.end.map_or(Bound::Unbounded, |end| Bound::Excluded(end.max(scan.start)));
        let range = self.records.range::<[u8], _>((Bound::Included(scan.start), end));
        let records: Entries<'_> = match scan.direction {
            Direction::Forward => Box::new(range),
            Direction::Reverse => Box::new(range.rev()),
        };
        Ok(Box::new(FaultyCursor { records, control: &self.control }))
    }
}

impl Drop for FaultyView {
    fn drop(&mut self) {
        // Nobody could be told of a failure here.
        self.control.obey("drop").ok();
    }
}

type Entries<'v> = Box<dyn Iterator<Item = (&'v Vec<u8>, &'v Vec<u8>)> + Send + 'v>;

struct FaultyCursor<'v> {
    records: Entries<'v>,
    control: &'v Control,
}

impl Cursor for FaultyCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        self.control.obey("next")?;
        Ok(self.records.next().map(|(key, value)| Record { key, value }))
    }
}

dredis_plugin::export_backend!(Faulty);
