//! The keys of records: one leading byte per kind of record, then big-endian parts.
//!
//! The numbers are on disk: never reuse one. ARCHITECTURE.md shows every record byte by byte.
//!
//! A key that an engine would refuse as too long keeps its longest prefix and ends in a 128-bit hash of the
//! whole; its record then carries the full bytes. Such a record key has exactly `key_bytes_max` bytes, and
//! an ordinary one always has fewer, so the two cannot be mistaken for each other.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128 as _, SipHasher13 as SipHasher13Wide};
use smallvec::SmallVec;

/// The key of a record.
pub(crate) type RecordKey = SmallVec<[u8; 64]>;

/// The longest record key that is used even on engines without a limit: longer ones would burden their indexes.
pub(crate) const KEY_BYTES_MAX: u64 = 1024;

/// Bytes of the hash at the end of a shortened record key.
pub(crate) const HASH_BYTES: usize = 16;

/// What a record is: its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum RecordKind {
    /// The format record: this byte alone.
    Format = 0x00,
    /// A database: number (1 byte).
    Database = 0x01,
    /// The end of the reserved object ids: this byte alone.
    Ids = 0x02,
    /// A library of functions: name.
    Library = 0x03,
    /// A key's meta record: space (4), key.
    Meta = 0x10,
    /// Expiry index: time in ms (8), space (4), key.
    Expiry = 0x11,
    /// Garbage queue: what it is (1), id (8).
    Garbage = 0x12,
    /// Sample index: space (4), hash of the key (8).
    Sample = 0x13,
    /// A segment of a large string: object id (8), number (4).
    Segment = 0x20,
    /// Fields of a spread hash: object id (8), hash of the field (8).
    HashField = 0x21,
    /// Members of a spread set: object id (8), hash of the member (8).
    SetMember = 0x22,
    /// Members of a spread sorted set with their scores: object id (8), hash of the member (8).
    SortedSetMember = 0x23,
    /// The counted order of a spread sorted set: object id (8), level (1), score (8), member.
    SortedSetOrder = 0x24,
    /// Chunks of a spread list: object id (8), position (8).
    ListChunk = 0x25,
    /// Counts of a spread list's elements: object id (8), level (1), position (8).
    ListCount = 0x26,
}

/// Whether a record is of a kind that commands read by its key, and not as one of a range or once in a while.
pub(crate) fn is_read_alone(record: &[u8]) -> bool {
    const KINDS: [RecordKind; 4] =
        [RecordKind::Meta, RecordKind::HashField, RecordKind::SetMember, RecordKind::SortedSetMember];
    record.first().is_some_and(|first| KINDS.iter().any(|kind| *kind as u8 == *first))
}

/// Makes record keys. Its parameters are fixed when a directory is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codec {
    /// The longest record key, in bytes.
    pub key_bytes_max: usize,
    /// The secret of this directory's hashes.
    pub seed: [u64; 2],
}

impl Codec {
    /// The meta record of a key.
    pub fn meta(&self, space: u32, key: &[u8]) -> RecordKey {
        let mut record = RecordKey::new();
        record.push(RecordKind::Meta as u8);
        record.extend_from_slice(&space.to_be_bytes());
        self.finish(record, key)
    }

    /// The expiry index's record of a key.
    pub fn expiry(&self, expire_at_ms: u64, space: u32, key: &[u8]) -> RecordKey {
        let mut record = expiry_prefix(expire_at_ms);
        record.extend_from_slice(&space.to_be_bytes());
        self.finish(record, key)
    }

    /// Whether a record key has been shortened, so that its record carries the full bytes.
    pub fn is_shortened(&self, record: &[u8]) -> bool {
        record.len() == self.key_bytes_max
    }

    /// The longest part of `prefix` that stands unchanged in every meta record of a key that begins with it.
    pub fn meta_prefix<'p>(&self, prefix: &'p [u8]) -> &'p [u8] {
        let whole = self.key_bytes_max - HASH_BYTES - META_HEADER_BYTES;
        &prefix[..prefix.len().min(whole)]
    }

    /// This directory's 64-bit hash of some bytes.
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.seed[0], self.seed[1]);
        hasher.write(bytes);
        hasher.finish()
    }

    /// This directory's 128-bit hash of some bytes.
    pub fn hash_wide(&self, bytes: &[u8]) -> u128 {
        let mut hasher = SipHasher13Wide::new_with_keys(self.seed[0], self.seed[1]);
        hasher.write(bytes);
        hasher.finish128().as_u128()
    }

    /// A record key that ends in `key`, shortened if it has to be.
    pub fn finish(&self, mut record: RecordKey, key: &[u8]) -> RecordKey {
        if record.len() + key.len() < self.key_bytes_max {
            record.extend_from_slice(key);
            return record;
        }
        let kept = self.key_bytes_max - HASH_BYTES - record.len();
        record.extend_from_slice(&key[..kept]);
        record.extend_from_slice(&self.hash_wide(key).to_be_bytes());
        record
    }
}

