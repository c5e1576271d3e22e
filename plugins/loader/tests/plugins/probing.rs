//! A plugin that shows what arrives at it: each call is answered from its arguments, and living objects are counted.
#![forbid(unsafe_code)]
#![allow(missing_docs)]

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Cursor, Direction, Durability, DurabilityNeed, Error, ErrorKind,
    Limits, LogLevel, Logger, Moment, Open, OpenRequest, OptionKind, OptionSpec, OptionValue, Projection,
    Record, Result, Scan, Value, View,
};

pub struct Probing {
    /// What arrived last, by call.
    seen: Mutex<Vec<(String, String)>>,
    counts: Arc<Counts>,
    records: u32,
    value_bytes: usize,
    /// The record at which cursors fail.
    fail_at: Option<u32>,
    log: Logger,
}

#[derive(Default)]
struct Counts {
    views: AtomicI64,
    cursors: AtomicI64,
    values: AtomicI64,
    /// Records that cursors were asked for, ever.
    steps: AtomicI64,
}

impl Open for Probing {
    const NAME: &'static str = "probing";
    const VERSION: &'static str = "probing 1.2";

    fn options() -> Vec<OptionSpec> {
        vec![
            OptionSpec::new("records", OptionKind::Integer, OptionValue::Integer(0), "records to pretend"),
            OptionSpec::new(
                "value_bytes",
                OptionKind::Integer,
                OptionValue::Integer(1),
                "size of values, in bytes",
            ),
            OptionSpec::new(
                "fail_at",
                OptionKind::Integer,
                OptionValue::Null,
                "record at which cursors fail",
            ),
            OptionSpec::new("flag", OptionKind::Bool, OptionValue::Bool(true), "a flag"),
            OptionSpec::new("share", OptionKind::Float, OptionValue::Float(0.5), "a share"),
            OptionSpec::new("label", OptionKind::Text, OptionValue::Text("none".into()), "a label"),
        ]
    }

    fn open(request: &OpenRequest) -> Result<Self> {
        if request.options.text("label") == Some("refuse me") {
            return Err(Error::invalid_input("label says to refuse; say something else"));
        }
        request.log.log(LogLevel::Warning, &format!("probing opens {}", request.dir.display()));
        let number = |name| request.options.integer(name);
        let options =
            request.options.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        Ok(Probing {
            seen: Mutex::new(vec![("options".into(), options.join(" "))]),
            counts: Arc::default(),
            records: number("records").unwrap_or(0) as u32,
            value_bytes: number("value_bytes").unwrap_or(1) as usize,
            fail_at: number("fail_at").map(|at| at as u32),
            log: request.log.clone(),
        })
    }
}

impl Probing {
    fn note(&self, call: &str, arguments: String) {
        self.seen.lock().expect("nobody panics").push((call.into(), arguments));
    }
}

impl Drop for Probing {
    fn drop(&mut self) {
        self.log.log(LogLevel::Debug, "probing closes");
    }
}

