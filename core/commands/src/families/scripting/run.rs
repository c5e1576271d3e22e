//! One run of a script or function: an interpreter is fetched, the commands that the script calls are answered, and the
//! interpreter is given back.

use std::sync::Arc;

use dredis_data::contract::Error;
use dredis_data::{Random, Transaction};
use dredis_lua::{Answer, Failure, Interpreter, LogLevel, Protocol, Stop, Surroundings};

use super::admission::{self, Permission};
use super::answers;
use crate::dispatch;
use crate::host::{Ended, Run, Scripts, Seat};
use crate::{
    Arguments, CommandError, CommandResult, Context, Host, Protocol as SessionProtocol, Registry, ScriptKind,
    Session,
};

/// What is to be run, and how.
pub(super) struct Program<'p> {
    pub kind: ScriptKind,
    /// The script's SHA-1 or the function's name.
    pub name: &'p [u8],
    /// The command that asks for it.
    pub command: Arguments<'p>,
    /// It must not write.
    pub is_read_only: bool,
}

/// Runs a program: `start` starts it in an interpreter.
pub(super) fn run(
    context: &mut Context<'_, '_>,
    program: &Program<'_>,
    start: impl FnOnce(&mut Interpreter, &mut dyn Surroundings) -> Result<Answer, Failure>,
) -> CommandResult {
    let host = context.host;
    let seat = seat(context.txn);
    let mut interpreter = interpreter(host.scripts(), seat)?;
    let bytes_max = host.scripts().memory_bytes_max();
    let permission = Permission {
        is_read_only: program.is_read_only,
        pending_bytes_max: context.txn.pending_bytes().saturating_add(bytes_max),
    };
    let session = Session {
        db: context.session.db,
        name: Arc::clone(&context.session.name),
        ..Session::new(context.session.id, true)
    };
    let mut around = Around {
        program,
        seat,
        permission,
        started_us: host.monotonic_us(),
        session,
        has_written: false,
        watched: None,
        abandoned: None,
        host,
        txn: &mut *context.txn,
        random: &mut *context.random,
    };
    let result = start(&mut interpreter, &mut around);
    let abandoned = around.abandoned.take();
    drop(around);
    host.scripts().give_back(seat, interpreter);
    match (result, abandoned) {
        (_, Some(error)) => Err(CommandError::Storage(error)),
        (Ok(answer), None) => Ok(answers::to_reply(answer)),
        (Err(Failure::Error(error)), None) if error.counted_already => {
            Err(CommandError::Counted(error.message))
        }
        (Err(Failure::Error(error)), None) => Err(CommandError::reply(error.message)),
        (Err(Failure::Abandoned), None) => {
            Err(CommandError::Storage(Error::unsupported("a script that was given up for no reason")))
        }
    }
}

/// Where a command with this transaction runs.
pub(super) fn seat(txn: &Transaction<'_>) -> Seat {
    if txn.is_writable() { Seat::Writer } else { Seat::Reader }
}

/// An interpreter, or the reply that there is none.
pub(super) fn interpreter(scripts: &dyn Scripts, seat: Seat) -> Result<Interpreter, CommandError> {
    scripts
        .interpreter(seat)
        .map_err(|reason| CommandError::reply(format!("ERR no interpreter can be started: {reason}")))
}

/// The server around a running script.
struct Around<'r, 'c, 'v> {
    program: &'r Program<'r>,
    seat: Seat,
    permission: Permission,
    started_us: u64,
    /// The session of the commands within: what they select and set ends with the script.
    session: Session,
    has_written: bool,
    /// How others see this run, once it has gone on for a while.
    watched: Option<Watched<'c>>,
    /// Why the run was given up.
    abandoned: Option<Error>,
    host: &'c dyn Host,
    txn: &'c mut Transaction<'v>,
    random: &'c mut Random,
}

/// A run that others know of, until it ends in whatever way.
struct Watched<'h> {
    scripts: &'h dyn Scripts,
    run: Arc<Run>,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.scripts.ended(&self.run);
    }
}

impl Surroundings for Around<'_, '_, '_> {
    fn call(&mut self, arguments: &[&[u8]], protocol: Protocol) -> Result<Answer, Stop> {
        self.session.protocol = match protocol {
            Protocol::Resp2 => SessionProtocol::Resp2,
            Protocol::Resp3 => SessionProtocol::Resp3,
        };
        let mut context = Context {
            txn: &mut *self.txn,
            session: &mut self.session,
            host: self.host,
            random: &mut *self.random,
            busy: None,
        };
        let id = match admission::admit(&context, self.permission, arguments) {
            Ok(id) => id,
            Err(refused) => return Ok(Answer::Error(refused.into_line().into_owned())),
        };
        if !self.has_written && admission::may_write(id) {
            self.has_written = true;
            if let Some(watched) = &self.watched {
                watched.run.set_written();
            }
        }
        match dispatch::call(&mut context, id, arguments) {
            Ok(reply) => Ok(answers::from_reply(reply, protocol)),
            Err(error) => Err(self.abandon(error)),
        }
    }

    fn log(&mut self, level: LogLevel, message: &[u8]) {
        self.host.scripts().log(level, message);
    }

    fn tick(&mut self) -> Result<(), Stop> {
        let scripts = self.host.scripts();
        let watched = self.watched.get_or_insert_with(|| {
            let Program { kind, name, command, .. } = *self.program;
            let run = Run::new(kind, self.seat, name, command, self.started_us);
            if self.has_written {
                run.set_written();
            }
            Watched { scripts, run: Arc::new(run) }
        });
        match scripts.tick(&watched.run) {
            Ok(()) => Ok(()),
            Err(Ended::Killed) => Err(Stop::Error(b"ERR Script killed by user with SCRIPT KILL...".to_vec())),
            Err(Ended::ShuttingDown) => {
                Err(self.abandon(Error::unsupported("going on with a script while the server goes down")))
            }
        }
    }

    fn may_run(&mut self, arguments: &[&[u8]]) -> Option<bool> {
        Registry::get().find(arguments).map(|_| true)
    }
}

impl Around<'_, '_, '_> {
    fn abandon(&mut self, error: Error) -> Stop {
        self.abandoned = Some(error);
        Stop::Abandon
    }
}
