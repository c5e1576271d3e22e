//! A hash put under a key.
//!
//! One that is packed stays so if it has no more fields than a packed hash may have; Redis looks at the length of fields and
//! values only where they come one by one, or from a zipmap.

use std::io::Read;

use super::spread::SpreadElements;
use super::{Restored, Result, Target, bytes_of, misplaced, twice};
use crate::codec::RecordKind;
use crate::meta::{Form, Head};
use crate::packed::{Element, Listpack, ListpackRef, ListpackWriter, PACKED_BYTES_MAX, PackedLimits, check};
use crate::rdb::codes::layout;
use crate::rdb::value::{Packed, Piece, ValueReader};
use crate::transaction::Transaction;

/// What an element takes in a listpack beyond its own bytes, at most.
const ELEMENT_OVERHEAD_BYTES: usize = 10;

pub(super) fn restore<R: Read>(
    txn: &mut Transaction<'_>,
    target: Target<'_>,
    limits: &PackedLimits,
    value: &mut ValueReader<'_, R>,
) -> Result<Restored> {
    match value.take_packed() {
        Some(Packed::Pairs(pairs)) => restore_packed(txn, target, limits, value, pairs),
        Some(_) => Err(misplaced(value)),
        None => restore_plain(txn, target, limits, value),
    }
}

fn restore_packed<R: Read>(
    txn: &mut Transaction<'_>,
    target: Target<'_>,
    limits: &PackedLimits,
    value: &mut ValueReader<'_, R>,
    pairs: Listpack,
) -> Result<Restored> {
    let list = pairs.view();
    if list.is_empty() {
        return Ok(Restored::Empty);
    }
    let is_short = value.layout() != layout::HASH_ZIPMAP
        || list.iter().all(|element| length(element) <= limits.hash_value_bytes);
    if !is_short || list.count() as u64 / 2 > limits.hash_entries || pairs.len() > PACKED_BYTES_MAX {
        let mut spread = SpreadElements::new(txn, Form::HashSpread, RecordKind::HashField)?;
        let filled = fill(txn, &mut spread, list, value);
        return spread.end(txn, target, filled);
    }
    if !check::are_distinct(list.pairs().map(|(field, _)| field)) {
        return Err(twice(value).into());
    }
    target.write(txn, Head::new(Form::HashPacked), &pairs)
}

fn length(element: Element<'_>) -> u64 {
    match element {
        Element::Bytes(bytes) => bytes.len() as u64,
        Element::Integer(_) => element.to_vec().len() as u64,
    }
}

/// Fields one by one: packed until there is one too many, or one too long.
fn restore_plain<R: Read>(
    txn: &mut Transaction<'_>,
    target: Target<'_>,
    limits: &PackedLimits,
    value: &mut ValueReader<'_, R>,
) -> Result<Restored> {
    let claimed = value.claimed().unwrap_or_default();
    let mut list = ListpackWriter::with_capacity(0);
    let mut is_packed = claimed <= limits.hash_entries;
    let mut spread = None;
    while is_packed && let Some(piece) = value.next()? {
        let Piece::Pair(field, field_value) = piece else { return Err(misplaced(value)) };
        let (Element::Bytes(field), Element::Bytes(field_value)) = (field, field_value) else {
            return Err(misplaced(value));
        };
        let longest = field.len().max(field_value.len());
        let bytes = list.len() + field.len() + field_value.len() + 2 * ELEMENT_OVERHEAD_BYTES;
        if longest as u64 <= limits.hash_value_bytes && bytes <= PACKED_BYTES_MAX {
            list.push(field);
            list.push(field_value);
            continue;
        }
        is_packed = false;
        let mut started = SpreadElements::new(txn, Form::HashSpread, RecordKind::HashField)?;
        let is_new = started.add(txn, field, field_value)?;
        debug_assert!(is_new, "it is the first");
        spread = Some(started);
    }
    let list = list.finish();
    if is_packed {
        if list.view().is_empty() {
            return Ok(Restored::Empty);
        }
        if !check::are_distinct(list.view().pairs().map(|(field, _)| field)) {
            return Err(twice(value).into());
        }
        return target.write(txn, Head::new(Form::HashPacked), &list);
    }
    let mut spread = match spread {
        Some(spread) => spread,
        None => SpreadElements::new(txn, Form::HashSpread, RecordKind::HashField)?,
    };
    let filled = fill(txn, &mut spread, list.view(), value);
    spread.end(txn, target, filled)
}

/// Adds what is packed, and then what is left of the value.
fn fill<R: Read>(
    txn: &mut Transaction<'_>,
    spread: &mut SpreadElements,
    packed: ListpackRef<'_>,
    value: &mut ValueReader<'_, R>,
) -> Result<()> {
    let (mut field_text, mut value_text) = (Vec::new(), Vec::new());
    for (field, field_value) in packed.pairs() {
        let field = bytes_of(field, &mut field_text);
        if !spread.add(txn, field, bytes_of(field_value, &mut value_text))? {
            return Err(twice(value).into());
        }
    }
    while let Some(piece) = value.next()? {
        let Piece::Pair(field, field_value) = piece else { return Err(misplaced(value)) };
        let field = bytes_of(field, &mut field_text);
        if !spread.add(txn, field, bytes_of(field_value, &mut value_text))? {
            return Err(twice(value).into());
        }
    }
    Ok(())
}
