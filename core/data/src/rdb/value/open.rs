//! The beginning of a value: what its layout says comes next.

use std::cmp::Ordering;
use std::io::Read;

use super::{Packed, Plain, Shown, State, Value, checked_listpack, expiring_field, no, packed_score};
use crate::meta::Kind;
use crate::packed::{Element, Intset, Listpack, ListpackRef, check};
use crate::rdb::codes::layout;
use crate::rdb::error::Result;
use crate::rdb::input::{Input, Length};
use crate::rdb::{ziplist, zipmap};
use crate::sorted_set::score;

/// The type of values of a layout; an error that names what cannot be read.
pub(in crate::rdb) fn kind_of<R: Read>(input: &Input<R>, code: u8) -> Result<Kind> {
    let name = match code {
        layout::STRING => return Ok(Kind::String),
        layout::LIST | layout::LIST_ZIPLIST | layout::LIST_QUICKLIST | layout::LIST_QUICKLIST_2 => {
            return Ok(Kind::List);
        }
        layout::SET | layout::SET_INTSET | layout::SET_LISTPACK => return Ok(Kind::Set),
        layout::SORTED_SET
        | layout::SORTED_SET_BINARY
        | layout::SORTED_SET_ZIPLIST
        | layout::SORTED_SET_LISTPACK => return Ok(Kind::SortedSet),
        layout::HASH
        | layout::HASH_ZIPMAP
        | layout::HASH_ZIPLIST
        | layout::HASH_LISTPACK
        | layout::HASH_EXPIRING
        | layout::HASH_EXPIRING_PRE_GA
        | layout::HASH_LISTPACK_EXPIRING
        | layout::HASH_LISTPACK_EXPIRING_PRE_GA => return Ok(Kind::Hash),
        layout::STREAM | layout::STREAM_2 | layout::STREAM_3 => "a stream",
        layout::MODULE | layout::MODULE_PRE_GA => "a value of a module",
        _ => return Err(input.corrupt(format!("the unknown type {code}"))),
    };
    Err(input.unsupported(format!("{name} (type {code}), which cannot be loaded here")))
}

impl Value {
    /// A value that has no pieces.
    pub(in crate::rdb) fn none() -> Self {
        Value {
            layout: layout::STRING,
            kind: Kind::String,
            state: State::Whole(true),
            first: Vec::new(),
            second: Vec::new(),
            score: 0.0,
            shown: Shown::Bytes,
            failed: None,
        }
    }

    /// Begins with the value that follows.
    pub(in crate::rdb) fn open<R: Read>(&mut self, input: &mut Input<R>, code: u8) -> Result<()> {
        self.kind = kind_of(input, code)?;
        self.layout = code;
        self.failed = None;
        let plain = match code {
            layout::STRING => {
                self.state = self.open_string(input)?;
                return Ok(());
            }
            layout::LIST | layout::SET => Plain::Element,
            layout::SORTED_SET => Plain::TextScore,
            layout::SORTED_SET_BINARY => Plain::BinaryScore,
            layout::HASH => Plain::Pair,
            layout::HASH_EXPIRING_PRE_GA => Plain::ExpiringPair,
            layout::HASH_EXPIRING => {
                // When the first field expires: none may.
                let _: [u8; 8] = input.array()?;
                Plain::ExpiringPair
            }
            layout::LIST_QUICKLIST | layout::LIST_QUICKLIST_2 => {
                let are_ziplists = code == layout::LIST_QUICKLIST;
                let (left, node, at) = (input.length()?, Listpack::default(), ListpackRef::FIRST);
                self.state = State::Nodes { are_ziplists, left, node, at };
                return Ok(());
            }
            _ => {
                if code == layout::HASH_LISTPACK_EXPIRING {
                    let _: [u8; 8] = input.array()?;
                }
                let bytes = input.string()?;
                self.state = State::Packed(packed(input, code, bytes)?, first_place(code));
                return Ok(());
            }
        };
        self.state = State::Plain(plain, input.length()?);
        Ok(())
    }

