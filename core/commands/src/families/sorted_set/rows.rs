//! Rows that several commands share.

use super::*;
use crate::Run;
use crate::command::Deprecated;

/// ZPOPMIN and ZPOPMAX.
pub(super) const fn pop(name: &'static str, summary: &'static str, run: Run) -> Command {
    Command {
        name,
        summary,
        since: "5.0.0",
        complexity: LOG_AND_REMOVED,
        arity: -2,
        flags: WRITE_FAST,
        keys: POP_KEY,
        arguments: KEY_COUNT,
        run,
        ..WRITING
    }
}

/// ZRANK and ZREVRANK.
pub(super) const fn rank(name: &'static str, summary: &'static str, run: Run) -> Command {
    Command {
        name,
        summary,
        since: "2.0.0",
        complexity: LOG,
        arity: 3,
        flags: READ_FAST,
        keys: READ_KEY,
        arguments: KEY_MEMBER,
        run,
        ..READING
    }
}

/// ZREMRANGEBYRANK and its kin.
pub(super) const fn remove(
    name: &'static str,
    summary: &'static str,
    since: &'static str,
    arguments: &'static [Argument],
    run: Run,
) -> Command {
    Command {
        name,
        summary,
        since,
        complexity: LOG_AND_REMOVED,
        arity: 4,
        flags: WRITE,
        keys: REMOVE_KEY,
        arguments,
        run,
        ..WRITING
    }
}

/// Forms of ZRANGE from before it had options.
pub(super) const fn old_range(
    name: &'static str,
    summary: &'static str,
    since: &'static str,
    replaced_by: &'static str,
    run: Run,
) -> Command {
    Command {
        name,
        summary,
        since,
        complexity: LOG_AND_ANSWER,
        deprecated: Some(Deprecated { since: "6.2.0", replaced_by }),
        arity: -4,
        flags: READ,
        keys: READ_KEY,
        run,
        ..READING
    }
}

/// ZUNION and its kin.
pub(super) const fn combine(
    name: &'static str,
    summary: &'static str,
    complexity: &'static str,
    arguments: &'static [Argument],
    run: Run,
) -> Command {
    Command {
        name,
        summary,
        since: "6.2.0",
        complexity,
        arity: -3,
        flags: READ_MANY,
        keys: READ_KEYS,
        arguments,
        run,
        ..READING
    }
}

/// ZUNIONSTORE and its kin.
pub(super) const fn store(
    name: &'static str,
    summary: &'static str,
    since: &'static str,
    complexity: &'static str,
    arguments: &'static [Argument],
    run: Run,
) -> Command {
    Command {
        name,
        summary,
        since,
        complexity,
        arity: -4,
        flags: STORE_MANY,
        keys: STORE_KEYS,
        arguments,
        run,
        ..WRITING
    }
}
