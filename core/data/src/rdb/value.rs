//! A value, read piece by piece, whatever its encoding.

mod open;

pub(super) use open::kind_of;

use std::io::Read;

use super::codes::score as score_text;
use super::error::{RdbError, Result};
use super::input::Input;
use super::{codes, ziplist};
use crate::meta::Kind;
use crate::packed::{Element, Intset, Listpack, ListpackRef, check};
use crate::sorted_set::score;

/// A part of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Piece<'p> {
    /// The next bytes of a string.
    Bytes(&'p [u8]),
    /// The next element of a list, or a member of a set.
    Element(Element<'p>),
    /// A field of a hash and its value.
    Pair(Element<'p>, Element<'p>),
    /// A member of a sorted set and its score, which is not NaN.
    Scored(Element<'p>, f64),
}

/// The value that stands where a [`Reader`](super::Reader) is. What is not read of it is skipped.
///
/// Layouts are checked; that no element comes twice is not.
pub struct ValueReader<'r, R> {
    pub(super) input: &'r mut Input<R>,
    pub(super) value: &'r mut Value,
    /// The key, for errors.
    pub(super) key: &'r [u8],
}

/// How far a value has been read.
pub(super) struct Value {
    layout: u8,
    kind: Kind,
    state: State,
    /// What has just been read, where it is no part of something packed.
    first: Vec<u8>,
    second: Vec<u8>,
    score: f64,
    shown: Shown,
    failed: Option<RdbError>,
}

enum State {
    /// A string, so many bytes of which follow.
    Raw(u64),
    /// A string that has been read already; whether it has been shown, too.
    Whole(bool),
    /// So many elements follow, each for itself.
    Plain(Plain, u64),
    /// Everything is here.
    Packed(Packed, usize),
    /// So many nodes of a list follow, and one may be here.
    Nodes { are_ziplists: bool, left: u64, node: Listpack, at: usize },
}

/// What an element consists of that stands for itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plain {
    Element,
    Pair,
    TextScore,
    BinaryScore,
    /// A field's time to live stands before each pair.
    ExpiringPair,
}

/// A whole collection as one run of bytes, checked.
#[derive(Debug)]
pub(super) enum Packed {
    Intset(Intset),
    /// Elements, members.
    Elements(Listpack),
    /// Fields and values in turn.
    Pairs(Listpack),
    /// Members and scores in turn, in order.
    Scored(Listpack),
}

/// Where the piece is that was read last.
#[derive(Clone, Copy)]
enum Shown {
    Bytes,
    Element,
    Pair,
    Scored,
    Integer(i64),
    /// At these places of something packed.
    PackedElement(usize),
    PackedPair(usize, usize),
    PackedScored(usize),
}

