//! The numbered databases: which space of keys each shows, and how many keys it holds.
//!
//! A space is a generation of a database. FLUSHDB gives the database a fresh space and queues the old one as
//! garbage; SWAPDB exchanges two spaces. Both cost the same whatever the databases hold.

use dredis_contract::{Error, Result, View};

use crate::codec::{self, read_u32, read_u64};

/// How many databases there are.
pub const DATABASES: u32 = 16;

/// One database's record. On disk: space (4), keys (8), expiring keys (8), sum of their expiry times (16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Database {
    pub space: u32,
    pub keys: u64,
    pub expiring: u64,
    pub expire_sum_ms: u128,
}

/// What INFO's keyspace section tells of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseFigures {
    /// Keys, those included that have expired and await removal.
    pub keys: u64,
    /// Keys with an expiry time.
    pub expiring: u64,
    /// Mean of the expiring keys' expiry times, in milliseconds of the Unix epoch; 0 if there are none.
    pub expire_mean_ms: u64,
}

impl Database {
    pub fn encode(&self) -> Vec<u8> {
        let mut record = Vec::with_capacity(36);
        record.extend_from_slice(&self.space.to_be_bytes());
        record.extend_from_slice(&self.keys.to_be_bytes());
        record.extend_from_slice(&self.expiring.to_be_bytes());
        record.extend_from_slice(&self.expire_sum_ms.to_be_bytes());
        record
    }

    fn decode(record: &[u8]) -> Option<Database> {
        Some(Database {
            space: read_u32(record, 0)?,
            keys: read_u64(record, 4)?,
            expiring: read_u64(record, 12)?,
            expire_sum_ms: u128::from_be_bytes(record.get(20..36)?.try_into().ok()?),
        })
    }

    /// Database `number` as this view has it. One that was never written shows the space of its own number.
    pub fn read(view: &dyn View, number: u32) -> Result<Database> {
        match view.get(&codec::database(number))? {
            None => Ok(Database { space: number, ..Database::default() }),
            Some(record) => Database::decode(&record)
                .ok_or_else(|| Error::corrupt(format!("the record of database {number} does not decode"))),
        }
    }

    pub fn figures(&self) -> DatabaseFigures {
        let mean = self.expire_sum_ms.checked_div(u128::from(self.expiring)).unwrap_or(0);
        DatabaseFigures { keys: self.keys, expiring: self.expiring, expire_mean_ms: mean as u64 }
    }

    /// Notes that a key changed from one expiry (or absence of it) to another.
    pub fn change_expiry(&mut self, from: Option<u64>, to: Option<u64>) {
        if let Some(from) = from {
            self.expiring -= 1;
            self.expire_sum_ms -= u128::from(from);
        }
        if let Some(to) = to {
            self.expiring += 1;
            self.expire_sum_ms += u128::from(to);
        }
    }
}
