//! SAVE, BGSAVE, LASTSAVE. The file is written by the server, once everything before it is committed.

use crate::{Afterwards, Arguments, CommandError, CommandResult, Context, Reply, errors};

const IN_PROGRESS: CommandError = errors::fixed("ERR Background save already in progress");

pub(super) fn save(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    if context.host.snapshots().is_saving() {
        return Err(IN_PROGRESS);
    }
    context.session.afterwards(Afterwards::Save);
    Ok(Reply::Nothing)
}

/// SCHEDULE is for a moment at which Redis rewrites its append-only file; there is none here.
pub(super) fn bgsave(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    match arguments {
        [_] => {}
        [_, mode] if mode.eq_ignore_ascii_case(b"SCHEDULE") => {}
        _ => return Err(errors::SYNTAX),
    }
    if context.host.snapshots().is_saving() {
        return Err(IN_PROGRESS);
    }
    if context.session.is_in_exec {
        context.session.afterwards(Afterwards::ScheduledSave);
        return Ok(Reply::Status("Background saving scheduled".into()));
    }
    context.session.afterwards(Afterwards::BackgroundSave);
    Ok(Reply::Nothing)
}

pub(super) fn lastsave(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    Ok(Reply::Integer(i64::try_from(context.host.snapshots().last_save_s()).unwrap_or(i64::MAX)))
}
