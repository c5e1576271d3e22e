//! Gives replies their bytes, in RESP2 or RESP3, as Redis 7.0 does.

use dredis_commands::{DoubleText, Protocol, Reply};

/// Appends the bytes of `reply` to `out`.
pub fn encode(reply: &Reply, protocol: Protocol, out: &mut Vec<u8>) {
    let is_resp3 = protocol == Protocol::Resp3;
    match reply {
        Reply::Ok => out.extend_from_slice(b"+OK\r\n"),
        Reply::Status(line) => put_line(b'+', line.as_bytes(), out),
        Reply::Line(line) => put_line(b'+', line, out),
        Reply::Error(line) => put_line(b'-', line, out),
        Reply::Integer(number) => put_header(b':', *number, out),
        Reply::Bulk(bytes) => put_bulk(bytes, out),
        Reply::Text(text) => put_bulk(text.as_bytes(), out),
        Reply::Null if is_resp3 => out.extend_from_slice(b"_\r\n"),
        Reply::Null => out.extend_from_slice(b"$-1\r\n"),
        Reply::NullArray if is_resp3 => out.extend_from_slice(b"_\r\n"),
        Reply::NullArray => out.extend_from_slice(b"*-1\r\n"),
        Reply::Array(items) => put_items(b'*', items, protocol, out),
        Reply::Set(items) => put_items(if is_resp3 { b'~' } else { b'*' }, items, protocol, out),
        Reply::Push(items) => put_items(if is_resp3 { b'>' } else { b'*' }, items, protocol, out),
        Reply::Map(pairs) => {
            let (kind, count) = if is_resp3 { (b'%', pairs.len()) } else { (b'*', pairs.len() * 2) };
            put_count(kind, count, out);
            for (key, value) in pairs {
                encode(key, protocol, out);
                encode(value, protocol, out);
            }
        }
        Reply::Double(number) => {
            let text = DoubleText::new(*number);
            if is_resp3 {
                put_line(b',', text.as_bytes(), out);
            } else {
                put_bulk(text.as_bytes(), out);
            }
        }
        Reply::Boolean(truth) => out.extend_from_slice(match (is_resp3, truth) {
            (true, true) => b"#t\r\n",
            (true, false) => b"#f\r\n",
            (false, true) => b":1\r\n",
            (false, false) => b":0\r\n",
        }),
        Reply::Verbatim(format, text) if is_resp3 => {
            put_count(b'=', format.len() + 1 + text.len(), out);
            out.extend_from_slice(format);
            out.push(b':');
            out.extend_from_slice(text);
            out.extend_from_slice(b"\r\n");
        }
        Reply::Verbatim(_, text) => put_bulk(text, out),
        Reply::BigNumber(digits) if is_resp3 => put_line(b'(', digits, out),
        Reply::BigNumber(digits) => put_bulk(digits, out),
        Reply::In(protocol, reply) => encode(reply, *protocol, out),
        Reply::Nothing => {}
    }
}

fn put_items(kind: u8, items: &[Reply], protocol: Protocol, out: &mut Vec<u8>) {
    put_count(kind, items.len(), out);
    for item in items {
        encode(item, protocol, out);
    }
}

