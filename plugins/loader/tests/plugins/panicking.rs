//! A plugin that panics wherever its option `at` says, and otherwise holds nothing.
#![forbid(unsafe_code)]
#![allow(missing_docs)]

use std::path::Path;
use std::sync::Arc;

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Cursor, Durability, DurabilityNeed, Open, OpenRequest, OptionKind,
    OptionSpec, OptionValue, Record, Result, Scan, Value, View,
};

pub struct Panicking {
    at: Arc<str>,
}

/// What panics when it is dropped, and when it is asked for its bytes.
struct Trap {
    at: Arc<str>,
    drop: &'static str,
}

fn here(at: &str, method: &str) {
    if at == method {
        panic!("as told, in\n{method}");
    }
    if at.strip_suffix(" with a nasty payload") == Some(method) {
        std::panic::panic_any(NastyPayload);
    }
}

/// A panic's payload whose own drop panics.
struct NastyPayload;

impl Drop for NastyPayload {
    fn drop(&mut self) {
        panic!("the payload panicked, too");
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        here(&self.at, self.drop);
    }
}

impl AsRef<[u8]> for Trap {
    fn as_ref(&self) -> &[u8] {
        here(&self.at, "value");
        &[b'x'; 1000]
    }
}

impl Open for Panicking {
    const NAME: &'static str = "panicking";
    const VERSION: &'static str = "1";

    fn options() -> Vec<OptionSpec> {
        vec![OptionSpec::new("at", OptionKind::Text, OptionValue::Null, "where to panic")]
    }

    fn open(request: &OpenRequest) -> Result<Self> {
        let at: Arc<str> = request.options.text("at").unwrap_or("nowhere").into();
        here(&at, "open");
        Ok(Panicking { at })
    }
}

impl Drop for Panicking {
    fn drop(&mut self) {
        here(&self.at, "drop");
    }
}

impl Backend for Panicking {
    fn capabilities(&self) -> Capabilities {
        here(&self.at, "capabilities");
        Capabilities::exclusive(Durability::Never).with_checkpoint()
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        here(&self.at, "view");
        Ok(Box::new(PanickingView(Trap { at: self.at.clone(), drop: "drop of a view" })))
    }

    fn commit(&self, _batch: &Batch<'_>) -> Result<Commit> {
        here(&self.at, "commit");
        Ok(Commit::Done)
    }

    fn sync(&self) -> Result<()> {
        here(&self.at, "sync");
        Ok(())
    }

    fn need_durability(&self, _need: DurabilityNeed) -> Result<()> {
        here(&self.at, "need_durability");
        Ok(())
    }

    fn checkpoint(&self, _dir: &Path) -> Result<()> {
        here(&self.at, "checkpoint");
        Ok(())
    }

    fn compact(&self, _start: &[u8], _end: Option<&[u8]>) -> Result<()> {
        here(&self.at, "compact");
        Ok(())
    }

    fn approximate_size(&self, _start: &[u8], _end: Option<&[u8]>) -> Result<Option<u64>> {
        here(&self.at, "approximate_size");
        Ok(None)
    }

    fn stats(&self) -> Vec<(String, String)> {
        here(&self.at, "stats");
        Vec::new()
    }
}

struct PanickingView(Trap);

impl View for PanickingView {
    fn get(&self, _key: &[u8]) -> Result<Option<Value<'_>>> {
        here(&self.0.at, "get");
        Ok(Some(Value::Held(Box::new(Trap { at: self.0.at.clone(), drop: "drop of a value" }))))
    }

    fn get_many<'v>(&'v self, keys: &[&[u8]]) -> Result<Vec<Option<Value<'v>>>> {
        here(&self.0.at, "get_many");
        Ok(keys.iter().map(|_| None).collect())
    }

    fn scan(&self, _scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        here(&self.0.at, "scan");
        Ok(Box::new(PanickingCursor(Trap { at: self.0.at.clone(), drop: "drop of a cursor" })))
    }
}

struct PanickingCursor(Trap);

impl Cursor for PanickingCursor {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        here(&self.0.at, "next");
        Ok(None)
    }
}

dredis_plugin::export_backend!(Panicking);
