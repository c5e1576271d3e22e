//! A transaction: a view, an overlay of writes, and a place in time.

mod counting;
mod reading;

use std::cell::{Cell, OnceCell};
use std::ops::Range;
use std::sync::Arc;

use dredis_contract::{Error, Operation, Result, Scan, Value, View};

use crate::codec::{self, RecordKey};
use crate::databases::{DATABASES, Database, DatabaseFigures};
use crate::heads::HeadId;
use crate::ids::{self, Ids};
use crate::keyspace;
use crate::libraries::Libraries;
use crate::loading::LoadPart;
use crate::meta::Head;
use crate::overlay::{Overlay, Write};
use crate::scan::{MergedScan, NoRecords};
use crate::store::{Shown, Store, WriterState};

/// Someone who must know of changes at once, before they are committed: WATCH, and whoever waits for a key.
pub trait Observer {
    /// This key was changed, created or removed.
    fn key_changed(&self, db: u32, key: &[u8]);
    /// All keys of this database may have changed; `had` tells whether it held a key before or holds it now.
    fn database_changed(&self, db: u32, had: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()>;
}

/// How a transaction ended, when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There was nothing to write.
    Unchanged,
    /// Written and visible.
    Committed,
}

/// Reads, and (on the write path) changes, of one batch of commands.
pub struct Transaction<'v> {
    pub(crate) store: &'v Store,
    shown: OnceCell<Shown<'v>>,
    pub(crate) overlay: Overlay,
    writer: Option<Writing<'v>>,
    now_ms: u64,
    lookups: Cell<Lookups>,
}

/// Keys that were looked up to be read: those that were there, and those that were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Found.
    pub hits: u64,
    /// Not found.
    pub misses: u64,
}

/// What only a transaction on the write path has.
struct Writing<'v> {
    state: &'v mut WriterState,
    databases: [Database; DATABASES as usize],
    dirty: u32,
    ids: Ids,
    /// What was handed out from this object on has no records in the engine yet.
    fresh_from: u64,
    /// Heads that this transaction changes, remembered once it has committed.
    changed_heads: Vec<(HeadId, Option<Head>)>,
    swept_to: [RecordKey; 2],
    /// Libraries of functions as this transaction leaves them, if it changes any.
    libraries: Option<Arc<Libraries>>,
    /// How often keys were changed.
    changes: u64,
    observer: &'v dyn Observer,
    /// What is written goes where a load has it committed, and not to the engine.
    load: Option<LoadPart<'v>>,
}

impl<'v> Transaction<'v> {
    /// A transaction that only reads. Its view is taken when first needed.
    pub fn read_only(store: &'v Store, now_ms: u64) -> Self {
        Transaction {
            store,
            shown: OnceCell::new(),
            overlay: Overlay::default(),
            writer: None,
            now_ms,
            lookups: Cell::default(),
        }
    }

    /// A transaction that may write. There is one at a time: `state` sees to that.
    pub fn writable(
        store: &'v Store,
        state: &'v mut WriterState,
        observer: &'v dyn Observer,
        now_ms: u64,
    ) -> Self {
        Transaction::with_writer(store, state, observer, None, now_ms)
    }

    /// A transaction that writes into the spaces of a load. There is one at a time for each load.
    pub(crate) fn loading(
        store: &'v Store,
        state: &'v mut WriterState,
        observer: &'v dyn Observer,
        load: LoadPart<'v>,
        now_ms: u64,
    ) -> Self {
        Transaction::with_writer(store, state, observer, Some(load), now_ms)
    }

    fn with_writer(
        store: &'v Store,
        state: &'v mut WriterState,
        observer: &'v dyn Observer,
        load: Option<LoadPart<'v>>,
        now_ms: u64,
    ) -> Self {
        let writing = Writing {
            databases: state.databases,
            dirty: 0,
            ids: state.ids,
            fresh_from: state.ids.upcoming_object(),
            changed_heads: Vec::new(),
            swept_to: state.swept_to.clone(),
            libraries: None,
            changes: 0,
            state,
            observer,
            load,
        };
        Transaction {
            store,
            shown: OnceCell::new(),
            overlay: Overlay::default(),
            writer: Some(writing),
            now_ms,
            lookups: Cell::default(),
        }
    }

