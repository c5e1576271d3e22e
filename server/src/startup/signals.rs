//! SIGTERM and SIGINT: the first ends the server in good order, the second at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;
use crate::log;
use crate::shutdown::Shutdown;

/// The signals that end a server, caught from now on.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn catch() -> Result<Signals, Failure> {
        let catch = |kind| {
            signal(kind).map_err(|error: io::Error| Failure::failed(format!("cannot catch signals: {error}")))
        };
        Ok(Signals { terminate: catch(SignalKind::terminate())?, interrupt: catch(SignalKind::interrupt())? })
    }

    /// Waits for a signal, or for someone else to end the server.
    pub(super) async fn wait_for_the_end(&mut self, shutdown: &Shutdown) {
        tokio::select! {
            name = self.next() => log::info(format_args!("{name} received: the server ends when all is written")),
            () = shutdown.begun() => log::info("the server ends when all is written"),
        }
    }

    /// From now on a signal does not wait for anything. What is committed stays committed.
    pub(super) fn end_at_once_at_the_next(mut self) {
        tokio::spawn(async move {
            let name = self.next().await;
            log::warning(format_args!("{name} received again: the server ends at once"));
            std::process::exit(1);
        });
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