/// Bytes before the key in a meta record's key.
pub(crate) const META_HEADER_BYTES: usize = 5;

/// Bytes before the key in an expiry record's key.
pub(crate) const EXPIRY_HEADER_BYTES: usize = 13;

/// What all meta records of a space begin with.
pub(crate) fn meta_space(space: u32) -> RecordKey {
    let mut record = RecordKey::new();
    record.push(RecordKind::Meta as u8);
    record.extend_from_slice(&space.to_be_bytes());
    record
}

/// What all expiry records of this time begin with.
pub(crate) fn expiry_prefix(expire_at_ms: u64) -> RecordKey {
    let mut record = RecordKey::new();
    record.push(RecordKind::Expiry as u8);
    record.extend_from_slice(&expire_at_ms.to_be_bytes());
    record
}

/// The record of a database.
pub(crate) fn database(number: u32) -> RecordKey {
    let number = u8::try_from(number).expect("there are at most 256 databases");
    RecordKey::from_slice(&[RecordKind::Database as u8, number])
}

/// The garbage record of a dead object or space.
pub(crate) fn garbage(tag: u8, id: u64) -> RecordKey {
    let mut record = RecordKey::new();
    record.extend_from_slice(&[RecordKind::Garbage as u8, tag]);
    record.extend_from_slice(&id.to_be_bytes());
    record
}

/// The sample record of a key with this hash.
pub(crate) fn sample(space: u32, hash: u64) -> RecordKey {
    let mut record = sample_space(space);
    record.extend_from_slice(&hash.to_be_bytes());
    record
}

/// What all sample records of a space begin with.
pub(crate) fn sample_space(space: u32) -> RecordKey {
    let mut record = RecordKey::new();
    record.push(RecordKind::Sample as u8);
    record.extend_from_slice(&space.to_be_bytes());
    record
}

/// What all elements of this kind of an object begin with.
pub(crate) fn object(kind: RecordKind, id: u64) -> RecordKey {
    let mut record = RecordKey::new();
    record.push(kind as u8);
    record.extend_from_slice(&id.to_be_bytes());
    record
}

/// The object that a record is an element of, if it is one.
pub(crate) fn object_of(record: &[u8]) -> Option<u64> {
    read_u64(record, 1).filter(|_| record[0] >= RecordKind::Segment as u8)
}

/// The elements of an object whose names have this hash.
pub(crate) fn element(kind: RecordKind, id: u64, hash: u64) -> RecordKey {
    let mut record = object(kind, id);
    record.extend_from_slice(&hash.to_be_bytes());
    record
}

/// Bytes before the key in a record of an order index.
pub(crate) const LEVEL_HEADER_BYTES: usize = 10;

/// What all records of a level of an object's order index begin with.
pub(crate) fn level(kind: RecordKind, id: u64, level: u8) -> RecordKey {
    let mut record = object(kind, id);
    record.push(level);
    record
}

/// A segment of a large string.
pub(crate) fn segment(id: u64, number: u32) -> RecordKey {
    let mut record = object(RecordKind::Segment, id);
    record.extend_from_slice(&number.to_be_bytes());
    record
}

/// The first key after every key that begins with `prefix`; `None` if there can be none.
pub(crate) fn successor(prefix: &[u8]) -> Option<RecordKey> {
    let kept = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = RecordKey::from_slice(&prefix[..=kept]);
    end[kept] += 1;
    Some(end)
}

/// The key that comes right after `key`.
pub(crate) fn just_after(key: &[u8]) -> RecordKey {
    let mut after = RecordKey::from_slice(key);
    after.push(0);
    after
}

/// Reads a big-endian number of 4 bytes at `at`.
pub(crate) fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Reads a big-endian number of 8 bytes at `at`.
pub(crate) fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODEC: Codec = Codec { key_bytes_max: 64, seed: [1, 2] };

    #[test]
    fn long_keys_keep_their_prefix_and_differ_in_their_hash() {
        let left = CODEC.meta(3, &[b'x'; 100]);
        let right = CODEC.meta(3, &[b'x'; 101]);
        assert_eq!(left.len(), 64);
        assert_eq!(left[..48], right[..48]);
        assert_ne!(left, right);
        assert!(CODEC.is_shortened(&left));
        assert!(!CODEC.is_shortened(&CODEC.meta(3, &[b'x'; 58])));
    }

    #[test]
    fn successor_skips_all_that_begins_alike() {
        assert_eq!(successor(b"ab").as_deref(), Some(&b"ac"[..]));
        assert_eq!(successor(b"a\xff\xff").as_deref(), Some(&b"b"[..]));
        assert_eq!(successor(b"\xff\xff"), None);
    }
}