    /// The time at which all of this happens, in milliseconds of the Unix epoch.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Moves on in time, between commands.
    pub fn set_now_ms(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
    }

    /// Whether this transaction may write.
    pub fn is_writable(&self) -> bool {
        self.writer.is_some()
    }

    /// About how many bytes of writes wait for the commit.
    pub fn pending_bytes(&self) -> usize {
        self.overlay.bytes()
    }

    /// Whether nothing has been written.
    pub fn is_unchanged(&self) -> bool {
        self.overlay.is_empty() && self.writer.as_ref().is_none_or(|writing| writing.dirty == 0)
    }

    /// Hands all writes to the engine as one batch, or does nothing if there are none. After an error nothing
    /// of it was applied.
    pub fn commit(mut self) -> Result<Outcome> {
        if self.is_unchanged() {
            return Ok(Outcome::Unchanged);
        }
        let Some(writing) = &mut self.writer else { return Ok(Outcome::Unchanged) };
        if let Some(load) = &mut writing.load {
            drop(self.shown.take());
            load.deposit(self.overlay.take_range(&[], None))?;
            writing.state.databases = writing.databases;
            writing.state.ids = writing.ids;
            return Ok(Outcome::Committed);
        }
        for (number, database) in (0..).zip(&writing.databases) {
            if writing.dirty & (1 << number) != 0 {
                self.overlay.put(&codec::database(number), database.encode());
            }
        }
        if let Some(record) = writing.ids.record() {
            self.overlay.put(ids::RECORD_KEY, record);
        }
        drop(self.shown.take());
        let committed = self.store.commit(&self.overlay.operations());
        if committed.is_err() {
            // Whoever broke one promise may break another.
            writing.state.heads.clear();
        }
        committed?;
        writing.state.databases = writing.databases;
        writing.ids.written();
        writing.state.ids = writing.ids;
        writing.state.swept_to = std::mem::take(&mut writing.swept_to);
        for (id, head) in writing.changed_heads.drain(..) {
            writing.state.heads.remember(id, head);
        }
        self.store.publish(&writing.databases);
        if let Some(libraries) = writing.libraries.take() {
            self.store.publish_libraries(libraries);
        }
        self.store.count_changes(writing.changes);
        Ok(Outcome::Committed)
    }

    /// What the engine shows, without this transaction's own writes.
    pub(crate) fn engine(&self) -> Result<&dyn View> {
        Ok(&*self.shown()?.view)
    }

