//! Golden transcripts: curated requests with the replies that real Redis gave, replayed where there is no Redis.
//!
//! A transcript is a text file. `> SET k v` is a request on connection 0, `1> GET k` one on connection 1; the reply
//! follows on a line of its own, as [`show_reply`] writes it. `?> EXISTS k` asks until the reply is the one below.
//! Where the reply is random, `*` stands for any that is no error; times read `:~100`, a few seconds more or less.
//! `#` begins a comment.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::normalise::{Rule, rule};
use crate::notation::{Request, request, show_reply};
use crate::programs;
use crate::resp::Value;

/// How long `?>` asks.
const ASK_FOR: Duration = Duration::from_secs(20);
/// How much a time may be off.
const TIME_TOLERANCE_MS: i64 = 10_000;

/// One transcript.
pub struct Transcript {
    /// Its file.
    pub path: PathBuf,
    lines: Vec<Line>,
}

enum Line {
    /// A comment, or nothing.
    Text(String),
    Exchange(Exchange),
}

struct Exchange {
    number: usize,
    /// As it stands in the file, with its prompt.
    prompt: String,
    connection: usize,
    repeated: bool,
    request: Request,
    reply: String,
}

impl Transcript {
    /// All transcripts, in the order of their names.
    pub fn all() -> Vec<Transcript> {
        let folder = programs::repository().join("tests/suite/transcripts");
        let entries = std::fs::read_dir(&folder).expect("the folder of transcripts is there");
        let mut paths: Vec<PathBuf> =
            entries.map(|entry| entry.expect("a folder can be read").path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "{} holds no transcript", folder.display());
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Transcript {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut lines = Vec::new();
        let mut source = text.lines().enumerate().peekable();
        while let Some((index, line)) = source.next() {
            let Some((prompt, text)) = line.split_once("> ").filter(|_| !line.starts_with('#')) else {
                assert!(line.is_empty() || line.starts_with('#'), "{}:{}: {line}", path.display(), index + 1);
                lines.push(Line::Text(line.to_owned()));
                continue;
            };
            // A request that has never been recorded has no reply yet.
            let is_reply = |line: &str| !line.is_empty() && !line.starts_with('#') && !is_prompt(line);
            let reply = source.next_if(|(_, line)| is_reply(line)).map(|(_, line)| line.to_owned());
            lines.push(Line::Exchange(Exchange {
                number: index + 1,
                prompt: line.to_owned(),
                connection: prompt.trim_start_matches('?').parse().unwrap_or(0),
                repeated: prompt.starts_with('?'),
                request: request(text),
                reply: reply.unwrap_or_default(),
            }));
        }
        Transcript { path: path.to_owned(), lines }
    }

    /// Replays it on an empty server; the error names every line that differs.
    pub fn replay(&self, address: SocketAddr) -> Result<(), String> {
        let mut wrong = Vec::new();
        let mut connections = Vec::new();
        for exchange in self.exchanges() {
            let said = exchange.play(address, &mut connections);
            if !matches(&exchange.reply, &said) {
                let (path, line) = (self.name(), exchange.number);
                wrong.push(format!(
                    "{path}:{line}: {}\n  redis:  {}\n  dredis: {said}",
                    exchange.prompt, exchange.reply
                ));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    /// Plays it and writes the replies into the file.
    pub fn record(&mut self, address: SocketAddr) {
        let mut connections = Vec::new();
        let mut text = String::new();
        for line in &self.lines {
            match line {
                Line::Text(line) => text.push_str(&format!("{line}\n")),
                Line::Exchange(exchange) => {
                    let said = exchange.play(address, &mut connections);
                    text.push_str(&format!("{}\n{said}\n", exchange.prompt));
                }
            }
        }
        std::fs::write(&self.path, text).unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
    }

    /// The name of its file.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// How many requests it holds.
    pub fn requests(&self) -> usize {
        self.exchanges().count()
    }

    fn exchanges(&self) -> impl Iterator<Item = &Exchange> {
        self.lines.iter().filter_map(|line| match line {
            Line::Exchange(exchange) => Some(exchange),
            Line::Text(_) => None,
        })
    }
}

impl Exchange {
    fn play(&self, address: SocketAddr, connections: &mut Vec<Client>) -> String {
        while connections.len() <= self.connection {
            connections.push(Client::connect(address).expect("the server takes connections"));
        }
        let deadline = Instant::now() + ASK_FOR;
        loop {
            let said = match connections[self.connection].call(&self.request) {
                Ok(reply) => masked(&self.request, &reply.value),
                Err(error) => format!("({error})"),
            };
            if !self.repeated || matches(&self.reply, &said) || Instant::now() > deadline {
                return said;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn is_prompt(line: &str) -> bool {
    line.split_once("> ")
        .is_some_and(|(prompt, _)| prompt.bytes().all(|byte| byte == b'?' || byte.is_ascii_digit()))
}

/// A reply as it is recorded: what is random does not stand in it.
fn masked(request: &Request, value: &Value) -> String {
    match rule(request) {
        Rule::Elements if value.elements().is_some() => {
            let mut elements = value.elements().unwrap_or_default().to_vec();
            elements.sort();
            show_reply(&Value::Array(elements))
        }
        Rule::Milliseconds | Rule::Seconds if value.integer().is_some_and(|time| time >= 0) => {
            format!(":~{}", value.integer().unwrap_or_default())
        }
        Rule::Kind | Rule::ScanPage | Rule::FieldsBut(_) | Rule::FieldNames if !value.is_error() => {
            "*".to_owned()
        }
        _ => show_reply(value),
    }
}

fn matches(recorded: &str, said: &str) -> bool {
    let time = |text: &str| text.strip_prefix(":~").and_then(|number| number.parse::<i64>().ok());
    match (time(recorded), time(said)) {
        (Some(recorded), Some(said)) => (recorded - said).abs() <= TIME_TOLERANCE_MS,
        _ => recorded == said,
    }
}
