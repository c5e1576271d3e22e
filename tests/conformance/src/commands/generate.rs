//! Requests from the grammar in the command table. They need not make sense: nonsense has to be answered alike, too.

use std::fmt;

use dredis_commands::{Argument, ArgumentKind, Command, Group, Registry};

use crate::bytes::show;
use crate::random::Random;

/// One request: the command's name and its arguments.
pub(crate) type Request = Vec<Vec<u8>>;

/// Commands that are left out, with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("lcs", "its time grows with the product of two lengths, and it writes nothing"),
    ("object|idletime", "tells of the server, not of the data"),
];

/// Commands of the server's own groups that touch data.
const OF_SERVER: &[&str] = &["flushall", "flushdb", "dbsize", "swapdb", "select", "memory|usage"];

/// What happens next to both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Request(Request),
    /// Time goes on by so many milliseconds.
    Wait(u64),
    /// What has expired, and garbage, is swept.
    Sweep,
    /// The server starts anew; where data outlives it, the engine is opened anew, too.
    Restart,
}

impl fmt::Display for Turn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Turn::Request(words) => {
                let words: Vec<String> = words.iter().map(|word| show(word)).collect();
                formatter.write_str(&words.join(" "))
            }
            Turn::Wait(ms) => write!(formatter, "(wait {ms} ms)"),
            Turn::Sweep => formatter.write_str("(sweep)"),
            Turn::Restart => formatter.write_str("(restart)"),
        }
    }
}

/// A command that requests are made of.
pub(crate) struct Row {
    /// Its name, a subcommand's behind its container's.
    words: Vec<Vec<u8>>,
    command: &'static Command,
}

/// Every command that works on data.
pub(crate) fn rows() -> Vec<Row> {
    let entries = Registry::get().commands().iter();
    let with_data = entries.filter(|entry| {
        let name = entry.full_name.as_str();
        let is_data = !matches!(entry.command.group, Group::Connection | Group::Server | Group::Scripting);
        let is_leaf = entry.command.subcommands.is_empty() && !name.ends_with("|help");
        is_leaf && (is_data || OF_SERVER.contains(&name)) && !LEFT_OUT.iter().any(|(left, _)| *left == name)
    });
    with_data
        .map(|entry| Row {
            words: entry.full_name.split('|').map(|word| word.as_bytes().to_vec()).collect(),
            command: entry.command,
        })
        .collect()
}

/// A sequence of so many turns, from the first row to the last with the same weight but for what empties databases.
pub(crate) fn sequence(random: &mut Random, rows: &[Row], length: usize) -> Vec<Turn> {
    (0..length)
        .map(|_| match random.below(100) {
            0..2 => Turn::Wait(*random.pick(&[1, 10, 1000, 100_000])),
            2..4 => Turn::Sweep,
            4 => Turn::Restart,
            _ => Turn::Request(request(random, rows)),
        })
        .collect()
}

fn request(random: &mut Random, rows: &[Row]) -> Request {
    let mut row = random.pick(rows);
    // Writes make states; of what empties everything, little is enough.
    for _ in 0..8 {
        let empties = row.words[0].starts_with(b"flush") || row.words[0] == b"swapdb";
        if !empties || random.percent(10) {
            break;
        }
        row = random.pick(rows);
    }
    let mut maker = Maker { random, group: row.command.group, keys_announced: None };
    let mut request = row.words.clone();
    for argument in row.command.arguments {
        maker.argument(&mut request, argument);
    }
    if maker.random.percent(3) {
        maker.spoil(&mut request);
    }
    request
}

struct Maker<'m> {
    random: &'m mut Random,
    group: Group,
    /// How many keys `numkeys` announced.
    keys_announced: Option<usize>,
}

