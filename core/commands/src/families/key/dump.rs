//! DUMP and RESTORE: values on their way from one server to another.

use dredis_data::rdb::{Compression, Restored, TransferError, open_payload};

use crate::errors::{self, fixed};
use crate::numbers;
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

const BUSY_KEY: CommandError = fixed("BUSYKEY Target key name already exists.");
const INVALID_IDLE_TIME: CommandError = fixed("ERR Invalid IDLETIME value, must be >= 0");
const INVALID_FREQUENCY: CommandError = fixed("ERR Invalid FREQ value, must be >= 0 and <= 255");
const INVALID_TTL: CommandError = fixed("ERR Invalid TTL value, must be >= 0");
const WRONG_PAYLOAD: CommandError = fixed("ERR DUMP payload version or checksum are wrong");
const BAD_FORMAT: CommandError = fixed("ERR Bad data format");

/// `DUMP key`.
pub fn dump(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let txn = &*context.txn;
    let Some(entry) = txn.find(context.session.db, arguments[1])? else { return Ok(Reply::Null) };
    match txn.dump(&entry, Compression::Lzf, Vec::new()) {
        Ok(payload) => Ok(Reply::Bulk(payload)),
        Err(TransferError::Storage(error)) => Err(error.into()),
        Err(TransferError::Rdb(error)) => {
            Err(CommandError::reply(format!("ERR the value has no dump: {error}")))
        }
    }
}

/// `RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]`.
///
/// IDLETIME and FREQ are checked. They tell when and how often the key was used, which is kept of no key here.
pub fn restore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let options = Options::parse(&arguments[4..])?;
    let (db, key) = (context.db(), arguments[1]);
    let old = context.txn.find_for_write(db, key)?;
    if old.is_some() && !options.replaces {
        return Err(BUSY_KEY);
    }
    let ttl = numbers::integer(arguments[2])?;
    if ttl < 0 {
        return Err(INVALID_TTL);
    }
    let Some(mut payload) = open_payload(arguments[3]) else { return Err(WRONG_PAYLOAD) };
    if payload.begin_payload().is_err() {
        return Err(BAD_FORMAT);
    }
    let now_ms = context.now_ms();
    // A time beyond what 64 bits hold lies in the past for Redis.
    let at = match ttl {
        0 => None,
        ttl if options.is_absolute => Some(ttl),
        ttl => Some(ttl.checked_add_unsigned(now_ms).unwrap_or(-1)),
    };
    let expire_at_ms = at.map(|at| u64::try_from(at).unwrap_or_default());
    let limits = context.host.packed_limits();
    let is_over = expire_at_ms.is_some_and(|at| at <= now_ms);
    let restored = match is_over {
        true => context.txn.try_restore(&limits, payload.value()),
        false => context.txn.restore((db, key), old, expire_at_ms, &limits, payload.value()),
    };
    match restored {
        Ok(Restored::Written) => {}
        Ok(Restored::Empty) | Err(TransferError::Rdb(_)) => return Err(BAD_FORMAT),
        Err(TransferError::Storage(error)) => return Err(error.into()),
    }
    if let Some(old) = old
        && is_over
    {
        // The new value expired before it came; only the old one is gone.
        context.txn.remove_found(db, key, old)?;
    }
    Ok(Reply::Ok)
}

#[derive(Default)]
struct Options {
    replaces: bool,
    is_absolute: bool,
    has_idle_time: bool,
    has_frequency: bool,
}

impl Options {
    fn parse(mut words: &[&[u8]]) -> Result<Options, CommandError> {
        let mut options = Options::default();
        while let [word, rest @ ..] = words {
            words = rest;
            match (word.to_ascii_uppercase().as_slice(), rest) {
                (b"REPLACE", _) => options.replaces = true,
                (b"ABSTTL", _) => options.is_absolute = true,
                (b"IDLETIME", [seconds, rest @ ..]) if !options.has_frequency => {
                    if numbers::integer(seconds)? < 0 {
                        return Err(INVALID_IDLE_TIME);
                    }
                    options.has_idle_time = true;
                    words = rest;
                }
                (b"FREQ", [frequency, rest @ ..]) if !options.has_idle_time => {
                    if !(0..=255).contains(&numbers::integer(frequency)?) {
                        return Err(INVALID_FREQUENCY);
                    }
                    options.has_frequency = true;
                    words = rest;
                }
                _ => return Err(errors::SYNTAX),
            }
        }
        Ok(options)
    }
}
