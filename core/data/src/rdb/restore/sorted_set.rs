//! A sorted set put under a key.
//!
//! One that is packed stays so if it has no more members than a packed one may have; Redis looks at the length of members
//! only where they come one by one.

use std::io::Read;

use super::{Restored, Result, Target, misplaced, twice};
use crate::meta::{Form, Head};
use crate::packed::{Listpack, PACKED_BYTES_MAX, PackedLimits, check};
use crate::rdb::value::{Packed, Piece, ValueReader};
use crate::sorted_set::{ScoredMember, SortedSetBuilder, score};
use crate::transaction::Transaction;

pub(super) fn restore<R: Read>(
    txn: &mut Transaction<'_>,
    target: Target<'_>,
    limits: &PackedLimits,
    value: &mut ValueReader<'_, R>,
) -> Result<Restored> {
    match value.take_packed() {
        Some(Packed::Scored(list)) => restore_packed(txn, target, limits, value, list),
        Some(_) => Err(misplaced(value)),
        None if value.claimed() == Some(0) => Ok(Restored::Empty),
        None => {
            // Too many are spread from the first on.
            let is_large = value.claimed().is_some_and(|count| count > limits.zset_entries);
            let limits = if is_large { PackedLimits { zset_entries: 0, ..*limits } } else { *limits };
            let mut members = SortedSetBuilder::new(limits);
            let filled = fill(txn, &mut members, value);
            end(txn, target, value, members, filled)
        }
    }
}

fn restore_packed<R: Read>(
    txn: &mut Transaction<'_>,
    target: Target<'_>,
    limits: &PackedLimits,
    value: &ValueReader<'_, R>,
    list: Listpack,
) -> Result<Restored> {
    let count = list.view().count() as u64 / 2;
    if count == 0 {
        return Ok(Restored::Empty);
    }
    if count <= limits.zset_entries && list.len() <= PACKED_BYTES_MAX {
        if !check::are_distinct(list.view().pairs().map(|(member, _)| member)) {
            return Err(twice(value).into());
        }
        return target.write(txn, Head::new(Form::SortedSetPacked), &list);
    }
    let mut members = SortedSetBuilder::new(PackedLimits { zset_entries: 0, ..*limits });
    let mut filled = Ok(());
    for (member, own_score) in list.view().pairs() {
        let own_score = score::from_packed(own_score)?;
        filled = add(txn, &mut members, value, ScoredMember { member: member.to_vec(), score: own_score });
        if filled.is_err() {
            break;
        }
    }
    end(txn, target, value, members, filled)
}

fn fill<R: Read>(
    txn: &mut Transaction<'_>,
    members: &mut SortedSetBuilder,
    value: &mut ValueReader<'_, R>,
) -> Result<()> {
    while let Some(piece) = value.next()? {
        let Piece::Scored(member, own_score) = piece else { return Err(misplaced(value)) };
        let added = ScoredMember { member: member.to_vec(), score: own_score };
        add(txn, members, value, added)?;
    }
    Ok(())
}

fn add<R: Read>(
    txn: &mut Transaction<'_>,
    members: &mut SortedSetBuilder,
    value: &ValueReader<'_, R>,
    added: ScoredMember,
) -> Result<()> {
    members.add(txn, added)?;
    if members.has_duplicate() { Err(twice(value).into()) } else { Ok(()) }
}

fn end<R: Read>(
    txn: &mut Transaction<'_>,
    target: Target<'_>,
    value: &ValueReader<'_, R>,
    members: SortedSetBuilder,
    filled: Result<()>,
) -> Result<Restored> {
    let filled = filled.and_then(|()| match members.is_distinct() {
        true => Ok(()),
        false => Err(twice(value).into()),
    });
    if filled.is_err() || target.is_trial {
        members.give_up(txn)?;
        return filled.map(|()| Restored::Written);
    }
    members.finish_expiring(txn, (target.db, target.key), target.old, target.expire_at_ms)?;
    Ok(Restored::Written)
}
