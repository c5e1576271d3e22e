//! From a request to its reply: the checks that every command shares, queueing under MULTI, and the call.

use std::sync::Arc;

use dredis_data::contract::Error;

use crate::errors::{self, CommandError};
use crate::families;
use crate::{Arguments, Call, CallEnd, CommandId, Context, Flags, Group, Path, Registry, Reply, Session};
use crate::{Command, Host};

/// Finds where a batch of requests must run, before any of them has run.
pub struct Classifier {
    path: Path,
    is_heavy: bool,
    runs_scripts: bool,
    /// Commands are queued, for certain: MULTI was open before the batch, and nothing in it can have ended that.
    is_queueing: bool,
    multi_writes: bool,
    multi_scripts: bool,
}

impl Classifier {
    /// Begins with a session as it stands before the batch.
    pub fn new(session: &Session) -> Self {
        Classifier {
            path: Path::Session,
            is_heavy: false,
            runs_scripts: false,
            is_queueing: session.multi.is_some(),
            multi_writes: session.watching || session.multi.as_ref().is_some_and(|multi| multi.writes),
            multi_scripts: session.multi.as_ref().is_some_and(|multi| multi.runs_scripts),
        }
    }

    /// Takes the next request into account.
    pub fn add(&mut self, arguments: Arguments<'_>) {
        let Some(id) = Registry::get().find(arguments) else { return };
        let entry = Registry::get().entry(id);
        let command = entry.command;
        if entry.full_name == "exec" {
            self.is_queueing = false;
            self.runs_scripts |= self.multi_scripts;
            self.raise(if self.multi_writes { Path::Write } else { Path::Read });
        } else if runs_within_multi(&entry.full_name) {
            self.is_queueing = false;
            self.raise(command.path);
        } else if self.is_queueing {
            self.multi_writes |= command.path == Path::Write;
            self.multi_scripts |= runs_script(command);
        } else {
            // A MULTI in this batch may be refused, so what follows it may run at once.
            self.raise(command.path);
            self.runs_scripts |= runs_script(command);
        }
        // Reads that walk whole databases.
        self.is_heavy |=
            command.path == Path::Read && command.keys.is_empty() && command.complexity.starts_with("O(N)");
    }

    /// Where the batch must run. One that contains a write runs in the writer's turn as a whole.
    pub fn path(&self) -> Path {
        self.path
    }

    /// Whether a read in the batch may take long.
    pub fn is_heavy(&self) -> bool {
        self.is_heavy
    }

    /// Whether a script runs in the batch.
    pub fn runs_scripts(&self) -> bool {
        self.runs_scripts
    }

    fn raise(&mut self, path: Path) {
        if path == Path::Write || self.path == Path::Session {
            self.path = path;
        }
    }
}

