//! What an engine can do and how far it goes, as data.

/// Who may write to the data directory while this backend has it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// This process alone. Opening a second time must fail.
    Exclusive,
    /// Other processes may commit too, and so may a second opening in this one: what one commits, the others see
    /// (kit: `what_one_opening_commits_the_others_see`).
    /// Views have a [`crate::View::moment`], and [`crate::Backend::commit`] may answer [`crate::Commit::Conflict`].
    Shared,
}

/// When a commit survives the death of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Durability {
    /// As soon as the commit returned; `sync` has nothing left to do.
    OnCommit,
    /// After the next `sync`.
    OnSync,
    /// Never: the data is gone with the process.
    Never,
}

/// The largest things that an engine accepts. `u64::MAX` means no limit of its own. What is declared is taken, to the
/// byte; what is more is refused as [`crate::ErrorKind::InvalidInput`], never cut. (Kit:
/// `keys_of_the_greatest_length_are_kept`, `values_of_the_greatest_length_are_kept`,
/// `batches_of_the_greatest_size_are_applied`, and for more, `a_longer_key_is_refused_and_nothing_applied` and its
/// neighbours.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest key, in bytes. At least 255.
    pub key_bytes_max: u64,
    /// Longest value, in bytes. At least 32,768.
    pub value_bytes_max: u64,
    /// Largest batch: the sum of its keys and values, in bytes.
    pub batch_bytes_max: u64,
}

impl Limits {
    /// No limits of the engine's own.
    pub const NONE: Limits =
        Limits { key_bytes_max: u64::MAX, value_bytes_max: u64::MAX, batch_bytes_max: u64::MAX };
}

/// What an engine can do. Constant for the lifetime of an opened backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Who may write.
    pub sharing: Sharing,
    /// When commits survive the machine.
    pub durability: Durability,
    /// Whether [`crate::Backend::checkpoint`] works.
    pub checkpoint: bool,
    /// Whether a range delete costs about as much as a put, whatever the range holds.
    pub cheap_range_delete: bool,
    /// Longest time for which a view may be held, in milliseconds; `u64::MAX` for no limit.
    pub view_age_max_ms: u64,
    /// Size limits.
    pub limits: Limits,
}
