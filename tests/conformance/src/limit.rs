//! Work that does not end: a limit of time, without which an engine that hangs would hang the kit.

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::Duration;

use crate::child::kill_children_of;

/// How long work is waited for once the processes that it had started are dead.
const GRACE: Duration = Duration::from_secs(5);

/// How work came to an end, or did not.
pub(crate) enum Waited<T> {
    /// It ended.
    Ended(T),
    /// It took too long. What it was waiting for may have been a process, in which case it has ended by now; if not, it goes
    /// on in its thread, which nobody can end.
    Overdue {
        /// Whether it goes on.
        goes_on: bool,
    },
}

/// Does some work in a thread of its own, and waits for it so long.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<Waited<T>> {
    let (sender, receiver) = sync_channel(1);
    let worker = Builder::new().name(name.to_owned()).spawn(move || {
        // Nobody may be waiting any more.
        let _ = sender.send(work());
    })?;
    let ended = match receiver.recv_timeout(limit) {
        Err(RecvTimeoutError::Timeout) => {
            let waited_for_children = kill_children_of(worker.thread().id()) > 0;
            let grace = if waited_for_children { GRACE } else { Duration::ZERO };
            let goes_on = matches!(receiver.recv_timeout(grace), Err(RecvTimeoutError::Timeout));
            return Ok(Waited::Overdue { goes_on });
        }
        Ok(result) => Ok(result),
        Err(RecvTimeoutError::Disconnected) => Err(()),
    };
    // What the engine keeps for the thread is gone before anything else begins.
    let joined = worker.join();
    match (ended, joined) {
        (Ok(result), _) => Ok(Waited::Ended(result)),
        (Err(()), Err(panic)) => resume_unwind(panic),
        (Err(()), Ok(())) => unreachable!("work that has ended without a panic has sent its result"),
    }
}
