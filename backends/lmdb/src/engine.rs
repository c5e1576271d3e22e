//! LMDB itself: opening, views, commits, syncs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dredis_plugin::{
    Batch, Commit, DurabilityNeed, Error, ErrorKind, LogLevel, Logger, Operation, Result, directory,
};
use heed::{CommitOrAbort, CompactionOption, EnvFlags, EnvOpenOptions, FlagSetMode};

use crate::config::{Config, Flush, MapLimit};
use crate::demand::{Demand, Pending, Usage};
use crate::map::{MAP_START, Room};
use crate::snapshots::{Environment, Snapshots, Table, unpoisoned};
use crate::view::LmdbView;
use crate::{cursor, error, files};

pub(crate) const GIB: u64 = 1 << 30;
/// How often one commit may find the map too small before it gives up.
const ENLARGE_MAX: usize = 24;

/// Longest key, in bytes: what LMDB is compiled for.
pub(crate) const KEY_BYTES_MAX: u64 = 511;
/// Longest value, in bytes: with its key it makes a batch of the greatest size.
pub(crate) const VALUE_BYTES_MAX: u64 = GIB - 512;

/// An opened LMDB environment, held by this process alone.
pub(crate) struct Engine {
    /// There until dropped.
    env: Option<Environment>,
    table: Table,
    snapshots: Snapshots,
    /// The writer's lock, and what only a writer touches.
    room: Mutex<Room>,
    /// The map waits for a moment without views.
    map_waits: AtomicBool,
    /// The map is lost: touch nothing.
    broken: AtomicBool,
    /// Commits are durable when they return.
    durable: AtomicBool,
    data: File,
    config: Config,
    log: Logger,
}

impl Engine {
    /// Opens or makes what `config` names.
    pub(crate) fn open(config: Config, log: &Logger) -> Result<Engine> {
        make_directory(&config)?;
        let data = files::own_data_file(&config)?;
        let what = format!("open {}", config.data_file.display());
        let length = data.metadata().map_err(|error| error::from_io(&what, &error))?.len();
        if !config.readonly {
            files::prepare_lock_file(&config)?;
        }
        let env = open_environment(&config).map_err(|error| error::while_trying(&what, error))?;
        let used = Usage::of(&env).bytes;
        if length > 0 && used > length {
            drop(env);
            if !config.readonly {
                // LMDB has stretched the file over its map.
                data.set_len(length).map_err(|error| error::from_io(&what, &error))?;
            }
            return Err(Error::corrupt(format!(
                "{} is cut short: it says that it holds {used} bytes and has {length}; restore a copy",
                config.data_file.display()
            )));
        }
        let table = open_table(&env).map_err(|error| error::while_trying(&what, error))?;
        let snapshots = Snapshots::new(config.max_spare_txns);
        let handle = data.try_clone().map_err(|error| error::from_io(&what, &error))?;
        let room = Room::open(&config, handle, &env, &snapshots)?;
        let durable = config.flush == Flush::Everything;
        Ok(Engine {
            env: Some(env),
            table,
            snapshots,
            map_waits: AtomicBool::new(false),
            broken: AtomicBool::new(room.is_broken()),
            room: Mutex::new(room),
            durable: AtomicBool::new(durable),
            data,
            config,
            log: log.clone(),
        })
    }

    /// A view of everything committed so far.
    pub(crate) fn view(&self) -> Result<LmdbView> {
        if self.map_waits.load(Ordering::Relaxed) {
            self.move_map_if_idle();
        }
        self.refuse_if_broken()?;
        match self.snapshots.take(self.env()) {
            Ok(snapshot) => Ok(LmdbView::new(snapshot, self.table)),
            Err(error) => Err(error::while_trying("begin a read", error)),
        }
    }

