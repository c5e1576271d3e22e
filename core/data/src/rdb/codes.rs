//! The numbers of the format: what a byte before an item, or before a value, means.

/// What stands before an item that is no key.
pub(super) mod opcode {
    /// Where keys of a cluster's slot begin, with their numbers: a hint.
    pub const SLOT_INFO: u8 = 244;
    /// The code of a library of functions.
    pub const FUNCTION: u8 = 245;
    /// The same, as only release candidates of Redis 7.0 wrote it.
    pub const FUNCTION_PRE_GA: u8 = 246;
    /// Something that a module has written beside keys.
    pub const MODULE_AUX: u8 = 247;
    /// How many seconds the next key has not been used.
    pub const IDLE: u8 = 248;
    /// How often the next key is used.
    pub const FREQUENCY: u8 = 249;
    /// A name with a value, about the file as a whole.
    pub const AUX: u8 = 250;
    /// How many keys the database has: a hint.
    pub const SIZES: u8 = 251;
    /// When the next key expires, in milliseconds.
    pub const EXPIRE_MS: u8 = 252;
    /// When the next key expires, in seconds.
    pub const EXPIRE_SECONDS: u8 = 253;
    /// The number of the database that the following keys are in.
    pub const DATABASE: u8 = 254;
    /// The end.
    pub const END: u8 = 255;
}

/// How a value is encoded.
pub(super) mod layout {
    pub const STRING: u8 = 0;
    pub const LIST: u8 = 1;
    pub const SET: u8 = 2;
    /// Scores are texts.
    pub const SORTED_SET: u8 = 3;
    pub const HASH: u8 = 4;
    /// Scores are binary.
    pub const SORTED_SET_BINARY: u8 = 5;
    pub const MODULE_PRE_GA: u8 = 6;
    pub const MODULE: u8 = 7;
    pub const HASH_ZIPMAP: u8 = 9;
    pub const LIST_ZIPLIST: u8 = 10;
    pub const SET_INTSET: u8 = 11;
    pub const SORTED_SET_ZIPLIST: u8 = 12;
    pub const HASH_ZIPLIST: u8 = 13;
    /// A quicklist of ziplists.
    pub const LIST_QUICKLIST: u8 = 14;
    pub const STREAM: u8 = 15;
    pub const HASH_LISTPACK: u8 = 16;
    pub const SORTED_SET_LISTPACK: u8 = 17;
    /// A quicklist of listpacks and of single large elements.
    pub const LIST_QUICKLIST_2: u8 = 18;
    pub const STREAM_2: u8 = 19;
    pub const SET_LISTPACK: u8 = 20;
    pub const STREAM_3: u8 = 21;
    /// Fields that may expire, as release candidates of Redis 7.4 wrote them.
    pub const HASH_EXPIRING_PRE_GA: u8 = 22;
    pub const HASH_LISTPACK_EXPIRING_PRE_GA: u8 = 23;
    /// Fields that may expire.
    pub const HASH_EXPIRING: u8 = 24;
    pub const HASH_LISTPACK_EXPIRING: u8 = 25;
}

/// Encodings of strings that are no bytes.
pub(super) mod string {
    pub const INT8: u8 = 0;
    pub const INT16: u8 = 1;
    pub const INT32: u8 = 2;
    pub const LZF: u8 = 3;
}

/// A node of a quicklist.
pub(super) mod node {
    /// One large element.
    pub const PLAIN: u64 = 1;
    /// A listpack.
    pub const PACKED: u64 = 2;
}

/// The parts of what a module has written.
pub(super) mod module {
    pub const END: u64 = 0;
    pub const SIGNED: u64 = 1;
    pub const UNSIGNED: u64 = 2;
    pub const FLOAT: u64 = 3;
    pub const DOUBLE: u64 = 4;
    pub const STRING: u64 = 5;
}

/// Lengths of texts of scores that stand for no text.
pub(super) mod score {
    pub const NAN: u8 = 253;
    pub const INFINITY: u8 = 254;
    pub const NEGATIVE_INFINITY: u8 = 255;
}
