//! From records to RDB data: each form in a layout that every reader of the version knows.
//!
//! Packed forms are copied where the version has listpacks. Everything else is written element by element, with its
//! number of elements from the key's record, so values larger than memory are no matter.

use std::io::Write;
use std::ops::ControlFlow;

use dredis_contract::{Error, Scan};

use super::codes::{self, node};
use super::error::{RdbError, Result, TransferError};
use super::output::Output;
use super::writer::FileVersion;
use crate::codec::{self, RecordKind, read_u32};
use crate::elements::ElementSet;
use crate::meta::{Entry, Form};
use crate::packed::ListpackRef;
use crate::sorted_set::score::{self, score_text};
use crate::string::{self, SEGMENT_BYTES};
use crate::transaction::Transaction;

/// What stands in for a part of a string that was never written.
const ZEROS: [u8; 4096] = [0; 4096];

/// The layout in which a value is written.
pub(super) fn layout(entry: &Entry<'_>, version: FileVersion) -> u8 {
    let knows_listpacks = version >= FileVersion::V10;
    match entry.head().form {
        Form::StringInline | Form::StringInlineRaw | Form::StringInlineText | Form::StringSegments => {
            codes::layout::STRING
        }
        Form::HashPacked if knows_listpacks => codes::layout::HASH_LISTPACK,
        Form::HashPacked | Form::HashSpread => codes::layout::HASH,
        Form::SetIntset => codes::layout::SET_INTSET,
        Form::SetPacked if version >= FileVersion::V11 => codes::layout::SET_LISTPACK,
        Form::SetPacked | Form::SetSpread => codes::layout::SET,
        Form::SortedSetPacked if knows_listpacks => codes::layout::SORTED_SET_LISTPACK,
        Form::SortedSetPacked | Form::SortedSetSpread => match version {
            FileVersion::V7 => codes::layout::SORTED_SET,
            _ => codes::layout::SORTED_SET_BINARY,
        },
        Form::ListPacked if knows_listpacks => codes::layout::LIST_QUICKLIST_2,
        Form::ListPacked | Form::ListSpread => codes::layout::LIST,
    }
}

/// Writes a value, without the layout's number.
pub(super) fn value<W: Write>(
    output: &mut Output<W>,
    version: FileVersion,
    txn: &Transaction<'_>,
    entry: &Entry<'_>,
) -> std::result::Result<(), TransferError> {
    let is_text = version == FileVersion::V7;
    match (entry.head().form, entry.head().object) {
        (Form::StringInline | Form::StringInlineRaw | Form::StringInlineText, _) => {
            output.string(entry.body())?;
        }
        (Form::StringSegments, Some(object)) => segments(output, txn, entry, object)?,
        (Form::ListPacked, _) if version >= FileVersion::V10 => {
            output.length(1)?;
            output.length(node::PACKED)?;
            output.blob(entry.body())?;
        }
        (Form::SetIntset, _) => output.blob(entry.body())?,
        (Form::HashPacked | Form::SortedSetPacked, _) if version >= FileVersion::V10 => {
            output.blob(entry.body())?;
        }
        (Form::SetPacked, _) if version >= FileVersion::V11 => output.blob(entry.body())?,
        (Form::ListPacked | Form::SetPacked, _) => {
            let list = ListpackRef::new(entry.body())?;
            output.length(list.count() as u64)?;
            list.iter().try_for_each(|element| output.element(element))?;
        }
        (Form::HashPacked, _) => {
            let list = ListpackRef::new(entry.body())?;
            output.length(list.count() as u64 / 2)?;
            list.iter().try_for_each(|element| output.element(element))?;
        }
        (Form::SortedSetPacked, _) => {
            let list = ListpackRef::new(entry.body())?;
            output.length(list.count() as u64 / 2)?;
            for (member, own_score) in list.pairs() {
                output.element(member)?;
                write_score(output, score::from_packed(own_score)?, is_text)?;
            }
        }
        (Form::ListSpread, _) => list(output, txn, entry)?,
        (Form::HashSpread, Some(object)) => {
            let set = ElementSet { kind: RecordKind::HashField, object };
            elements(output, txn, entry, set, |output, field, value| {
                output.string(field)?;
                output.string(value)?;
                Ok(())
            })?;
        }
        (Form::SetSpread, Some(object)) => {
            let set = ElementSet { kind: RecordKind::SetMember, object };
            elements(output, txn, entry, set, |output, member, _| Ok(output.string(member)?))?;
        }
        (Form::SortedSetSpread, Some(object)) => {
            let set = ElementSet { kind: RecordKind::SortedSetMember, object };
            elements(output, txn, entry, set, |output, member, payload| {
                output.string(member)?;
                write_score(output, score::from_payload(payload)?, is_text)?;
                Ok(())
            })?;
        }
        _ => return Err(Error::corrupt("a spread value has no object").into()),
    }
    Ok(())
}