impl<R: Read> ValueReader<'_, R> {
    /// Its type.
    pub fn kind(&self) -> Kind {
        self.value.kind
    }

    /// The number in front of it that says how it is encoded.
    pub fn layout(&self) -> u8 {
        self.value.layout
    }

    /// The next piece; `None` at the end. After an error, that error again.
    #[expect(clippy::should_implement_trait, reason = "a piece is lent, which no iterator can do")]
    pub fn next(&mut self) -> Result<Option<Piece<'_>>> {
        if let Some(error) = &self.value.failed {
            return Err(error.clone());
        }
        match self.value.prepare(self.input) {
            Ok(true) => Ok(Some(self.value.show())),
            Ok(false) => Ok(None),
            Err(error) => {
                let error = error.in_key(self.key);
                self.value.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Passes over what is left.
    pub fn skip(&mut self) -> Result<()> {
        while self.next()?.is_some() {}
        Ok(())
    }

    /// How many elements it claims to have, where that stands before them; bytes, of a string.
    pub(super) fn claimed(&self) -> Option<u64> {
        match self.value.state {
            State::Raw(bytes) => Some(bytes),
            State::Whole(_) => Some(self.value.first.len() as u64),
            State::Plain(_, count) => Some(count),
            State::Packed(..) | State::Nodes { .. } => None,
        }
    }

    /// Takes the whole out, if it is packed. There are no pieces left then.
    pub(super) fn take_packed(&mut self) -> Option<Packed> {
        match std::mem::replace(&mut self.value.state, State::Whole(true)) {
            State::Packed(packed, _) => Some(packed),
            state => {
                self.value.state = state;
                None
            }
        }
    }

    /// An error about what was just read.
    pub(super) fn corrupt(&self, message: &'static str) -> RdbError {
        self.input.corrupt(message).in_key(self.key)
    }
}

impl Value {
    /// Reads the next piece; whether there is one.
    fn prepare<R: Read>(&mut self, input: &mut Input<R>) -> Result<bool> {
        match &mut self.state {
            State::Raw(0) | State::Whole(true) | State::Plain(_, 0) => return Ok(false),
            State::Raw(left) => {
                self.first.clear();
                let chunk = input.chunk(usize::try_from(*left).unwrap_or(usize::MAX))?;
                *left -= chunk.len() as u64;
                self.first.extend_from_slice(chunk);
                self.shown = Shown::Bytes;
            }
            State::Whole(is_shown) => {
                *is_shown = true;
                self.shown = Shown::Bytes;
                return Ok(!self.first.is_empty());
            }
            State::Plain(plain, left) => {
                *left -= 1;
                let plain = *plain;
                self.plain(plain, input)?;
            }
            State::Packed(Packed::Intset(set), at) => {
                let Some(number) = set.view().get(*at) else { return Ok(false) };
                *at += 1;
                self.shown = Shown::Integer(number);
            }
            State::Packed(Packed::Elements(list), at) => {
                let Some((_, after)) = list.view().element_at(*at) else { return Ok(false) };
                self.shown = Shown::PackedElement(*at);
                *at = after;
            }
            State::Packed(Packed::Pairs(list), at) => {
                let Some((_, second)) = list.view().element_at(*at) else { return Ok(false) };
                let Some((_, after)) = list.view().element_at(second) else { return Ok(false) };
                self.shown = Shown::PackedPair(*at, second);
                *at = after;
            }
            State::Packed(Packed::Scored(list), at) => {
                let Some((_, second)) = list.view().element_at(*at) else { return Ok(false) };
                let Some((own_score, after)) = list.view().element_at(second) else { return Ok(false) };
                self.score = packed_score(own_score).unwrap_or_default();
                self.shown = Shown::PackedScored(*at);
                *at = after;
            }
            State::Nodes { .. } => return self.next_of_nodes(input),
        }
        Ok(true)
    }

    fn plain<R: Read>(&mut self, plain: Plain, input: &mut Input<R>) -> Result<()> {
        let ttl = if plain == Plain::ExpiringPair { input.length()? } else { 0 };
        input.string_into(&mut self.first)?;
        self.shown = match plain {
            Plain::Element => Shown::Element,
            Plain::Pair | Plain::ExpiringPair => {
                input.string_into(&mut self.second)?;
                Shown::Pair
            }
            Plain::TextScore | Plain::BinaryScore => {
                self.score = match plain {
                    Plain::TextScore => read_text_score(input)?,
                    _ => f64::from_bits(u64::from_le_bytes(input.array()?)),
                };
                if self.score.is_nan() {
                    return Err(input.corrupt("a score that is no number"));
                }
                Shown::Scored
            }
        };
        if ttl != 0 {
            return Err(expiring_field(input, &self.first));
        }
        Ok(())
    }

    fn next_of_nodes<R: Read>(&mut self, input: &mut Input<R>) -> Result<bool> {
        let State::Nodes { are_ziplists, left, node, at } = &mut self.state else { return Ok(false) };
        loop {
            if let Some((_, after)) = node.view().element_at(*at) {
                self.shown = Shown::PackedElement(*at);
                *at = after;
                return Ok(true);
            }
            if *left == 0 {
                return Ok(false);
            }
            *left -= 1;
            *at = ListpackRef::FIRST;
            let container = if *are_ziplists { codes::node::PACKED } else { input.length()? };
            match container {
                codes::node::PLAIN => {
                    input.string_into(&mut self.first)?;
                    if self.first.is_empty() {
                        return Err(input.corrupt("a list's node without an element"));
                    }
                    *node = Listpack::default();
                    self.shown = Shown::Element;
                    return Ok(true);
                }
                codes::node::PACKED => {
                    input.string_into(&mut self.first)?;
                    *node = match are_ziplists {
                        true => ziplist::to_listpack(&self.first).ok_or_else(|| no(input, "ziplist"))?,
                        false => checked_listpack(input, std::mem::take(&mut self.first))?,
                    };
                }
                other => return Err(input.corrupt(format!("a list's node of the unknown kind {other}"))),
            }
        }
    }

    /// The piece that was read last.
    fn show(&self) -> Piece<'_> {
        let list = match &self.state {
            State::Packed(Packed::Elements(list) | Packed::Pairs(list) | Packed::Scored(list), _) => {
                Some(list)
            }
            State::Nodes { node, .. } => Some(node),
            _ => None,
        };
        let element = |at: usize| {
            let found = list.and_then(|list| list.view().element_at(at));
            found.map_or(Element::Bytes(&[]), |(element, _)| element)
        };
        match self.shown {
            Shown::Bytes => Piece::Bytes(&self.first),
            Shown::Element => Piece::Element(Element::Bytes(&self.first)),
            Shown::Pair => Piece::Pair(Element::Bytes(&self.first), Element::Bytes(&self.second)),
            Shown::Scored => Piece::Scored(Element::Bytes(&self.first), self.score),
            Shown::Integer(number) => Piece::Element(Element::Integer(number)),
            Shown::PackedElement(at) => Piece::Element(element(at)),
            Shown::PackedPair(field, value) => Piece::Pair(element(field), element(value)),
            Shown::PackedScored(at) => Piece::Scored(element(at), self.score),
        }
    }
}

/// A score as Redis wrote them before version 8: a text.
fn read_text_score<R: Read>(input: &mut Input<R>) -> Result<f64> {
    let length = match input.byte()? {
        score_text::NAN => return Ok(f64::NAN),
        score_text::INFINITY => return Ok(f64::INFINITY),
        score_text::NEGATIVE_INFINITY => return Ok(f64::NEG_INFINITY),
        length => length,
    };
    let mut text = Vec::with_capacity(usize::from(length));
    input.bytes_into(u64::from(length), &mut text)?;
    let number = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| input.corrupt("a score that is no number"))
}

/// The score in a listpack, if it is one.
fn packed_score(element: Element<'_>) -> Option<f64> {
    score::from_packed(element).ok().filter(|score| !score.is_nan())
}

fn checked_listpack<R: Read>(input: &Input<R>, bytes: Vec<u8>) -> Result<Listpack> {
    let list = check::listpack(&bytes).and_then(|_| Listpack::from_bytes(bytes).ok());
    list.ok_or_else(|| no(input, "listpack"))
}

fn no<R: Read>(input: &Input<R>, what: &str) -> RdbError {
    input.corrupt(format!("bytes that are no {what}"))
}

fn expiring_field<R: Read>(input: &Input<R>, field: &[u8]) -> RdbError {
    let shown = field[..field.len().min(64)].escape_ascii();
    input.unsupported(format!("field \"{shown}\" of a hash expires, and fields cannot do that here"))
}
