//! Takes requests apart, byte for byte by the rules of Redis 7.0, without copying and without starting over.
//!
//! The decoder looks at a read buffer that grows at its end and keeps its place in it, so that a request costs
//! the same in one piece or byte by byte. It believes no length that it is told: room is taken for bytes that
//! are there. Like Redis, it does not check the byte after a header's carriage return nor the two after an
//! argument, and a NUL byte in a header hides the line end behind it.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr2;

use super::inline;
use super::requests::{Requests, SPANS_KEPT, Span};

/// The longest line: an inline request, or a header that has not ended yet.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// The most arguments that Redis 7.0 takes.
const ARGUMENTS_MAX: i64 = i32::MAX as i64;
/// What a client that has not authenticated may send.
const UNAUTHENTICATED_ARGUMENTS_MAX: i64 = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX: i64 = 16 * 1024;

/// How far a client may go; may change between calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest argument (`proto-max-bulk-len`), in bytes.
    pub bulk_bytes_max: i64,
    /// The most memory that one unfinished request may take (`client-query-buffer-limit`), in bytes.
    pub query_buffer_bytes_max: usize,
    /// Whether the client may run commands. Until then it may send small requests only.
    pub authenticated: bool,
}

impl Default for Limits {
    /// Redis's defaults, for a client that needs no password.
    fn default() -> Self {
        Limits {
            bulk_bytes_max: 512 * 1024 * 1024,
            query_buffer_bytes_max: 1024 * 1024 * 1024,
            authenticated: true,
        }
    }
}

/// Why a connection cannot go on. There is no way to find the next request: send the error line, if there is
/// one, and close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the texts of Redis say it")]
pub enum ProtocolError {
    InvalidMultibulkLength,
    InvalidBulkLength,
    ExpectedBulk { got: u8 },
    TooBigMultibulkCount,
    TooBigBulkCount,
    TooBigInline,
    UnbalancedQuotes,
    UnauthenticatedMultibulkLength,
    UnauthenticatedBulkLength,
    QueryBufferFull,
}

impl ProtocolError {
    /// The error line of the reply, without its leading minus; `None` if Redis closes without a word.
    pub fn line(self) -> Option<Cow<'static, [u8]>> {
        let line: &'static [u8] = match self {
            ProtocolError::InvalidMultibulkLength => b"ERR Protocol error: invalid multibulk length",
            ProtocolError::InvalidBulkLength => b"ERR Protocol error: invalid bulk length",
            ProtocolError::ExpectedBulk { got } => {
                let mut line = b"ERR Protocol error: expected '$', got '".to_vec();
                line.extend_from_slice(&[if matches!(got, b'\r' | b'\n') { b' ' } else { got }, b'\'']);
                return Some(Cow::Owned(line));
            }
            ProtocolError::TooBigMultibulkCount => b"ERR Protocol error: too big mbulk count string",
            ProtocolError::TooBigBulkCount => b"ERR Protocol error: too big bulk count string",
            ProtocolError::TooBigInline => b"ERR Protocol error: too big inline request",
            ProtocolError::UnbalancedQuotes => b"ERR Protocol error: unbalanced quotes in request",
            ProtocolError::UnauthenticatedMultibulkLength => {
                b"ERR Protocol error: unauthenticated multibulk length"
            }
            ProtocolError::UnauthenticatedBulkLength => b"ERR Protocol error: unauthenticated bulk length",
            ProtocolError::QueryBufferFull => return None,
        };
        Some(Cow::Borrowed(line))
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line().unwrap_or(Cow::Borrowed(b"the client reached its query buffer limit"));
        formatter.write_str(String::from_utf8_lossy(&line).trim_start_matches("ERR "))
    }
}

impl std::error::Error for ProtocolError {}

/// A place in a client's stream of requests. Positions count from the front of the read buffer.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Where the request begins that is being taken apart; all before is finished.
    start: usize,
    /// How far that has come.
    at: usize,
    /// No line end stands in `at..scanned`.
    scanned: usize,
    /// Arguments still to come; 0 between requests.
    arguments_left: i64,
    /// Length of the argument that begins at `at`, once its header is read.
    bulk_bytes: Option<usize>,
    /// The arguments so far, counted from `start`.
    spans: Vec<Span>,
}

