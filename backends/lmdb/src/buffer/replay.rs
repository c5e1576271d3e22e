//! Replay: what the last process left in its log.

use std::sync::Arc;

use dredis_plugin::{Error, LogLevel, Logger, Result};

use super::log::{Place, Segment, Written};
use super::table::{Table, TableBuilder};
use crate::config::Config;
use crate::engine::Engine;

/// What the last process left in its log.
pub(super) struct Left {
    pub(super) table: Table,
    pub(super) next_segment: u64,
    pub(super) next_commit: u64,
}

/// Reads the log into a table, up to its last whole commit.
pub(super) fn replay(
    place: &Place,
    engine: &Engine,
    config: &Config,
    logger: &Logger,
) -> Result<Option<Left>> {
    let numbers = place.segments()?;
    let Some(&last) = numbers.last() else { return Ok(None) };
    // Built in one go: the start is what waits for this.
    let mut table = TableBuilder::new(0, config.write_buffer_bytes);
    let mut next_commit = 1;
    let (mut is_begun, mut is_ended) = (false, false);
    for number in numbers {
        let segment = if config.readonly { None } else { Some(Arc::new(Segment::open(place, number)?)) };
        if let Some(segment) = &segment {
            table.add_segment(Arc::clone(segment));
        }
        let Some(written) = Written::read(place, number)? else { continue };
        if written.last_txn > engine.last_txn() {
            return Err(Error::corrupt(format!(
                "segment {number} of LMDB's log belongs to a younger data file than the one here, which was perhaps restored \
                 from a copy: restore both, or move the log away"
            )));
        }
        is_ended |= is_begun && written.first_commit != next_commit;
        if is_ended {
            let line =
                format!("segment {number} of LMDB's log follows upon commits that are lost: it is left out");
            logger.log(LogLevel::Warning, &line);
            segment.map_or(Ok(()), |segment| segment.retire())?;
            continue;
        }
        is_begun = true;
        let length;
        (next_commit, length) = written.replay(|key, content| table.put(key, content));
        if length < written.length() {
            let rest = written.length() - length;
            // The next segment goes on from here.
            let line = format!("the last {rest} bytes of segment {number} of LMDB's log are no whole commit");
            logger.log(LogLevel::Warning, &line);
        }
    }
    Ok(Some(Left { table: table.build(), next_segment: last + 1, next_commit }))
}
