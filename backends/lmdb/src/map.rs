//! Room: how large LMDB's map is, and how much of the file behind it really stands on the disk.
//!
//! Three sizes, each within the next: what the data *uses*; what is *reserved*, that is, has blocks; and the
//! *map*, which is address space and a sparse file.
//!
//! - The map starts at 1 GiB (py-lmdb's default, which is what `ls` showed for the Python dredis) and doubles once
//!   half of it is used. Moving it needs a moment without views; starting at the half leaves as much room again as
//!   there is data to wait for that moment. Ten doublings make a tebibyte. Closing cuts the file to what is used.
//! - Blocks are reserved ahead of use, an eighth of the data at a time (16 MiB to 1 GiB): a commit starts only if
//!   everything that it might touch, computed generously by [`Demand::pages`], has blocks.
//! - When the disk cannot give that much, the map is cut to what is reserved (it is *tight*): LMDB itself then ends
//!   a transaction that would go further, free pages are used to the last, and no estimate stands in the way.
//! - Without `writemap`, LMDB writes by calls that can fail, but reports a short write as an input/output error and
//!   leaves deletes no way out; so blocks are reserved in that mode too.
//! - Of a tight or fixed map, a margin is kept for batches that mostly delete, since a copy-on-write tree needs pages
//!   to give pages back.

use std::fs::File;
use std::time::{Duration, Instant};

use dredis_plugin::{Error, ErrorKind, Result};

use crate::config::{Config, MAP_UNIT, MapLimit};
use crate::demand::{Demand, Pending, Usage};
use crate::snapshots::{Environment, Quiet, Snapshots};
use crate::{error, files};

const MIB: u64 = 1 << 20;
pub(crate) const MAP_START: u64 = 1 << 30;
const MARGIN_MAX: u64 = 4 * MIB;
const STEP_MIN: u64 = 16 * MIB;
const STEP_MAX: u64 = 1 << 30;
/// How long a commit that needs a larger map waits for open views.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long views are held back for a move that is not urgent, at most, and how long until the next attempt.
const HOLD_BACK_MAX: Duration = Duration::from_millis(5);
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The map and its blocks. Kept under the writer's lock.
pub(crate) struct Room {
    data: File,
    /// `None`: opened for reading.
    limit: Option<MapLimit>,
    /// Writes go through the map, which LMDB therefore makes the file as long as.
    writemap: bool,
    map: u64,
    reserved: u64,
    /// The disk is full: the map ends where the blocks end.
    tight: bool,
    /// The map should become tight, but views are open.
    tighten: bool,
    /// The margin is in the map, for a batch that deletes.
    margin_open: bool,
    broken: bool,
    /// Where the file may end after the commit that was prepared last.
    ceiling: u64,
    /// Where it may end when all is in that the write buffer would like to take.
    hoped_end: u64,
    /// Attempts to move the map are spaced, ever further while a long view is open.
    next_attempt: Instant,
    pause: Duration,
}

impl Room {
    /// Takes stock of a freshly opened environment, of whose data file `data` is a handle.
    pub(crate) fn open(
        config: &Config,
        data: File,
        env: &Environment,
        snapshots: &Snapshots,
    ) -> Result<Room> {
        let usage = Usage::of(env);
        let map = env.info().map_size as u64;
        let limit = (!config.readonly).then_some(config.map_limit);
        let mut room = Room {
            data,
            limit,
            writemap: config.writemap,
            map,
            reserved: 0,
            tight: false,
            tighten: false,
            margin_open: false,
            broken: false,
            ceiling: 0,
            hoped_end: 0,
            next_attempt: Instant::now(),
            pause: PAUSE_MIN,
        };
        if let Some(MapLimit::Fixed(size)) = limit
            && usage.bytes > size
        {
            return Err(Error::invalid_input(format!(
                "option 'map_size' is {size} bytes, but {} already holds {}: give at least that",
                config.data_file.display(),
                usage.bytes
            )));
        }
        if limit.is_some() {
            let end = usage.bytes.next_multiple_of(files::page_size());
            files::fill_holes(&room.data, end)
                .map_err(|error| error::from_io(&format!("fill {}", config.data_file.display()), &error))?;
            room.reserved = end;
            room.prepare(&Demand::default(), env, snapshots)?;
        }
        room.adjust(env, snapshots, Duration::ZERO)?;
        Ok(room)
    }

    /// Whether the map would rather have another size, which [`Room::adjust`] gives it as soon as no view is open.
    pub(crate) fn wants_to_move(&self, env: &Environment) -> bool {
        self.wanted(&Usage::of(env)) != self.map
    }

    /// Whether the last commit stayed within what [`Room::prepare`] had counted on: an invariant for debug builds.
    pub(crate) fn kept_within(&self, env: &Environment) -> bool {
        let used = Usage::of(env).bytes;
        used <= self.ceiling && used <= self.reserved
    }

