//! The expectations are what redis-server 7.0.15 answers to the same bytes over a raw socket.

use super::*;

/// What a stream of bytes turns into.
#[derive(Debug, PartialEq)]
struct Decoded {
    requests: Vec<Vec<Vec<u8>>>,
    error: Option<ProtocolError>,
}

/// Decodes `stream`, which arrives in pieces of `step` bytes.
fn decode_in_steps(stream: &[u8], step: usize, limits: &Limits) -> Decoded {
    let mut decoder = Decoder::default();
    let mut buffer = Vec::new();
    let mut decoded = Decoded { requests: Vec::new(), error: None };
    for piece in stream.chunks(step) {
        buffer.extend_from_slice(piece);
        let mut requests = Requests::default();
        let outcome = loop {
            match decoder.decode(&buffer, limits, &mut requests) {
                Ok(true) => {}
                other => break other,
            }
        };
        for index in 0..requests.len() {
            let owned = |arguments: &[&[u8]]| arguments.iter().map(|argument| argument.to_vec()).collect();
            decoded.requests.push(requests.with_arguments(index, &buffer, owned));
        }
        if let Err(error) = outcome {
            decoded.error = Some(error);
            return decoded;
        }
        buffer.drain(..decoder.rebase());
    }
    decoded
}

/// Decodes in one piece and byte by byte: both must come to the same.
#[track_caller]
fn decode_with(stream: &[u8], limits: &Limits) -> Decoded {
    let decoded = decode_in_steps(stream, stream.len(), limits);
    for step in [1, 2, 3, 7] {
        assert_eq!(decode_in_steps(stream, step, limits), decoded, "in steps of {step}");
    }
    decoded
}

#[track_caller]
fn check(stream: &[u8], requests: &[&[&[u8]]]) {
    let decoded = decode_with(stream, &Limits::default());
    assert_eq!(decoded.error, None, "{}", stream.escape_ascii());
    assert_eq!(decoded.requests, requests, "{}", stream.escape_ascii());
}

#[track_caller]
fn check_error(stream: &[u8], line: &str) {
    let error = decode_with(stream, &Limits::default()).error.expect("an error");
    let found = error.line().expect("a line");
    assert_eq!(found.escape_ascii().to_string(), line.as_bytes().escape_ascii().to_string());
}

#[test]
fn multibulk_requests() {
    check(b"*1\r\n$4\r\nPING\r\n", &[&[b"PING"]]);
    check(b"*2\r\n$3\r\nGET\r\n$0\r\n\r\n", &[&[b"GET", b""]]);
    check(b"*1\r\n$0\r\n\r\n", &[&[b""]]);
    check(b"*1\r\n$4\r\n\r\n\0\n\r\n", &[&[b"\r\n\0\n"]]);
    check(
        b"*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$1\r\na\r\nPING\r\n",
        &[&[b"PING"], &[b"ECHO", b"a"], &[b"PING"]],
    );
    let many = [b"*20\r\n".to_vec(), b"$1\r\na\r\n".repeat(20)].concat();
    check(&many, &[&[&b"a"[..]; 20]]);
}

#[test]
fn requests_of_no_arguments_are_skipped() {
    check(b"*0\r\nPING\r\n", &[&[b"PING"]]);
    check(b"*-1\r\nPING\r\n", &[&[b"PING"]]);
    check(b"*-9223372036854775808\r\nPING\r\n", &[&[b"PING"]]);
    check(b"\r\n\n   \r\n\x0b\nPING\n", &[&[b"PING"]]);
}

#[test]
fn bytes_that_redis_does_not_look_at() {
    check(b"*1\rX$4\rXPINGxxPING\r\n", &[&[b"PING"], &[b"PING"]]);
}

#[test]
fn unfinished_requests_wait() {
    for stream in [
        &b"*"[..],
        b"*1",
        b"*1\r",
        b"*1\r\n",
        b"*1\r\n$4",
        b"*1\r\n$4\r",
        b"*1\r\n$4\r\nPING",
        b"*1\r\n$4\r\nPING\r",
        b"PING",
        b"*1\n$4\nPING\n",
        b"*2147483647\r\n",
        b"*1\r\n$536870912\r\n",
        // A NUL hides the line end behind it.
        b"*1\0\r\nPING\r\n",
        b"*1\r\n$4\0\r\nPING\r\n",
        b"*1\r\n\0\r\n",
        b"PI\0NG\r\nPING\r\n",
    ] {
        check(stream, &[]);
    }
}

