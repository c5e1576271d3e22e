//! A batch of one session on its way through the executor.

use dredis_commands::{Reply, ReplyMode, ScriptKind, Session};
use dredis_data::Random;

use super::OUTPUT_BYTES_MAX;
use crate::resp;
use crate::session::Input;

/// Room for replies that an idle session keeps, in bytes.
const KEPT_BYTES_MAX: usize = 16 * 1024;

/// A session's requests, its state, and room for the replies. It travels to where it runs and back.
pub struct Job {
    /// The session's state.
    pub session: Session,
    /// The requests.
    pub input: Input,
    /// The encoded replies.
    pub out: Vec<u8>,
    /// The session's randomness.
    pub random: Random,
    /// Number of the commit that the replies rest on.
    pub(super) rests_on: u64,
    /// What held the writer's turn for too long when this run began: only what may be done then is done.
    pub(super) busy: Option<ScriptKind>,
    next: usize,
    /// Whether the client wanted a reply to the latest request.
    is_late_reply_wanted: bool,
    /// Where this run began: everything before has been answered and sent.
    began_at: usize,
    /// The session as it stood then, for jobs that may have to run again.
    before: Option<Session>,
}

impl Job {
    /// A job for this session, without requests.
    pub fn new(session: Session, random: Random) -> Job {
        Job {
            session,
            input: Input::default(),
            out: Vec::new(),
            random,
            rests_on: 0,
            busy: None,
            next: 0,
            is_late_reply_wanted: true,
            began_at: 0,
            before: None,
        }
    }

    /// Whether all requests have run.
    pub fn is_done(&self) -> bool {
        self.next >= self.input.request_count()
    }

    /// Forgets the requests that have run, once all have.
    pub fn clear_requests(&mut self) {
        self.input.clear_requests();
        self.next = 0;
    }

    /// Forgets the replies, once they are sent.
    pub fn clear_replies(&mut self) {
        self.out.clear();
        if self.out.capacity() > KEPT_BYTES_MAX {
            self.out = Vec::new();
        }
    }

    /// Calls `each` with every request that has not run yet.
    pub fn for_each_pending(&self, mut each: impl FnMut(&[&[u8]])) {
        for index in self.next..self.input.request_count() {
            self.input.with_request(index, &mut each);
        }
    }

    /// Whether the next request should run now: there is one, and the replies so far need not be sent first.
    pub(super) fn wants_to_run(&self) -> bool {
        !self.is_done()
            && self.out.len() < OUTPUT_BYTES_MAX
            && !self.session.closing
            && self.session.pause.is_zero()
            && !self.session.has_afterwards()
    }

    /// Index of the next request.
    pub(super) fn next(&self) -> usize {
        self.next
    }

    /// Encodes the reply to the request that has just run.
    pub(super) fn reply(&mut self, reply: &Reply) {
        self.next += 1;
        self.is_late_reply_wanted = self.session.reply_mode == ReplyMode::On;
        match self.session.reply_mode {
            ReplyMode::On => resp::encode(reply, self.session.protocol, &mut self.out),
            ReplyMode::Off => {}
            ReplyMode::SkipNext => self.session.reply_mode = ReplyMode::SkipThis,
            ReplyMode::SkipThis => self.session.reply_mode = ReplyMode::On,
        }
    }

    /// Encodes a reply that took the place of the latest request's own, once that was committed.
    pub fn reply_late(&mut self, reply: &Reply) {
        if self.is_late_reply_wanted {
            resp::encode(reply, self.session.protocol, &mut self.out);
        }
    }

    /// Begins a run. The replies of the one before have been sent.
    pub(super) fn begin_run(&mut self) {
        debug_assert!(self.out.is_empty());
        self.began_at = self.next;
        self.before = None;
        self.busy = None;
    }

    /// Remembers the session, so that this run can be undone.
    pub(super) fn keep_session(&mut self) {
        self.before = Some(self.session.clone());
    }

    /// Undoes this run.
    pub(super) fn rewind(&mut self) {
        if let Some(session) = self.before.take() {
            self.session = session;
            self.next = self.began_at;
            self.out.clear();
        }
    }

    /// Takes back the reply at `out_bytes` and after, and puts this one in its place.
    pub(super) fn replace_reply(&mut self, out_bytes: usize, reply: &Reply) {
        if self.out.len() > out_bytes {
            self.out.truncate(out_bytes);
            resp::encode(reply, self.session.protocol, &mut self.out);
        }
    }

    /// Puts `error` in place of every reply of this run.
    pub(super) fn fail_replies(&mut self, error: &Reply) {
        self.out.clear();
        if self.session.reply_mode == ReplyMode::On {
            for _ in self.began_at..self.next {
                resp::encode(error, self.session.protocol, &mut self.out);
            }
        }
    }
}
