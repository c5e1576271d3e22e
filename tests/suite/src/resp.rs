//! The Redis protocol as a client sees it: replies read as values and as the very bytes that came.

use std::io::{self, BufRead, Read};

/// A reply, or a part of one. Every way of writing something keeps its own name, so that two values are
/// equal only if their bytes are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// `+text`
    Status(Vec<u8>),
    /// `-text`
    Error(Vec<u8>),
    /// `:1`
    Integer(i64),
    /// `$5`
    Bulk(Vec<u8>),
    /// `$-1`
    NullBulk,
    /// `*-1`
    NullArray,
    /// `_`
    Null,
    /// `*2`
    Array(Vec<Value>),
    /// `%2`, with keys and values in turn
    Map(Vec<Value>),
    /// `~2`
    Set(Vec<Value>),
    /// `>2`
    Push(Vec<Value>),
    /// `,1.5`
    Double(Vec<u8>),
    /// `#t`
    Boolean(bool),
    /// `(123`
    BigNumber(Vec<u8>),
    /// `=7`, with its format and colon
    Verbatim(Vec<u8>),
}

/// A whole reply: its value and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What it says.
    pub value: Value,
    /// How it came over the wire.
    pub raw: Vec<u8>,
}

impl Reply {
    /// Reads one reply.
    pub fn read(reader: &mut impl BufRead) -> io::Result<Reply> {
        let mut raw = Vec::new();
        let value = read_value(reader, &mut raw)?;
        Ok(Reply { value, raw })
    }
}

impl Value {
    /// The elements of an array, set, push or map.
    pub fn elements(&self) -> Option<&[Value]> {
        match self {
            Value::Array(parts) | Value::Map(parts) | Value::Set(parts) | Value::Push(parts) => Some(parts),
            _ => None,
        }
    }

    /// The bytes of a string of any kind.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Status(bytes) | Value::Bulk(bytes) | Value::Verbatim(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text of a string of any kind, for looking at.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes().unwrap_or_default()).into_owned()
    }

    /// The number in an integer reply.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// Whether it is an error, at its top.
    pub fn is_error(&self) -> bool {
        matches!(self, Value::Error(_))
    }
}

/// A request in the form in which clients send it.
pub fn encode(request: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_to(&mut bytes, request);
    bytes
}

/// The same, appended to `bytes`.
pub fn encode_to(bytes: &mut Vec<u8>, request: &[impl AsRef<[u8]>]) {
    bytes.extend_from_slice(format!("*{}\r\n", request.len()).as_bytes());
    for argument in request {
        let argument = argument.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        bytes.extend_from_slice(argument);
        bytes.extend_from_slice(b"\r\n");
    }
}

fn read_value(reader: &mut impl BufRead, raw: &mut Vec<u8>) -> io::Result<Value> {
    let line = read_line(reader, raw)?;
    let (Some(&kind), rest) = (line.first(), line.get(1..).unwrap_or_default()) else {
        return Err(broken("an empty line where a reply begins"));
    };
    Ok(match kind {
        b'+' => Value::Status(rest.to_vec()),
        b'-' => Value::Error(rest.to_vec()),
        b':' => Value::Integer(number(rest)?),
        b',' => Value::Double(rest.to_vec()),
        b'(' => Value::BigNumber(rest.to_vec()),
        b'_' if rest.is_empty() => Value::Null,
        b'#' if rest == b"t" => Value::Boolean(true),
        b'#' if rest == b"f" => Value::Boolean(false),
        b'$' if rest == b"-1" => Value::NullBulk,
        b'*' if rest == b"-1" => Value::NullArray,
        b'$' => Value::Bulk(read_bulk(reader, raw, count(rest)?)?),
        b'=' => Value::Verbatim(read_bulk(reader, raw, count(rest)?)?),
        b'*' => Value::Array(read_values(reader, raw, count(rest)?)?),
        b'~' => Value::Set(read_values(reader, raw, count(rest)?)?),
        b'>' => Value::Push(read_values(reader, raw, count(rest)?)?),
        b'%' => Value::Map(read_values(reader, raw, 2 * count(rest)?)?),
        _ => return Err(broken(&format!("'{}' begins no reply", line.escape_ascii()))),
    })
}

fn read_values(reader: &mut impl BufRead, raw: &mut Vec<u8>, count: usize) -> io::Result<Vec<Value>> {
    (0..count).map(|_| read_value(reader, raw)).collect()
}

fn read_line(reader: &mut impl BufRead, raw: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let start = raw.len();
    if reader.read_until(b'\n', raw)? == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"));
    }
    match raw[start..].strip_suffix(b"\r\n") {
        Some(line) => Ok(line.to_vec()),
        None => Err(broken(&format!("the line '{}' does not end in CRLF", raw[start..].escape_ascii()))),
    }
}

fn read_bulk(reader: &mut impl BufRead, raw: &mut Vec<u8>, count: usize) -> io::Result<Vec<u8>> {
    let start = raw.len();
    let read = reader.take(count as u64 + 2).read_to_end(raw)?;
    if read < count + 2 {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the connection ended within a bulk string",
        ));
    }
    match raw[start..].strip_suffix(b"\r\n") {
        Some(bytes) => Ok(bytes.to_vec()),
        None => Err(broken("a bulk string does not end in CRLF")),
    }
}

fn number(text: &[u8]) -> io::Result<i64> {
    let parsed = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| broken(&format!("'{}' is no number", text.escape_ascii())))
}

fn count(text: &[u8]) -> io::Result<usize> {
    usize::try_from(number(text)?).map_err(|_| broken("a negative length"))
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the reply breaks the protocol: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_keeps_its_bytes() {
        let bytes: &[u8] = b"*3\r\n$1\r\na\r\n$-1\r\n%1\r\n+k\r\n:5\r\n+next\r\n";
        let mut reader = bytes;
        let reply = Reply::read(&mut reader).unwrap();
        assert_eq!(reply.raw, &bytes[..bytes.len() - 7]);
        let map = Value::Map(vec![Value::Status(b"k".to_vec()), Value::Integer(5)]);
        assert_eq!(reply.value, Value::Array(vec![Value::Bulk(b"a".to_vec()), Value::NullBulk, map]));
        assert_eq!(Reply::read(&mut reader).unwrap().value, Value::Status(b"next".to_vec()));
    }

    #[test]
    fn a_broken_reply_is_refused() {
        for bytes in [&b"$3\r\nabcd\r\n"[..], b"?\r\n", b":x\r\n", b"+a\n", b"$5\r\nab", b""] {
            assert!(Reply::read(&mut &*bytes).is_err(), "{}", bytes.escape_ascii());
        }
    }
}