impl Decoder {
    /// Adds the next request of `buffer` to `requests`; `false` if it is not all there yet. `buffer` is what it
    /// was at the last call with more bytes at its end, but for those that [`Decoder::rebase`] gave away.
    pub fn decode(
        &mut self,
        buffer: &[u8],
        limits: &Limits,
        requests: &mut Requests,
    ) -> Result<bool, ProtocolError> {
        if self.next(buffer, limits, requests)? {
            return Ok(true);
        }
        let held_bytes = (buffer.len() - self.start) + self.spans.capacity() * size_of::<Span>();
        if held_bytes > limits.query_buffer_bytes_max {
            return Err(ProtocolError::QueryBufferFull);
        }
        Ok(false)
    }

    /// Bytes at the front of the buffer that are done with: finished requests. The caller takes them off, once
    /// nobody looks at those requests any more; from then on this decoder counts from the new front.
    pub fn rebase(&mut self) -> usize {
        let done = self.start;
        self.start -= done;
        self.at -= done;
        self.scanned -= done;
        done
    }

    /// How many bytes of the argument that is being read are still to come. It is what the client claims: a
    /// reason to read in larger pieces, not to reserve all of it.
    pub fn missing_bytes(&self, buffer: &[u8]) -> usize {
        self.bulk_bytes
            .map_or(0, |bytes| (self.at.saturating_add(bytes).saturating_add(2)).saturating_sub(buffer.len()))
    }

    fn next(
        &mut self,
        buffer: &[u8],
        limits: &Limits,
        requests: &mut Requests,
    ) -> Result<bool, ProtocolError> {
        while self.arguments_left == 0 {
            let went_on = match buffer.get(self.at) {
                None => false,
                Some(b'*') => self.multibulk_header(buffer, limits)?,
                Some(_) => match self.inline(buffer, requests)? {
                    Inline::Request => return Ok(true),
                    Inline::Blank => true,
                    Inline::Unfinished => false,
                },
            };
            if !went_on {
                return Ok(false);
            }
        }
        while self.arguments_left > 0 {
            let bytes = match self.bulk_bytes {
                Some(bytes) => bytes,
                None => match self.bulk_header(buffer, limits)? {
                    Some(bytes) => bytes,
                    None => return Ok(false),
                },
            };
            self.bulk_bytes = Some(bytes);
            let there = buffer.len().saturating_sub(self.at);
            if there < 2 || there - 2 < bytes {
                return Ok(false);
            }
            let start = self.at - self.start;
            self.spans.push(Span { start, end: start + bytes });
            self.bulk_bytes = None;
            self.arguments_left -= 1;
            self.go_to(self.at + bytes + 2);
        }
        requests.push(self.start, &mut self.spans);
        self.spans.shrink_to(SPANS_KEPT);
        self.start = self.at;
        Ok(true)
    }

    fn go_to(&mut self, position: usize) {
        self.at = position;
        self.scanned = position;
    }

    /// Reads `*<count>`. A count of zero or less is no request and is skipped. `false`: not all there.
    fn multibulk_header(&mut self, buffer: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        let (count, next) = match short_header(buffer, self.at) {
            Some(header) => header,
            None => {
                let Some(line_end) =
                    self.header_end(buffer).map_err(|TooLong| ProtocolError::TooBigMultibulkCount)?
                else {
                    return Ok(false);
                };
                let count = integer(&buffer[self.at + 1..line_end])
                    .filter(|count| *count <= ARGUMENTS_MAX)
                    .ok_or(ProtocolError::InvalidMultibulkLength)?;
                (count, line_end + 2)
            }
        };
        if count > UNAUTHENTICATED_ARGUMENTS_MAX && !limits.authenticated {
            return Err(ProtocolError::UnauthenticatedMultibulkLength);
        }
        self.go_to(next);
        if count > 0 {
            self.arguments_left = count;
        } else {
            self.start = next;
        }
        Ok(true)
    }

