//! How the memory backend presents itself.

use dredis_plugin::{Capabilities, Durability, OptionSpec};

/// The name that operators type.
pub(crate) const NAME: &str = "memory";

/// What keeps the records.
pub(crate) const VERSION: &str = concat!("memory ", env!("CARGO_PKG_VERSION"));

/// There is nothing to set.
pub(crate) fn options() -> Vec<OptionSpec> {
    Vec::new()
}

/// What this engine can do. A range is removed record by record; an old view keeps what was overwritten since, and nothing
/// else, so that it may be as old as it likes.
pub(crate) const CAPABILITIES: Capabilities = Capabilities::exclusive(Durability::Never);
