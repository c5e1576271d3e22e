//! Small collections as one run of bytes within their key's record, in Redis's own layouts, so that dumps copy them.

pub(crate) mod check;
mod intset;
mod listpack;
mod writer;

pub use intset::{Intset, IntsetRef};
pub(crate) use listpack::integer;
pub use listpack::{Element, Elements, Listpack, ListpackRef};
pub(crate) use writer::ListpackWriter;

/// Up to which size collections stay packed: Redis's parameters of the same names, and their defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedLimits {
    /// `hash-max-listpack-entries`: fields.
    pub hash_entries: u64,
    /// `hash-max-listpack-value`: bytes of a field or value.
    pub hash_value_bytes: u64,
    /// `set-max-intset-entries`: members.
    pub set_intset_entries: u64,
    /// `zset-max-listpack-entries`: members.
    pub zset_entries: u64,
    /// `zset-max-listpack-value`: bytes of a member.
    pub zset_value_bytes: u64,
    /// `list-max-listpack-size`: elements in a chunk, or, from -1 to -5, 4 to 64 KB.
    pub list_size: i64,
}

impl Default for PackedLimits {
    fn default() -> Self {
        PackedLimits {
            hash_entries: 512,
            hash_value_bytes: 64,
            set_intset_entries: 512,
            zset_entries: 128,
            zset_value_bytes: 64,
            list_size: -2,
        }
    }
}

/// A packed value takes no more than this, whatever the parameters say, in bytes: it is read and written as a whole.
pub const PACKED_BYTES_MAX: usize = 16 << 20;
