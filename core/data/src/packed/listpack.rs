//! A list of strings and integers in Redis's listpack layout.
//!
//! Total bytes (4, little-endian), number of elements (2; 65535: count them), the elements, `ff`. An element is its
//! encoding with its data, and then the length of both, to be read from behind. A string that is the usual text of an
//! integer is kept as one.

use std::ops::{Deref, Range};

use dredis_contract::{Error, Result};

/// Bytes before the elements.
pub(super) const HEADER_BYTES: usize = 6;
const END: u8 = 0xff;
/// In the header: more elements than its two bytes can count.
pub(super) const COUNT_UNKNOWN: u16 = u16::MAX;

/// An element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'l> {
    /// An integer.
    Integer(i64),
    /// Anything else.
    Bytes(&'l [u8]),
}

impl Element<'_> {
    /// Its bytes as clients see them.
    pub fn to_vec(&self) -> Vec<u8> {
        match self {
            Element::Integer(number) => number.to_string().into_bytes(),
            Element::Bytes(bytes) => bytes.to_vec(),
        }
    }

    /// Whether it is these bytes.
    pub fn is(&self, bytes: &[u8]) -> bool {
        match self {
            Element::Integer(number) => integer(bytes) == Some(*number),
            Element::Bytes(own) => *own == bytes,
        }
    }
}

/// A listpack to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListpackRef<'l>(&'l [u8]);

/// A listpack to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listpack(Vec<u8>);

impl<'l> ListpackRef<'l> {
    /// Where the first element begins.
    pub(crate) const FIRST: usize = HEADER_BYTES;

    /// Takes bytes for a listpack. Elements are only looked at when they are read.
    pub fn new(bytes: &'l [u8]) -> Result<Self> {
        let total = bytes.first_chunk().map(|total| u32::from_le_bytes(*total) as usize);
        if bytes.len() <= HEADER_BYTES || total != Some(bytes.len()) || bytes.last() != Some(&END) {
            return Err(Error::corrupt("a packed value is no listpack"));
        }
        Ok(ListpackRef(bytes))
    }

    /// How many elements there are.
    pub fn count(&self) -> usize {
        match u16::from_le_bytes([self.0[4], self.0[5]]) {
            COUNT_UNKNOWN => self.iter().count(),
            count => usize::from(count),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.0.len() == HEADER_BYTES + 1
    }

    /// The whole, as it is stored.
    pub fn as_bytes(&self) -> &'l [u8] {
        self.0
    }

    /// The elements in order.
    pub fn iter(&self) -> Elements<'l> {
        Elements { bytes: self.0, front: HEADER_BYTES, back: self.0.len() - 1 }
    }

    /// An element by its place.
    pub fn get(&self, index: usize) -> Option<Element<'l>> {
        self.iter().nth(index)
    }

    /// Elements two by two: fields and values, members and scores.
    pub fn pairs(&self) -> impl Iterator<Item = (Element<'l>, Element<'l>)> + use<'l> {
        let mut elements = self.iter();
        std::iter::from_fn(move || Some((elements.next()?, elements.next()?)))
    }

    /// The element that begins at a byte, and where the next one does; `None` at the end. The first begins at
    /// [`ListpackRef::FIRST`].
    pub(crate) fn element_at(&self, at: usize) -> Option<(Element<'l>, usize)> {
        let mut elements = Elements { bytes: self.0, front: at, back: self.0.len() - 1 };
        Some((elements.next()?, elements.front))
    }

    /// Where the element of this place begins; the end for the place after the last.
    fn offset(&self, index: usize) -> usize {
        let mut elements = self.iter();
        if index > 0 {
            elements.nth(index - 1);
        }
        elements.front
    }
}

impl Default for Listpack {
    fn default() -> Self {
        Listpack(vec![HEADER_BYTES as u8 + 1, 0, 0, 0, 0, 0, END])
    }
}

impl Deref for Listpack {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Listpack {
    /// Takes bytes for a listpack.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        ListpackRef::new(&bytes)?;
        Ok(Listpack(bytes))
    }

    /// So many elements, encoded, behind room for a header.
    pub(super) fn of_elements(mut bytes: Vec<u8>, count: usize) -> Self {
        bytes.push(END);
        let mut list = Listpack(bytes);
        list.set_header(count);
        list
    }

