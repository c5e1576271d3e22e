//! What DUMP answers and RESTORE takes: a value, the version of its encoding (2 bytes, little-endian), and the checksum of
//! all before it (8). FUNCTION DUMP puts libraries in the place of the value, as they stand in files.

use std::io::Write;

use super::codes::opcode;
use super::error::{RdbError, TransferError};
use super::input::{CHECKSUM, Input};
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
        Ok(with_footer(output)?)
    }
}

fn with_footer<W: Write>(mut output: Output<W>) -> Result<W, RdbError> {
    output.bytes(&PAYLOAD_VERSION.number().to_le_bytes())?;
    let sum = output.checksum()?;
    output.bytes(&sum.to_le_bytes())?;
    output.finish()
}

/// Writes the code of libraries of functions as FUNCTION DUMP answers it.
pub fn dump_libraries<'c>(codes: impl Iterator<Item = &'c [u8]>) -> Result<Vec<u8>, RdbError> {
    let mut output = Output::new(Vec::new(), Compression::Off);
    for code in codes {
        output.byte(opcode::FUNCTION)?;
        output.blob(code)?;
    }
    with_footer(output)
}

/// The reader of a payload's value; `None` if the payload is of a version that is not known here, or its checksum is
/// wrong. Reading begins with [`Reader::value`] if [`Reader::begin_payload`] answers no error.
pub fn open_payload(payload: &[u8]) -> Option<Reader<&[u8]>> {
    let (value, version) = checked(payload)?;
    Some(Reader::of_value(value, version))
}

/// The libraries in a payload of FUNCTION DUMP; `None` as for [`open_payload`].
pub fn open_libraries(payload: &[u8]) -> Option<LibraryCodes<'_>> {
    let (libraries, _) = checked(payload)?;
    Some(LibraryCodes { input: Input::new(libraries, Some(libraries.len())), bytes: libraries.len() as u64 })
}

/// What a payload holds in front of its footer, and its version.
fn checked(payload: &[u8]) -> Option<(&[u8], u16)> {
    let (held, footer) = payload.split_at_checked(payload.len().checked_sub(FOOTER_BYTES)?)?;
    let (version, sum) = footer.split_first_chunk()?;
    let version = u16::from_le_bytes(*version);
    // Redis asks for no lowest version.
    let is_known = version <= *READ_VERSIONS.end();
    let sum = u64::from_le_bytes(*sum.first_chunk()?);
    let is_whole = sum == CHECKSUM.checksum(&payload[..payload.len() - size_of::<u64>()]);
    (is_known && is_whole).then_some((held, version))
}

/// Libraries of functions in a payload.
pub struct LibraryCodes<'p> {
    input: Input<&'p [u8]>,
    bytes: u64,
}

/// Why the next library in a payload cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LibraryFault {
    /// Its bytes end too early, or make no sense.
    Broken,
    /// It is written as release candidates of Redis 7.0 wrote them.
    Prerelease,
    /// It is something else.
    NoLibrary,
}

impl LibraryCodes<'_> {
    /// The code of the next library, or `None` at the end.
    #[expect(clippy::should_implement_trait, reason = "an error ends everything")]
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, LibraryFault> {
        if self.input.offset() >= self.bytes {
            return Ok(None);
        }
        match self.input.byte() {
            Ok(opcode::FUNCTION) => self.input.string().map(Some).map_err(|_| LibraryFault::Broken),
            Ok(opcode::FUNCTION_PRE_GA) => Err(LibraryFault::Prerelease),
            _ => Err(LibraryFault::NoLibrary),
        }
    }
}
