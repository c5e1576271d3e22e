//! Work of the server's own in the writer's turn: expiring, sweeping, loading, saving.

use dredis_contract::{Error, Result};
use dredis_data::Transaction;
use tokio::sync::oneshot;

/// Work that is no session's.
pub(super) trait Background: Send {
    /// Does it; may be called again on a fresh transaction if the first was given up.
    fn run(&mut self, txn: &mut Transaction<'_>) -> Result<()>;
    /// Puts an error in place of the result.
    fn fail(&mut self, error: Error);
    /// Hands the result to whoever waits.
    fn finish(self: Box<Self>);
}

/// A closure as such work, and who waits for what it returns.
pub(super) struct Closure<F, T> {
    work: F,
    result: Option<Result<T>>,
    done: Option<oneshot::Sender<Result<T>>>,
}

impl<F, T> Closure<F, T> {
    pub fn new(work: F, done: oneshot::Sender<Result<T>>) -> Self {
        Closure { work, result: None, done: Some(done) }
    }
}

impl<F, T: Send> Background for Closure<F, T>
where
    F: FnMut(&mut Transaction<'_>) -> Result<T> + Send,
{
    fn run(&mut self, txn: &mut Transaction<'_>) -> Result<()> {
        self.result = Some(Ok((self.work)(txn)?));
        Ok(())
    }

    fn fail(&mut self, error: Error) {
        self.result = Some(Err(error));
    }

    fn finish(mut self: Box<Self>) {
        if let (Some(result), Some(done)) = (self.result.take(), self.done.take()) {
            // Whoever asked may be gone.
            done.send(result).unwrap_or_default();
        }
    }
}
