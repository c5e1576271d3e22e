//! An opened backend with a data directory's fixed parameters: what transactions are taken from.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use dredis_contract::{Backend, Batch, Commit, Durability, Error, Operation, Result, Sharing, View};

use crate::bounds::MemoryBounds;
use crate::cache::{RecordCache, RecordId};
use crate::claims::Claims;
use crate::codec::{self, Codec, RecordKey};
use crate::databases::{DATABASES, Database};
use crate::format;
use crate::heads::Heads;
use crate::ids::Ids;
use crate::libraries::Libraries;

/// The space that each database shows.
pub(crate) type Spaces = [u32; DATABASES as usize];

/// A view, with what belongs to it.
pub(crate) struct Shown<'v> {
    pub view: Box<dyn View + 'v>,
    /// The space that each database shows.
    pub spaces: Spaces,
    /// The latest commit that was over before, as the record cache counts them.
    pub moment: u64,
}

/// A data directory, opened.
pub struct Store {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) codec: Codec,
    pub(crate) bounds: MemoryBounds,
    pub(crate) cache: RecordCache,
    /// What loads under way have written and nobody shows yet.
    pub(crate) claims: Arc<Claims>,
    /// How many changes of keys have been committed.
    changes: AtomicU64,
    spaces: ArcSwap<Spaces>,
    libraries: ArcSwap<Libraries>,
}

/// What the one writer carries from commit to commit.
pub struct WriterState {
    pub(crate) databases: [Database; DATABASES as usize],
    pub(crate) ids: Ids,
    pub(crate) heads: Heads,
    /// The last records of garbage that were removed, of a space and of an object: what stood before them in the same space
    /// or under the same object is gone, too.
    pub(crate) swept_to: [RecordKey; 2],
}

impl Store {
    /// Takes over a backend just opened: checks or writes its format record. `name` is the backend's name,
    /// `seed` the secret of the directory's hashes if it is a new one.
    pub fn open(backend: Arc<dyn Backend>, name: &str, seed: [u64; 2]) -> Result<(Store, WriterState)> {
        if backend.capabilities().sharing == Sharing::Shared {
            return Err(Error::unsupported(
                "running under this dredis, which does not yet execute on shared engines",
            ));
        }
        let codec = format::open(&*backend, name, seed)?;
        let (writer, libraries) = {
            let view = backend.view()?;
            let mut databases = [Database::default(); DATABASES as usize];
            for (number, database) in (0..).zip(&mut databases) {
                *database = Database::read(&*view, number)?;
            }
            let writer = WriterState {
                databases,
                ids: Ids::read(&*view)?,
                heads: Heads::default(),
                swept_to: Default::default(),
            };
            (writer, ArcSwap::from_pointee(Libraries::read(&*view)?))
        };
        let spaces = ArcSwap::from_pointee(writer.databases.map(|database| database.space));
        let store = Store {
            backend,
            codec,
            cache: RecordCache::new(MemoryBounds::default().cached_bytes),
            bounds: MemoryBounds::default(),
            claims: Arc::default(),
            changes: AtomicU64::new(0),
            spaces,
            libraries,
        };
        Ok((store, writer))
    }

    /// Changes the bounds that commands keep to.
    pub fn set_memory_bounds(&mut self, bounds: MemoryBounds) {
        // An engine that keeps everything in memory has no need to have some of it there twice.
        let is_on = self.backend.capabilities().durability != Durability::Never;
        self.cache = RecordCache::new(if is_on { bounds.cached_bytes } else { 0 });
        self.bounds = bounds;
    }

    /// Bytes of records that were read lately and are kept.
    pub fn cached_bytes(&self) -> usize {
        self.cache.bytes()
    }

    /// The backend beneath.
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// All committed libraries of functions.
    pub fn libraries(&self) -> Arc<Libraries> {
        self.libraries.load_full()
    }

    /// Makes committed libraries known.
    pub(crate) fn publish_libraries(&self, libraries: Arc<Libraries>) {
        self.libraries.store(libraries);
    }

    /// How many changes of keys have been committed since the store was opened. A key that one command changes counts
    /// once.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Counts changes that have just been committed.
    pub(crate) fn count_changes(&self, changes: u64) {
        self.changes.fetch_add(changes, Ordering::Release);
    }

    /// A view of what is committed.
    pub(crate) fn view(&self) -> Result<Shown<'_>> {
        let moment = self.cache.moment();
        // Spaces change rarely, and are published after their commit. A view between two equal readings of
        // them cannot be one in which a space that they name was already being swept.
        loop {
            let before = self.spaces.load();
            let view = self.backend.view()?;
            let after = self.spaces.load();
            if Arc::ptr_eq(&before, &after) {
                return Ok(Shown { view, spaces: **before, moment });
            }
        }
    }

    /// Commits. Only the writer does.
    pub(crate) fn commit(&self, operations: &[Operation<'_>]) -> Result<()> {
        let begun = self.cache.begin(operations, |record| self.cached(record));
        let committed = self.backend.commit(&Batch::new(operations));
        // Who has not done it may have done a part, or broken that promise.
        self.cache.end(begun, matches!(committed, Ok(Commit::Done)));
        match committed? {
            Commit::Done => Ok(()),
            Commit::Conflict | Commit::Unknown => {
                Err(Error::corrupt("an exclusive engine answered as only a shared one may"))
            }
        }
    }

    /// The id under which the record cache may hold a record.
    pub(crate) fn cached(&self, record: &[u8]) -> Option<RecordId> {
        (self.cache.is_on() && codec::is_read_alone(record)).then(|| self.codec.hash_wide(record))
    }

    /// Makes committed spaces known to readers.
    pub(crate) fn publish(&self, databases: &[Database; DATABASES as usize]) {
        let spaces = databases.map(|database| database.space);
        if **self.spaces.load() != spaces {
            self.spaces.store(Arc::new(spaces));
        }
    }
}
