//! The server's RDB files: written from one consistent view while everybody goes on, loaded beside the data that are
//! shown, and put in their place at once.
//!
//! | file | what it does |
//! |---|---|
//! | `status` | what is going on, and how the last one ended: what INFO shows |
//! | `save` | a file, written on a thread of its own |
//! | `target` | the file on the disk: a temporary one until all of it is durable |
//! | `load` | a file, read on a thread of its own and committed by the writer |
//! | `show` | progress of a load, for people |
//! | `afterwards` | what SAVE, BGSAVE, DEBUG RELOAD and SHUTDOWN ask for |
//! | `functions` | libraries of functions, which go with the data |

mod afterwards;
mod functions;
mod load;
mod save;
mod show;
mod status;
mod target;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use dredis_contract::Capabilities;
use dredis_data::Store;
use tokio::sync::watch;

use crate::executor::Executor;

pub use afterwards::perform;
pub use load::{LoadRequest, check_beginning};
pub use save::{SaveError, Saving, Waiting};
pub use status::Status;
pub use target::remove_leftovers;

/// All that is to do with RDB files.
pub struct RdbFiles {
    store: Arc<Store>,
    dir: PathBuf,
    capabilities: Capabilities,
    status: Status,
    /// The save under way.
    saving: Mutex<Option<save::Running>>,
    /// Whether writers wait until a reload is done.
    holds_writers: watch::Sender<bool>,
    /// The file that was saved last.
    last_file: Mutex<Option<PathBuf>>,
    ends_without_saving: AtomicBool,
    is_ending: AtomicBool,
    /// Whether a reload under way is given up, because the server ends.
    gives_reloads_up: AtomicBool,
    is_reloading: AtomicBool,
    executor: OnceLock<Weak<Executor>>,
}

impl RdbFiles {
    /// The files of a server on this store, in its data directory.
    pub fn new(store: Arc<Store>, dir: &Path, capabilities: Capabilities) -> Arc<RdbFiles> {
        Arc::new(RdbFiles {
            store,
            dir: dir.to_owned(),
            capabilities,
            status: Status::new(),
            saving: Mutex::default(),
            holds_writers: watch::Sender::new(false),
            last_file: Mutex::default(),
            ends_without_saving: AtomicBool::new(false),
            is_ending: AtomicBool::new(false),
            gives_reloads_up: AtomicBool::new(false),
            is_reloading: AtomicBool::new(false),
            executor: OnceLock::new(),
        })
    }

    /// Says who commits what is loaded. Called once, before anything is loaded.
    pub fn set_executor(&self, executor: &Arc<Executor>) {
        // A second caller would be a mistake of the program's, and the first stays.
        self.executor.set(Arc::downgrade(executor)).unwrap_or_default();
    }

    /// What is going on.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// How many keys have changed since the last save.
    pub fn changes_since_save(&self) -> u64 {
        self.store.changes().saturating_sub(self.status.changes_saved())
    }

    /// Waits while writers are held back.
    pub async fn let_writers_in(&self) {
        // Fails only without a sender, and `self` is one.
        drop(self.holds_writers.subscribe().wait_for(|held| !held).await);
    }

    /// Whether writers are held back.
    pub fn holds_writers(&self) -> bool {
        *self.holds_writers.borrow()
    }

    /// Whether a save is under way.
    pub fn is_saving(&self) -> bool {
        self.saving().is_some()
    }

    /// Whether the server ends without saving, whatever the parameter `save` says.
    pub fn ends_without_saving(&self) -> bool {
        self.ends_without_saving.load(Ordering::Relaxed)
    }

    /// Has the server end without saving, whatever the parameter `save` says.
    pub fn end_without_saving(&self) {
        self.ends_without_saving.store(true, Ordering::Relaxed);
    }

    /// Gives up a reload under way and any later one; its session waits for its end.
    pub fn give_reloads_up(&self) {
        self.gives_reloads_up.store(true, Ordering::Relaxed);
    }

    fn last_file(&self) -> MutexGuard<'_, Option<PathBuf>> {
        self.last_file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn saving(&self) -> MutexGuard<'_, Option<save::Running>> {
        self.saving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
