//! Sorted sets looked up, with their type checked, and shown in replies.

use dredis_data::sorted_set::{ScoredMember, SortedSetEditor};
use dredis_data::{Entry, Kind, Stored};

use crate::errors::CommandError;
use crate::families::typed;
use crate::{Context, Protocol, Reply};

/// The live sorted set at `key`, for reading.
pub fn find<'t>(context: &'t Context<'_, '_>, key: &[u8]) -> Result<Option<Entry<'t>>, CommandError> {
    typed::find(context, key, Kind::SortedSet)
}

/// The record of the live sorted set at `key`, on the write path.
pub fn load(context: &mut Context<'_, '_>, key: &[u8]) -> Result<Option<Stored>, CommandError> {
    typed::load(context, key, Kind::SortedSet)
}

/// The sorted set at `key`, to be changed; `stored` is what [`load`] answered.
pub fn edit<'k>(
    context: &Context<'_, '_>,
    key: &'k [u8],
    stored: Option<Stored>,
) -> Result<SortedSetEditor<'k>, CommandError> {
    Ok(SortedSetEditor::open((context.db(), key), stored, context.host.packed_limits())?)
}

/// Whether members come with their scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scores {
    /// Members alone.
    Hidden,
    /// Member and score in turn; for RESP3 in pairs.
    Shown,
}

/// Members as most commands answer them.
pub fn list(members: Vec<ScoredMember>, scores: Scores, protocol: Protocol) -> Reply {
    match (scores, protocol) {
        (Scores::Hidden, _) => {
            Reply::Array(members.into_iter().map(|member| Reply::Bulk(member.member)).collect())
        }
        (Scores::Shown, Protocol::Resp2) => flat(members),
        (Scores::Shown, Protocol::Resp3) => pairs(members),
    }
}

/// Member and score in turn.
pub fn flat(members: Vec<ScoredMember>) -> Reply {
    let items = members.into_iter();
    Reply::Array(
        items
            .flat_map(|ScoredMember { member, score }| [Reply::Bulk(member), Reply::Double(score)])
            .collect(),
    )
}

/// Pairs of member and score.
pub fn pairs(members: Vec<ScoredMember>) -> Reply {
    let pair = |ScoredMember { member, score }| Reply::Array(vec![Reply::Bulk(member), Reply::Double(score)]);
    Reply::Array(members.into_iter().map(pair).collect())
}
