//! A plugin that fails with an error wherever its option `at` says, in several lines. Otherwise an ordered map in memory.
#![forbid(unsafe_code)]
#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Cursor, Direction, Durability, Error, ErrorKind, Limits, Open,
    OpenRequest, Operation, OptionSpec, Record, Result, Scan, Setting, Value, View,
};

const AT: Setting<String> =
    Setting::text("at", "where to fail").one_of(&["nowhere", "open", "commit", "limits"]).default("nowhere");
const PAGES: Setting<i64> = Setting::integer("pages", "does nothing").range(1, 64).default(8);
const SHARE: Setting<f64> = Setting::float("share", "does nothing").range(0.0, 1.0).default(0.5);

/// Longer keys are refused under `at=commit`, though no limit was declared.
const KEY_BYTES_MAX: usize = 200;

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

pub struct Failing {
    at: String,
    records: Mutex<Arc<Records>>,
}

impl Failing {
    fn records(&self) -> MutexGuard<'_, Arc<Records>> {
        self.records.lock().expect("nothing panics while it holds the lock")
    }
}

impl Open for Failing {
    const NAME: &'static str = "failing";
    const VERSION: &'static str = "1";

    fn options() -> Vec<OptionSpec> {
        vec![AT.spec(), PAGES.spec(), SHARE.spec()]
    }

    fn open(request: &OpenRequest) -> Result<Self> {
        let at = AT.read(&request.options)?;
        PAGES.read(&request.options)?;
        SHARE.read(&request.options)?;
        if at == "open" {
            return Err(Error::corrupt("the file 'data' is damaged:\r\n  page 7\n\nrestore a copy\n"));
        }
        Ok(Failing { at, records: Mutex::default() })
    }
}

impl Backend for Failing {
    fn capabilities(&self) -> Capabilities {
        let limits = if self.at == "limits" { Limits::NONE.with_key_bytes_max(10) } else { Limits::NONE };
        Capabilities::exclusive(Durability::Never).with_limits(limits)
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        Ok(Box::new(FailingView(self.records().clone())))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        let mut records = Records::clone(&self.records().clone());
        for operation in batch.operations() {
            match *operation {
                Operation::Put { key, .. } if self.at == "commit" && key.len() > KEY_BYTES_MAX => {
                    let message =
                        format!("a key of {} bytes is longer than {KEY_BYTES_MAX}\nshorten it", key.len());
                    return Err(Error::new(ErrorKind::InvalidInput, message));
                }
                Operation::Put { key, value } => drop(records.insert(key.to_vec(), value.to_vec())),
                Operation::Delete { key } => drop(records.remove(key)),
                Operation::DeleteRange { start, end } => {
                    records.retain(|key, _| !(start..end).contains(&key.as_slice()));
                }
            }
        }
        *self.records() = Arc::new(records);
        Ok(Commit::Done)
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }
}

struct FailingView(Arc<Records>);

impl View for FailingView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        Ok(self.0.get(key).map(|value| Value::Borrowed(value)))
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        let end = scan.end.map_or(Bound::Unbounded, |end| Bound::Excluded(end.max(scan.start)));
        let range = self.0.range::<[u8], _>((Bound::Included(scan.start), end));
        let is_forward = scan.direction == Direction::Forward;
        Ok(Box::new(FailingCursor(if is_forward { Box::new(range) } else { Box::new(range.rev()) })))
    }
}

type Entries<'v> = Box<dyn Iterator<Item = (&'v Vec<u8>, &'v Vec<u8>)> + Send + 'v>;

struct FailingCursor<'v>(Entries<'v>);

impl Cursor for FailingCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        Ok(self.0.next().map(|(key, value)| Record { key, value }))
    }
}

dredis_plugin::export_backend!(Failing);
