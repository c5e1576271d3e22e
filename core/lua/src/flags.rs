//! What a script or function says about itself.

use std::ops::BitOr;

/// The flags of a script's first line or of a registered function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

/// Each flag with its name, in the order in which FUNCTION LIST shows them.
const NAMES: [(Flags, &str); 5] = [
    (Flags::NO_WRITES, "no-writes"),
    (Flags::ALLOW_OOM, "allow-oom"),
    (Flags::ALLOW_STALE, "allow-stale"),
    (Flags::NO_CLUSTER, "no-cluster"),
    (Flags::ALLOW_CROSS_SLOT_KEYS, "allow-cross-slot-keys"),
];

impl Flags {
    /// `no-writes`: it never changes data.
    pub const NO_WRITES: Flags = Flags(1);
    /// `allow-oom`: it may run when memory is short.
    pub const ALLOW_OOM: Flags = Flags(2);
    /// `allow-stale`: it may run on a replica that lost its master.
    pub const ALLOW_STALE: Flags = Flags(4);
    /// `no-cluster`: it refuses to run in cluster mode.
    pub const NO_CLUSTER: Flags = Flags(8);
    /// `allow-cross-slot-keys`: its keys may lie in several slots.
    pub const ALLOW_CROSS_SLOT_KEYS: Flags = Flags(16);

    /// The flags as a byte, in which they can be stored.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The flags of a byte; bits that mean nothing are dropped.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Flags {
        Flags(bits & 31)
    }

    /// Whether all of `flags` are set.
    #[must_use]
    pub fn contains(self, flags: Flags) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// The names of the flags that are set, in Redis's order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, name)| name)
    }

    /// The flag of this name.
    #[must_use]
    pub fn of_name(name: &[u8]) -> Option<Flags> {
        NAMES.into_iter().find(|(_, found)| found.as_bytes() == name).map(|(flag, _)| flag)
    }
}

impl BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}
