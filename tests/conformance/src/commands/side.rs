//! One side of the comparison: the command model on an engine, with a clock and randomness of its own.

use std::sync::Arc;

use dredis_commands::{Classifier, Context, Path, Reply, Session, execute};
use dredis_contract::{Backend, Result};
use dredis_data::{Random, Store, Transaction, WriterState};

use super::generate::Turn;
use super::host::QuietHost;

/// What the clock shows at first, in milliseconds of the Unix epoch.
pub(super) const START_MS: u64 = 1_700_000_000_000;

/// Records swept at a time: few, so that sweeping takes several commits.
const SWEPT_MAX: usize = 5;

pub(super) struct Side {
    store: Store,
    writer: WriterState,
    host: QuietHost,
    session: Session,
    random: Random,
    now_ms: u64,
}

impl Side {
    pub(super) fn open(backend: Arc<dyn Backend>, seed: u64) -> Result<Self> {
        let (store, writer) = open_store(backend)?;
        Ok(Side {
            store,
            writer,
            host: QuietHost::default(),
            session: Session::new(1, true),
            random: Random::new(seed),
            now_ms: START_MS,
        })
    }

    /// Lets go of the engine, so that it can be closed; what is left belongs to the process.
    pub(super) fn suspend(self) -> Suspended {
        Suspended { host: self.host, session: self.session, random: self.random, now_ms: self.now_ms }
    }

    /// Takes one turn; `None` if it has no reply.
    pub(super) fn take(&mut self, turn: &Turn) -> Result<Option<Reply>> {
        match turn {
            Turn::Request(words) => {
                let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                Ok(Some(self.run(&words)?))
            }
            Turn::Wait(ms) => {
                self.now_ms += ms;
                Ok(None)
            }
            Turn::Sweep => {
                self.sweep()?;
                Ok(None)
            }
            Turn::Restart => Ok(None),
        }
    }

    fn run(&mut self, words: &[&[u8]]) -> Result<Reply> {
        let mut classifier = Classifier::new(&self.session);
        classifier.add(words);
        let mut txn = match classifier.path() {
            Path::Write => Transaction::writable(&self.store, &mut self.writer, &self.host, self.now_ms),
            Path::Read | Path::Session => Transaction::read_only(&self.store, self.now_ms),
        };
        let mut context = Context {
            txn: &mut txn,
            session: &mut self.session,
            host: &self.host,
            random: &mut self.random,
            busy: None,
        };
        let reply = execute(&mut context, words)?;
        txn.commit()?;
        Ok(reply)
    }

    fn sweep(&mut self) -> Result<()> {
        loop {
            let mut txn = Transaction::writable(&self.store, &mut self.writer, &self.host, self.now_ms);
            let expired = txn.sweep_expired(SWEPT_MAX)?;
            let garbage = txn.sweep_garbage(SWEPT_MAX)?;
            txn.commit()?;
            if !expired.more && !garbage.more {
                return Ok(());
            }
        }
    }
}

/// A side without its engine.
pub(super) struct Suspended {
    host: QuietHost,
    session: Session,
    random: Random,
    now_ms: u64,
}

impl Suspended {
    /// Goes on, on an engine with the same data, like a server that remembers nothing of its records.
    pub(super) fn resume(self, backend: Arc<dyn Backend>) -> Result<Side> {
        let (store, writer) = open_store(backend)?;
        let Suspended { host, session, random, now_ms } = self;
        Ok(Side { store, writer, host, session, random, now_ms })
    }
}

fn open_store(backend: Arc<dyn Backend>) -> Result<(Store, WriterState)> {
    Store::open(backend, "conformance", [1, 2])
}
