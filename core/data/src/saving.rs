//! Saving: everything that a view shows, written into an RDB file in bounded memory.

use std::io::Write;
use std::ops::ControlFlow;

use crate::databases::DATABASES;
use crate::rdb::{TransferError, Writer};
use crate::transaction::Transaction;

/// After so many keys it is asked whether to go on.
const KEYS_BETWEEN: u64 = 256;

/// Whether to go on with a save or a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// It goes on.
    GoOn,
    /// It ends where it is.
    Stop,
}

impl Transaction<'_> {
    /// Writes all live keys of all databases. `pace` hears of keys written and of about how many there are, and says whether
    /// to go on; if it says no, what was written is no whole file. How many keys were written.
    pub fn save<W: Write>(
        &self,
        writer: &mut Writer<W>,
        pace: &mut dyn FnMut(u64, u64) -> Pace,
    ) -> Result<u64, TransferError> {
        let mut total = 0;
        for db in 0..DATABASES {
            total += self.figures(db)?.keys;
        }
        let mut written = 0;
        let mut goes_on = pace(0, total) == Pace::GoOn;
        for db in 0..DATABASES {
            let figures = self.figures(db)?;
            if figures.keys == 0 || !goes_on {
                continue;
            }
            writer.database(u64::from(db), figures.keys, figures.expiring)?;
            self.each_live_key(db, |key, entry| {
                writer.key(self, key, entry)?;
                written += 1;
                if written % KEYS_BETWEEN == 0 {
                    goes_on = pace(written, total) == Pace::GoOn;
                }
                Ok::<_, TransferError>(if goes_on {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                })
            })?;
        }
        Ok(written)
    }
}
