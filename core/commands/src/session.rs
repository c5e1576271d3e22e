//! The state of one client's session, as far as commands see it. No socket, no buffer.

use std::sync::Arc;
use std::time::Duration;

use crate::{Afterwards, CommandId};

/// The version of the protocol that a client speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// RESP2, with which every session begins.
    #[default]
    Resp2,
    /// RESP3, after HELLO 3.
    Resp3,
}

/// Which replies a client wants (CLIENT REPLY).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReplyMode {
    /// All.
    #[default]
    On,
    /// None.
    Off,
    /// Not the one to the next command; set by CLIENT REPLY SKIP itself.
    SkipNext,
    /// Not the one to the command that is running.
    SkipThis,
}

/// An open MULTI.
#[derive(Clone, Debug, Default)]
pub struct Multi {
    /// The requests that wait for EXEC, each with its command's name first.
    pub queued: Arc<Vec<Vec<Vec<u8>>>>,
    /// Whether a request was refused while queueing, so that EXEC must abort.
    pub aborted: bool,
    /// Whether any queued command runs on the write path.
    pub writes: bool,
    /// Whether any queued command runs a script.
    pub runs_scripts: bool,
}

/// One client's session. Cheap to clone: a batch that has to be run again starts from a copy.
#[derive(Clone, Debug)]
pub struct Session {
    /// The client's number (CLIENT ID).
    pub id: u64,
    /// The selected database.
    pub db: u32,
    /// The protocol in use.
    pub protocol: Protocol,
    /// Whether the client may run commands.
    pub authenticated: bool,
    /// The connection's name (CLIENT SETNAME); empty for none.
    pub name: Arc<[u8]>,
    /// Which replies are wanted.
    pub reply_mode: ReplyMode,
    /// The open MULTI, if there is one.
    pub multi: Option<Multi>,
    /// Whether WATCH has been used since the last EXEC, DISCARD or UNWATCH.
    pub watching: bool,
    /// Whether a WATCH could not be kept, so that EXEC must abort.
    pub watch_lost: bool,
    /// CLIENT NO-EVICT.
    pub no_evict: bool,
    /// The command that ran last, for CLIENT LIST.
    pub command: Option<CommandId>,
    /// Set by QUIT and the like: the connection ends once the replies are out.
    pub closing: bool,
    /// Set by DEBUG SLEEP: how long the replies are held back. Nobody else waits.
    pub pause: Duration,
    /// Whether EXEC is running commands.
    pub is_in_exec: bool,
    pub(crate) afterwards: Option<Afterwards>,
}

impl Session {
    /// A fresh session.
    pub fn new(id: u64, authenticated: bool) -> Self {
        Session {
            id,
            db: 0,
            protocol: Protocol::Resp2,
            authenticated,
            name: Arc::from(&[][..]),
            reply_mode: ReplyMode::On,
            multi: None,
            watching: false,
            watch_lost: false,
            no_evict: false,
            command: None,
            closing: false,
            pause: Duration::ZERO,
            is_in_exec: false,
            afterwards: None,
        }
    }

    /// Says what the server is to do once all that has run is committed. The session's next request waits for it.
    pub fn afterwards(&mut self, what: Afterwards) {
        self.afterwards = Some(what);
    }

    /// Whether the server has something to do before the next request runs.
    pub fn has_afterwards(&self) -> bool {
        self.afterwards.is_some()
    }

    /// What the server is to do now that all is committed.
    pub fn take_afterwards(&mut self) -> Option<Afterwards> {
        self.afterwards.take()
    }

    /// How long the replies of the batch that has just run are to be held back, if at all.
    pub fn take_pause(&mut self) -> Option<Duration> {
        Some(std::mem::take(&mut self.pause)).filter(|pause| !pause.is_zero())
    }
}
