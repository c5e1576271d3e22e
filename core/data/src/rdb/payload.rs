//! What DUMP answers and RESTORE takes: a value, the version of its encoding (2 bytes, little-endian), and the checksum of
//! all before it (8).

use std::io::Write;

use super::error::TransferError;
use super::input::CHECKSUM;
use super::output::Output;
use super::reader::Reader;
use super::{Compression, FileVersion, READ_VERSIONS, dump};
use crate::meta::Entry;
use crate::transaction::Transaction;

/// The version of payloads that are written: the newest that Redis 7.0 takes.
pub const PAYLOAD_VERSION: FileVersion = FileVersion::V10;

/// Bytes behind the value.
const FOOTER_BYTES: usize = 10;

impl Transaction<'_> {
    /// Writes a value as DUMP answers it.
    pub fn dump<W: Write>(
        &self,
        entry: &Entry<'_>,
        compression: Compression,
        sink: W,
    ) -> Result<W, TransferError> {
        let mut output = Output::new(sink, compression);
        output.byte(dump::layout(entry, PAYLOAD_VERSION))?;
        dump::value(&mut output, PAYLOAD_VERSION, self, entry)?;
        output.bytes(&PAYLOAD_VERSION.number().to_le_bytes())?;
        let sum = output.checksum()?;
        output.bytes(&sum.to_le_bytes())?;
        Ok(output.finish()?)
    }
}

/// The reader of a payload's value; `None` if the payload is of a version that is not known here, or its checksum is
/// wrong. Reading begins with [`Reader::value`] if [`Reader::begin_payload`] answers no error.
pub fn open_payload(payload: &[u8]) -> Option<Reader<&[u8]>> {
    let (value, footer) = payload.split_at_checked(payload.len().checked_sub(FOOTER_BYTES)?)?;
    let (version, sum) = footer.split_first_chunk()?;
    let version = u16::from_le_bytes(*version);
    // Redis asks for no lowest version.
    let is_known = version <= *READ_VERSIONS.end();
    let sum = u64::from_le_bytes(*sum.first_chunk()?);
    let is_whole = sum == CHECKSUM.checksum(&payload[..payload.len() - size_of::<u64>()]);
    (is_known && is_whole).then(|| Reader::of_value(value, version))
}