impl Backend for Probing {
    fn capabilities(&self) -> Capabilities {
        Capabilities::shared(Durability::OnSync)
            .with_checkpoint()
            .with_cheap_range_delete()
            .with_view_age_max_ms(1)
            .with_limits(Limits::NONE.with_key_bytes_max(2).with_value_bytes_max(3).with_batch_bytes_max(4))
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        self.counts.views.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(ProbingView { backend: self, borrowed: vec![b'b'; self.value_bytes] }))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        self.note("commit", format!("{:?} {:?}", batch.operations(), batch.basis()));
        match batch.basis().map(|basis| basis.reads.len()) {
            None | Some(0) => Ok(Commit::Done),
            Some(1) => Ok(Commit::Conflict),
            Some(_) => Ok(Commit::Unknown),
        }
    }

    fn sync(&self) -> Result<()> {
        Err(Error::new(ErrorKind::NoSpace, "the disk is full; free some space"))
    }

    fn need_durability(&self, need: DurabilityNeed) -> Result<()> {
        self.note("need_durability", format!("{need:?}"));
        Ok(())
    }

    fn checkpoint(&self, dir: &Path) -> Result<()> {
        self.note("checkpoint", dir.display().to_string());
        Ok(())
    }

    fn compact(&self, start: &[u8], end: Option<&[u8]>) -> Result<()> {
        self.note("compact", format!("{start:?} {end:?}"));
        Ok(())
    }

    fn approximate_size(&self, start: &[u8], end: Option<&[u8]>) -> Result<Option<u64>> {
        Ok(end.map(|end| (start.len() * 100 + end.len()) as u64))
    }

    fn stats(&self) -> Vec<(String, String)> {
        let mut stats = self.seen.lock().expect("nobody panics").clone();
        let counts = [
            ("views", &self.counts.views),
            ("cursors", &self.counts.cursors),
            ("values", &self.counts.values),
            ("steps", &self.counts.steps),
        ];
        stats.extend(counts.map(|(name, count)| (name.to_owned(), count.load(Ordering::SeqCst).to_string())));
        stats
    }
}

struct ProbingView<'b> {
    backend: &'b Probing,
    borrowed: Vec<u8>,
}

impl Drop for ProbingView<'_> {
    fn drop(&mut self) {
        self.backend.counts.views.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Kept {
    bytes: Vec<u8>,
    counts: Arc<Counts>,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.counts.values.fetch_sub(1, Ordering::SeqCst);
    }
}

impl View for ProbingView<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        let size = self.backend.value_bytes;
        match key {
            b"borrowed" => Ok(Some(Value::Borrowed(&self.borrowed))),
            b"owned" => {
                let mut bytes = Vec::with_capacity(size + 100);
                bytes.resize(size, b'o');
                Ok(Some(Value::Owned(bytes)))
            }
            b"held" => {
                self.backend.counts.values.fetch_add(1, Ordering::SeqCst);
                let kept = Kept { bytes: vec![b'h'; size], counts: self.backend.counts.clone() };
                Ok(Some(Value::Held(Box::new(kept))))
            }
            b"corrupt" => Err(Error::corrupt("record 'corrupt' has a bad checksum; restore a backup")),
            _ => Ok(None),
        }
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        self.backend.counts.cursors.fetch_add(1, Ordering::SeqCst);
        self.backend
            .note("scan", format!("{:?} {:?} {:?} {}", scan.start, scan.end, scan.projection, scan.expected));
        Ok(Box::new(ProbingCursor {
            backend: self.backend,
            key: [0; 4],
            value: vec![0; self.backend.value_bytes],
            step: 0,
            direction: scan.direction,
            projection: scan.projection,
        }))
    }

    /// How many views there are.
    fn moment(&self) -> Result<Moment> {
        Ok(Moment(self.backend.counts.views.load(Ordering::SeqCst) as u64))
    }
}

struct ProbingCursor<'v> {
    backend: &'v Probing,
    key: [u8; 4],
    value: Vec<u8>,
    step: u32,
    direction: Direction,
    projection: Projection,
}

impl Drop for ProbingCursor<'_> {
    fn drop(&mut self) {
        self.backend.counts.cursors.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Cursor for ProbingCursor<'_> {
    /// Numbers as keys, their last byte as values.
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        self.backend.counts.steps.fetch_add(1, Ordering::SeqCst);
        if self.step == self.backend.records {
            return Ok(None);
        }
        let number = match self.direction {
            Direction::Forward => self.step,
            Direction::Reverse => self.backend.records - 1 - self.step,
        };
        if self.backend.fail_at == Some(number) {
            return Err(Error::new(ErrorKind::Io, "a read failed; check the disk"));
        }
        self.step += 1;
        self.key = number.to_be_bytes();
        self.value.fill(self.key[3]);
        let value: &[u8] = if self.projection == Projection::Keys { &[] } else { &self.value };
        Ok(Some(Record { key: &self.key, value }))
    }
}

dredis_plugin::export_backend!(Probing);