fn write_score<W: Write>(output: &mut Output<W>, own_score: f64, is_text: bool) -> Result<()> {
    if !is_text {
        return output.bytes(&own_score.to_le_bytes());
    }
    if own_score.is_infinite() {
        let is_positive = own_score > 0.0;
        return output.byte(if is_positive {
            codes::score::INFINITY
        } else {
            codes::score::NEGATIVE_INFINITY
        });
    }
    let text = score_text(own_score);
    output.byte(text.len() as u8)?;
    output.bytes(text.as_bytes())
}

/// Elements that stand by hash.
fn elements<W: Write>(
    output: &mut Output<W>,
    txn: &Transaction<'_>,
    entry: &Entry<'_>,
    set: ElementSet,
    mut write: impl FnMut(&mut Output<W>, &[u8], &[u8]) -> std::result::Result<(), TransferError>,
) -> std::result::Result<(), TransferError> {
    let count = entry.count()?;
    output.length(count)?;
    let (mut seen, mut written) = (0, Ok(()));
    txn.each_element_while(set, |name, payload| {
        seen += 1;
        written = write(output, name, payload);
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    Ok(counted(count, seen)?)
}

fn list<W: Write>(
    output: &mut Output<W>,
    txn: &Transaction<'_>,
    entry: &Entry<'_>,
) -> std::result::Result<(), TransferError> {
    let count = crate::list::length(entry)?;
    output.length(count)?;
    let (mut seen, mut written) = (0, Ok(()));
    txn.each_list_element_while(entry, |element| {
        seen += 1;
        written = output.element(*element);
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    Ok(counted(count, seen)?)
}

fn counted(count: u64, seen: u64) -> std::result::Result<(), Error> {
    if seen == count {
        return Ok(());
    }
    Err(Error::corrupt(format!("a value that should have {count} elements has {seen}")))
}

/// A string in segments; a part that is missing reads as zeros.
fn segments<W: Write>(
    output: &mut Output<W>,
    txn: &Transaction<'_>,
    entry: &Entry<'_>,
    object: u64,
) -> std::result::Result<(), TransferError> {
    let length = string::length(entry)?;
    if output.compresses(usize::try_from(length).unwrap_or(usize::MAX)) {
        output.blob(&txn.string_value(entry)?)?;
        return Ok(());
    }
    output.length(length)?;
    let prefix = codec::object(RecordKind::Segment, object);
    let end = codec::successor(&prefix);
    let scan = Scan { start: &prefix, end: end.as_deref(), ..Scan::all() };
    let mut records = txn.scan(&scan.expecting(64))?;
    let mut at = 0;
    while let Some(record) = records.next()? {
        let number = read_u32(record.key, 9).ok_or_else(|| Error::corrupt("a segment has no number"))?;
        let start = u64::from(number) * SEGMENT_BYTES as u64;
        zeros(output, start.min(length).saturating_sub(at))?;
        at = at.max(start.min(length));
        let shown = record.value.len().min(usize::try_from(length - at).unwrap_or(usize::MAX));
        output.bytes(&record.value[..shown])?;
        at += shown as u64;
    }
    zeros(output, length - at)?;
    Ok(())
}

fn zeros<W: Write>(output: &mut Output<W>, mut count: u64) -> std::result::Result<(), RdbError> {
    while count > 0 {
        let part = count.min(ZEROS.len() as u64) as usize;
        output.bytes(&ZEROS[..part])?;
        count -= part as u64;
    }
    Ok(())
}
