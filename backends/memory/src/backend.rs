//! How the map presents itself as an engine.

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Durability, Open, OpenRequest, OptionSpec, Result, View,
};
use dredis_snapshot_map::{MapView, SnapshotMap};

/// An ordered map in memory.
#[derive(Default)]
pub struct MemoryBackend {
    map: SnapshotMap,
}

impl Open for MemoryBackend {
    const NAME: &'static str = "memory";
    const VERSION: &'static str = concat!("memory ", env!("CARGO_PKG_VERSION"));

    /// There is nothing to set.
    fn options() -> Vec<OptionSpec> {
        Vec::new()
    }

    fn open(_request: &OpenRequest) -> Result<Self> {
        Ok(MemoryBackend::default())
    }
}

impl Backend for MemoryBackend {
    /// A range is removed record by record; an old view keeps what was overwritten since, and nothing else, so that it
    /// may be as old as it likes.
    fn capabilities(&self) -> Capabilities {
        Capabilities::exclusive(Durability::Never)
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        Ok(Box::new(MapView::open(&self.map)))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        self.map.commit(batch);
        Ok(Commit::Done)
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }

    fn stats(&self) -> Vec<(String, String)> {
        vec![("memory_records".to_owned(), self.map.len().to_string())]
    }
}