    fn shown(&self) -> Result<&Shown<'v>> {
        if let Some(shown) = self.shown.get() {
            return Ok(shown);
        }
        if let Some(load) = self.writer.as_ref().and_then(|writing| writing.load.as_ref()) {
            load.settle()?;
        }
        let shown = self.store.view()?;
        Ok(self.shown.get_or_init(|| shown))
    }

    /// The space that a database shows.
    pub(crate) fn space(&self, db: u32) -> Result<u32> {
        match &self.writer {
            Some(writing) => Ok(writing.databases[db as usize].space),
            None => Ok(self.shown()?.spaces[db as usize]),
        }
    }

    /// A database as it stands.
    pub(crate) fn database(&self, db: u32) -> Result<Database> {
        match &self.writer {
            Some(writing) => Ok(writing.databases[db as usize]),
            None => Database::read(self.engine()?, db),
        }
    }

    /// How many keys a database holds, and more.
    pub fn figures(&self, db: u32) -> Result<DatabaseFigures> {
        Ok(self.database(db)?.figures())
    }

    /// A database, to be changed.
    pub(crate) fn database_mut(&mut self, db: u32) -> Result<&mut Database> {
        let writing = self.writing()?;
        writing.dirty |= 1 << db;
        Ok(&mut writing.databases[db as usize])
    }

    pub(crate) fn next_object(&mut self) -> Result<u64> {
        let writing = self.writing()?;
        if let Some(load) = &mut writing.load
            && writing.ids.is_used_up()
        {
            writing.ids = Ids::of_block(&load.more_ids()?);
        }
        let is_of_another_block = writing.ids.is_used_up();
        let object = writing.ids.next_object();
        if is_of_another_block {
            // Blocks in between belong to loads, and what those wrote is in the engine.
            writing.fresh_from = object;
        }
        Ok(object)
    }

    /// Reserves object ids for someone else.
    pub(crate) fn take_id_block(&mut self) -> Result<Range<u64>> {
        Ok(self.writing()?.ids.take_block())
    }

    pub(crate) fn next_space(&mut self) -> Result<u32> {
        self.writing()?.ids.next_space()
    }

    /// Up to where garbage of a space or an object has been removed by this transaction, or else by those before it.
    pub(crate) fn swept_to(&mut self, is_object: bool) -> Result<&mut RecordKey> {
        Ok(&mut self.writing()?.swept_to[usize::from(is_object)])
    }

    /// Libraries of functions, if this transaction has changed them.
    pub(crate) fn changed_libraries(&self) -> Option<&Arc<Libraries>> {
        self.writer.as_ref()?.libraries.as_ref()
    }

    /// Notes what all libraries of functions are from now on.
    pub(crate) fn change_libraries(&mut self, libraries: Arc<Libraries>) -> Result<()> {
        self.writing()?.libraries = Some(libraries);
        Ok(())
    }

    /// Whoever must know of changes.
    pub(crate) fn observer(&mut self) -> Result<&'v dyn Observer> {
        Ok(self.writing()?.observer)
    }

    fn writing(&mut self) -> Result<&mut Writing<'v>> {
        self.writer
            .as_mut()
            .ok_or_else(|| Error::invalid_input("a write was tried in a transaction that only reads"))
    }

    /// Reads a record: from this transaction's own writes, or else from the view.
    pub(crate) fn get(&self, record: &[u8]) -> Result<Option<Value<'_>>> {
        match self.overlay.get(record) {
            Some(written) => Ok(written.map(Value::Borrowed)),
            None if self.is_fresh(record, Some(record)) => Ok(None),
            None => self.read(record),
        }
    }

    /// Reads a record that is about to be written. A load does not ask the engine for what it has certainly not written.
    pub(crate) fn get_to_extend(&mut self, record: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.overlay.get(record).is_none() {
            let id = self.store.codec.hash_wide(record);
            if let Some(load) = self.writer.as_mut().and_then(|writing| writing.load.as_mut())
                && load.is_new(id)
            {
                load.remember(id);
                return Ok(None);
            }
        }
        Ok(self.get(record)?.map(Value::into_vec))
    }

    /// The head in a meta record, expired or not: from this transaction's own writes, from memory, or else from the view.
    pub(crate) fn head(&mut self, meta: &[u8], key: &[u8]) -> Result<Option<Head>> {
        if let Some(written) = self.overlay.get(meta) {
            let written = written.map(|record| keyspace::decode(Value::Borrowed(record), key)).transpose()?;
            return Ok(written.map(|entry| entry.head()));
        }
        let id = self.store.codec.hash_wide(meta);
        if let Some(writing) = &self.writer {
            if writing.load.as_ref().is_some_and(|load| load.is_new(id)) {
                return Ok(None);
            }
            if let Some(head) = writing.state.heads.find(id) {
                return Ok(head);
            }
        }
        let read = self.read(meta)?.map(|record| keyspace::decode(record, key)).transpose()?;
        let head = read.map(|entry| entry.head());
        if let Some(writing) = &mut self.writer
            && writing.load.is_none()
        {
            writing.state.heads.remember(id, head);
        }
        Ok(head)
    }

    /// Prepares for finding the heads of these keys on the write path, one after the other.
    pub fn look_ahead<'k>(&self, db: u32, keys: impl Iterator<Item = &'k [u8]>) -> Result<()> {
        if let Some(writing) = &self.writer {
            let codec = &self.store.codec;
            let space = self.space(db)?;
            let ids: Vec<HeadId> = keys.map(|key| codec.hash_wide(&codec.meta(space, key))).collect();
            writing.state.heads.touch(&ids);
        }
        Ok(())
    }

    /// Notes what the head in a meta record will be once this transaction has committed.
    pub(crate) fn head_changed(&mut self, meta: &[u8], head: Option<Head>) -> Result<()> {
        let id = self.store.codec.hash_wide(meta);
        let writing = self.writing()?;
        match &mut writing.load {
            Some(load) => load.remember(id),
            None => writing.changed_heads.push((id, head)),
        }
        Ok(())
    }

    /// Commits records that nothing points to yet, before everything else in this transaction. Whatever becomes of that,
    /// ids that were given out so far are not given out again. `records` stand behind the record of ids in key order.
    pub(crate) fn commit_ahead(&mut self, records: Vec<Write>) -> Result<()> {
        drop(self.shown.take());
        let writing = self.writing()?;
        match &mut writing.load {
            Some(load) => {
                load.deposit(records)?;
                writing.fresh_from = writing.ids.upcoming_object();
                Ok(())
            }
            None => self.commit_records(&records),
        }
    }

    /// Commits records at once, and with them what was reserved of ids.
    pub(crate) fn commit_records(&mut self, records: &[Write]) -> Result<()> {
        drop(self.shown.take());
        let store = self.store;
        let writing = self.writing()?;
        let reserved = writing.ids.record();
        let mut operations = Vec::with_capacity(records.len() + 1);
        operations.extend(reserved.iter().map(|value| Operation::Put { key: ids::RECORD_KEY, value }));
        operations.extend(records.iter().map(|(key, value)| match value {
            Some(value) => Operation::Put { key, value },
            None => Operation::Delete { key },
        }));
        store.commit(&operations)?;
        writing.ids.written();
        writing.state.ids = writing.ids;
        writing.fresh_from = writing.ids.upcoming_object();
        Ok(())
    }

    /// Whether these are records of an object so new that the engine has none of it. Asking would not only be in vain: a
    /// seek may pass over much that has been removed around there.
    fn is_fresh(&self, record: &[u8], end: Option<&[u8]>) -> bool {
        let Some(writing) = &self.writer else { return false };
        let fresh = writing.fresh_from..writing.ids.upcoming_object();
        let Some(object) = codec::object_of(record).filter(|object| fresh.contains(object)) else {
            return false;
        };
        // Up to the end of the object, or to somewhere within.
        let ends_within = |end: &[u8]| {
            codec::object_of(end) == Some(object) || codec::successor(&record[..9]).as_deref() == Some(end)
        };
        end.is_some_and(ends_within)
    }

    /// Writes a record.
    pub(crate) fn put(&mut self, record: &[u8], value: Vec<u8>) {
        debug_assert!(self.is_writable());
        self.overlay.put(record, value);
    }

    /// Removes a record.
    pub(crate) fn delete(&mut self, record: &[u8]) {
        debug_assert!(self.is_writable());
        self.overlay.delete(record);
    }

    /// Reads a range of records, this transaction's own writes included.
    pub(crate) fn scan(&self, scan: &Scan<'_>) -> Result<MergedScan<'_>> {
        let view: &dyn View = match self.is_fresh(scan.start, scan.end) {
            true => &NoRecords,
            false => self.engine()?,
        };
        MergedScan::new(view, &self.overlay, scan)
    }
}
