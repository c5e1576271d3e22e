//! Commands in, replies out: the command model on a `BTreeMap`, with a clock that tests set and randomness
//! that they seed.

#![allow(dead_code, reason = "each test program uses a part of it")]

#[path = "../../../data/tests/common/mod.rs"]
pub mod backend;
pub mod counting;
pub mod scripts;
pub mod server;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backend::MapBackend;
use counting::{Counting, Counts};
use dredis_commands::{
    Call, Classifier, Clients, Configuration, Context, Host, Measurements, Path, Reply, ScriptKind, Scripts,
    Session, Snapshots, Watched, execute,
};
use dredis_data::contract::Result;
use dredis_data::{KeyPosition, Observer, PackedLimits, Random, Store, Transaction, WriterState};

/// What the clock of a new fixture shows, in milliseconds of the Unix epoch.
pub const START_MS: u64 = 1_700_000_000_000;

/// A server in miniature, with one session.
pub struct Fixture {
    pub backend: MapBackend,
    /// What has been asked of the backend.
    pub counts: Arc<Counts>,
    pub store: Store,
    pub writer: WriterState,
    pub host: StandIn,
    pub session: Session,
    pub random: Random,
    pub now_ms: u64,
    /// What holds the writer's turn.
    pub busy: Option<ScriptKind>,
}

impl Default for Fixture {
    fn default() -> Self {
        Fixture::new()
    }
}

impl Fixture {
    /// An empty one.
    pub fn new() -> Self {
        Fixture::with_key_bytes_max(u64::MAX)
    }

    /// An empty one on a backend that takes keys of up to so many bytes.
    pub fn with_key_bytes_max(key_bytes_max: u64) -> Self {
        Fixture::on(MapBackend::new(key_bytes_max))
    }

    /// One that has just started on this backend.
    pub fn on(backend: MapBackend) -> Self {
        let counts = Arc::new(Counts::default());
        let counting = Counting { backend: backend.clone(), counts: Arc::clone(&counts) };
        let (store, writer) = Store::open(Arc::new(counting), "map", [1, 2]).expect("the map opens");
        counts.take();
        Fixture {
            backend,
            counts,
            store,
            writer,
            host: StandIn::default(),
            session: Session::new(1, true),
            random: Random::new(1),
            now_ms: START_MS,
            busy: None,
        }
    }

    /// The same, at that time.
    pub fn at(backend: MapBackend, now_ms: u64) -> Self {
        Fixture { now_ms, ..Fixture::on(backend) }
    }

    /// Runs a command given as words, which blanks separate.
    pub fn run(&mut self, command: &str) -> Reply {
        let words: Vec<&[u8]> = command.split_ascii_whitespace().map(str::as_bytes).collect();
        self.run_words(&words)
    }

    /// Runs a command on the path that its row asks for, and commits.
    pub fn run_words(&mut self, words: &[&[u8]]) -> Reply {
        let mut classifier = Classifier::new(&self.session);
        classifier.add(words);
        let mut txn = match classifier.path() {
            _ if self.busy.is_some() => Transaction::read_only(&self.store, self.now_ms),
            Path::Write => Transaction::writable(&self.store, &mut self.writer, &self.host, self.now_ms),
            Path::Read | Path::Session => Transaction::read_only(&self.store, self.now_ms),
        };
        let mut context = Context {
            txn: &mut txn,
            session: &mut self.session,
            host: &self.host,
            random: &mut self.random,
            busy: self.busy,
        };
        let reply = execute(&mut context, words).expect("the map never fails");
        txn.commit().expect("the map never fails");
        reply
    }

    /// Runs a command and compares its reply with one written as [`show`] does.
    #[track_caller]
    pub fn check(&mut self, command: &str, expected: &str) {
        assert_eq!(show(&self.run(command)), expected, "{command}");
    }

    /// The same with words that may hold anything.
    #[track_caller]
    pub fn check_words(&mut self, words: &[&[u8]], expected: &str) {
        assert_eq!(show(&self.run_words(words)), expected);
    }

    /// A transaction that may write, outside any command.
    pub fn writable(&mut self) -> Transaction<'_> {
        Transaction::writable(&self.store, &mut self.writer, &self.host, self.now_ms)
    }

    /// Removes all that has expired and all garbage, a few records at a time.
    pub fn sweep(&mut self) {
        loop {
            let mut txn = self.writable();
            let expired = txn.sweep_expired(3).expect("the map never fails");
            let garbage = txn.sweep_garbage(3).expect("the map never fails");
            txn.commit().expect("the map never fails");
            if !expired.more && !garbage.more {
                return;
            }
        }
    }
}

/// A reply on one line: `+OK`, `-ERR ...`, `:1`, `"bytes"`, `nil`, `[a, b]`, `{a: b}`.
pub fn show(reply: &Reply) -> String {
    let mut line = String::new();
    write_reply(&mut line, reply).expect("strings take everything");
    line
}

