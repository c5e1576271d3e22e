//! Packed values of strangers, checked to the last byte before anything of them is used.

use super::listpack::{self, COUNT_UNKNOWN, HEADER_BYTES};
use super::{Element, IntsetRef, ListpackRef};

/// How many elements a listpack has, if it is one: every element within it, with the right length behind, as many as its
/// header says, and nothing else.
pub(crate) fn listpack(bytes: &[u8]) -> Option<usize> {
    ListpackRef::new(bytes).ok()?;
    let header = u16::from_le_bytes([bytes[4], bytes[5]]);
    let mut rest = bytes.get(HEADER_BYTES..bytes.len() - 1)?;
    let mut count = 0_usize;
    while !rest.is_empty() {
        let (_, length) = listpack::decode(rest)?;
        let behind = listpack::length_of_length(length);
        let written = rest.get(length..length + behind)?;
        let mut expected = [0; 5];
        let bytes = listpack::put_length(length, &mut expected);
        if written != bytes {
            return None;
        }
        rest = rest.get(length + behind..)?;
        count += 1;
    }
    (header == COUNT_UNKNOWN || usize::from(header) == count).then_some(count)
}

/// Whether this is an intset: numbers that ascend, and at least one.
pub(crate) fn intset(bytes: &[u8]) -> bool {
    let Ok(set) = IntsetRef::new(bytes) else { return false };
    !set.is_empty() && set.iter().is_sorted_by(|left, right| left < right)
}

/// Whether no element comes twice, whatever it is written like.
pub(crate) fn are_distinct<'e>(elements: impl Iterator<Item = Element<'e>>) -> bool {
    let mut names: Vec<Name<'e>> = elements.map(Name::of).collect();
    names.sort_unstable();
    names.is_sorted_by(|left, right| left < right)
}

/// An element as it is compared: an integer is one even where it is written as a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Name<'e> {
    Integer(i64),
    Bytes(&'e [u8]),
}

impl<'e> Name<'e> {
    fn of(element: Element<'e>) -> Self {
        match element {
            Element::Integer(number) => Name::Integer(number),
            Element::Bytes(bytes) => listpack::integer(bytes).map_or(Name::Bytes(bytes), Name::Integer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::writer::ListpackWriter;
    use super::*;
    use crate::random::Random;

    #[test]
    fn only_what_is_sound_to_the_last_byte_passes() {
        let mut random = Random::new(8);
        let mut writer = ListpackWriter::with_capacity(0);
        for length in [0, 1, 63, 64, 130, 4095, 4096, 20_000] {
            writer.push(&vec![b'x'; length]);
            writer.push_integer((random.next_u64() >> random.below(64)) as i64);
        }
        assert_eq!(writer.count(), 16);
        let bytes = writer.finish().into_bytes();
        assert_eq!(listpack(&bytes), Some(16));
        for end in 0..bytes.len() {
            assert_eq!(listpack(&bytes[..end]), None, "the first {end} bytes");
        }
        // Any change of structure is found; a change of contents is none.
        let elements = ListpackRef::new(&bytes).unwrap().iter().count();
        for _ in 0..2000 {
            let mut flipped = bytes.clone();
            let at = random.below(bytes.len() as u64) as usize;
            flipped[at] ^= 1 << random.below(8);
            if let Some(count) = listpack(&flipped) {
                let list = ListpackRef::new(&flipped).unwrap();
                assert_eq!((list.iter().count(), list.iter().rev().count()), (count, count), "at {at}");
            }
        }
        assert_eq!(elements, 16);
    }

    #[test]
    fn a_number_and_its_text_are_one_element() {
        let of = |elements: &[Element<'static>]| are_distinct(elements.iter().copied());
        assert!(of(&[Element::Integer(5), Element::Bytes(b"05"), Element::Bytes(b"")]));
        assert!(!of(&[Element::Integer(5), Element::Bytes(b"x"), Element::Bytes(b"5")]));
        assert!(!of(&[Element::Bytes(b"x"), Element::Integer(1), Element::Bytes(b"x")]));
    }

    #[test]
    fn an_intset_ascends() {
        assert!(intset(&[2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0]));
        for wrong in [&[2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 0][..], &[2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0]] {
            assert!(!intset(wrong));
        }
        assert!(!intset(&[2, 0, 0, 0, 0, 0, 0, 0]));
    }
}
