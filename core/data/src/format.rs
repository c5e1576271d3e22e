//! The format record: which format and backend a data directory is of. It is the first thing written.

use dredis_contract::{Backend, Batch, Commit, Error, Operation, Result, Scan};

use crate::codec::{Codec, KEY_BYTES_MAX, RecordKind, read_u32, read_u64};

/// The format that this version reads and writes.
pub const FORMAT_VERSION: u32 = 1;

const MAGIC: &[u8; 6] = b"dredis";
const RECORD_KEY: &[u8] = &[RecordKind::Format as u8];

/// Reads the format record, or writes it into an empty store. On disk: magic (6), version (4), longest record
/// key (4), hash seed (8 + 8), name of the backend.
pub(crate) fn open(backend: &dyn Backend, name: &str, seed: [u64; 2]) -> Result<Codec> {
    let view = backend.view()?;
    if let Some(record) = view.get(RECORD_KEY)? {
        return check(&record, name);
    }
    if let Some(found) = view.scan(&Scan::all().keys().expecting(1))?.next()? {
        return Err(Error::invalid_input(format!(
            "the directory holds data that is not dredis's (a record '{}' and no format record): give another --dir",
            found.key.escape_ascii().to_string().chars().take(40).collect::<String>()
        )));
    }
    drop(view);
    let key_bytes_max = backend.capabilities().limits.key_bytes_max.min(KEY_BYTES_MAX) as usize;
    let mut record = MAGIC.to_vec();
    record.extend_from_slice(&FORMAT_VERSION.to_be_bytes());
    record.extend_from_slice(&(key_bytes_max as u32).to_be_bytes());
    record.extend_from_slice(&seed[0].to_be_bytes());
    record.extend_from_slice(&seed[1].to_be_bytes());
    record.extend_from_slice(name.as_bytes());
    match backend.commit(&Batch::new(&[Operation::Put { key: RECORD_KEY, value: &record }]))? {
        Commit::Done => Ok(Codec { key_bytes_max, seed }),
        Commit::Conflict | Commit::Unknown => {
            Err(Error::invalid_input("the format record could not be written"))
        }
    }
}

fn check(record: &[u8], name: &str) -> Result<Codec> {
    let foreign =
        || Error::invalid_input("the directory's format record is not dredis's: give another --dir");
    if !record.starts_with(MAGIC) {
        return Err(foreign());
    }
    let version = read_u32(record, 6).ok_or_else(foreign)?;
    if version != FORMAT_VERSION {
        return Err(Error::invalid_input(format!(
            "the directory is of format {version}, this dredis knows format {FORMAT_VERSION}: use the dredis that wrote it, or another --dir"
        )));
    }
    let key_bytes_max = read_u32(record, 10).ok_or_else(foreign)? as usize;
    let seed = [read_u64(record, 14).ok_or_else(foreign)?, read_u64(record, 22).ok_or_else(foreign)?];
    let found = String::from_utf8_lossy(&record[30..]);
    if found != name {
        return Err(Error::invalid_input(format!(
            "the directory belongs to backend '{found}', not '{name}': use --backend {found}, or another --dir"
        )));
    }
    Ok(Codec { key_bytes_max, seed })
}
