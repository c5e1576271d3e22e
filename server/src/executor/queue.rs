//! Work on its way to the writer's turn, and who takes that.
//!
//! Nobody is the writer for good. A session that has put its job into the queue lets every other session that is ready go
//! ahead; whoever comes back first takes the turn and runs all that has come together, and the others find their jobs
//! done. So a fold wakes no task and no thread as long as all happens on one worker of the runtime. A session that finds
//! the turn taken waits; the turn's holder sees to it that somebody takes the turn again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use dredis_commands::ScriptKind;
use dredis_contract::{Error, Result};
use dredis_data::Transaction;
use tokio::runtime::Handle;
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::Job;
use super::background::{Background, Closure};
use super::writer::Turn;
use crate::host::ServerHost;

/// Hands work to the writer's turn.
pub(super) struct Writer {
    queue: Arc<Queue>,
    host: Arc<ServerHost>,
}

/// What is done in the writer's turn.
pub(super) enum Work {
    Job(Box<Job>, oneshot::Sender<Box<Job>>),
    Background(Box<dyn Background>),
    Stop(oneshot::Sender<()>),
}

/// The work that waits, and the turn while nobody has it.
pub(super) struct Queue {
    state: Mutex<State>,
    /// What the turn's holder has taken and not begun. Nobody else touches it but to refuse its jobs.
    taken: Mutex<VecDeque<Work>>,
}

struct State {
    waiting: VecDeque<Work>,
    /// `None` while somebody has it.
    turn: Option<Box<Turn>>,
    /// Somebody wanted the turn while it was taken.
    is_wanted: bool,
    /// The last turn is over: the writer was stopped, or it panicked.
    is_closed: bool,
}

impl Writer {
    pub fn new(turn: Turn, host: Arc<ServerHost>) -> Writer {
        let state = State {
            waiting: VecDeque::new(),
            turn: Some(Box::new(turn)),
            is_wanted: false,
            is_closed: false,
        };
        let queue = Queue { state: Mutex::new(state), taken: Mutex::default() };
        Writer { queue: Arc::new(queue), host }
    }

    /// Runs a job in the writer's turn, or gives it back as it is if a script holds that for too long. `None`: the writer has
    /// stopped.
    pub async fn submit(&self, mut job: Box<Job>) -> Option<Box<Job>> {
        job.keep_session();
        let (done, answer) = oneshot::channel();
        self.queue.add(Work::Job(job, done), || self.host.script_table().busy());
        self.queue.wait_for(answer).await
    }

    /// What gives all jobs that wait back, to be answered that a script holds the writer's turn.
    pub fn refusal(&self) -> impl Fn(ScriptKind) + Send + Sync + 'static {
        let queue: Weak<Queue> = Arc::downgrade(&self.queue);
        move |kind| {
            if let Some(queue) = queue.upgrade() {
                queue.refuse_jobs(kind);
            }
        }
    }

    /// Runs background work in the writer's turn, and commits it.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (done, answer) = oneshot::channel();
        self.queue.add(Work::Background(Box::new(Closure::new(work, done))), || None);
        let answer = self.queue.wait_for(answer).await;
        answer.unwrap_or_else(|| Err(Error::unsupported("work after the writer stopped")))
    }

    /// Waits until everything before is done, and ends the writer.
    pub async fn stop(&self) {
        let (done, answer) = oneshot::channel();
        self.queue.add(Work::Stop(done), || None);
        self.queue.wait_for(answer).await.unwrap_or_default();
    }
}

impl Queue {
    /// Adds work, unless it is to be refused. That is asked with the queue locked: so no job can slip in behind those that are given back
    /// when the writer's turn becomes busy.
    fn add(&self, work: Work, busy: impl FnOnce() -> Option<ScriptKind>) {
        let mut state = self.state();
        if let Some(kind) = busy() {
            drop(state);
            refuse(work, kind);
        } else if !state.is_closed {
            state.waiting.push_back(work);
        }
    }

    /// Waits until work that was added is done, and does it if nobody else has. `None`: it was dropped undone. If the task
    /// ends meanwhile, the work stays for the next turn.
    async fn wait_for<T>(self: &Arc<Self>, mut answer: oneshot::Receiver<T>) -> Option<T> {
        tokio::task::yield_now().await;
        match answer.try_recv() {
            Ok(value) => return Some(value),
            Err(TryRecvError::Closed) => return None,
            Err(TryRecvError::Empty) => self.take_turn(),
        }
        answer.await.ok()
    }

    /// Does all work that waits, unless somebody has the turn.
    fn take_turn(self: &Arc<Self>) {
        let Some(turn) = self.begin_turn() else { return };
        let shared = Arc::clone(turn.shared());
        let mut held = Held { queue: self, turn: Some(turn), is_over: true };
        shared.pace.engine_call(false, || {
            if let Some(turn) = &mut held.turn {
                held.is_over = turn.fold_all(self);
            }
        });
    }

    /// Takes the turn with all work that waits, or notes that it is wanted.
    fn begin_turn(&self) -> Option<Box<Turn>> {
        let mut state = self.state();
        if state.waiting.is_empty() {
            return None;
        }
        let turn = state.turn.take();
        match turn {
            None => state.is_wanted = true,
            Some(_) => std::mem::swap(&mut state.waiting, &mut *self.taken()),
        }
        turn
    }

    /// Puts the turn back, and has it taken again if somebody waits for that.
    fn end_turn(self: &Arc<Self>, turn: Box<Turn>) {
        let mut state = self.state();
        state.turn = Some(turn);
        let is_wanted = std::mem::take(&mut state.is_wanted) && !state.waiting.is_empty();
        drop(state);
        if is_wanted {
            self.have_turn_taken();
        }
    }

    /// Has a task of its own take the turn.
    fn have_turn_taken(self: &Arc<Self>) {
        // There is none when the runtime is going down, and then nobody waits any more.
        if let Ok(runtime) = Handle::try_current() {
            let queue = Arc::clone(self);
            runtime.spawn(async move { queue.take_turn() });
        }
    }

    /// No more turns: what waits is dropped, and whoever waits for it is told so.
    fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        let taken = std::mem::take(&mut *self.taken());
        for work in taken.into_iter().chain(waiting) {
            if let Work::Stop(done) = work {
                done.send(()).unwrap_or_default();
            }
        }
    }

    /// Gives back all jobs that have not begun.
    fn refuse_jobs(&self, kind: ScriptKind) {
        let take_jobs = |queue: &mut VecDeque<Work>| {
            let (jobs, others) = queue.drain(..).partition(|work| matches!(work, Work::Job(..)));
            *queue = others;
            let jobs: VecDeque<Work> = jobs;
            jobs
        };
        let taken = take_jobs(&mut self.taken());
        let waiting = take_jobs(&mut self.state().waiting);
        taken.into_iter().chain(waiting).for_each(|job| refuse(job, kind));
    }

    /// What the turn's holder has taken.
    pub fn taken(&self) -> MutexGuard<'_, VecDeque<Work>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives a job back as it is.
fn refuse(work: Work, kind: ScriptKind) {
    if let Work::Job(mut job, done) = work {
        job.busy = Some(kind);
        done.send(job).unwrap_or_default();
    }
}

/// The turn in somebody's hands. Given back at the end, also when it panics.
struct Held<'q> {
    queue: &'q Arc<Queue>,
    turn: Option<Box<Turn>>,
    /// Whether this is the last turn.
    is_over: bool,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        match self.turn.take() {
            Some(turn) if !self.is_over => self.queue.end_turn(turn),
            _ => self.queue.close(),
        }
    }
}