    /// To read.
    pub fn view(&self) -> ListpackRef<'_> {
        ListpackRef(&self.0)
    }

    /// The whole, as it is stored.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Adds an element behind all others.
    pub fn push_back(&mut self, value: &[u8]) {
        let end = self.0.len() - 1;
        self.splice(end..end, 0, &[value]);
    }

    /// Adds an element before all others.
    pub fn push_front(&mut self, value: &[u8]) {
        self.splice(HEADER_BYTES..HEADER_BYTES, 0, &[value]);
    }

    /// Puts elements before the one at `index`, or at the end.
    pub fn insert(&mut self, index: usize, values: &[&[u8]]) {
        let at = self.view().offset(index);
        self.splice(at..at, 0, values);
    }

    /// Puts `value` in the place of the element at `index`.
    pub fn replace(&mut self, index: usize, value: &[u8]) {
        let range = self.view().offset(index)..self.view().offset(index + 1);
        self.splice(range, 1, &[value]);
    }

    /// Removes the elements of these places.
    pub fn remove(&mut self, indexes: Range<usize>) {
        let start = self.view().offset(indexes.start);
        let mut rest = Elements { bytes: &self.0, front: start, back: self.0.len() - 1 };
        let removed = rest.by_ref().take(indexes.len()).count();
        let end = rest.front;
        self.splice(start..end, removed, &[]);
    }

    /// Takes everything from the element at `index` on away, as a listpack of its own.
    pub fn split_off(&mut self, index: usize) -> Listpack {
        let at = self.view().offset(index);
        let count = self.view().count();
        let mut tail = Listpack::default();
        tail.0.splice(HEADER_BYTES..HEADER_BYTES, self.0[at..self.0.len() - 1].iter().copied());
        tail.set_header(count.saturating_sub(index));
        let end = self.0.len() - 1;
        self.0.drain(at..end);
        self.set_header(count.min(index));
        tail
    }

    /// Adds all elements of another listpack behind these.
    pub fn append(&mut self, other: ListpackRef<'_>) {
        let count = self.view().count() + other.count();
        let end = self.0.len() - 1;
        self.0.splice(end..end, other.0[HEADER_BYTES..other.0.len() - 1].iter().copied());
        self.set_header(count);
    }

    fn splice(&mut self, range: Range<usize>, removed: usize, values: &[&[u8]]) {
        let count = self.view().count() - removed + values.len();
        if range.is_empty() && range.start == self.0.len() - 1 {
            self.0.pop();
            values.iter().for_each(|value| encode(value, &mut self.0));
            self.0.push(END);
        } else {
            let mut encoded = Vec::new();
            values.iter().for_each(|value| encode(value, &mut encoded));
            self.0.splice(range, encoded);
        }
        self.set_header(count);
    }

    fn set_header(&mut self, count: usize) {
        let total = u32::try_from(self.0.len()).expect("a packed value has a limit far below 4 GB");
        self.0[..4].copy_from_slice(&total.to_le_bytes());
        let count = u16::try_from(count).unwrap_or(COUNT_UNKNOWN);
        self.0[4..HEADER_BYTES].copy_from_slice(&count.to_le_bytes());
    }
}

/// Elements of a listpack, from either end. Ends at what does not decode.
#[derive(Clone, Debug)]
pub struct Elements<'l> {
    bytes: &'l [u8],
    front: usize,
    back: usize,
}

impl<'l> Iterator for Elements<'l> {
    type Item = Element<'l>;

    fn next(&mut self) -> Option<Element<'l>> {
        let (element, length) = decode(self.bytes.get(self.front..self.back)?)?;
        self.front += length + length_of_length(length);
        Some(element)
    }
}

impl DoubleEndedIterator for Elements<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let before = self.bytes.get(self.front..self.back)?;
        let mut length = 0;
        for (index, byte) in before.iter().rev().take(5).enumerate() {
            length |= usize::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                let start = before.len().checked_sub(index + 1 + length)?;
                let (element, _) = decode(&before[start..])?;
                self.back = self.front + start;
                return Some(element);
            }
        }
        None
    }
}

