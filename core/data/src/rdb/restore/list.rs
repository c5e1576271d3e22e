//! A list put under a key.

use std::io::Read;

use super::{Restored, Result, Target, bytes_of, misplaced};
use crate::list::{End, ListEditor};
use crate::packed::PackedLimits;
use crate::rdb::value::{Packed, Piece, ValueReader};
use crate::transaction::Transaction;

pub(super) fn restore<R: Read>(
    txn: &mut Transaction<'_>,
    target: Target<'_>,
    limits: &PackedLimits,
    value: &mut ValueReader<'_, R>,
) -> Result<Restored> {
    let list = ListEditor::replace(txn, (target.db, target.key), target.old, limits);
    let mut list = list.expiring(target.expire_at_ms);
    match fill(&mut list, value) {
        // An empty list would remove what stands there.
        Ok(()) if list.is_empty() => Ok(Restored::Empty),
        Ok(()) => {
            if target.is_trial {
                list.give_up()?;
            } else {
                list.finish()?;
            }
            Ok(Restored::Written)
        }
        Err(error) => {
            list.give_up()?;
            Err(error)
        }
    }
}

fn fill<R: Read>(list: &mut ListEditor<'_, '_>, value: &mut ValueReader<'_, R>) -> Result<()> {
    if let Some(Packed::Elements(elements)) = value.take_packed() {
        list.append(elements)?;
        return Ok(());
    }
    let mut text = Vec::new();
    while let Some(piece) = value.next()? {
        let Piece::Element(element) = piece else { return Err(misplaced(value)) };
        list.push(End::Tail, bytes_of(element, &mut text))?;
    }
    Ok(())
}