    fn open_string<R: Read>(&mut self, input: &mut Input<R>) -> Result<State> {
        match input.length_or_encoding()? {
            Length::Bytes(length) => {
                input.check_length(length)?;
                Ok(State::Raw(length))
            }
            Length::Encoded(code) => {
                self.first.clear();
                input.encoded_into(code, &mut self.first)?;
                Ok(State::Whole(false))
            }
        }
    }
}

fn first_place(code: u8) -> usize {
    if code == layout::SET_INTSET { 0 } else { ListpackRef::FIRST }
}

/// The bytes of a whole collection, checked.
fn packed<R: Read>(input: &Input<R>, code: u8, bytes: Vec<u8>) -> Result<Packed> {
    if code == layout::SET_INTSET {
        let set = if check::intset(&bytes) { Intset::from_bytes(bytes).ok() } else { None };
        return Ok(Packed::Intset(set.ok_or_else(|| no(input, "intset"))?));
    }
    let list = match code {
        layout::HASH_ZIPMAP => zipmap::to_listpack(&bytes).ok_or_else(|| no(input, "zipmap"))?,
        layout::LIST_ZIPLIST | layout::SORTED_SET_ZIPLIST | layout::HASH_ZIPLIST => {
            ziplist::to_listpack(&bytes).ok_or_else(|| no(input, "ziplist"))?
        }
        _ => checked_listpack(input, bytes)?,
    };
    match code {
        layout::LIST_ZIPLIST | layout::SET_LISTPACK => Ok(Packed::Elements(list)),
        layout::SORTED_SET_ZIPLIST | layout::SORTED_SET_LISTPACK => {
            check_pairs(input, &list)?;
            check_order(input, list.view())?;
            Ok(Packed::Scored(list))
        }
        layout::HASH_LISTPACK_EXPIRING | layout::HASH_LISTPACK_EXPIRING_PRE_GA => {
            Ok(Packed::Pairs(without_ttls(input, list.view())?))
        }
        _ => {
            check_pairs(input, &list)?;
            Ok(Packed::Pairs(list))
        }
    }
}

fn check_pairs<R: Read>(input: &Input<R>, list: &Listpack) -> Result<()> {
    if list.view().count().is_multiple_of(2) {
        Ok(())
    } else {
        Err(input.corrupt("half a pair in a packed value"))
    }
}

/// Scores are numbers, and members ascend by score and bytes.
fn check_order<R: Read>(input: &Input<R>, list: ListpackRef<'_>) -> Result<()> {
    let mut before: Option<(f64, Element<'_>)> = None;
    for (member, own_score) in list.pairs() {
        let own_score = packed_score(own_score).ok_or_else(|| input.corrupt("a score that is no number"))?;
        if let Some((last_score, last)) = before {
            let by_score = score::compare(last_score, own_score);
            if by_score.then_with(|| compare(last, member)) != Ordering::Less {
                return Err(input.corrupt("members of a sorted set that are not in order"));
            }
        }
        before = Some((own_score, member));
    }
    Ok(())
}

fn compare(left: Element<'_>, right: Element<'_>) -> Ordering {
    match (left, right) {
        (Element::Bytes(left), Element::Bytes(right)) => left.cmp(right),
        (left, right) => left.to_vec().cmp(&right.to_vec()),
    }
}

/// Fields and values out of fields, values and times to live.
fn without_ttls<R: Read>(input: &Input<R>, list: ListpackRef<'_>) -> Result<Listpack> {
    let mut pairs = crate::packed::ListpackWriter::with_capacity(list.as_bytes().len());
    let mut elements = list.iter();
    while let Some(field) = elements.next() {
        let (Some(value), Some(ttl)) = (elements.next(), elements.next()) else {
            return Err(input.corrupt("a field without its value or time to live in a packed value"));
        };
        if ttl != Element::Integer(0) {
            return Err(expiring_field(input, &field.to_vec()));
        }
        for element in [field, value] {
            match element {
                Element::Integer(number) => pairs.push_integer(number),
                Element::Bytes(bytes) => pairs.push(bytes),
            }
        }
    }
    Ok(pairs.finish())
}