#[test]
fn wrong_multibulk_lengths() {
    for stream in [
        &b"*x\r\n"[..],
        b"*\r\n",
        b"*+1\r\n",
        b"*01\r\n",
        b"*-0\r\n",
        b"* 1\r\n",
        b"*2147483648\r\n",
        b"*-5x\r\n",
    ] {
        check_error(stream, "ERR Protocol error: invalid multibulk length");
    }
    check_error(b"*9223372036854775808\r\n", "ERR Protocol error: invalid multibulk length");
    check_error(b"*-9223372036854775809\r\n", "ERR Protocol error: invalid multibulk length");
}

#[test]
fn wrong_bulk_headers() {
    for stream in
        [&b"*1\r\n$-1\r\n"[..], b"*1\r\n$x\r\n", b"*1\r\n$\r\n", b"*1\r\n$04\r\n", b"*1\r\n$536870913\r\n"]
    {
        check_error(stream, "ERR Protocol error: invalid bulk length");
    }
    check_error(b"*1\r\n:1\r\n", "ERR Protocol error: expected '$', got ':'");
    check_error(b"*1\r\n\r\n", "ERR Protocol error: expected '$', got ' '");
    check_error(b"*1\r\n\n\r\n", "ERR Protocol error: expected '$', got ' '");
    let error = decode_with(b"*1\r\n\xff\r\n", &Limits::default()).error.expect("an error");
    assert_eq!(error.line().expect("a line").as_ref(), b"ERR Protocol error: expected '$', got '\xff'");
}

#[test]
fn requests_before_an_error_are_kept() {
    let decoded = decode_with(b"PING\r\n*1\r\n$1\r\na\r\n*x\r\n", &Limits::default());
    assert_eq!(decoded.requests.len(), 2);
    assert_eq!(decoded.error, Some(ProtocolError::InvalidMultibulkLength));
}

#[test]
fn lines_have_a_limit() {
    let of = |start: &[u8], byte: u8, bytes: usize| [start, &vec![byte; bytes]].concat();
    let outcome = |stream: &[u8]| decode_in_steps(stream, stream.len(), &Limits::default()).error;
    assert_eq!(outcome(&of(b"*", b'1', 65_536)), Some(ProtocolError::TooBigMultibulkCount));
    assert_eq!(outcome(&of(b"*", b'1', 65_535)), None);
    assert_eq!(outcome(&of(b"*1\r\n$", b'1', 65_536)), Some(ProtocolError::TooBigBulkCount));
    assert_eq!(outcome(&of(b"", b'a', 65_537)), Some(ProtocolError::TooBigInline));
    assert_eq!(outcome(&of(b"", b'a', 65_536)), None);
    assert_eq!(
        outcome(&[of(b"", b'a', 65_538), b"\r\n".to_vec()].concat()),
        Some(ProtocolError::TooBigInline)
    );
}

#[test]
fn strangers_may_send_small_requests_only() {
    let limits = Limits { authenticated: false, ..Limits::default() };
    let error = |stream| decode_with(stream, &limits).error;
    assert_eq!(error(b"*11\r\n"), Some(ProtocolError::UnauthenticatedMultibulkLength));
    assert_eq!(error(b"*10\r\n"), None);
    assert_eq!(error(b"*1\r\n$16385\r\n"), Some(ProtocolError::UnauthenticatedBulkLength));
    assert_eq!(error(b"*1\r\n$16384\r\n"), None);
}

#[test]
fn an_unfinished_request_has_a_limit() {
    let limits = Limits { query_buffer_bytes_max: 1000, ..Limits::default() };
    let stream = [&b"*1\r\n$5000\r\n"[..], &[b'a'; 1000]].concat();
    assert_eq!(decode_with(&stream, &limits).error, Some(ProtocolError::QueryBufferFull));
    // What stands after finished requests counts, not what they take.
    let pipeline = b"*1\r\n$4\r\nPING\r\n".repeat(1000);
    assert_eq!(decode_with(&pipeline, &limits).error, None);
}