    /// One write transaction.
    pub(crate) fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        if self.config.readonly {
            return Err(Error::invalid_input("LMDB was opened with readonly=true: it takes no commits"));
        }
        let mut room = unpoisoned(&self.room);
        self.refuse_if_broken()?;
        if batch.operations().is_empty() {
            return Ok(Commit::Done);
        }
        let result = self.commit_in(&mut room, batch);
        if room.is_broken() {
            self.broken.store(true, Ordering::SeqCst);
        } else {
            self.map_waits.store(room.wants_to_move(self.env()), Ordering::Relaxed);
        }
        result
    }

    /// Makes everything durable that was committed before.
    pub(crate) fn sync(&self) -> Result<()> {
        self.refuse_if_broken()?;
        if self.config.readonly || self.durable.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.flush()
    }

    /// Whether commits are to be durable when they return.
    pub(crate) fn need_durability(&self, need: DurabilityNeed) -> Result<()> {
        if self.config.readonly || self.config.flush == Flush::Everything {
            return Ok(());
        }
        let _room = unpoisoned(&self.room);
        self.refuse_if_broken()?;
        if need == DurabilityNeed::EveryCommit {
            self.set_flush(Flush::Everything)?;
            self.flush()?;
            self.durable.store(true, Ordering::SeqCst);
        } else {
            self.durable.store(false, Ordering::SeqCst);
            self.set_flush(self.config.flush)?;
        }
        Ok(())
    }

    /// A compacted copy as of now. Commits go on beside it; the pages that they free wait until it is done.
    pub(crate) fn checkpoint(&self, dir: &Path) -> Result<()> {
        self.refuse_if_broken()?;
        let what = format!("write a checkpoint into {}", dir.display());
        let failed = |error: std::io::Error| error::from_io(&what, &error);
        directory::prepare_checkpoint(dir)?;
        let target = dir.join("data.mdb");
        let _open = self.snapshots.hold_map();
        let file = match self.env().copy_to_path(&target, CompactionOption::Enabled) {
            // Pages that belong to nothing: a plain copy takes them along.
            Err(heed::Error::Mdb(heed::MdbError::Incompatible)) => {
                self.env().copy_to_path(&target, CompactionOption::Disabled)
            }
            other => other,
        };
        let file = file.map_err(|error| error::while_trying(&what, error))?;
        file.sync_all().map_err(failed)?;
        directory::sync(dir)
    }

    /// Figures for INFO.
    pub(crate) fn stats(&self) -> Vec<(String, String)> {
        if self.refuse_if_broken().is_err() {
            return Vec::new();
        }
        let _open = self.snapshots.hold_map();
        let stat = self.env().unnamed_database_stat();
        let info = self.env().info();
        let mut stats = vec![
            ("page_size", u64::from(stat.page_size)),
            ("depth", u64::from(stat.depth)),
            ("entries", stat.entries as u64),
            ("branch_pages", stat.branch_pages as u64),
            ("leaf_pages", stat.leaf_pages as u64),
            ("overflow_pages", stat.overflow_pages as u64),
            ("map_bytes", info.map_size as u64),
            ("used_bytes", Usage::of(self.env()).bytes),
            ("last_txn_id", info.last_txn_id as u64),
            ("reader_slots", u64::from(info.number_of_readers)),
            ("reader_slots_max", u64::from(info.maximum_number_of_readers)),
            ("open_snapshots", self.snapshots.open_count() as u64 - 1),
        ];
        if let Ok(metadata) = self.data.metadata() {
            use std::os::unix::fs::MetadataExt;
            stats.push(("disk_bytes", metadata.blocks() * 512));
        }
        stats.into_iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect()
    }

    /// Number of the last write transaction.
    pub(crate) fn last_txn(&self) -> u64 {
        let _open = self.snapshots.hold_map();
        self.env().info().last_txn_id as u64
    }

    /// Whether all of `pending` will find room, as far as that can be known; `None` while others are busy with the room.
    pub(crate) fn has_room(&self, pending: &Pending) -> Option<bool> {
        let mut room = self.room.try_lock().ok()?;
        let has_room = !self.broken.load(Ordering::Relaxed) && room.has_room(pending, self.env());
        self.map_waits.store(room.wants_to_move(self.env()), Ordering::Relaxed);
        Some(has_room)
    }

    fn env(&self) -> &Environment {
        self.env.as_ref().expect("the environment is there until drop takes it")
    }

    fn refuse_if_broken(&self) -> Result<()> {
        if !self.broken.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Poisoned,
            "LMDB lost its map when it had to move; the data is safe: restart",
        ))
    }

    fn commit_in(&self, room: &mut Room, batch: &Batch<'_>) -> Result<Commit> {
        let env = self.env();
        let demand = Demand::of(batch);
        if self.map_waits.load(Ordering::Relaxed) {
            room.adjust(env, &self.snapshots, Duration::ZERO)?;
        }
        for _ in 0..ENLARGE_MAX {
            room.prepare(&demand, env, &self.snapshots)?;
            match self.apply(batch) {
                Ok(()) => {
                    debug_assert!(room.kept_within(env), "a commit outgrew the space reserved for it");
                    self.snapshots.forget();
                    return Ok(Commit::Done);
                }
                Err(error) if error::is_map_full(&error) => room.enlarge(&demand, env, &self.snapshots)?,
                Err(error) => return Err(error::while_trying("commit", error)),
            }
        }
        Err(Error::new(
            ErrorKind::NoSpace,
            format!("LMDB found no room for a batch of {} bytes, however often it made some", batch.bytes()),
        ))
    }

    /// One write transaction, begun and ended on this thread. An error drops it, and nothing of it remains.
    fn apply(&self, batch: &Batch<'_>) -> heed::Result<()> {
        let mut transaction = self.env().write_txn()?;
        for operation in batch.operations() {
            match *operation {
                Operation::Put { key, value } => self.table.put(&mut transaction, key, value)?,
                Operation::Delete { key } => {
                    self.table.delete(&mut transaction, key)?;
                }
                Operation::DeleteRange { start, end } => {
                    if let Some(bounds) = cursor::bounds(start, Some(end)) {
                        self.table.delete_range(&mut transaction, &bounds)?;
                    }
                }
            }
        }
        transaction.commit()
    }

    /// The map wants to move and a view is about to begin: the moment between two views may be now.
    fn move_map_if_idle(&self) {
        let Ok(mut room) = self.room.try_lock() else {
            return;
        };
        if self.broken.load(Ordering::Relaxed) {
            return;
        }
        let moved = room.adjust_now_and_then(self.env(), &self.snapshots);
        if room.is_broken() {
            self.broken.store(true, Ordering::SeqCst);
        } else {
            self.map_waits.store(room.wants_to_move(self.env()), Ordering::Relaxed);
        }
        if let Err(error) = moved {
            self.log.log(LogLevel::Warning, error.message());
        }
    }

    /// Brings everything committed to the disk. Through the file, not the map: what Linux keeps of a shared map is
    /// the file's own page cache, and so neither commits nor a moving map have to wait.
    #[cfg(target_os = "linux")]
    pub(crate) fn flush(&self) -> Result<()> {
        self.data.sync_data().map_err(|error| error::from_io("sync its data file", &error))
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn flush(&self) -> Result<()> {
        let _open = self.snapshots.hold_map();
        self.env().force_sync().map_err(|error| error::while_trying("sync its data file", error))
    }

    /// To be called under the writer's lock.
    #[expect(unsafe_code, reason = "LMDB trusts the caller that no other thread sets flags")]
    fn set_flush(&self, flush: Flush) -> Result<()> {
        let all = EnvFlags::NO_SYNC | EnvFlags::MAP_ASYNC | EnvFlags::NO_META_SYNC;
        let wanted = flush_flags(flush, self.config.writemap);
        let _pause = self.snapshots.pause();
        // SAFETY: the writer's lock keeps commits and other callers out, and `_pause` keeps transactions from beginning.
        let set = unsafe {
            self.env()
                .set_flags(all - wanted, FlagSetMode::Disable)
                .and_then(|()| self.env().set_flags(wanted, FlagSetMode::Enable))
        };
        set.map_err(|error| error::while_trying("change how commits reach the disk", error))
    }
}