/// The integer whose usual text this is.
pub(crate) fn integer(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let is_usual = match digits {
        [b'0'] => bytes.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.len() < 19 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !is_usual {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// Adds an element's encoding, its data and the length of both.
pub(super) fn encode(value: &[u8], out: &mut Vec<u8>) {
    if let Some(number) = integer(value) {
        return encode_integer(number, out);
    }
    let start = out.len();
    match value.len() {
        length @ 0..=63 => out.push(0x80 | length as u8),
        length @ 64..=4095 => out.extend_from_slice(&[0xe0 | (length >> 8) as u8, length as u8]),
        length => {
            let length = u32::try_from(length).expect("a packed element is far below 4 GB");
            out.push(0xf0);
            out.extend_from_slice(&length.to_le_bytes());
        }
    }
    out.extend_from_slice(value);
    encode_length(out.len() - start, out);
}

/// The same for an integer.
pub(super) fn encode_integer(number: i64, out: &mut Vec<u8>) {
    let start = out.len();
    match number {
        0..=127 => out.push(number as u8),
        -4096..=4095 => {
            let bits = number as u16 & 0x1fff;
            out.extend_from_slice(&[0xc0 | (bits >> 8) as u8, bits as u8]);
        }
        number => {
            let (tag, bytes) = match number {
                -0x8000..=0x7fff => (0xf1, 2),
                -0x80_0000..=0x7f_ffff => (0xf2, 3),
                -0x8000_0000..=0x7fff_ffff => (0xf3, 4),
                _ => (0xf4, 8),
            };
            out.push(tag);
            out.extend_from_slice(&number.to_le_bytes()[..bytes]);
        }
    }
    encode_length(out.len() - start, out);
}

fn encode_length(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(put_length(length, &mut [0; 5]));
}

/// The length of an element as it stands behind it.
pub(super) fn put_length(length: usize, room: &mut [u8; 5]) -> &[u8] {
    let bytes = length_of_length(length);
    for (place, index) in (0..bytes).rev().enumerate() {
        let group = (length >> (7 * index)) as u8 & 0x7f;
        room[place] = if place == 0 { group } else { group | 0x80 };
    }
    &room[..bytes]
}

/// The element at the beginning of these bytes, and the length of its encoding and data.
pub(super) fn decode(bytes: &[u8]) -> Option<(Element<'_>, usize)> {
    let string = |start: usize, length: usize| {
        let end = start.checked_add(length)?;
        Some((Element::Bytes(bytes.get(start..end)?), end))
    };
    let number = |length: usize| {
        let data = bytes.get(1..=length)?;
        let mut wide = [if data[length - 1] & 0x80 == 0 { 0 } else { 0xff }; 8];
        wide[..length].copy_from_slice(data);
        Some((Element::Integer(i64::from_le_bytes(wide)), length + 1))
    };
    let first = *bytes.first()?;
    let second = || bytes.get(1).copied();
    match first {
        0..=0x7f => Some((Element::Integer(i64::from(first)), 1)),
        0x80..=0xbf => string(1, usize::from(first & 0x3f)),
        0xc0..=0xdf => {
            let bits = i64::from(first & 0x1f) << 8 | i64::from(second()?);
            Some((Element::Integer(if bits >= 0x1000 { bits - 0x2000 } else { bits }), 2))
        }
        0xe0..=0xef => string(2, usize::from(first & 0x0f) << 8 | usize::from(second()?)),
        0xf0 => string(5, u32::from_le_bytes(*bytes.get(1..)?.first_chunk()?) as usize),
        0xf1 => number(2),
        0xf2 => number(3),
        0xf3 => number(4),
        0xf4 => number(8),
        _ => None,
    }
}

/// Bytes that the length behind an element takes; the bounds are Redis's own.
pub(super) fn length_of_length(length: usize) -> usize {
    match length {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn values(list: &Listpack) -> Vec<Vec<u8>> {
        list.view().iter().map(|element| element.to_vec()).collect()
    }

    #[test]
    fn elements_look_as_in_redis() {
        let mut list = Listpack::default();
        for value in ["127", "-1", "4095", "32767", "a"] {
            list.push_back(value.as_bytes());
        }
        // What `DUMP` of a hash, set or list of these elements holds.
        let expected = [
            25, 0, 0, 0, 5, 0, 0x7f, 1, 0xdf, 0xff, 2, 0xcf, 0xff, 2, 0xf1, 0xff, 0x7f, 3, 0x81, b'a', 2,
            0xff,
        ];
        let mut expected = expected.to_vec();
        expected[0] = expected.len() as u8;
        assert_eq!(&*list, &expected[..]);
    }

    #[test]
    fn any_value_at_any_place() {
        let mut random = Random::new(3);
        for _ in 0..300 {
            let mut list = Listpack::default();
            let mut model: Vec<Vec<u8>> = Vec::new();
            for _ in 0..40 {
                let index = random.below(model.len() as u64 + 1) as usize;
                let value = match random.below(4) {
                    0 => ((random.next_u64() >> random.below(64)) as i64).to_string().into_bytes(),
                    1 => (-((random.next_u64() >> 1 >> random.below(63)) as i64)).to_string().into_bytes(),
                    2 => vec![b'x'; random.below(200) as usize],
                    _ => vec![b'0'; random.below(17_000) as usize],
                };
                match random.below(6) {
                    0 if index < model.len() => {
                        let end = (index + 2).min(model.len());
                        list.remove(index..index + 2);
                        model.drain(index..end);
                    }
                    1 if index < model.len() => {
                        list.replace(index, &value);
                        model[index] = value;
                    }
                    2 => {
                        let tail = list.split_off(index);
                        assert_eq!(values(&tail), model[index..]);
                        list.append(tail.view());
                    }
                    _ => {
                        list.insert(index, &[&value]);
                        model.insert(index, value);
                    }
                }
                assert_eq!(values(&list), model);
                assert_eq!(list.view().count(), model.len());
                let back: Vec<Vec<u8>> = list.view().iter().rev().map(|element| element.to_vec()).collect();
                assert!(back.iter().eq(model.iter().rev()));
                ListpackRef::new(&list).unwrap();
            }
        }
    }

    #[test]
    fn only_the_usual_text_is_an_integer() {
        for text in ["0", "-1", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(integer(text.as_bytes()).map(|number| number.to_string()).as_deref(), Some(text));
        }
        for text in ["", "-", "-0", "00", "+1", "1 ", "9223372036854775808", "1e3"] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }
}
