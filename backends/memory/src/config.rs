//! How the memory backend presents itself.

use dredis_plugin::{Capabilities, Durability, Limits, OptionSpec, Sharing};

/// The name that operators type.
pub(crate) const NAME: &str = "memory";

/// What keeps the records.
pub(crate) const VERSION: &str = concat!("memory ", env!("CARGO_PKG_VERSION"));

/// There is nothing to set.
pub(crate) fn options() -> Vec<OptionSpec> {
    Vec::new()
}

/// What this engine can do.
pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    sharing: Sharing::Exclusive,
    durability: Durability::Never,
    checkpoint: false,
    // A range is removed record by record.
    cheap_range_delete: false,
    // An old view keeps what was overwritten since, and nothing else.
    view_age_max_ms: u64::MAX,
    limits: Limits::NONE,
};
