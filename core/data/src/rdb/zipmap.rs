//! Zipmaps: how Redis 2.4 and earlier packed small hashes. Read into listpacks, never written.
//!
//! Number of pairs (1; 254 or more: count them), the pairs, `ff`. A pair is the length of its field (a byte; 254: four bytes
//! follow), the field, the length of its value, how many unused bytes follow the value (1), the value, those bytes.

use crate::packed::{Listpack, ListpackWriter};

const END: u8 = 0xff;
/// In the header: as many pairs as this, or more.
const MANY: u8 = 254;
/// A length that follows in four bytes.
const LONG: u8 = 254;

/// Fields and values as a listpack; `None` if this is no zipmap to its last byte. An empty one does not count.
pub(super) fn to_listpack(bytes: &[u8]) -> Option<Listpack> {
    let (count, mut rest) = bytes.split_first()?;
    let mut out = ListpackWriter::with_capacity(bytes.len());
    while *rest.first()? != END {
        let (field_bytes, after) = length(rest)?;
        let (field, after) = after.split_at_checked(field_bytes)?;
        let (value_bytes, after) = length(after)?;
        let (unused, after) = after.split_first()?;
        let (value, after) = after.split_at_checked(value_bytes)?;
        rest = after.get(usize::from(*unused)..)?;
        out.push(field);
        out.push(value);
    }
    let pairs = out.count() / 2;
    let is_counted = *count >= MANY || usize::from(*count) == pairs;
    (rest.len() == 1 && pairs > 0 && is_counted).then(|| out.finish())
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match *first {
        LONG => {
            let (long, rest) = rest.split_first_chunk()?;
            Some((u32::from_le_bytes(*long) as usize, rest))
        }
        END => None,
        short => Some((usize::from(short), rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_with_unused_bytes_between() {
        let zipmap = b"\x02\x03foo\x03\x02bar??\xfe\x05\0\0\0hello\x05\x00world\xff";
        let list = to_listpack(zipmap).unwrap();
        let elements: Vec<_> = list.view().iter().map(|element| element.to_vec()).collect();
        assert_eq!(elements, [&b"foo"[..], b"bar", b"hello", b"world"]);
        for end in 0..zipmap.len() {
            assert_eq!(to_listpack(&zipmap[..end]), None, "the first {end} bytes");
        }
        for wrong in
            [&b"\x00\xff"[..], b"\x02\x01a\x01\x00b\xff", b"\x01\x01a\x01\x00b\xff\xff", b"\x01\x01a\xff"]
        {
            assert_eq!(to_listpack(wrong), None, "{}", wrong.escape_ascii());
        }
    }
}
