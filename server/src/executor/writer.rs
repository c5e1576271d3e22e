//! The one writer: takes all jobs that wait, runs them in order on one overlay, commits once, and then releases
//! the replies. Under load that is group commit; with one client it is one commit for each of its batches.
//!
//! A fold whose commit fails, or in which an engine call fails, is given up, and its jobs run again request by
//! request, each with a commit of its own: so only what cannot be done is refused.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dredis_commands::ScriptKind;
use dredis_contract::{Error, Result};
use dredis_data::{Transaction, WriterState};
use tokio::sync::{Notify, oneshot};

use crate::host::ServerHost;

use super::{Job, Shared, durability, guarded, now_ms, storage_failure};
use crate::log;

/// A fold is committed once this many bytes wait in it, even if more jobs wait.
const FOLD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The same failure is logged again after this time. Others wait for a second: they may name what clients sent.
const SAME_FAILURE_AGAIN: Duration = Duration::from_secs(60);
const OTHER_FAILURE_AGAIN: Duration = Duration::from_secs(1);

/// Hands work to the writer.
pub(super) struct Writer {
    queue: Arc<Queue>,
    host: Arc<ServerHost>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<VecDeque<Work>>,
    /// What the writer has taken from there and not begun. Nobody else touches it but to refuse its jobs.
    taken: Mutex<VecDeque<Work>>,
    arrived: Notify,
}

/// What the writer does in its turn.
enum Work {
    Job(Box<Job>, oneshot::Sender<Box<Job>>),
    Background(Box<dyn Background>),
    Stop(oneshot::Sender<()>),
}

impl Writer {
    /// Starts the writer's task on the current runtime.
    pub fn start(shared: Arc<Shared>, state: WriterState) -> Writer {
        let queue = Arc::new(Queue::default());
        let host = Arc::clone(&shared.host);
        let turn = Turn { shared, state, queue: Arc::clone(&queue), ran: Vec::new(), logged: None };
        tokio::spawn(turn.run());
        Writer { queue, host }
    }

    /// Runs a job in the writer's turn, or gives it back as it is if a script holds that for too long. `None`: the writer has
    /// stopped.
    pub async fn submit(&self, mut job: Box<Job>) -> Option<Box<Job>> {
        job.keep_session();
        let (done, answer) = oneshot::channel();
        self.queue.add(Work::Job(job, done), || self.host.script_table().busy());
        answer.await.ok()
    }

    /// What gives all jobs that wait back, to be answered that a script holds the writer's turn.
    pub fn refusal(&self) -> impl Fn(ScriptKind) + Send + Sync + 'static {
        let queue = Arc::clone(&self.queue);
        move |kind| queue.refuse_jobs(kind)
    }

    /// Runs background work in the writer's turn, and commits it.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (done, answer) = oneshot::channel();
        let work = Closure { work, result: None, done: Some(done) };
        self.queue.add(Work::Background(Box::new(work)), || None);
        answer.await.unwrap_or_else(|_| Err(Error::unsupported("work after the writer stopped")))
    }

    /// Waits until everything before is done, and ends the writer.
    pub async fn stop(&self) {
        let (done, answer) = oneshot::channel();
        self.queue.add(Work::Stop(done), || None);
        answer.await.unwrap_or_default();
    }
}

impl Queue {
    /// Adds work, unless it is to be refused. That is asked with the queue locked: so no job can slip in behind those that are given back
    /// when the writer's turn becomes busy.
    fn add(&self, work: Work, busy: impl FnOnce() -> Option<ScriptKind>) {
        let mut waiting = self.waiting();
        if let Some(kind) = busy() {
            drop(waiting);
            refuse(work, kind);
            return;
        }
        waiting.push_back(work);
        if waiting.len() == 1 {
            drop(waiting);
            self.arrived.notify_one();
        }
    }

    /// Gives back all jobs that have not begun.
    fn refuse_jobs(&self, kind: ScriptKind) {
        for queue in [&self.taken, &self.waiting] {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            let (jobs, others) = queue.drain(..).partition(|work| matches!(work, Work::Job(..)));
            *queue = others;
            drop(queue);
            let jobs: VecDeque<Work> = jobs;
            jobs.into_iter().for_each(|job| refuse(job, kind));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Work>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn taken(&self) -> MutexGuard<'_, VecDeque<Work>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes all that waits into the writer's hands; whether there is anything.
    fn take(&self) -> bool {
        let mut taken = self.taken();
        debug_assert!(taken.is_empty());
        std::mem::swap(&mut *taken, &mut *self.waiting());
        !taken.is_empty()
    }
}

/// Gives a job back as it is.
fn refuse(work: Work, kind: ScriptKind) {
    if let Work::Job(mut job, done) = work {
        job.busy = Some(kind);
        done.send(job).unwrap_or_default();
    }
}

/// The writer's own side.
struct Turn {
    shared: Arc<Shared>,
    state: WriterState,
    queue: Arc<Queue>,
    /// Work that has run and waits for the commit.
    ran: Vec<Work>,
    /// The last failure of a fold that was logged, and when.
    logged: Option<(Error, Instant)>,
}

impl Turn {
    async fn run(mut self) {
        loop {
            self.queue.arrived.notified().await;
            loop {
                // Sessions that are ready now get the chance to join before the fold begins.
                tokio::task::yield_now().await;
                if !self.queue.take() {
                    break;
                }
                let shared = Arc::clone(&self.shared);
                let stopped = shared.pace.engine_call(false, || self.fold_all());
                if stopped {
                    return;
                }
            }
        }
    }

    /// Runs and commits everything that was taken. Whether the writer was told to stop.
    fn fold_all(&mut self) -> bool {
        let queue = Arc::clone(&self.queue);
        loop {
            match self.fold() {
                Ok(commit) => self.release(commit),
                Err(error) => {
                    self.log_failure(error);
                    self.one_by_one();
                }
            }
            let mut taken = queue.taken();
            match taken.pop_front() {
                None => return false,
                Some(Work::Stop(done)) => {
                    done.send(()).unwrap_or_default();
                    return true;
                }
                Some(work) => taken.push_front(work),
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
    fn fold(&mut self) -> Result<u64> {
        let shared = Arc::clone(&self.shared);
        let queue = Arc::clone(&self.queue);
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

/// Work that is no session's.
trait Background: Send {
    /// Does it; may be called again on a fresh transaction if the first was given up.
    fn run(&mut self, txn: &mut Transaction<'_>) -> Result<()>;
    /// Puts an error in place of the result.
    fn fail(&mut self, error: Error);
    /// Hands the result to whoever waits.
    fn finish(self: Box<Self>);
}

struct Closure<F, T> {
    work: F,
    result: Option<Result<T>>,
    done: Option<oneshot::Sender<Result<T>>>,
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
