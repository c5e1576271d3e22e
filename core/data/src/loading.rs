//! Loading: a whole set of databases written beside the ones that are shown, and put in their place by one commit.
//!
//! Each database gets a space that none shows yet. What is read goes there in commits of bounded size, and all of these
//! spaces (and objects under construction) wait in the garbage queue from the first commit on. So a load that dies at any
//! moment leaves the databases as they were, and the next start sweeps what it wrote. While it lives, its claims keep the
//! sweep away. The last commit shows the new spaces, queues the old ones, and takes the new ones off the queue.
//!
//! Filling and committing overlap: a [`Deposit`] takes finished batches and commits them in order, in the writer's turns,
//! while the next batch is being filled.
//!
//! | file | what it does |
//! |---|---|
//! | `known` | which keys have been written, without asking the engine |
//! | `file` | an RDB file, read into such spaces |

mod file;
mod known;

use std::ops::Range;

use dredis_contract::Result;

use crate::claims::{Claim, Claimed};
use crate::databases::{DATABASES, Database};
use crate::garbage;
use crate::heads::{HeadId, Heads};
use crate::ids::Ids;
use crate::overlay::Write;
use crate::store::{Store, WriterState};
use crate::transaction::{Observer, Transaction};
use known::KnownKeys;

pub use file::{LoadError, Loaded};

/// Takes batches of records off a load's hands.
pub trait Deposit {
    /// Has these records committed after those before them, at once or later. May wait for earlier ones.
    fn deposit(&self, records: Records) -> Result<()>;

    /// Waits until everything deposited so far is committed.
    fn settle(&self) -> Result<()>;

    /// Reserves more object ids, by [`Transaction::reserve_object_ids`] in the writer's turn.
    fn more_ids(&self) -> Result<ObjectIds>;
}

/// Records in key order, to be committed together by [`Transaction::commit_deposit`]. Nothing that is shown points to them.
#[derive(Debug)]
pub struct Records(Vec<Write>);

/// Object ids that are nobody else's while this lives, and never given out again.
#[derive(Debug)]
pub struct ObjectIds {
    range: Range<u64>,
    claim: Claim,
}

/// A load under way: made by [`Transaction::begin_load`], shown by [`Transaction::finish_load`], and given up by dropping it.
pub struct Load {
    /// The new databases, with the spaces that none shows yet.
    state: WriterState,
    known: KnownKeys,
    claims: Vec<Claim>,
}

/// What a transaction of a load needs of it.
pub(crate) struct LoadPart<'v> {
    known: &'v mut KnownKeys,
    claims: &'v mut Vec<Claim>,
    deposit: &'v dyn Deposit,
}

impl Load {
    /// A transaction that writes into the new spaces, and whose commit goes to `deposit`. After an error of it the load must
    /// be given up.
    pub fn transaction<'l>(
        &'l mut self,
        store: &'l Store,
        deposit: &'l dyn Deposit,
        now_ms: u64,
    ) -> Transaction<'l> {
        let part = LoadPart { known: &mut self.known, claims: &mut self.claims, deposit };
        Transaction::loading(store, &mut self.state, &Nobody, part, now_ms)
    }

    /// How many keys have been written.
    pub fn keys(&self) -> u64 {
        self.state.databases.iter().map(|database| database.keys).sum()
    }
}

impl LoadPart<'_> {
    /// Whether certainly no key with this record has been written.
    pub fn is_new(&self, id: HeadId) -> bool {
        !self.known.may_have(id)
    }

    /// Notes that a key with this record is written.
    pub fn remember(&mut self, id: HeadId) {
        self.known.add(id);
    }

    pub fn deposit(&mut self, records: Vec<Write>) -> Result<()> {
        if records.is_empty() { Ok(()) } else { self.deposit.deposit(Records(records)) }
    }

    pub fn settle(&self) -> Result<()> {
        self.deposit.settle()
    }

    pub fn more_ids(&mut self) -> Result<Range<u64>> {
        let ObjectIds { range, claim } = self.deposit.more_ids()?;
        self.claims.push(claim);
        Ok(range)
    }
}

impl Transaction<'_> {
    /// Begins a load. Once this transaction has committed, [`Load::transaction`] may be used.
    pub fn begin_load(&mut self) -> Result<Load> {
        let mut claims = Vec::new();
        let mut databases = [Database::default(); DATABASES as usize];
        for database in &mut databases {
            database.space = self.next_space()?;
            claims.push(self.store.claims.claim(Claimed::Space(database.space)));
            let (record, value) = garbage::dead_space(database.space);
            self.put(&record, value);
        }
        let ObjectIds { range, claim } = self.reserve_object_ids()?;
        claims.push(claim);
        let state = WriterState {
            databases,
            ids: Ids::of_block(&range),
            heads: Heads::default(),
            swept_to: Default::default(),
        };
        Ok(Load { state, known: KnownKeys::default(), claims })
    }

    /// Reserves object ids for a load, and commits that at once.
    pub fn reserve_object_ids(&mut self) -> Result<ObjectIds> {
        let range = self.take_id_block()?;
        let claim = self.store.claims.claim(Claimed::Objects(range.clone()));
        self.commit_records(&[])?;
        Ok(ObjectIds { range, claim })
    }

    /// Commits records that a load has deposited, before everything else in this transaction.
    pub fn commit_deposit(&mut self, records: &Records) -> Result<()> {
        self.commit_records(&records.0)
    }

    /// Shows what was loaded in place of all that the databases show now, which becomes garbage. Costs the same whatever
    /// either holds. Once this transaction has committed, the load may be dropped.
    pub fn finish_load(&mut self, load: &Load) -> Result<()> {
        let observer = self.observer()?;
        for (db, new) in (0..).zip(load.state.databases) {
            let old = self.database(db)?;
            observer.database_changed(db, &|key| Ok(self.find_any(db, key)?.is_some()))?;
            if old.keys > 0 {
                let (record, value) = garbage::dead_space(old.space);
                self.put(&record, value);
            }
            self.count_changes(old.keys + new.keys)?;
            *self.database_mut(db)? = new;
            let (record, _) = garbage::dead_space(new.space);
            self.delete(&record);
            observer.database_changed(db, &|key| Ok(self.find_any(db, key)?.is_some()))?;
        }
        Ok(())
    }
}

/// Nobody has seen a key of a load yet.
struct Nobody;

impl Observer for Nobody {
    fn key_changed(&self, _: u32, _: &[u8]) {}

    fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        Ok(())
    }
}
