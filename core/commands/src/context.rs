//! What a command function gets to work with.

use dredis_data::{Random, Transaction};

use crate::{Host, ScriptKind, Session};

/// The arguments of a request; number 0 is the command's name as the client wrote it.
pub type Arguments<'a> = &'a [&'a [u8]];

/// Everything around a command while it runs.
pub struct Context<'c, 'v> {
    /// The data, and this command's place in time.
    pub txn: &'c mut Transaction<'v>,
    /// The client's session.
    pub session: &'c mut Session,
    /// The server around.
    pub host: &'c dyn Host,
    /// A source of randomness; seeded in tests.
    pub random: &'c mut Random,
    /// What holds the writer's turn and takes too long, if something did when this request's turn came. Then only commands with
    /// [`crate::Flags::ALLOW_BUSY`] run, and they run beside the writer: on a transaction that only reads.
    pub busy: Option<ScriptKind>,
}

impl Context<'_, '_> {
    /// The session's selected database.
    pub fn db(&self) -> u32 {
        self.session.db
    }

    /// This command's time, in milliseconds of the Unix epoch. It stands still while a command, a
    /// transaction or a script runs.
    pub fn now_ms(&self) -> u64 {
        self.txn.now_ms()
    }
}
