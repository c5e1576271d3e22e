//! The writer's turn: takes all jobs that wait, runs them in order on one overlay, commits once, and then releases
//! the replies. Under load that is group commit; with one client it is one commit for each of its batches. Who takes the
//! turn is `queue.rs`'s affair.
//!
//! A fold whose commit fails, or in which an engine call fails, is given up, and its jobs run again request by
//! request, each with a commit of its own: so only what cannot be done is refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dredis_contract::{Error, Result};
use dredis_data::{Transaction, WriterState};

use super::queue::{Queue, Work};
use super::{Job, Shared, durability, guarded, now_ms, storage_failure};
use crate::log;

/// A fold is committed once this many bytes wait in it, even if more jobs wait.
const FOLD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The same failure is logged again after this time. Others wait for a second: they may name what clients sent.
const SAME_FAILURE_AGAIN: Duration = Duration::from_secs(60);
const OTHER_FAILURE_AGAIN: Duration = Duration::from_secs(1);

/// What the writer's turn consists of: whoever has this is the writer.
pub(super) struct Turn {
    shared: Arc<Shared>,
    state: WriterState,
    /// Work that has run and waits for the commit.
    ran: Vec<Work>,
    /// The last failure of a fold that was logged, and when.
    logged: Option<(Error, Instant)>,
}

impl Turn {
    /// The turn of a store that was just opened.
    pub fn new(shared: Arc<Shared>, state: WriterState) -> Turn {
        Turn { shared, state, ran: Vec::new(), logged: None }
    }

    /// The executor's part that the writer shares.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Runs and commits everything that was taken. Whether the writer was told to stop.
    pub fn fold_all(&mut self, queue: &Queue) -> bool {
        loop {
            match self.fold(queue) {
                Ok(commit) => self.release(commit),
                Err(error) => {
                    self.log_failure(error);
                    self.one_by_one();
                }
            }
            let taken = queue.taken();
            match taken.front() {
                None => return false,
                Some(Work::Stop(_)) => return true,
                Some(_) => {}
            }
        }
    }

    /// Logs why a fold failed, once: what comes up when its work runs again is another error as often as not, and clients
    /// are told that one.
    fn log_failure(&mut self, error: Error) {
        // Failing syncs were logged as such.
        if self.shared.durability.is_failing() {
            return;
        }
        let is_known = self.logged.as_ref().is_some_and(|(known, when)| {
            let again = if *known == error { SAME_FAILURE_AGAIN } else { OTHER_FAILURE_AGAIN };
            when.elapsed() < again
        });
        if !is_known {
            log::error(format_args!("a commit failed, its requests are tried one by one: {error}"));
            self.logged = Some((error, Instant::now()));
        }
    }

    /// Runs what was taken on one overlay and commits it.
    fn fold(&mut self, queue: &Queue) -> Result<u64> {
        let shared = Arc::clone(&self.shared);
        let mut txn =
            Transaction::writable(&shared.store, &mut self.state, &**shared.host.watches(), now_ms());
        while txn.pending_bytes() < FOLD_BYTES_MAX {
            let Some(mut work) = queue.taken().pop_front() else { break };
            let result = match &mut work {
                Work::Job(job, _) => run_job(&shared, job, &mut txn),
                Work::Background(background) => guarded(|| background.run(&mut txn)),
                Work::Stop(_) => {
                    queue.taken().push_front(work);
                    break;
                }
            };
            self.ran.push(work);
            result?;
        }
        shared.host.statistics().count_lookups(txn.lookups());
        commit(&shared, txn)
    }

    /// Gives finished work back.
    fn release(&mut self, commit: u64) {
        for work in self.ran.drain(..) {
            match work {
                Work::Job(mut job, done) => {
                    job.rests_on = commit;
                    // A session that is gone does not want its job back.
                    done.send(job).unwrap_or_default();
                }
                Work::Background(background) => background.finish(),
                Work::Stop(_) => {}
            }
        }
    }

    /// Runs the work of a fold that was given up again, with a commit for every request.
    fn one_by_one(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut ran = std::mem::take(&mut self.ran);
        for work in &mut ran {
            match work {
                Work::Job(job, _) => {
                    job.rewind();
                    while job.wants_to_run() {
                        self.one_request(&shared, job);
                    }
                }
                Work::Background(background) => {
                    let mut txn = Transaction::writable(
                        &shared.store,
                        &mut self.state,
                        &**shared.host.watches(),
                        now_ms(),
                    );
                    if let Err(error) =
                        guarded(|| background.run(&mut txn)).and_then(|()| commit(&shared, txn))
                    {
                        background.fail(error);
                    }
                }
                Work::Stop(_) => {}
            }
        }
        self.ran = ran;
        self.release(shared.durability.begun());
    }

    fn one_request(&mut self, shared: &Shared, job: &mut Job) {
        let mut txn =
            Transaction::writable(&shared.store, &mut self.state, &**shared.host.watches(), now_ms());
        let out_bytes = job.out.len();
        match shared.step(job, &mut txn) {
            Err(error) => job.reply(&storage_failure(&error)),
            Ok(()) => {
                if let Err(error) = commit(shared, txn) {
                    job.replace_reply(out_bytes, &storage_failure(&error));
                }
            }
        }
    }
}

fn run_job(shared: &Shared, job: &mut Job, txn: &mut Transaction<'_>) -> Result<()> {
    txn.set_now_ms(now_ms());
    while job.wants_to_run() {
        shared.step(job, txn)?;
    }
    Ok(())
}

/// Commits; the number of the commit, or of the latest one if there was nothing to write.
fn commit(shared: &Shared, txn: Transaction<'_>) -> Result<u64> {
    if txn.is_unchanged() {
        return Ok(shared.durability.begun());
    }
    if shared.durability.is_failing() {
        return Err(durability::sync_failing());
    }
    shared.durability.begin_commit();
    let result = txn.commit();
    let number = shared.durability.end_commit();
    result.map(|_| number)
}
