//! Ziplists: how Redis packed small collections before there were listpacks. Read into listpacks, never written.
//!
//! Total bytes (4, little-endian), where the last entry begins (4), number of entries (2; 65535: count them), the
//! entries, `ff`. An entry is the length of the one before (a byte; 254: four bytes follow), an encoding, and its data.

use crate::packed::{Listpack, ListpackWriter};

const HEADER_BYTES: usize = 10;
const END: u8 = 0xff;
/// In the header: more entries than its two bytes can count.
const COUNT_UNKNOWN: u16 = u16::MAX;
/// A length of the entry before that follows in four bytes.
const LONG: u8 = 254;

/// The same elements as a listpack; `None` if this is no ziplist to its last byte.
pub(super) fn to_listpack(bytes: &[u8]) -> Option<Listpack> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let total = u32::from_le_bytes(*header.first_chunk()?) as usize;
    let tail = u32::from_le_bytes(*header[4..].first_chunk()?) as usize;
    let count = u16::from_le_bytes(*header[8..].first_chunk()?);
    if total != bytes.len() || rest.last() != Some(&END) {
        return None;
    }
    let mut out = ListpackWriter::with_capacity(bytes.len());
    let (mut at, mut before) = (HEADER_BYTES, 0);
    let mut last = HEADER_BYTES;
    while at < total - 1 {
        // An entry ends before the mark of the end.
        let entry = Entry::read(&bytes[at..total - 1])?;
        if entry.before != before {
            return None;
        }
        match entry.value {
            Value::Integer(number) => out.push_integer(number),
            Value::Bytes(bytes) => out.push(bytes),
        }
        (last, before) = (at, entry.bytes);
        at += entry.bytes;
    }
    let is_counted = count == COUNT_UNKNOWN || usize::from(count) == out.count();
    (tail == last && is_counted).then(|| out.finish())
}

enum Value<'z> {
    Integer(i64),
    Bytes(&'z [u8]),
}

struct Entry<'z> {
    /// Length of the entry before.
    before: usize,
    value: Value<'z>,
    /// Length of this one.
    bytes: usize,
}

impl<'z> Entry<'z> {
    fn read(bytes: &'z [u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first()?;
        let (before, rest) = match *first {
            LONG => {
                let (long, rest) = rest.split_first_chunk()?;
                (u32::from_le_bytes(*long) as usize, rest)
            }
            END => return None,
            before => (usize::from(before), rest),
        };
        let (value, rest) = Value::read(rest)?;
        Some(Entry { before, value, bytes: bytes.len() - rest.len() })
    }
}

impl<'z> Value<'z> {
    /// A value, and what stands behind it.
    fn read(bytes: &'z [u8]) -> Option<(Self, &'z [u8])> {
        let (first, rest) = bytes.split_first()?;
        let string = |length: usize, rest: &'z [u8]| {
            let (value, rest) = rest.split_at_checked(length)?;
            Some((Value::Bytes(value), rest))
        };
        let integer = |width: usize| {
            let (data, rest) = rest.split_at_checked(width)?;
            let is_negative = data.last().is_some_and(|byte| byte & 0x80 != 0);
            let mut wide = [if is_negative { 0xff } else { 0 }; 8];
            wide[..width].copy_from_slice(data);
            Some((Value::Integer(i64::from_le_bytes(wide)), rest))
        };
        match *first {
            0..0x40 => string(usize::from(*first), rest),
            0x40..0x80 => {
                let (low, rest) = rest.split_first()?;
                string(usize::from(first & 0x3f) << 8 | usize::from(*low), rest)
            }
            0x80..0xc0 => {
                let (length, rest) = rest.split_first_chunk()?;
                string(u32::from_be_bytes(*length) as usize, rest)
            }
            0xc0 => integer(2),
            0xd0 => integer(4),
            0xe0 => integer(8),
            0xf0 => integer(3),
            0xfe => integer(1),
            0xf1..=0xfd => Some((Value::Integer(i64::from(first & 0x0f) - 1), rest)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `RPUSH k 1024 a 12 -1 100000 9000000000 ""` as Redis 3.2 keeps it, and the widest of the rest.
    const ENTRIES: &[u8] = &[
        0, 0xc0, 0, 4, // 1024
        4, 1, b'a', // a
        3, 0xfd, // 12
        2, 0xfe, 0xff, // -1
        3, 0xf0, 0xa0, 0x86, 1, // 100000
        5, 0xe0, 0, 0x1a, 0x71, 0x18, 2, 0, 0, 0, // 9000000000
        10, 0, // an empty string
        2, 0x40, 3, b'x', b'y', b'z', // three bytes with a longer length
        254, 6, 0, 0, 0, 0x80, 0, 0, 0, 1, b'!', // both lengths in their longest form
        11, 0xd0, 0xff, 0xff, 0xff, 0x7f, // 2147483647
    ];

    fn ziplist(entries: &[u8], tail: u32, count: u16) -> Vec<u8> {
        let mut bytes = (entries.len() as u32 + 11).to_le_bytes().to_vec();
        bytes.extend_from_slice(&tail.to_le_bytes());
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(entries);
        bytes.push(END);
        bytes
    }

    #[test]
    fn every_encoding_of_an_entry() {
        let tail = (10 + ENTRIES.len() - 6) as u32;
        for count in [10, COUNT_UNKNOWN] {
            let list = to_listpack(&ziplist(ENTRIES, tail, count)).unwrap();
            let elements: Vec<_> = list.view().iter().map(|element| element.to_vec()).collect();
            let expected: [&[u8]; 10] =
                [b"1024", b"a", b"12", b"-1", b"100000", b"9000000000", b"", b"xyz", b"!", b"2147483647"];
            assert_eq!(elements, expected);
        }
        assert_eq!(to_listpack(&ziplist(ENTRIES, tail, 9)), None, "a wrong count");
        assert_eq!(to_listpack(&ziplist(ENTRIES, tail - 1, 10)), None, "a tail elsewhere");
        assert_eq!(to_listpack(&ziplist(&ENTRIES[1..], tail, 10)), None);
        assert!(to_listpack(&ziplist(&[], 10, 0)).unwrap().view().is_empty());
    }

    #[test]
    fn entries_that_do_not_lead_on_to_each_other_are_refused() {
        let whole = ziplist(ENTRIES, (10 + ENTRIES.len() - 6) as u32, 10);
        for end in 0..whole.len() {
            assert_eq!(to_listpack(&whole[..end]), None, "the first {end} bytes");
        }
        // The length of the entry before is wrong: a walk from behind would go astray.
        let mut astray = whole.clone();
        astray[14] = 3;
        assert_eq!(to_listpack(&astray), None);
        // A string that reaches over the end.
        assert_eq!(to_listpack(&ziplist(&[0, 5, b'a'], 10, 1)), None);
    }
}