/// Runs a request. An error means that the engine failed and the transaction must be given up; every other
/// failure is a reply.
pub fn execute(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Reply, Error> {
    let Some(id) = Registry::get().find(arguments) else {
        if is_http(arguments) {
            // Somebody makes a browser talk to the server. Redis hangs up without a word.
            context.session.closing = true;
            return Ok(Reply::Nothing);
        }
        abort_multi(context.session);
        return Ok(refusal(context.host, unknown_command(arguments)));
    };
    if let Err(refused) = admit(context, id, arguments) {
        abort_multi(context.session);
        let call = Call { command: id, arguments, micros: 0, end: CallEnd::Rejected };
        context.host.call_finished(context.session, &call);
        let is_exec = Registry::get().entry(id).full_name == "exec";
        let refused = if is_exec { families::abort_exec(context, refused) } else { refused };
        return Ok(refusal(context.host, refused));
    }
    context.session.command = Some(id);
    let entry = Registry::get().entry(id);
    if let Some(multi) = &mut context.session.multi
        && !runs_within_multi(&entry.full_name)
    {
        let request = arguments.iter().map(|argument| argument.to_vec()).collect();
        Arc::make_mut(&mut multi.queued).push(request);
        multi.writes |= entry.command.path == Path::Write;
        multi.runs_scripts |= runs_script(entry.command);
        return Ok(Reply::Status("QUEUED".into()));
    }
    call(context, id, arguments)
}

/// Runs a command that has been admitted.
pub(crate) fn call(
    context: &mut Context<'_, '_>,
    id: CommandId,
    arguments: Arguments<'_>,
) -> Result<Reply, Error> {
    let command = Registry::get().entry(id).command;
    let started = context.host.monotonic_us();
    let mut is_counted = false;
    let reply = match (command.run)(context, arguments) {
        Ok(reply) => reply,
        Err(CommandError::Reply(line)) => Reply::Error(line),
        Err(CommandError::Counted(line)) => {
            is_counted = true;
            Reply::Error(line.into())
        }
        Err(CommandError::Storage(error)) => return Err(error),
    };
    let micros = context.host.monotonic_us().saturating_sub(started);
    let end = match &reply {
        Reply::Error(line) => {
            if !is_counted {
                context.host.error_answered(line);
            }
            CallEnd::Failed
        }
        _ => CallEnd::Done,
    };
    context.host.call_finished(context.session, &Call { command: id, arguments, micros, end });
    Ok(reply)
}

/// The checks before a command runs or is queued, in Redis's order.
fn admit(context: &Context<'_, '_>, id: CommandId, arguments: Arguments<'_>) -> Result<(), CommandError> {
    let Context { session, host, .. } = context;
    let entry = Registry::get().entry(id);
    let command = entry.command;
    if !command.subcommands.is_empty() && arguments.len() > 1 {
        return Err(unknown_subcommand(command.name, arguments[1]));
    }
    if !command.accepts_count(arguments.len()) {
        return Err(errors::wrong_arity(&entry.full_name));
    }
    if !session.authenticated && !command.flags.contains(Flags::NO_AUTH) {
        return Err(errors::fixed("NOAUTH Authentication required."));
    }
    if session.multi.is_some() && command.flags.contains(Flags::NO_MULTI) {
        return Err(errors::fixed("ERR Command not allowed inside a transaction"));
    }
    if command.flags.contains(Flags::WRITE) && host.is_readonly() {
        return Err(errors::READONLY);
    }
    match context.busy {
        Some(kind) if !command.flags.contains(Flags::ALLOW_BUSY) => Err(errors::busy(kind)),
        _ => Ok(()),
    }
}

fn refusal(host: &dyn Host, error: CommandError) -> Reply {
    let line = error.into_line();
    host.error_answered(&line);
    Reply::Error(line)
}

fn is_http(arguments: Arguments<'_>) -> bool {
    arguments
        .first()
        .is_some_and(|name| name.eq_ignore_ascii_case(b"POST") || name.eq_ignore_ascii_case(b"Host:"))
}

fn abort_multi(session: &mut Session) {
    if let Some(multi) = &mut session.multi {
        multi.aborted = true;
    }
}

/// Whether a command runs what a client has written in Lua. One that only reads may take long, and as many as there are clients.
fn runs_script(command: &Command) -> bool {
    command.group == Group::Scripting && command.flags.contains(Flags::SKIP_MONITOR)
}

/// Commands that run at once although MULTI is open, by their full names.
fn runs_within_multi(name: &str) -> bool {
    matches!(name, "exec" | "discard" | "multi" | "watch" | "quit" | "reset")
}

/// Redis shows the first 128 bytes of the name, and arguments until 128 bytes of them are shown.
const SHOWN_BYTES: usize = 128;

fn unknown_command(arguments: Arguments<'_>) -> CommandError {
    let mut shown = Vec::new();
    for argument in arguments.iter().skip(1) {
        if shown.len() >= SHOWN_BYTES {
            break;
        }
        let room = SHOWN_BYTES - shown.len();
        shown.push(b'\'');
        let argument = errors::up_to_nul(argument);
        shown.extend_from_slice(&argument[..argument.len().min(room)]);
        shown.extend_from_slice(b"' ");
    }
    let name = errors::up_to_nul(arguments.first().copied().unwrap_or_default());
    let mut line = b"ERR unknown command '".to_vec();
    line.extend_from_slice(&name[..name.len().min(SHOWN_BYTES)]);
    line.extend_from_slice(b"', with args beginning with: ");
    line.extend_from_slice(&shown);
    CommandError::reply(on_one_line(line))
}

fn unknown_subcommand(command: &str, sub: &[u8]) -> CommandError {
    let sub = errors::up_to_nul(sub);
    let mut line = b"ERR unknown subcommand '".to_vec();
    line.extend_from_slice(&sub[..sub.len().min(SHOWN_BYTES)]);
    line.extend_from_slice(format!("'. Try {} HELP.", command.to_uppercase()).as_bytes());
    CommandError::reply(on_one_line(line))
}

/// An error line cannot carry line ends; Redis turns them into spaces.
fn on_one_line(mut line: Vec<u8>) -> Vec<u8> {
    for byte in &mut line {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
    line
}
