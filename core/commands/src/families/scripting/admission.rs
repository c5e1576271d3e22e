//! Which commands a script may call, checked in Redis's order (`scriptCall` in its `script.c`).

use crate::errors::{self, CommandError};
use crate::{Arguments, Call, CallEnd, CommandId, Context, Flags, Path, Registry};

/// What a run may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Permission {
    /// It must not write.
    pub is_read_only: bool,
    /// How many bytes may wait in the transaction before a command that adds to them is refused.
    pub pending_bytes_max: usize,
}

/// The command that a script calls, if it may.
pub(super) fn admit(
    context: &Context<'_, '_>,
    permission: Permission,
    arguments: Arguments<'_>,
) -> Result<CommandId, CommandError> {
    const UNKNOWN: CommandError = errors::fixed("ERR Unknown Redis command called from script");
    let found = Registry::get().find(arguments);
    let checked = match found {
        None => Err(UNKNOWN),
        Some(id) => check(context, permission, id, arguments, UNKNOWN).map(|()| id),
    };
    if let Err(CommandError::Reply(line)) = &checked {
        context.host.error_answered(line);
        if let Some(command) = found {
            let call = Call { command, arguments, micros: 0, end: CallEnd::Rejected };
            context.host.call_finished(context.session, &call);
        }
    }
    checked
}

fn check(
    context: &Context<'_, '_>,
    permission: Permission,
    id: CommandId,
    arguments: Arguments<'_>,
    unknown: CommandError,
) -> Result<(), CommandError> {
    let command = Registry::get().entry(id).command;
    if !command.subcommands.is_empty() && arguments.len() > 1 {
        return Err(unknown);
    }
    if !command.accepts_count(arguments.len()) {
        return Err(errors::fixed("ERR Wrong number of args calling Redis command from script"));
    }
    if command.flags.contains(Flags::NOSCRIPT) {
        return Err(errors::fixed("ERR This Redis command is not allowed from script"));
    }
    if !may_write(id) {
        return Ok(());
    }
    if permission.is_read_only {
        return Err(errors::fixed("ERR Write commands are not allowed from read-only scripts."));
    }
    if context.host.is_readonly() {
        return Err(errors::READONLY);
    }
    if command.flags.contains(Flags::DENYOOM) && context.txn.pending_bytes() > permission.pending_bytes_max {
        return Err(errors::fixed(
            "OOM the script's writes take more memory than lua-memory-limit allows; those before this one are kept",
        ));
    }
    Ok(())
}

/// Whether a command changes anything that a script must not change when it only reads.
pub(super) fn may_write(id: CommandId) -> bool {
    let command = Registry::get().entry(id).command;
    command.path == Path::Write
        || command.flags.contains(Flags::WRITE)
        || command.flags.contains(Flags::MAY_REPLICATE)
}