    /// Whether a move failed half-way, so that nothing may touch the map any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Gives the map the size that it should have, if no view is open or all are gone within `patience`.
    pub(crate) fn adjust(
        &mut self,
        env: &Environment,
        snapshots: &Snapshots,
        patience: Duration,
    ) -> Result<()> {
        let wanted = self.wanted(&Usage::of(env));
        if wanted == self.map {
            return Ok(());
        }
        if let Some(quiet) = snapshots.quiet(patience) {
            self.resize(env, &quiet, wanted)?;
            self.tight |= self.tighten;
            self.tighten = false;
            self.margin_open = false;
        }
        Ok(())
    }

    /// The same from time to time. Where views overlap without end, it takes holding new ones back for a moment to
    /// find one without any; where one stays open for long, that must not be tried too often.
    pub(crate) fn adjust_now_and_then(&mut self, env: &Environment, snapshots: &Snapshots) -> Result<()> {
        if Instant::now() < self.next_attempt {
            return Ok(());
        }
        let result = self.adjust(env, snapshots, (self.pause / 10).min(HOLD_BACK_MAX));
        self.pause =
            if !self.broken && self.wants_to_move(env) { (2 * self.pause).min(PAUSE_MAX) } else { PAUSE_MIN };
        self.next_attempt = Instant::now() + self.pause;
        result
    }

    /// Whether the map and the disk have room for all of `pending`.
    pub(crate) fn has_room(&mut self, pending: &Pending, env: &Environment) -> bool {
        if self.tight || self.tighten {
            return false;
        }
        let usage = Usage::of(env);
        let end = usage.bytes + pending.growth(&usage) + margin(usage.bytes);
        let map = match self.limit {
            None => return false,
            Some(MapLimit::Fixed(size)) => size - margin(size),
            Some(MapLimit::Growing) => {
                self.hoped_end = self.hoped_end.max(end);
                self.map
            }
        };
        // The log needs its bytes as well.
        let wanted = end.saturating_sub(self.reserved) + 2 * pending.bytes;
        end <= map && files::free_bytes(&self.data).is_ok_and(|free| free >= wanted)
    }

    /// Sees to it that every page which the batch might touch has blocks; if the disk has no room for that, that
    /// LMDB cannot touch a page which has none.
    pub(crate) fn prepare(
        &mut self,
        demand: &Demand,
        env: &Environment,
        snapshots: &Snapshots,
    ) -> Result<()> {
        if self.limit.is_none() || self.tight {
            self.ceiling = self.map;
            return Ok(());
        }
        let usage = Usage::of(env);
        self.ceiling = usage.bytes + demand.pages(&usage) * usage.page;
        let need = self.need(demand, &usage);
        if need.min(self.map) <= self.reserved {
            self.tighten = false;
            return Ok(());
        }
        let step = (usage.bytes / 8).clamp(STEP_MIN, STEP_MAX);
        for extra in [step, step / 16, 0] {
            if self.reserve((need + extra).min(self.map))? {
                self.tighten = false;
                return Ok(());
            }
        }
        self.tighten = true;
        match snapshots.quiet(Duration::ZERO) {
            Some(quiet) => {
                let wanted = self.wanted(&usage);
                self.resize(env, &quiet, wanted)?;
                (self.tight, self.tighten) = (true, false);
                self.ceiling = self.map;
                Ok(())
            }
            None => Err(self.disk_full()),
        }
    }

    /// After LMDB met the end of its map: makes it larger, or says why that cannot be.
    pub(crate) fn enlarge(
        &mut self,
        demand: &Demand,
        env: &Environment,
        snapshots: &Snapshots,
    ) -> Result<()> {
        let usage = Usage::of(env);
        let need = self.need(demand, &usage);
        if self.tight {
            if self.reserve(need)? {
                self.tight = false;
                let wanted = self.wanted(&usage);
                return self.resize_patiently(env, snapshots, wanted);
            }
            for step in [STEP_MIN, 4 * MIB, MIB, 4 * MAP_UNIT, MAP_UNIT] {
                if self.reserve(self.reserved + step)? {
                    let wanted = self.wanted(&usage);
                    return self.resize_patiently(env, snapshots, wanted);
                }
            }
        }
        match self.limit {
            Some(MapLimit::Growing) if !self.tight => {
                let wanted = grown(self.map, usage.bytes.max(need / 2)).max(2 * self.map);
                self.resize_patiently(env, snapshots, wanted)
            }
            _ if demand.shrinks() && !self.margin_open => {
                let whole = if self.tight { self.reserved } else { self.fixed_size() };
                self.resize_patiently(env, snapshots, fit(whole, &usage))?;
                self.margin_open = true;
                Ok(())
            }
            _ if self.tight => Err(self.disk_full()),
            _ => Err(Error::new(
                ErrorKind::NoSpace,
                format!(
                    "the LMDB map is full: {} of map_size={} bytes are used; delete something, or restart with a \
                     larger map_size",
                    usage.bytes,
                    self.fixed_size()
                ),
            )),
        }
    }

