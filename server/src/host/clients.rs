//! The connected clients: what CLIENT LIST shows of them, how they are thrown out, how they are held back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant;

use super::pause::Pause;
use crate::listener::Peer;
use dredis_commands::{
    ClientFilter, ClientKind, Clients, CommandId, Killed, PauseScope, Protocol, Registry, Session,
    UnblockWith,
};

/// No command yet.
const NO_COMMAND: u32 = u32::MAX;

/// One connected client. The session loop writes here after each batch; others only read, or throw it out.
pub struct Client {
    id: u64,
    peer: Peer,
    connected: Instant,
    active_ms: AtomicU64,
    command: AtomicU32,
    db: AtomicU32,
    /// Queued commands, or -1.
    multi: AtomicI64,
    is_resp3: AtomicBool,
    is_no_evict: AtomicBool,
    name: Mutex<Arc<[u8]>>,
    input_bytes: AtomicUsize,
    input_capacity_bytes: AtomicUsize,
    output_bytes: AtomicUsize,
    is_killed: AtomicBool,
    /// Shared by all clients: the server ends.
    is_ending: Arc<AtomicBool>,
    task: Mutex<Option<Waker>>,
}

impl Client {
    /// Its number.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its address and port.
    pub fn address(&self) -> &str {
        &self.peer.address
    }

    /// Whether it is to be thrown out.
    pub fn is_killed(&self) -> bool {
        self.is_killed.load(Ordering::Relaxed)
    }

    /// Whether it is to go as soon as what is in hand is done: it is thrown out, or the server ends.
    pub fn is_to_go(&self) -> bool {
        self.is_killed() || self.is_ending.load(Ordering::Relaxed)
    }

    /// Notes the task that serves it, so that it can be woken when it is to go.
    pub async fn enter_task(&self) {
        std::future::poll_fn(|task| {
            *self.task() = Some(task.waker().clone());
            Poll::Ready(())
        })
        .await;
    }

    fn wake(&self) {
        if let Some(task) = &*self.task() {
            task.wake_by_ref();
        }
    }

    fn task(&self) -> MutexGuard<'_, Option<Waker>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the replies are out.
    pub fn replies_sent(&self) {
        self.output_bytes.store(0, Ordering::Relaxed);
    }

    /// Notes what a batch has left behind.
    pub fn after_batch(&self, session: &Session, buffers: Buffers) {
        self.active_ms.store(self.age_ms(), Ordering::Relaxed);
        self.note_session(session);
        self.input_bytes.store(buffers.input_bytes, Ordering::Relaxed);
        self.input_capacity_bytes.store(buffers.input_capacity_bytes, Ordering::Relaxed);
        self.output_bytes.store(buffers.output_bytes, Ordering::Relaxed);
    }

    fn note_session(&self, session: &Session) {
        self.db.store(session.db, Ordering::Relaxed);
        self.command.store(session.command.map_or(NO_COMMAND, |command| command as u32), Ordering::Relaxed);
        let queued = session.multi.as_ref().map_or(-1, |multi| multi.queued.len() as i64);
        self.multi.store(queued, Ordering::Relaxed);
        self.is_resp3.store(session.protocol == Protocol::Resp3, Ordering::Relaxed);
        self.is_no_evict.store(session.no_evict, Ordering::Relaxed);
        let mut name = self.name.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&name, &session.name) {
            *name = Arc::clone(&session.name);
        }
    }

    /// Its name; empty for none.
    pub fn name(&self) -> Arc<[u8]> {
        Arc::clone(&self.name.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What its buffers take, in bytes.
    pub fn buffer_bytes(&self) -> usize {
        self.input_capacity_bytes.load(Ordering::Relaxed) + self.output_bytes.load(Ordering::Relaxed)
    }

    fn age_ms(&self) -> u64 {
        self.connected.elapsed().as_millis() as u64
    }

    fn kill(&self) {
        self.is_killed.store(true, Ordering::SeqCst);
        self.wake();
    }

    /// Its line in CLIENT LIST. `running`: the command in which it is right now.
    fn line(&self, running: Option<&str>) -> Vec<u8> {
        let age_ms = self.age_ms();
        let idle_s = if running.is_some() {
            0
        } else {
            (age_ms - self.active_ms.load(Ordering::Relaxed).min(age_ms)) / 1000
        };
        let mut flags = String::new();
        let multi = self.multi.load(Ordering::Relaxed);
        for (is_set, flag) in
            [(multi >= 0, 'x'), (self.peer.is_unix, 'U'), (self.is_no_evict.load(Ordering::Relaxed), 'e')]
        {
            if is_set {
                flags.push(flag);
            }
        }
        if flags.is_empty() {
            flags.push('N');
        }
        let command = match running {
            Some(name) => name,
            None => match self.command.load(Ordering::Relaxed) {
                NO_COMMAND => "NULL",
                id => &Registry::get().entry(id as CommandId).full_name,
            },
        };
        let input = self.input_bytes.load(Ordering::Relaxed);
        let capacity = self.input_capacity_bytes.load(Ordering::Relaxed);
        let output = self.output_bytes.load(Ordering::Relaxed);
        let mut line = format!(
            "id={} addr={} laddr={} fd={} name=",
            self.id, self.peer.address, self.peer.local_address, self.peer.descriptor
        )
        .into_bytes();
        line.extend_from_slice(&self.name());
        line.extend_from_slice(
            format!(
                " age={} idle={idle_s} flags={flags} db={} sub=0 psub=0 ssub=0 multi={multi} qbuf={input} \
                 qbuf-free={} argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl={output} oll=0 omem={output} tot-mem={} \
                 events=r cmd={command} user=default redir=-1 resp={}",
                age_ms / 1000,
                self.db.load(Ordering::Relaxed),
                capacity.saturating_sub(input),
                self.buffer_bytes() + size_of::<Client>(),
                if self.is_resp3.load(Ordering::Relaxed) { 3 } else { 2 },
            )
            .as_bytes(),
        );
        line
    }

    fn is_picked(&self, filter: &ClientFilter) -> bool {
        // Who is thrown out is gone, even if its task has not noticed yet.
        !self.is_killed()
            && filter.ids.as_ref().is_none_or(|ids| ids.contains(&self.id))
            && filter.address.as_ref().is_none_or(|address| *address == self.peer.address.as_bytes())
            && filter.local_address.as_ref().is_none_or(|local| *local == self.peer.local_address.as_bytes())
            && filter.kind.is_none_or(|kind| kind == ClientKind::Normal)
            && filter.except != Some(self.id)
    }
}

/// How full a client's buffers are, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Buffers {
    /// Received and not yet done with.
    pub input_bytes: usize,
    /// Room of the buffer for that.
    pub input_capacity_bytes: usize,
    /// Replies not yet sent.
    pub output_bytes: usize,
}