    /// Reads `$<length>`. `None`: not all there.
    fn bulk_header(&mut self, buffer: &[u8], limits: &Limits) -> Result<Option<usize>, ProtocolError> {
        let quick = match buffer.get(self.at) {
            Some(b'$') => short_header(buffer, self.at),
            _ => None,
        };
        let (bytes, next) = match quick {
            Some(header) => header,
            None => {
                let Some(line_end) =
                    self.header_end(buffer).map_err(|TooLong| ProtocolError::TooBigBulkCount)?
                else {
                    return Ok(None);
                };
                // A line end at once is a header without its first byte: that is then the carriage return.
                let (first, length) = buffer[self.at..].split_at(1);
                if first != b"$" {
                    return Err(ProtocolError::ExpectedBulk { got: first[0] });
                }
                let bytes =
                    integer(&length[..line_end - self.at - 1]).ok_or(ProtocolError::InvalidBulkLength)?;
                (bytes, line_end + 2)
            }
        };
        if bytes > limits.bulk_bytes_max {
            return Err(ProtocolError::InvalidBulkLength);
        }
        if bytes > UNAUTHENTICATED_BULK_BYTES_MAX && !limits.authenticated {
            return Err(ProtocolError::UnauthenticatedBulkLength);
        }
        let bytes = usize::try_from(bytes).map_err(|_| ProtocolError::InvalidBulkLength)?;
        self.go_to(next);
        Ok(Some(bytes))
    }

    /// Where the header at `at` ends: its carriage return, if a byte follows it.
    fn header_end(&mut self, buffer: &[u8]) -> Result<Option<usize>, TooLong> {
        let found = self.line_end(buffer, b'\r')?;
        Ok(found.filter(|end| end + 1 < buffer.len()))
    }

    /// Reads a line of words.
    fn inline(&mut self, buffer: &[u8], requests: &mut Requests) -> Result<Inline, ProtocolError> {
        let Some(newline) = self.line_end(buffer, b'\n').map_err(|TooLong| ProtocolError::TooBigInline)?
        else {
            return Ok(Inline::Unfinished);
        };
        let line = &buffer[self.at..newline];
        // Redis finds out only when such a line comes in several pieces; here it does not depend on that.
        if line.len() > LINE_BYTES_MAX + 1 {
            return Err(ProtocolError::TooBigInline);
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let any = requests
            .push_unescaped(|text, spans| inline::split(line, text, spans))
            .map_err(|inline::UnbalancedQuotes| ProtocolError::UnbalancedQuotes)?;
        self.go_to(newline + 1);
        self.start = self.at;
        Ok(if any { Inline::Request } else { Inline::Blank })
    }

    /// The first `end` byte from `at` on, if no NUL stands before it.
    fn line_end(&mut self, buffer: &[u8], end: u8) -> Result<Option<usize>, TooLong> {
        let unseen = buffer.get(self.scanned..).unwrap_or_default();
        match memchr2(end, 0, unseen) {
            Some(offset) if unseen[offset] == end => {
                // Not beyond it: a header may end here and still lack the byte after.
                self.scanned += offset;
                return Ok(Some(self.scanned));
            }
            Some(offset) => self.scanned += offset,
            None => self.scanned = buffer.len(),
        }
        if buffer.len() - self.at > LINE_BYTES_MAX { Err(TooLong) } else { Ok(None) }
    }
}

enum Inline {
    Request,
    Blank,
    Unfinished,
}

struct TooLong;

/// The common case of a header at `at`, whatever its first byte: a few digits and a whole line end. Gives the
/// number and where the next thing begins; `None` leaves it to the slow way to say what is wrong, if anything.
fn short_header(buffer: &[u8], at: usize) -> Option<(i64, usize)> {
    let digits = buffer.get(at + 1..)?;
    let mut number = 0;
    for (index, byte) in digits.iter().take(10).enumerate() {
        match byte {
            b'0'..=b'9' => number = number * 10 + i64::from(byte - b'0'),
            b'\r' if index > 0 && (index == 1 || digits[0] != b'0') && index + 1 < digits.len() => {
                return Some((number, at + 1 + index + 2));
            }
            _ => return None,
        }
    }
    None
}

/// A number as Redis's `string2ll` reads it: no plus, no leading zeros, no blanks.
fn integer(text: &[u8]) -> Option<i64> {
    match text {
        b"0" => Some(0),
        [b'1'..=b'9', ..] | [b'-', b'1'..=b'9', ..] => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
