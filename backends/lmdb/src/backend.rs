//! The backend: LMDB, with a write buffer before it unless the operator wants every commit in LMDB at once.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Durability, DurabilityNeed, Error, Limits, Logger, Open,
    OpenRequest, OptionSpec, OptionValue, Options, Result, View, directory,
};

use crate::buffer::Buffer;
use crate::config::{self, Config, Flush};
use crate::engine::{Engine, GIB, KEY_BYTES_MAX, VALUE_BYTES_MAX};
use crate::error;

/// An opened LMDB environment, held by this process alone.
pub struct Lmdb {
    // Dropped first: it brings into the engine what it holds.
    buffer: Option<Buffer>,
    engine: Arc<Engine>,
    readonly: bool,
    flush: Flush,
    log: Logger,
}

impl Open for Lmdb {
    const NAME: &'static str = "lmdb";
    const VERSION: &'static str = "LMDB 0.9.70";

    fn options() -> Vec<OptionSpec> {
        config::schema()
    }

    fn open(request: &OpenRequest) -> Result<Self> {
        let config = Config::read(&request.dir, &request.options)?;
        let engine = Arc::new(Engine::open(config.clone(), &request.log)?);
        let buffer = Buffer::open(&engine, &config, &request.log)?;
        Ok(Lmdb { buffer, engine, readonly: config.readonly, flush: config.flush, log: request.log.clone() })
    }
}

impl Backend for Lmdb {
    fn capabilities(&self) -> Capabilities {
        let durability = match (&self.buffer, self.flush) {
            (None, Flush::Everything) => Durability::OnCommit,
            _ => Durability::OnSync,
        };
        let limits = Limits::NONE
            .with_key_bytes_max(KEY_BYTES_MAX)
            .with_value_bytes_max(VALUE_BYTES_MAX)
            .with_batch_bytes_max(GIB);
        Capabilities::exclusive(durability).with_checkpoint().with_limits(limits)
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        match &self.buffer {
            Some(buffer) => Ok(Box::new(buffer.view()?)),
            None => Ok(Box::new(self.engine.view()?)),
        }
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        if self.readonly {
            return Err(Error::invalid_input("LMDB was opened with readonly=true: it takes no commits"));
        }
        match &self.buffer {
            Some(buffer) => buffer.commit(batch),
            None => self.engine.commit(batch),
        }
    }

    fn sync(&self) -> Result<()> {
        match &self.buffer {
            Some(buffer) if !self.readonly => buffer.sync(),
            _ => self.engine.sync(),
        }
    }

    fn need_durability(&self, need: DurabilityNeed) -> Result<()> {
        match &self.buffer {
            // LMDB's own commits always are durable then, and the log is synced whenever that is asked for.
            Some(_) => Ok(()),
            None => self.engine.need_durability(need),
        }
    }

    /// A compacted copy as of now. Commits go on beside it; the pages that they free wait until it is done.
    fn checkpoint(&self, dir: &Path) -> Result<()> {
        let Some(buffer) = &self.buffer else {
            return self.engine.checkpoint(dir);
        };
        directory::prepare_checkpoint(dir)?;
        // It gets its name once it is whole.
        let part = "data.mdb.part";
        let mut options = Options::new();
        options.set("path", OptionValue::Text(part.to_owned()));
        options.set("subdir", OptionValue::Bool(false));
        options.set("write_buffer_size", OptionValue::Integer(0));
        options.set("writemap", OptionValue::Bool(false));
        let config = Config::read(dir, &options)?;
        let (part, lock) = (config.data_file.clone(), config.lock_file.clone());
        let target = Engine::open(config, &self.log)?;
        buffer.copy_into(&target)?;
        drop(target);
        fs::rename(&part, dir.join("data.mdb"))
            .and_then(|()| fs::remove_file(&lock))
            .map_err(|error| error::from_io(&format!("finish {}", part.display()), &error))?;
        directory::sync(dir)
    }

    fn stats(&self) -> Vec<(String, String)> {
        let mut stats = self.engine.stats();
        if let Some(buffer) = &self.buffer {
            stats.push(("write_buffer_bytes".to_owned(), buffer.bytes().to_string()));
        }
        stats
    }
}
