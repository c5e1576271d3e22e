//! The clients of the server, as the CLIENT commands see them.

use crate::Session;

/// All clients.
pub trait Clients: Send + Sync {
    /// A line for each client that `filter` picks, in the format of CLIENT LIST. `current` is the session that
    /// asks and `command` the full name of the command with which it does: its own line is up to date.
    fn list(&self, current: &Session, command: &str, filter: &ClientFilter) -> Vec<u8>;

    /// Ends the connections of clients that `filter` picks. The asking session's own is only reported: it ends
    /// itself once it has answered.
    fn kill(&self, current: &Session, filter: &ClientFilter) -> Killed;

    /// Holds back requests in `scope` for so many milliseconds from now; a longer or wider pause stays.
    fn pause(&self, ms: u64, scope: PauseScope);

    /// Ends a pause.
    fn unpause(&self);

    /// Wakes a client from a command that blocks it; whether it was blocked.
    fn unblock(&self, id: u64, with: UnblockWith) -> bool;
}

/// Which clients. A field of `None` picks all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFilter {
    /// By numbers, in this order.
    pub ids: Option<Vec<u64>>,
    /// By the client's address and port.
    pub address: Option<Vec<u8>>,
    /// By the server's address and port.
    pub local_address: Option<Vec<u8>>,
    /// By kind.
    pub kind: Option<ClientKind>,
    /// Not this one.
    pub except: Option<u64>,
}

/// Redis's kinds of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientKind {
    /// Any that is nothing else.
    Normal,
    /// The server's own master.
    Master,
    /// A replica.
    Replica,
    /// A subscriber.
    PubSub,
}

/// What CLIENT KILL did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Killed {
    /// How many clients were picked.
    pub count: usize,
    /// Whether the one that asked is among them.
    pub current: bool,
}

/// What a pause holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PauseScope {
    /// Commands that may write.
    Writes,
    /// Everything.
    All,
}

/// What a client that is woken gets for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnblockWith {
    /// What it would get after its time.
    Timeout,
    /// An error.
    Error,
}
