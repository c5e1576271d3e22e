//! The process: TIME, ROLE, SHUTDOWN.

use crate::{Afterwards, Arguments, CommandResult, Context, Reply, errors};

pub(super) fn time(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let now_us = context.host.unix_time_us();
    let seconds = Reply::text((now_us / 1_000_000).to_string());
    Ok(Reply::Array(vec![seconds, Reply::text((now_us % 1_000_000).to_string())]))
}

/// A master without replicas, at the beginning of a replication stream that nobody reads.
pub(super) fn role(_: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    Ok(Reply::Array(vec![Reply::Text("master"), Reply::Integer(0), Reply::Array(Vec::new())]))
}

/// Acknowledged writes are in the backend already, and the end makes them durable in any case: SAVE and NOSAVE are about an
/// RDB file. NOW is about replicas, of which there are none.
pub(super) fn shutdown(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (mut save, mut no_save, mut abort, mut force) = (false, false, false, false);
    for option in &arguments[1..] {
        let is = |word: &str| option.eq_ignore_ascii_case(word.as_bytes());
        if is("SAVE") {
            save = true;
        } else if is("NOSAVE") {
            no_save = true;
        } else if is("ABORT") {
            abort = true;
        } else if is("FORCE") {
            force = true;
        } else if !is("NOW") {
            return Err(errors::SYNTAX);
        }
    }
    if (save && no_save) || (abort && arguments.len() > 2) {
        return Err(errors::SYNTAX);
    }
    if let Some(kind) = context.busy.filter(|_| !no_save) {
        return Err(errors::busy(kind));
    }
    if abort {
        // One that has begun waits for nobody, so that there is nothing to take back.
        return Err(errors::fixed("ERR No shutdown in progress."));
    }
    let snapshots = context.host.snapshots();
    if save || (!no_save && snapshots.saves_at_end()) {
        context.session.afterwards(Afterwards::SaveAndShutDown { force });
        return Ok(Reply::Nothing);
    }
    snapshots.end_without_saving();
    context.host.shut_down();
    context.session.closing = true;
    Ok(Reply::Nothing)
}
