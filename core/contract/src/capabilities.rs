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
///
/// Made from [`Limits::NONE`], so that a limit that comes later is none for engines that do not know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

    /// No engine may have a smaller [`Limits::key_bytes_max`].
    pub const KEY_BYTES_LEAST: u64 = 255;
    /// No engine may have a smaller [`Limits::value_bytes_max`].
    pub const VALUE_BYTES_LEAST: u64 = 32_768;

    /// Whether the host can live within these limits; if not, an error for the engine's author.
    pub fn check(&self) -> crate::Result<()> {
        let sizes = [
            ("keys", self.key_bytes_max, Self::KEY_BYTES_LEAST),
            ("values", self.value_bytes_max, Self::VALUE_BYTES_LEAST),
        ];
        match sizes.into_iter().find(|(_, most, least)| most < least) {
            None => Ok(()),
            Some((what, most, least)) => Err(crate::Error::unsupported_limit(what, most, least)),
        }
    }

    /// The same with keys of at most so many bytes.
    pub const fn with_key_bytes_max(self, key_bytes_max: u64) -> Self {
        Limits { key_bytes_max, ..self }
    }

    /// The same with values of at most so many bytes.
    pub const fn with_value_bytes_max(self, value_bytes_max: u64) -> Self {
        Limits { value_bytes_max, ..self }
    }

    /// The same with batches of at most so many bytes.
    pub const fn with_batch_bytes_max(self, batch_bytes_max: u64) -> Self {
        Limits { batch_bytes_max, ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::NONE
    }
}

/// What an engine can do. Constant for the lifetime of an opened backend.
///
/// Made by [`Capabilities::exclusive`], which promises the least, and then what the engine does better: so the source of
/// an engine stays valid when a capability is added.
///
/// ```
/// use dredis_contract::{Capabilities, Durability, Limits};
///
/// const CAPABILITIES: Capabilities = Capabilities::exclusive(Durability::OnSync)
///     .with_checkpoint()
///     .with_limits(Limits::NONE.with_key_bytes_max(511));
/// assert!(CAPABILITIES.checkpoint && !CAPABILITIES.cheap_range_delete);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

impl Capabilities {
    /// An engine that this process alone writes to, with no optional powers and no limits.
    pub const fn exclusive(durability: Durability) -> Self {
        Capabilities {
            sharing: Sharing::Exclusive,
            durability,
            checkpoint: false,
            cheap_range_delete: false,
            view_age_max_ms: u64::MAX,
            limits: Limits::NONE,
        }
    }

    /// The same for an engine to which other processes may commit, too.
    pub const fn shared(durability: Durability) -> Self {
        Capabilities { sharing: Sharing::Shared, ..Self::exclusive(durability) }
    }

    /// The same with checkpoints.
    pub const fn with_checkpoint(self) -> Self {
        Capabilities { checkpoint: true, ..self }
    }

    /// The same with range deletes that cost about as much as a put.
    pub const fn with_cheap_range_delete(self) -> Self {
        Capabilities { cheap_range_delete: true, ..self }
    }

    /// The same with views that may be held for so many milliseconds at most.
    pub const fn with_view_age_max_ms(self, view_age_max_ms: u64) -> Self {
        Capabilities { view_age_max_ms, ..self }
    }

    /// The same with size limits.
    pub const fn with_limits(self, limits: Limits) -> Self {
        Capabilities { limits, ..self }
    }
}
