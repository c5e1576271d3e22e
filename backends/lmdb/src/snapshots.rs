//! Read transactions: begun once per commit, shared by all views in between, and kept away while the map moves.
//!
//! Beginning an LMDB read transaction costs an allocation and a process-shared mutex; taking a share in one that
//! is already there costs a count. All views between two commits see the same data, so they share. A commit
//! drops the spare transactions before it returns, hence they never hold back pages for longer than a fresh one
//! would.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use heed::types::Bytes;
use heed::{AnyTls, Database, Env, RoTxn, WithoutTls};

/// The one table: LMDB's unnamed database.
pub(crate) type Table = Database<'static, Bytes, Bytes>;
pub(crate) type Environment = Env<WithoutTls>;

/// One read transaction.
pub(crate) struct Snapshot {
    // Dropped in this order: the transaction ends before it stops counting as open.
    transaction: RoTxn<'static, WithoutTls>,
    _open: Open,
}

// SAFETY: a read transaction of the unnamed database, which keeps no duplicates, is only read by lookups and by
// opening, moving and closing cursors: `mdb_get` works on a cursor of its own stack, `mdb_cursor_open` mallocs one
// and, as a read-only transaction has no cursor list, links it nowhere. The fields that are read (map, roots,
// flags) stay as they are until the transaction ends, which takes the last share and so happens once, on whatever
// thread: MDB_NOTLS ties it to none. (LMDB marks the transaction when it meets a page number out of range, a
// store of a flag that only a damaged file can cause; every reader that sees it fails, as it should.)
#[expect(unsafe_code, reason = "LMDB lets reads share a transaction; heed's type does not say so")]
unsafe impl Sync for Snapshot {}

impl Snapshot {
    pub(crate) fn txn(&self) -> &RoTxn<'static, AnyTls> {
        &self.transaction
    }
}

/// Something that reads through the map; while one lives, the map stays where it is.
pub(crate) struct Open {
    tally: Arc<Tally>,
}

#[derive(Default)]
struct Tally {
    open: AtomicUsize,
    awaited: AtomicBool,
    lock: Mutex<()>,
    none_left: Condvar,
}

impl Open {
    fn new(tally: &Arc<Tally>) -> Self {
        tally.open.fetch_add(1, Ordering::SeqCst);
        Open { tally: Arc::clone(tally) }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let last = self.tally.open.fetch_sub(1, Ordering::SeqCst) == 1;
        if last && self.tally.awaited.load(Ordering::SeqCst) {
            drop(unpoisoned(&self.tally.lock));
            self.tally.none_left.notify_all();
        }
    }
}

/// Apart by a cache line, so that threads do not tread on each other's.
#[repr(align(64))]
#[derive(Default)]
struct Slot(Mutex<Option<Arc<Snapshot>>>);

/// The spare transactions, in slots that threads choose by their number.
pub(crate) struct Snapshots {
    slots: Vec<Slot>,
    keep: bool,
    /// One bit per slot that may hold a transaction.
    filled: AtomicU64,
    tally: Arc<Tally>,
}

/// Proof that nothing reads through the map and that nothing can begin to.
pub(crate) struct Quiet<'s> {
    _slots: Vec<MutexGuard<'s, Option<Arc<Snapshot>>>>,
}

impl Snapshots {
    /// Keeps up to `spare` (at most 64) transactions for reuse.
    pub(crate) fn new(spare: usize) -> Self {
        let slots = (0..spare.clamp(1, 64)).map(|_| Slot::default()).collect();
        Snapshots { slots, keep: spare > 0, filled: AtomicU64::new(0), tally: Arc::default() }
    }

    /// A snapshot of everything committed so far.
    pub(crate) fn take(&self, env: &Environment) -> heed::Result<Arc<Snapshot>> {
        let index = thread_number() % self.slots.len();
        let mut slot = unpoisoned(&self.slots[index].0);
        if let Some(snapshot) = &*slot {
            return Ok(Arc::clone(snapshot));
        }
        if self.keep {
            // Before the transaction begins: a commit that it does not see then finds the bit, waits for this
            // slot, and throws the transaction out.
            self.filled.fetch_or(1 << index, Ordering::SeqCst);
            fence(Ordering::SeqCst);
        }
        let open = Open::new(&self.tally);
        let snapshot = Arc::new(Snapshot { transaction: env.clone().static_read_txn()?, _open: open });
        if self.keep {
            *slot = Some(Arc::clone(&snapshot));
        }
        Ok(snapshot)
    }

    /// Drops the spare transactions, for they are older than the newest commit.
    pub(crate) fn forget(&self) {
        fence(Ordering::SeqCst);
        let mut filled = self.filled.swap(0, Ordering::SeqCst);
        while filled != 0 {
            let index = filled.trailing_zeros() as usize;
            filled &= filled - 1;
            let old = unpoisoned(&self.slots[index].0).take();
            drop(old);
        }
    }

    /// For other readers of the map than snapshots.
    pub(crate) fn hold_map(&self) -> Open {
        let _slot = unpoisoned(&self.slots[0].0);
        Open::new(&self.tally)
    }

    /// How many snapshots and other readers are open, spare ones included.
    pub(crate) fn open_count(&self) -> usize {
        self.tally.open.load(Ordering::SeqCst)
    }

    /// Holds new views back and waits up to `patience` until the last open one is gone.
    pub(crate) fn quiet(&self, patience: Duration) -> Option<Quiet<'_>> {
        let mut slots: Vec<_> = self.slots.iter().map(|slot| unpoisoned(&slot.0)).collect();
        for slot in &mut slots {
            slot.take();
        }
        self.tally.awaited.store(true, Ordering::SeqCst);
        let deadline = Instant::now() + patience;
        let mut lock = unpoisoned(&self.tally.lock);
        let mut quiet = self.open_count() == 0;
        while !quiet {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.tally.none_left.wait_timeout(lock, left);
            lock = waited.unwrap_or_else(PoisonError::into_inner).0;
            quiet = self.open_count() == 0;
        }
        drop(lock);
        self.tally.awaited.store(false, Ordering::SeqCst);
        quiet.then_some(Quiet { _slots: slots })
    }

    /// Holds new views back for as long as the result lives, whatever is open.
    pub(crate) fn pause(&self) -> impl Drop + '_ {
        Pause { _slots: self.slots.iter().map(|slot| unpoisoned(&slot.0)).collect() }
    }
}

struct Pause<'s> {
    _slots: Vec<MutexGuard<'s, Option<Arc<Snapshot>>>>,
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {}
}

/// Locks; a panic elsewhere leaves nothing half-done behind these locks.
pub(crate) fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number per thread, so that threads spread over the slots.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    NUMBER.with(|number| {
        if number.get() == usize::MAX {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}