impl Maker<'_> {
    fn argument(&mut self, request: &mut Request, argument: &Argument) {
        if argument.optional && self.random.percent(60) {
            return;
        }
        let mut times = if argument.multiple { 1 + self.random.below(4) } else { 1 };
        if argument.kind == ArgumentKind::Key
            && argument.multiple
            && let Some(announced) = self.keys_announced.take()
        {
            times = announced;
        }
        for time in 0..times {
            if let Some(token) = argument.token
                && (time == 0 || argument.multiple_token)
            {
                request.push(token.as_bytes().to_vec());
            }
            self.value(request, argument);
        }
    }

    fn value(&mut self, request: &mut Request, argument: &Argument) {
        let word = match argument.kind {
            ArgumentKind::PureToken => return,
            ArgumentKind::OneOf => {
                let choice = self.random.pick(argument.parts);
                // Chosen is chosen, whatever it says of itself.
                if let Some(token) = choice.token {
                    request.push(token.as_bytes().to_vec());
                }
                return self.value(request, choice);
            }
            ArgumentKind::Block => {
                for part in argument.parts {
                    self.argument(request, part);
                }
                return;
            }
            ArgumentKind::Key => self.key(),
            ArgumentKind::Integer if argument.name == "numkeys" => {
                let count = 1 + self.random.below(3);
                self.keys_announced = Some(count);
                count.to_string().into_bytes()
            }
            ArgumentKind::Integer if argument.name == "cursor" => b"0".to_vec(),
            ArgumentKind::Integer => self.integer(),
            ArgumentKind::Double => self.double(),
            ArgumentKind::Pattern => {
                const PATTERNS: [&str; 6] = ["*", "string*", "*1", "m?", "[a-m]*", "nothing"];
                self.random.pick(&PATTERNS).as_bytes().to_vec()
            }
            ArgumentKind::UnixTime => {
                let at_ms = super::side::START_MS + self.random.below(4000) as u64 * 100;
                let in_seconds = self.random.percent(50);
                (if in_seconds { at_ms / 1000 } else { at_ms }).to_string().into_bytes()
            }
            ArgumentKind::Text => self.text(),
        };
        request.push(word);
    }

    /// Mostly a key that commands of the same group use, so that types meet; a few empty, binary and long ones.
    fn key(&mut self) -> Vec<u8> {
        const GROUPS: [&str; 5] = ["string", "list", "set", "sorted-set", "hash"];
        match self.random.below(20) {
            0 => self.random.pick(&[&b""[..], b"\x00", b"\xff\xff", b"a\x00b"]).to_vec(),
            1 => [&[b'L'; 600][..], *self.random.pick(&[&b"x"[..], b"y", b""])].concat(),
            number => {
                let own = GROUPS.contains(&self.group.name()) && number < 17;
                let group = if own { self.group.name() } else { *self.random.pick(&GROUPS) };
                format!("{group}:{}", self.random.below(4)).into_bytes()
            }
        }
    }

    fn integer(&mut self) -> Vec<u8> {
        const EDGES: [&str; 9] =
            ["0", "1", "-1", "2", "-2", "9223372036854775807", "-9223372036854775808", "x", "20000"];
        if self.random.percent(50) {
            return self.random.pick(&EDGES).as_bytes().to_vec();
        }
        self.random.below(40).to_string().into_bytes()
    }

    fn double(&mut self) -> Vec<u8> {
        const EDGES: [&str; 9] = ["0", "-0", "1.5", "-3.25", "1e300", "inf", "-inf", "nan", "x"];
        if self.random.percent(40) {
            return self.random.pick(&EDGES).as_bytes().to_vec();
        }
        self.random.below(20).to_string().into_bytes()
    }

    /// Values, fields, members and ends of ranges: few, so that they meet; some numbers, some too long to be packed.
    fn text(&mut self) -> Vec<u8> {
        match self.random.below(20) {
            0..8 => format!("m{}", self.random.below(30)).into_bytes(),
            8..12 => self.integer(),
            12 => self.double(),
            13..15 => self.random.pick(&["-", "+", "(m1", "[m2", "(3", "*"]).as_bytes().to_vec(),
            15 => {
                // Around the size of the segments into which long strings are cut.
                let length = *self.random.pick(&[1000, 16_319, 16_320, 16_321, 40_000]);
                self.random.bytes(length)
            }
            16 => [&[b'm'; 700][..], &[self.random.below(3) as u8]].concat(),
            17 => Vec::new(),
            _ => {
                let length = self.random.below(80);
                self.random.bytes(length)
            }
        }
    }

    fn spoil(&mut self, request: &mut Request) {
        match self.random.below(3) {
            0 if request.len() > 1 => drop(request.pop()),
            1 => request.push(b"x".to_vec()),
            _ => {
                let at = self.random.below(request.len());
                request[at] = b"0".to_vec();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_command_of_data_is_made() {
        let rows = rows();
        let mut random = Random::new(1);
        let mut made = BTreeSet::new();
        for turn in sequence(&mut random, &rows, 40 * rows.len()) {
            if let Turn::Request(words) = turn {
                made.insert(words[0].clone());
            }
        }
        let expected: BTreeSet<_> = rows.iter().map(|row| row.words[0].clone()).collect();
        let missing: Vec<_> = expected.difference(&made).map(|name| show(name)).collect();
        assert!(missing.is_empty(), "never made: {missing:?}");
        assert!(expected.len() > 40, "only {} commands", expected.len());
    }

    #[test]
    fn what_is_left_out_exists() {
        let known: Vec<&str> =
            Registry::get().commands().iter().map(|entry| entry.full_name.as_str()).collect();
        for (name, _) in LEFT_OUT {
            assert!(known.contains(name), "{name}");
        }
        for name in OF_SERVER {
            assert!(known.contains(name), "{name}");
        }
    }
}
