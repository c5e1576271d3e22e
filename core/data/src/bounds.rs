//! How much memory a single command may take beside its request and its reply, however large the values are that it works
//! on; and what all of them share.

/// Bounds that commands keep to. Tests lower them, so that they are crossed with few elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryBounds {
    /// About how many bytes of an object being built, or of a list from which elements are removed, wait for a commit.
    pub waiting_bytes: usize,
    /// About how many bytes of elements are sorted at a time. Of more, sorted runs are laid aside in the engine.
    pub sorted_bytes: usize,
    /// How many members of a sorted set, or chunks of a list, one commit removes. Where more of them go, what stays is copied
    /// under a new object, and the old one is left to the garbage sweep: that takes longer, but no more memory.
    pub removed_in_place: u64,
    /// About how many bytes of records that were read or written lately are kept for all commands; none above an engine that
    /// keeps nothing on disk.
    pub cached_bytes: usize,
}

impl Default for MemoryBounds {
    fn default() -> Self {
        MemoryBounds {
            waiting_bytes: 8 << 20,
            sorted_bytes: 32 << 20,
            removed_in_place: 1 << 17,
            cached_bytes: 0,
        }
    }
}