    /// The size that the map should have.
    fn wanted(&self, usage: &Usage) -> u64 {
        match self.limit {
            None => self.map,
            _ if self.tight || self.tighten => {
                fit(self.reserved.saturating_sub(margin(self.reserved)), usage)
            }
            Some(MapLimit::Growing) => grown(self.map, usage.bytes.max(self.hoped_end / 2)),
            Some(MapLimit::Fixed(size)) => fit(size - margin(size), usage),
        }
    }

    fn need(&self, demand: &Demand, usage: &Usage) -> u64 {
        let most = usage.bytes.saturating_add(demand.pages(usage).saturating_mul(usage.page));
        most.saturating_add(margin(usage.bytes)).min(1 << 62).next_multiple_of(MAP_UNIT)
    }

    fn fixed_size(&self) -> u64 {
        match self.limit {
            Some(MapLimit::Fixed(size)) => size,
            _ => self.map,
        }
    }

    /// Reserves up to `end`; false if the disk has no room for it.
    fn reserve(&mut self, end: u64) -> Result<bool> {
        match files::extend(&self.data, self.reserved, end) {
            Ok(()) => {
                self.reserved = self.reserved.max(end);
                Ok(true)
            }
            Err(error) if error::out_of_space(&error) => Ok(false),
            Err(error) => Err(error::from_io("reserve space for its data file", &error)),
        }
    }

    fn resize_patiently(&mut self, env: &Environment, snapshots: &Snapshots, size: u64) -> Result<()> {
        if size == self.map {
            return Ok(());
        }
        match snapshots.quiet(PATIENCE) {
            Some(quiet) => self.resize(env, &quiet, size),
            None => {
                (self.next_attempt, self.pause) = (Instant::now(), PAUSE_MIN);
                Err(Error::new(
                    ErrorKind::Retry,
                    format!(
                        "the LMDB map must move to make room, but a read stayed open for {} s: end it and try again",
                        PATIENCE.as_secs()
                    ),
                ))
            }
        }
    }

    #[expect(unsafe_code, reason = "LMDB trusts the caller that nothing uses the map while it moves")]
    fn resize(&mut self, env: &Environment, _quiet: &Quiet<'_>, size: u64) -> Result<()> {
        if size == self.map {
            return Ok(());
        }
        let refused =
            |error: &std::io::Error| error::from_io(&format!("enlarge its map to {size} bytes"), error);
        if size > self.map {
            // LMDB unmaps first and then finds out that it cannot map again. Better ask before.
            if self.writemap && self.data.metadata().map_err(|error| refused(&error))?.len() < size {
                self.data.set_len(size).map_err(|error| refused(&error))?;
            }
            files::try_map(&self.data, size, self.writemap).map_err(|error| refused(&error))?;
        }
        let bytes = usize::try_from(size).expect("a size that was just mapped fits an address");
        // SAFETY: no transaction is active: `_quiet` shows that no read transaction is, and no write transaction can
        // be, as they are begun only by whoever holds the lock under which this value lives.
        if let Err(error) = unsafe { env.resize(bytes) } {
            self.broken = true;
            let error = error::while_trying("move its map", error);
            return Err(Error::new(
                ErrorKind::Poisoned,
                format!("{}; the data is safe: restart", error.message()),
            ));
        }
        self.map = env.info().map_size as u64;
        if self.writemap && self.map < self.reserved {
            // LMDB cut the file to its map, and the margin's blocks with it.
            let margin_end = std::mem::replace(&mut self.reserved, self.map);
            self.reserve(margin_end)?;
        }
        Ok(())
    }

    fn disk_full(&self) -> Error {
        Error::new(
            ErrorKind::NoSpace,
            format!(
                "the disk is full: LMDB could not reserve space beyond {} bytes of its data file; free space on that \
                 disk, or delete something",
                self.reserved
            ),
        )
    }
}

/// The margin of a map or file of `size` bytes.
fn margin(size: u64) -> u64 {
    (size / 16).clamp(2 * MAP_UNIT, MARGIN_MAX) / MAP_UNIT * MAP_UNIT
}

/// `size` in whole units, but no less than what is used.
fn fit(size: u64, usage: &Usage) -> u64 {
    (size / MAP_UNIT * MAP_UNIT).max(usage.bytes.next_multiple_of(files::page_size()))
}

/// The map doubled until no more than half of it is used.
fn grown(map: u64, used: u64) -> u64 {
    let mut size = map.max(MAP_START).next_multiple_of(MAP_UNIT);
    while size / 2 < used {
        size *= 2;
    }
    size
}