impl Drop for Engine {
    /// Makes all commits durable, closes, and cuts what was reserved off the file.
    fn drop(&mut self) {
        let Some(env) = self.env.take() else {
            return;
        };
        if self.broken.load(Ordering::SeqCst) {
            // Closing would unmap an address that is no longer LMDB's.
            std::mem::forget(env);
            return;
        }
        self.snapshots.forget();
        let used = Usage::of(&env).bytes;
        let closing = env.prepare_for_closing();
        if self.config.readonly {
            return;
        }
        if let Err(error) = self.data.sync_data() {
            self.log.log(LogLevel::Error, &format!("LMDB could not sync on closing: {error}"));
            return;
        }
        if closing.wait_timeout(Duration::ZERO)
            && self.data.metadata().is_ok_and(|metadata| metadata.len() > used)
            && let Err(error) = self.data.set_len(used)
        {
            self.log.log(LogLevel::Warning, &format!("LMDB could not give reserved space back: {error}"));
        }
    }
}

fn make_directory(config: &Config) -> Result<()> {
    let dir = if config.subdir { Some(config.path.clone()) } else { config.path.parent().map(PathBuf::from) };
    match dir {
        Some(dir) if config.create => std::fs::create_dir_all(&dir)
            .map_err(|error| error::from_io(&format!("make the directory {}", dir.display()), &error)),
        _ => Ok(()),
    }
}

