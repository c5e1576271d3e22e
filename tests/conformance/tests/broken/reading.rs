//! The records of the engine, and views of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use dredis_contract::{Cursor, Direction, Error, Operation, Projection, Record, Result, Scan, Value, View};

use crate::engine::{BoxedCursor, KEY_BYTES_MAX, LogBackend, bounds};
use crate::fault::Fault;

/// Keys are cut to this length by one of the faults.
const CUT_BYTES: usize = 200;

#[derive(Clone)]
pub(crate) struct Records(pub(crate) BTreeMap<Vec<u8>, Vec<u8>>);

impl Records {
    pub(crate) fn apply(&mut self, operations: &[Operation<'_>], fault: Fault) {
        let cut = |key: &[u8]| match fault {
            Fault::TruncatesLongKeys => key[..key.len().min(CUT_BYTES)].to_vec(),
            _ => key.to_vec(),
        };
        let mut deletes = 0;
        for operation in operations {
            match *operation {
                Operation::Put { key, value }
                    if fault == Fault::TakesEmptyValuesForNone && value.is_empty() =>
                {
                    self.0.remove(key);
                }
                Operation::Put { key, value } => {
                    self.0.insert(cut(key), value.to_vec());
                }
                Operation::Delete { key } => {
                    deletes += 1;
                    if fault != Fault::DropsADelete || deletes != 2 {
                        self.0.remove(&cut(key));
                    }
                }
                Operation::DeleteRange { start, .. }
                    if fault == Fault::LosesARangeDelete && !self.0.contains_key(start) => {}
                Operation::DeleteRange { start, end } => {
                    let takes_end = fault == Fault::RangeDeleteTakesItsEnd;
                    self.0.retain(|key, _| {
                        let key = key.as_slice();
                        key < start || key > end || (key == end && !takes_end)
                    });
                }
            }
        }
    }
}

pub(crate) struct LogView<'b> {
    pub(crate) records: Arc<Records>,
    pub(crate) engine: &'b LogBackend,
}

impl LogView<'_> {
    fn fault(&self) -> Fault {
        self.engine.fault
    }
}

impl View for LogView<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        if self.fault() == Fault::LeaksLaterWrites {
            return Ok(self.engine.records().0.get(key).cloned().map(Value::Owned));
        }
        if self.fault() == Fault::RefusesLongKeysInReads && key.len() > KEY_BYTES_MAX {
            return Err(Error::invalid_input("the key is too long; ask for a shorter one"));
        }
        if self.fault() == Fault::LeaksMemoryInReads {
            std::mem::forget(vec![1_u8; 128]);
        }
        let length = if self.fault() == Fault::TruncatesLongKeys { CUT_BYTES } else { usize::MAX };
        Ok(self.records.0.get(&key[..key.len().min(length)]).map(|value| Value::Borrowed(value)))
    }

    fn get_many<'v>(&'v self, keys: &[&[u8]]) -> Result<Vec<Option<Value<'v>>>> {
        let mut keys = keys.to_vec();
        if self.fault() == Fault::AnswersInItsOwnOrder {
            keys.sort();
        }
        keys.iter().map(|key| self.get(key)).collect()
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<BoxedCursor<'_>> {
        let is_reverse = scan.direction == Direction::Reverse;
        let end_included = is_reverse && self.fault() == Fault::ReverseScanOffByOne;
        let range = self.records.0.range::<[u8], _>(bounds(scan, end_included));
        let mut records: Vec<(&[u8], &[u8])> =
            range.map(|(key, value)| (key.as_slice(), value.as_slice())).collect();
        if self.fault() == Fault::Reorders {
            records.sort_by_key(|(key, _)| (key.len(), *key));
        }
        if is_reverse {
            records.reverse();
        }
        if scan.projection == Projection::Keys && self.fault() != Fault::BringsValuesWithKeys {
            records.iter_mut().for_each(|(_, value)| *value = &[]);
        }
        if self.fault() == Fault::TakesTheHintForALimit && scan.expected > 0 {
            records.truncate(scan.expected);
        }
        Ok(Box::new(LogCursor { records, next: 0, restarts: self.fault() == Fault::BeginsAnewAtTheEnd }))
    }
}

struct LogCursor<'v> {
    records: Vec<(&'v [u8], &'v [u8])>,
    next: usize,
    restarts: bool,
}

impl Cursor for LogCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        let Some((key, value)) = self.records.get(self.next) else {
            if self.restarts {
                self.next = 0;
            }
            return Ok(None);
        };
        self.next += 1;
        Ok(Some(Record { key, value }))
    }
}
