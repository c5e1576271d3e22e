//! A string put under a key.

use std::io::Read;

use super::{Restored, Result, Target, misplaced};
use crate::building::Building;
use crate::codec;
use crate::meta::{Form, Head};
use crate::rdb::value::{Piece, ValueReader};
use crate::string::SEGMENT_BYTES;
use crate::transaction::Transaction;

pub(super) fn restore<R: Read>(
    txn: &mut Transaction<'_>,
    target: Target<'_>,
    value: &mut ValueReader<'_, R>,
) -> Result<Restored> {
    let claimed = value.claimed().unwrap_or_default();
    if claimed <= SEGMENT_BYTES as u64 {
        let mut bytes = Vec::with_capacity(claimed as usize);
        while let Some(piece) = value.next()? {
            let Piece::Bytes(part) = piece else { return Err(misplaced(value)) };
            bytes.extend_from_slice(part);
        }
        return target.write(txn, Head::new(Form::StringInline), &bytes);
    }
    let mut building = txn.build(Form::StringSegments)?;
    let object = building.object;
    match segments(txn, &mut building, value) {
        Ok(_) if target.is_trial => {
            txn.give_up(building)?;
            Ok(Restored::Written)
        }
        Ok(length) => {
            let head = Head { object: Some(object), ..Head::new(Form::StringSegments) };
            target.write(txn, head, &length.to_be_bytes())
        }
        Err(error) => {
            txn.give_up(building)?;
            Err(error)
        }
    }
}

/// Writes the string in segments; its length.
fn segments<R: Read>(
    txn: &mut Transaction<'_>,
    building: &mut Building,
    value: &mut ValueReader<'_, R>,
) -> Result<u64> {
    let (mut number, mut length) = (0_u32, 0);
    let mut segment = Vec::with_capacity(SEGMENT_BYTES);
    while let Some(piece) = value.next()? {
        let Piece::Bytes(mut part) = piece else { return Err(misplaced(value)) };
        length += part.len() as u64;
        while !part.is_empty() {
            let (now, later) = part.split_at(part.len().min(SEGMENT_BYTES - segment.len()));
            segment.extend_from_slice(now);
            part = later;
            if segment.len() == SEGMENT_BYTES {
                txn.put(&codec::segment(building.object, number), std::mem::take(&mut segment));
                number += 1;
                txn.bound_memory(building)?;
            }
        }
    }
    if !segment.is_empty() {
        txn.put(&codec::segment(building.object, number), segment);
    }
    Ok(length)
}