fn write_reply(line: &mut String, reply: &Reply) -> std::fmt::Result {
    let list = |line: &mut String, items: &[Reply], ends: [char; 2]| {
        line.push(ends[0]);
        for (at, item) in items.iter().enumerate() {
            line.push_str(if at > 0 { ", " } else { "" });
            write_reply(line, item)?;
        }
        line.push(ends[1]);
        Ok(())
    };
    match reply {
        Reply::Ok => write!(line, "+OK"),
        Reply::Status(text) => write!(line, "+{text}"),
        Reply::Error(text) => write!(line, "-{}", text.escape_ascii().to_string().replace("\\'", "'")),
        Reply::Integer(number) => write!(line, ":{number}"),
        Reply::Bulk(bytes) => write!(line, "\"{}\"", bytes.escape_ascii()),
        Reply::Text(text) => write!(line, "\"{text}\""),
        Reply::Null => write!(line, "nil"),
        Reply::NullArray => write!(line, "nil array"),
        Reply::Array(items) => list(line, items, ['[', ']']),
        Reply::Set(items) => list(line, items, ['<', '>']),
        Reply::Push(items) => list(line, items, ['|', '|']),
        Reply::Map(pairs) => {
            line.push('{');
            for (at, (name, value)) in pairs.iter().enumerate() {
                line.push_str(if at > 0 { ", " } else { "" });
                write_reply(line, name)?;
                line.push_str(": ");
                write_reply(line, value)?;
            }
            line.push('}');
            Ok(())
        }
        Reply::Double(number) => write!(line, ",{number}"),
        Reply::Boolean(value) => write!(line, "#{value}"),
        Reply::Verbatim(format, bytes) => {
            write!(line, "{}:\"{}\"", format.escape_ascii(), bytes.escape_ascii())
        }
        Reply::BigNumber(digits) => write!(line, "({}", digits.escape_ascii()),
        Reply::Line(text) => write!(line, "+{}", text.escape_ascii()),
        Reply::In(_, reply) => write_reply(line, reply),
        Reply::Nothing => write!(line, "nothing"),
    }
}

/// A host that keeps cursors and watched keys in memory and has nothing else to tell.
#[derive(Default)]
pub struct StandIn {
    state: Mutex<State>,
    pub is_readonly: bool,
    /// Up to which size collections stay packed.
    pub packed_limits: PackedLimits,
    pub server: server::StandInServer,
    pub scripts: scripts::StandInScripts,
}

#[derive(Default)]
struct State {
    cursors: HashMap<u64, KeyPosition>,
    cursors_opened: u64,
    watched: HashMap<u64, Watching>,
}

#[derive(Default)]
struct Watching {
    /// Database, key, and whether it had expired already.
    keys: Vec<(u32, Vec<u8>, bool)>,
    touched: bool,
}

impl StandIn {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all cursors, as a restart does.
    pub fn forget_cursors(&self) {
        self.state().cursors.clear();
    }
}

impl Host for StandIn {
    fn monotonic_us(&self) -> u64 {
        0
    }

    fn unix_time_us(&self) -> u64 {
        START_MS * 1000
    }

    fn call_finished(&self, _: &Session, _: &Call<'_>) {}

    fn error_answered(&self, line: &[u8]) {
        let code = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        self.server.parts().errors.push(String::from_utf8_lossy(code).into_owned());
    }

    fn is_readonly(&self) -> bool {
        self.is_readonly
    }

    fn requires_password(&self) -> bool {
        self.server.parts().password.is_some()
    }

    fn is_password(&self, given: &[u8]) -> bool {
        self.server.parts().password.as_ref().is_none_or(|password| password == given)
    }

    fn packed_limits(&self) -> PackedLimits {
        self.packed_limits
    }

    fn clients(&self) -> &dyn Clients {
        &self.server
    }

    fn configuration(&self) -> &dyn Configuration {
        &self.server
    }

    fn scripts(&self) -> &dyn Scripts {
        &self.scripts
    }

    fn measurements(&self) -> &dyn Measurements {
        &self.server
    }

    fn snapshots(&self) -> &dyn Snapshots {
        &self.server
    }

    fn shut_down(&self) {
        self.server.ask("shut down".to_owned());
    }

    fn set_active_expiry(&self, active: bool) {
        self.server.ask(format!("active expiry {active}"));
    }

    fn watch(&self, session: u64, db: u32, key: &[u8], expired: bool) {
        self.state().watched.entry(session).or_default().keys.push((db, key.to_vec(), expired));
    }

    fn unwatch(&self, session: u64) {
        self.state().watched.remove(&session);
    }

    fn watched(&self, session: u64) -> Watched {
        let state = self.state();
        let Some(watching) = state.watched.get(&session) else { return Watched::default() };
        let live = watching.keys.iter().filter(|(_, _, expired)| !expired);
        Watched { touched: watching.touched, live: live.map(|(db, key, _)| (*db, key.clone())).collect() }
    }

    fn open_cursor(&self, position: KeyPosition, _: u64) -> u64 {
        let mut state = self.state();
        state.cursors_opened += 1;
        let number = state.cursors_opened;
        state.cursors.insert(number, position);
        number
    }

    fn cursor(&self, number: u64) -> Option<KeyPosition> {
        self.state().cursors.get(&number).cloned()
    }
}

impl Observer for StandIn {
    fn key_changed(&self, db: u32, key: &[u8]) {
        for watching in self.state().watched.values_mut() {
            watching.touched |= watching.keys.iter().any(|(of, name, _)| *of == db && name == key);
        }
    }

    fn database_changed(&self, db: u32, had: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        for watching in self.state().watched.values_mut() {
            for (of, key, _) in &watching.keys {
                watching.touched |= *of == db && had(key)?;
            }
        }
        Ok(())
    }
}
