//! An RDB file, read into the spaces of a load.

use std::fmt;
use std::io::Read;

use dredis_contract::Error;

use super::{Deposit, Load};
use crate::databases::DATABASES;
use crate::packed::PackedLimits;
use crate::rdb::{Item, KeyItem, RdbError, RdbErrorKind, Reader, Restored, TransferError};
use crate::saving::Pace;
use crate::store::Store;
use crate::transaction::Transaction;

/// Once so many bytes of records wait, they are committed.
const BATCH_BYTES: usize = 8 << 20;

/// What a file brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Keys that were written.
    pub keys: u64,
    /// Keys that were left out because they had expired.
    pub expired: u64,
    /// Keys that were left out because they had no elements, as Redis does.
    pub empty: u64,
    /// The code of every library of functions, as FUNCTION LOAD takes it.
    pub functions: Vec<Vec<u8>>,
}

/// Why a file was not loaded.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadError {
    /// It is not what it should be.
    File(RdbError),
    /// The engine failed.
    Storage(Error),
    /// It was told to stop.
    Stopped,
}

impl From<RdbError> for LoadError {
    fn from(error: RdbError) -> Self {
        LoadError::File(error)
    }
}

impl From<Error> for LoadError {
    fn from(error: Error) -> Self {
        LoadError::Storage(error)
    }
}

impl From<TransferError> for LoadError {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Rdb(error) => LoadError::File(error),
            TransferError::Storage(error) => LoadError::Storage(error),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::File(error) => error.fmt(formatter),
            LoadError::Storage(error) => write!(formatter, "the backend failed: {error}"),
            LoadError::Stopped => formatter.write_str("it was told to stop"),
        }
    }
}

impl std::error::Error for LoadError {}

impl Load {
    /// Reads a file to its end. Keys that have expired at `now_ms` are left out, as Redis does. `pace` hears how many bytes
    /// were read, and says whether to go on. After an error the load must be given up.
    pub fn read<R: Read>(
        &mut self,
        store: &Store,
        reader: &mut Reader<R>,
        deposit: &dyn Deposit,
        limits: &PackedLimits,
        now_ms: u64,
        pace: &mut dyn FnMut(u64) -> Pace,
    ) -> Result<Loaded, LoadError> {
        let read = self.read_batches(store, reader, deposit, limits, now_ms, pace);
        if read.is_err() {
            // Nothing may be written any more once the load is given up and swept. What failed has been told.
            deposit.settle().unwrap_or_default();
        }
        read
    }

    fn read_batches<R: Read>(
        &mut self,
        store: &Store,
        reader: &mut Reader<R>,
        deposit: &dyn Deposit,
        limits: &PackedLimits,
        now_ms: u64,
        pace: &mut dyn FnMut(u64) -> Pace,
    ) -> Result<Loaded, LoadError> {
        let batch_bytes_max = store.backend().capabilities().limits.batch_bytes_max / 2;
        let batch_bytes = usize::try_from(batch_bytes_max).map_or(BATCH_BYTES, |most| most.min(BATCH_BYTES));
        let mut loaded = Loaded::default();
        let mut db = 0;
        loop {
            if pace(reader.position()) == Pace::Stop {
                return Err(LoadError::Stopped);
            }
            let mut txn = self.transaction(store, deposit, now_ms);
            let is_over = read_batch(&mut txn, reader, limits, batch_bytes, &mut db, &mut loaded)?;
            txn.commit()?;
            if is_over {
                deposit.settle()?;
                pace(reader.position());
                return Ok(loaded);
            }
        }
    }
}

/// Reads until a batch is full; whether the file is over.
fn read_batch<R: Read>(
    txn: &mut Transaction<'_>,
    reader: &mut Reader<R>,
    limits: &PackedLimits,
    batch_bytes: usize,
    db: &mut u32,
    loaded: &mut Loaded,
) -> Result<bool, LoadError> {
    while txn.pending_bytes() < batch_bytes {
        match reader.next()? {
            Item::Database(number) => {
                let known = u32::try_from(number).ok().filter(|number| *number < DATABASES);
                *db = known.ok_or_else(|| {
                    let message = format!("database {number}, and there are {DATABASES} here");
                    problem(reader, RdbErrorKind::Unsupported, message, None)
                })?;
            }
            Item::Function { code } => loaded.functions.push(code),
            Item::Key(key) if key.expire_at_ms.is_some_and(|at| txn.now_ms() > at) => loaded.expired += 1,
            Item::Key(key) => read_key(txn, reader, limits, (*db, &key), loaded)?,
            Item::Sizes { .. } | Item::Aux { .. } => {}
            Item::End { .. } => return Ok(true),
        }
    }
    Ok(false)
}

fn read_key<R: Read>(
    txn: &mut Transaction<'_>,
    reader: &mut Reader<R>,
    limits: &PackedLimits,
    (db, key): (u32, &KeyItem),
    loaded: &mut Loaded,
) -> Result<(), LoadError> {
    if txn.find_for_write(db, &key.name)?.is_some() {
        let message = format!("the same key comes twice in database {db}");
        return Err(problem(reader, RdbErrorKind::Corrupt, message, Some(&key.name)).into());
    }
    match txn.restore((db, &key.name), None, key.expire_at_ms, limits, reader.value())? {
        Restored::Written => loaded.keys += 1,
        Restored::Empty => loaded.empty += 1,
    }
    Ok(())
}

fn problem<R: Read>(reader: &Reader<R>, kind: RdbErrorKind, message: String, key: Option<&[u8]>) -> RdbError {
    RdbError { kind, message: message.into(), offset: reader.position(), key: key.map(<[u8]>::to_vec) }
}