/// All connected clients.
#[derive(Default)]
pub struct ClientTable {
    clients: Mutex<BTreeMap<u64, Arc<Client>>>,
    last_id: AtomicU64,
    is_ending: Arc<AtomicBool>,
    pause: Pause,
}

impl ClientTable {
    /// Enters a client that has just connected.
    pub fn register(&self, peer: Peer) -> Arc<Client> {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let client = Arc::new(Client {
            id,
            peer,
            connected: Instant::now(),
            active_ms: AtomicU64::new(0),
            command: AtomicU32::new(NO_COMMAND),
            db: AtomicU32::new(0),
            multi: AtomicI64::new(-1),
            is_resp3: AtomicBool::new(false),
            is_no_evict: AtomicBool::new(false),
            name: Mutex::new(Arc::from(&[][..])),
            input_bytes: AtomicUsize::new(0),
            input_capacity_bytes: AtomicUsize::new(0),
            output_bytes: AtomicUsize::new(0),
            is_killed: AtomicBool::new(false),
            is_ending: Arc::clone(&self.is_ending),
            task: Mutex::new(None),
        });
        self.clients().insert(id, Arc::clone(&client));
        client
    }

    /// Strikes out a client that is gone.
    pub fn unregister(&self, id: u64) {
        self.clients().remove(&id);
    }

    /// Lets all clients go, as soon as what they have in hand is done.
    pub fn let_all_go(&self) {
        self.is_ending.store(true, Ordering::SeqCst);
        self.clients().values().for_each(|client| client.wake());
    }

    /// The client of this number.
    pub fn find(&self, id: u64) -> Option<Arc<Client>> {
        self.clients().get(&id).cloned()
    }

    /// How many there are, the largest input and output buffers, and what all buffers take, in bytes.
    pub fn figures(&self) -> (usize, usize, usize, usize) {
        let clients = self.clients();
        let input = clients.values().map(|client| client.input_bytes.load(Ordering::Relaxed)).max();
        let output = clients.values().map(|client| client.output_bytes.load(Ordering::Relaxed)).max();
        let all = clients.values().map(|client| client.buffer_bytes()).sum();
        (clients.len(), input.unwrap_or(0), output.unwrap_or(0), all)
    }

    /// What holds requests back.
    pub fn pauses(&self) -> &Pause {
        &self.pause
    }

    fn clients(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Client>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn picked(&self, filter: &ClientFilter) -> Vec<Arc<Client>> {
        let clients = self.clients();
        match &filter.ids {
            Some(ids) => {
                let mut picked: Vec<Arc<Client>> = Vec::new();
                for id in ids {
                    if let Some(client) = clients.get(id).filter(|client| client.is_picked(filter)) {
                        picked.push(Arc::clone(client));
                    }
                }
                picked
            }
            None => clients.values().filter(|client| client.is_picked(filter)).cloned().collect(),
        }
    }
}

impl Clients for ClientTable {
    fn list(&self, current: &Session, command: &str, filter: &ClientFilter) -> Vec<u8> {
        let mut lines = Vec::new();
        for client in self.picked(filter) {
            let is_current = client.id == current.id;
            if is_current {
                client.note_session(current);
            }
            lines.extend_from_slice(&client.line(is_current.then_some(command)));
            lines.push(b'\n');
        }
        lines
    }

    fn kill(&self, current: &Session, filter: &ClientFilter) -> Killed {
        let mut killed = Killed::default();
        for client in self.picked(filter) {
            killed.count += 1;
            if client.id == current.id {
                killed.current = true;
            } else {
                client.kill();
            }
        }
        killed
    }

    fn pause(&self, ms: u64, scope: PauseScope) {
        self.pause.begin(ms, scope);
    }

    fn unpause(&self) {
        self.pause.end();
    }

    fn unblock(&self, _: u64, _: UnblockWith) -> bool {
        // No command blocks yet.
        false
    }
}
