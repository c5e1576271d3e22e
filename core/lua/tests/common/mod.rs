//! What the tests of the interpreter share: surroundings that answer a few commands, and answers as text.
#![allow(dead_code, reason = "each test uses its part")]

use dredis_lua::{Answer, Failure, Interpreter, Limits, LogLevel, Protocol, Stop, Surroundings, sha1_hex};

/// Surroundings with the keys that the cases were recorded with: string `str` (abc), hash `h` (a 1), set `s` (x), sorted
/// set `z` (m 1.5), list `l` (a b).
#[derive(Default)]
pub struct Stub {
    pub calls: u64,
    pub ticks: u64,
    /// Ends the run at this tick.
    pub ticks_max: Option<(u64, Stop)>,
    pub lines: Vec<(LogLevel, Vec<u8>)>,
}

impl Surroundings for Stub {
    fn call(&mut self, arguments: &[&[u8]], _: Protocol) -> Result<Answer, Stop> {
        self.calls += 1;
        let name = arguments[0].to_ascii_lowercase();
        let key = arguments.get(1).copied().unwrap_or_default();
        Ok(match name.as_slice() {
            b"get" | b"echo" | b"incr" if arguments.len() != 2 => {
                Answer::Error(b"ERR Wrong number of args calling Redis command from script".to_vec())
            }
            b"get" if key == b"str" => Answer::Bulk(b"abc".to_vec()),
            b"get" => Answer::Null,
            b"echo" => Answer::Bulk(key.to_vec()),
            b"set" => Answer::Status(b"OK".to_vec()),
            b"incr" if key == b"str" => {
                Answer::Error(b"ERR value is not an integer or out of range".to_vec())
            }
            b"incr" => Answer::Integer(1),
            b"ping" => Answer::Status(b"PONG".to_vec()),
            b"lrange" => Answer::Array(vec![Answer::Bulk(b"a".to_vec()), Answer::Bulk(b"b".to_vec())]),
            b"blpop" => Answer::NullArray,
            b"hgetall" => Answer::Map(vec![(Answer::Bulk(b"a".to_vec()), Answer::Bulk(b"1".to_vec()))]),
            b"smembers" => Answer::Set(vec![Answer::Bulk(b"x".to_vec())]),
            b"zscore" => Answer::Double(1.5),
            b"lolwut" => Answer::Verbatim { format: *b"txt", text: b"art".to_vec() },
            b"big" => Answer::BigNumber(b"12345678901234567890".to_vec()),
            b"yes" => Answer::Boolean(true),
            b"count" => Answer::Integer(arguments.len() as i64),
            b"break" => return Err(Stop::Abandon),
            b"panic" => panic!("the surroundings fail"),
            _ => Answer::Error(b"ERR Unknown Redis command called from script".to_vec()),
        })
    }

    fn log(&mut self, level: LogLevel, message: &[u8]) {
        self.lines.push((level, message.to_vec()));
    }

    fn tick(&mut self) -> Result<(), Stop> {
        self.ticks += 1;
        match &self.ticks_max {
            Some((ticks, stop)) if self.ticks >= *ticks => Err(stop.clone()),
            _ => Ok(()),
        }
    }

    fn may_run(&mut self, arguments: &[&[u8]]) -> Option<bool> {
        match arguments[0] {
            b"get" => Some(true),
            b"flushall" => Some(false),
            _ => None,
        }
    }
}

/// What SCRIPT KILL leaves behind.
pub fn kill() -> Stop {
    Stop::Error(b"ERR Script killed by user with SCRIPT KILL...".to_vec())
}

/// 64 MiB.
pub const LIMITS: Limits = Limits { memory_bytes_max: 64 << 20 };

/// An interpreter within these limits.
pub fn interpreter() -> Interpreter {
    Interpreter::new(LIMITS).expect("an interpreter can be made")
}

/// Runs a script without keys.
pub fn run_in(interpreter: &mut Interpreter, around: &mut Stub, script: &str) -> Result<Answer, Failure> {
    run_with(interpreter, around, script, &[], &[])
}

/// Runs a script with keys and arguments.
pub fn run_with(
    interpreter: &mut Interpreter,
    around: &mut Stub,
    script: &str,
    keys: &[&str],
    arguments: &[&str],
) -> Result<Answer, Failure> {
    let sha = sha1_hex(script.as_bytes());
    interpreter.run(&sha, script.as_bytes(), keys, arguments, around)
}

/// Runs a script and shows what it came to.
pub fn shown(script: &str) -> String {
    show(&run_in(&mut interpreter(), &mut Stub::default(), script))
}

/// An outcome as one line, in the manner of RESP3.
pub fn show(outcome: &Result<Answer, Failure>) -> String {
    match outcome {
        Ok(answer) => show_answer(answer),
        Err(Failure::Error(error)) => format!("-{}", text(&error.message)),
        Err(Failure::Abandoned) => "abandoned".to_owned(),
    }
}

fn show_answer(answer: &Answer) -> String {
    let list = |items: &[Answer]| items.iter().map(show_answer).collect::<Vec<_>>().join(" ");
    match answer {
        Answer::Status(line) => format!("+{}", text(line)),
        Answer::Error(line) => format!("-{}", text(line)),
        Answer::Integer(integer) => format!(":{integer}"),
        Answer::Bulk(bytes) => format!("\"{}\"", text(bytes)),
        Answer::Null | Answer::NullArray => "_".to_owned(),
        Answer::Array(items) => format!("[{}]", list(items)),
        Answer::Set(items) => format!("~[{}]", list(items)),
        Answer::Map(pairs) => {
            let pairs =
                pairs.iter().map(|(key, value)| format!("{}={}", show_answer(key), show_answer(value)));
            format!("%[{}]", pairs.collect::<Vec<_>>().join(" "))
        }
        Answer::Double(double) => format!(",{double}"),
        Answer::Boolean(boolean) => if *boolean { "#t" } else { "#f" }.to_owned(),
        Answer::Verbatim { format, text: bytes } => format!("={}:\"{}\"", text(format), text(bytes)),
        Answer::BigNumber(digits) => format!("({}", text(digits)),
    }
}

fn text(bytes: &[u8]) -> String {
    let mut shown = String::new();
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => shown.extend(['\\', char::from(byte)]),
            b' '..=b'~' => shown.push(char::from(byte)),
            _ => shown.push_str(&format!("\\x{byte:02x}")),
        }
    }
    shown
}