fn put_bulk(bytes: &[u8], out: &mut Vec<u8>) {
    // The header has at most 20 digits.
    out.reserve(bytes.len() + 25);
    put_count(b'$', bytes.len(), out);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// A line; line ends within it, which would break the protocol, become blanks as in Redis.
fn put_line(kind: u8, line: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    let start = out.len();
    out.extend_from_slice(line);
    for byte in &mut out[start..] {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
    out.extend_from_slice(b"\r\n");
}

fn put_count(kind: u8, count: usize, out: &mut Vec<u8>) {
    put_header(kind, count, out);
}

fn put_header(kind: u8, number: impl itoa::Integer, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `reply` is in RESP2 and in RESP3.
    #[track_caller]
    fn check(reply: Reply, resp2: &str, resp3: &str) {
        for (protocol, expected) in [(Protocol::Resp2, resp2), (Protocol::Resp3, resp3)] {
            let mut out = b"before".to_vec();
            encode(&reply, protocol, &mut out);
            assert_eq!(
                out.escape_ascii().to_string(),
                format!("before{expected}").escape_default().to_string()
            );
        }
    }

    // The bytes are those of redis-server 7.0.15 to DEBUG PROTOCOL and the like.

    #[test]
    fn plain_replies_are_alike_in_both() {
        let both = |reply, bytes| check(reply, bytes, bytes);
        both(Reply::Ok, "+OK\r\n");
        both(Reply::Status("QUEUED".into()), "+QUEUED\r\n");
        both(Reply::Integer(12345), ":12345\r\n");
        both(Reply::Integer(i64::MIN), ":-9223372036854775808\r\n");
        both(Reply::Bulk(b"Hello World".to_vec()), "$11\r\nHello World\r\n");
        both(Reply::Bulk(b"a\r\nb".to_vec()), "$4\r\na\r\nb\r\n");
        both(Reply::Bulk(Vec::new()), "$0\r\n\r\n");
        both(Reply::Text("none"), "$4\r\nnone\r\n");
        both(
            Reply::Array(vec![Reply::Integer(0), Reply::Ok, Reply::Array(vec![])]),
            "*3\r\n:0\r\n+OK\r\n*0\r\n",
        );
        both(Reply::Nothing, "");
    }

    #[test]
    fn line_ends_in_lines_become_blanks() {
        let error = Reply::Error(b"ERR unknown command 'a\r\nb'"[..].into());
        check(error.clone(), "-ERR unknown command 'a  b'\r\n", "-ERR unknown command 'a  b'\r\n");
        check(Reply::Status("a\nb".into()), "+a b\r\n", "+a b\r\n");
    }

    #[test]
    fn absence() {
        check(Reply::Null, "$-1\r\n", "_\r\n");
        check(Reply::NullArray, "*-1\r\n", "_\r\n");
    }

    #[test]
    fn collections() {
        let items = || vec![Reply::Integer(0), Reply::Null];
        check(Reply::Set(items()), "*2\r\n:0\r\n$-1\r\n", "~2\r\n:0\r\n_\r\n");
        check(Reply::Push(items()), "*2\r\n:0\r\n$-1\r\n", ">2\r\n:0\r\n_\r\n");
        let map = Reply::Map(vec![
            (Reply::Integer(0), Reply::Boolean(false)),
            (Reply::Text("k"), Reply::Set(vec![])),
        ]);
        check(map, "*4\r\n:0\r\n:0\r\n$1\r\nk\r\n*0\r\n", "%2\r\n:0\r\n#f\r\n$1\r\nk\r\n~0\r\n");
    }

    #[test]
    fn scalars_that_resp2_lacks() {
        check(Reply::Boolean(true), ":1\r\n", "#t\r\n");
        check(Reply::Boolean(false), ":0\r\n", "#f\r\n");
        check(Reply::Double(0.0001), "$6\r\n0.0001\r\n", ",0.0001\r\n");
        check(Reply::Double(3.1), "$18\r\n3.1000000000000001\r\n", ",3.1000000000000001\r\n");
        check(Reply::Double(f64::NEG_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n");
        let verbatim = Reply::Verbatim(*b"txt", b"This is a verbatim\nstring".to_vec());
        check(Reply::BigNumber(b"123".to_vec()), "$3\r\n123\r\n", "(123\r\n");
        check(Reply::Line(b"a\r\nb".to_vec()), "+a  b\r\n", "+a  b\r\n");
        check(verbatim, "$25\r\nThis is a verbatim\nstring\r\n", "=29\r\ntxt:This is a verbatim\nstring\r\n");
    }
}
