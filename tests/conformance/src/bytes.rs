//! Bytes as people can read them in a report.

/// More bytes than this are shown by their beginning and their number.
const SHOWN_BYTES_MAX: usize = 40;

/// Bytes in quotes, escaped; long ones cut.
pub(crate) fn show(bytes: &[u8]) -> String {
    if bytes.len() <= SHOWN_BYTES_MAX {
        return format!("\"{}\"", bytes.escape_ascii());
    }
    // Long keys of one run often differ at their ends alone.
    let (head, tail) = (&bytes[..12], &bytes[bytes.len() - 4..]);
    format!("\"{}...{}\" ({} bytes)", head.escape_ascii(), tail.escape_ascii(), bytes.len())
}

/// Bytes, or their absence.
pub(crate) fn show_option(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| "nothing".to_owned(), show)
}