#[expect(unsafe_code, reason = "LMDB trusts that nothing else changes its file")]
fn open_environment(config: &Config) -> heed::Result<Environment> {
    let mut flags = flush_flags(config.flush, config.writemap);
    flags.set(EnvFlags::NO_SUB_DIR, !config.subdir);
    flags.set(EnvFlags::READ_ONLY, config.readonly);
    flags.set(EnvFlags::WRITE_MAP, config.writemap);
    flags.set(EnvFlags::NO_READ_AHEAD, !config.readahead);
    flags.set(EnvFlags::NO_MEM_INIT, !config.meminit);
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.max_readers(config.max_readers);
    if !config.readonly {
        let size = match config.map_limit {
            MapLimit::Growing => MAP_START,
            MapLimit::Fixed(size) => size,
        };
        let size = usize::try_from(size).map_err(|_| std::io::Error::from(std::io::ErrorKind::OutOfMemory));
        options.map_size(size.map_err(heed::Error::Io)?);
    }
    // SAFETY: the flags that LMDB calls unsafe are NO_SYNC and NO_META_SYNC, whose price the crate's documentation
    // states; NO_LOCK is never set. The data file is locked by this process, so no other dredis changes it.
    unsafe { options.flags(flags).open(&config.path) }
}

fn open_table(env: &Environment) -> heed::Result<Table> {
    let transaction = env.read_txn()?;
    let opened = env.open_databases_and_commit(transaction, |opener, transaction| {
        opener.open_database(transaction, None).map(CommitOrAbort::<_, ()>::Commit)
    })?;
    Ok(opened.unwrap_commit().expect("the unnamed database always exists"))
}

fn flush_flags(flush: Flush, writemap: bool) -> EnvFlags {
    match flush {
        Flush::Everything => EnvFlags::empty(),
        Flush::Data => EnvFlags::NO_META_SYNC,
        Flush::Nothing if writemap => EnvFlags::NO_SYNC | EnvFlags::MAP_ASYNC | EnvFlags::NO_META_SYNC,
        Flush::Nothing => EnvFlags::NO_SYNC | EnvFlags::NO_META_SYNC,
    }
}