#[test]
fn inline_words_and_quotes() {
    check(b"PING\r\n", &[&[b"PING"]]);
    check(b"  PING  \n", &[&[b"PING"]]);
    check(b"PING\ta\r\n", &[&[b"PING", b"a"]]);
    check(b"PING\x0ba\r\n", &[&[b"PING\x0ba"]]);
    check(b"PING a\rb\r\n", &[&[b"PING", b"a", b"b"]]);
    check(b"PING\r\r\n", &[&[b"PING"]]);
    check(b"PING a\xa0b\r\n", &[&[b"PING", b"a\xa0b"]]);
    check(
        br#"PING "\x41\n\t\r\b\a\q\"\\""#.iter().chain(b"\r\n").copied().collect::<Vec<_>>().as_slice(),
        &[&[b"PING", b"A\n\t\r\x08\x07q\"\\"]],
    );
    check(b"PING \"\\xAf\\x0g\\xzz\\x4\"\r\n", &[&[b"PING", b"\xafx0gxzzx4"]]);
    check(b"PING \\x41\r\n", &[&[b"PING", b"\\x41"]]);
    check(b"PING 'a\\'b\\n'\r\n", &[&[b"PING", b"a'b\\n"]]);
    check(b"PING a\"b\"\r\n", &[&[b"PING", b"ab"]]);
    check(b"PING a'b c'\r\n", &[&[b"PING", b"ab c"]]);
    check(b"PING '' \"\"\r\n", &[&[b"PING", b"", b""]]);
    check(b"PING \"a\"\x0b\r\n", &[&[b"PING", b"a"]]);
    check(
        b"ECHO 'a'\r\n*1\r\n$4\r\nPING\r\nECHO \"b\"\r\n",
        &[&[b"ECHO", b"a"], &[b"PING"], &[b"ECHO", b"b"]],
    );
    for line in ["\"abc", "'abc", "\"a\"b", "'a'b", "a\"b", "\"a\\"] {
        check_error(
            format!("PING {line}\r\n").as_bytes(),
            "ERR Protocol error: unbalanced quotes in request",
        );
    }
}

#[test]
fn a_client_learns_how_much_is_missing() {
    let mut decoder = Decoder::default();
    let mut requests = Requests::default();
    let buffer = b"*1\r\n$100\r\nabc";
    assert_eq!(decoder.decode(buffer, &Limits::default(), &mut requests), Ok(false));
    assert_eq!(decoder.missing_bytes(buffer), 99);
}

/// 200 KB byte by byte, in an argument and in a header of nines: looked at once, not once for each byte.
#[test]
fn byte_by_byte_costs_linear_time() {
    let stream = [&b"*3\r\n$200000\r\n"[..], &[b'\n'; 200_002], b"$1\r\na\r\n*"].concat();
    let mut decoder = Decoder::default();
    let mut requests = Requests::default();
    let begun = std::time::Instant::now();
    for end in 0..stream.len() {
        assert_eq!(decoder.decode(&stream[..end], &Limits::default(), &mut requests), Ok(false));
    }
    let line = [b'x'; 65_536];
    let mut decoder = Decoder::default();
    for end in 0..line.len() {
        assert_eq!(decoder.decode(&line[..end], &Limits::default(), &mut requests), Ok(false));
        assert_eq!(decoder.scanned, end);
    }
    // Quadratic cost would be 10^10 steps; linear is milliseconds even unoptimised.
    assert!(begun.elapsed().as_secs() < 5);
}

/// Whatever comes, in whatever pieces: no panic, and the same requests.
#[test]
fn noise_is_cut_the_same_in_any_pieces() {
    let mut random = dredis_data::Random::new(11);
    let words: [&[u8]; 14] =
        [b"*", b"$", b"1", b"2", b"0", b"-", b"\r\n", b"\r", b"\n", b"\0", b"\"", b"'", b"a", b" "];
    for _ in 0..20_000 {
        let length = random.below(24);
        let stream: Vec<u8> =
            (0..length).flat_map(|_| words[random.below(words.len() as u64) as usize]).copied().collect();
        if !stream.is_empty() {
            decode_with(&stream, &Limits::default());
        }
    }
}
