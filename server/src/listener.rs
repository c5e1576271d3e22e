//! Listening sockets and the connections that come in: how many there may be, and handing them to sessions.
//!
//! No byte of a client's is read here.

mod bind;
mod stream;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

pub use bind::{KEEPALIVE, Listener, bind_tcp, bind_unix};
pub use stream::{Peer, Stream};

use crate::log;
use crate::shutdown::Shutdown;

/// What a client hears that is one too many.
const TOO_MANY: &[u8] = b"-ERR max number of clients reached\r\n";
/// Pause after the system had no room for another connection. Something must end first.
const PAUSE: Duration = Duration::from_millis(100);

/// The server's connections, counted.
#[derive(Debug)]
pub struct Connections {
    open: AtomicUsize,
    limit: AtomicUsize,
    received: AtomicU64,
    refused: AtomicU64,
    changed: Notify,
}

impl Connections {
    /// No connection yet, and at most so many at a time.
    pub fn new(limit: usize) -> Connections {
        Connections {
            open: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
            received: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            changed: Notify::new(),
        }
    }

    /// Most connections at a time (`maxclients`).
    pub fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Changes that. Connections that are open stay.
    pub fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// How many have come since the start, refused ones included.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// How many were refused because of the limit.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Waits until none is open.
    pub async fn all_closed(&self) {
        loop {
            let changed = self.changed.notified();
            if self.open() == 0 {
                return;
            }
            changed.await;
        }
    }

    /// A place for one more connection, if there is one.
    fn admit(self: &Arc<Self>) -> Option<Admission> {
        self.received.fetch_add(1, Ordering::Relaxed);
        let limit = self.limit();
        let admitted = self
            .open
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |open| (open < limit).then_some(open + 1));
        if admitted.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(Admission { connections: Arc::clone(self) })
    }
}

/// A connection's place; given back when dropped.
struct Admission {
    connections: Arc<Connections>,
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.connections.open.fetch_sub(1, Ordering::AcqRel);
        self.connections.changed.notify_waiters();
    }
}

/// Accepts connections until the server is to end, and runs `serve` for each in a task of its own.
pub async fn accept<S, F>(listener: Listener, connections: Arc<Connections>, shutdown: Shutdown, serve: S)
where
    S: Fn(Stream, Peer) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut begun = std::pin::pin!(shutdown.begun());
    let mut is_short_of_room = false;
    loop {
        let accepted = tokio::select! {
            () = &mut begun => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                is_short_of_room = false;
                match connections.admit() {
                    Some(admission) => {
                        let session = serve(stream, peer);
                        tokio::spawn(async move {
                            session.await;
                            drop(admission);
                        });
                    }
                    None => refuse(stream),
                }
            }
            // The client left before it was its turn.
            Err(error) if is_of_one_client(&error) => {
                log::debug(format_args!("a connection came to nothing: {error}"))
            }
            Err(error) => {
                // Once per shortage: it is the same at each try.
                if !is_short_of_room {
                    log::warning(format_args!(
                        "cannot accept connections on {listener}: {error}; tried again until there is room"
                    ));
                }
                is_short_of_room = true;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn refuse(stream: Stream) {
    if let Err(error) = stream.write_at_once(TOO_MANY) {
        log::debug(format_args!("a client that was one too many could not be told so: {error}"));
    }
}

fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests;
