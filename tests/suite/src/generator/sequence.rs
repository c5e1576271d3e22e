//! Makes sequences of steps from the grammar.

use super::families::{self, scripting};
use super::words;
use super::{Part, Play, Row, payloads};
use crate::notation::Request;
use crate::random::Random;

/// How many connections take part.
const CONNECTIONS: usize = 3;
/// How many of the requests about data a script makes, in percent.
const IN_SCRIPTS: usize = 8;

/// Something that one connection does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends a request.
    Call(Request),
    /// Carries a SCAN through to its end, and compares all that it returned.
    Iterate(Request),
    /// Sends the first request, and hands what each server answers to the other one, as argument 3 of the second.
    Exchange(Request, Request),
    /// Compares everything that can be seen of all keys in the selected database.
    Inspect,
}

impl Action {
    /// The request, or the first one of a scan.
    pub fn request(&self) -> Option<&Request> {
        match self {
            Action::Call(request) | Action::Iterate(request) | Action::Exchange(request, _) => Some(request),
            Action::Inspect => None,
        }
    }
}

/// Actions of one connection that only make sense together; usually one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which connection.
    pub connection: usize,
    /// What it does.
    pub actions: Vec<Action>,
}

/// A sequence, which begins on an empty server with fresh connections.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Parameters that are set first, on both servers.
    pub parameters: Vec<(&'static str, &'static str)>,
    /// 2 or 3: what all connections speak at first.
    pub protocol: u8,
    /// What happens.
    pub steps: Vec<Step>,
}

impl Sequence {
    /// How many requests it has.
    pub fn requests(&self) -> usize {
        self.steps.iter().map(|step| step.actions.len()).sum()
    }
}

/// Makes sequences out of rows.
pub struct Generator<'r> {
    rows: Vec<&'r Row>,
    weights: usize,
}

impl<'r> Generator<'r> {
    /// A generator for these rows.
    pub fn new(rows: Vec<&'r Row>) -> Self {
        assert!(!rows.is_empty(), "there is nothing to generate from");
        Generator { weights: rows.iter().map(|row| row.weight).sum(), rows }
    }

    /// The sequence of this seed: `steps` steps, and then a look at everything.
    pub fn sequence(&self, seed: u64, steps: usize) -> Sequence {
        let mut random = Random::new(seed);
        let protocol = if random.percent(40) { 3 } else { 2 };
        let mut connection = 0;
        let mut in_multi = [false; CONNECTIONS];
        let mut made = Vec::new();
        for _ in 0..steps {
            // Mostly the same one, so that pipelines form; often another, so that WATCH has something to see.
            if random.percent(10) {
                connection = random.below(CONNECTIONS);
            }
            // An open transaction that is never run would swallow everything.
            let step = if in_multi[connection] && random.percent(12) {
                let end = if random.percent(80) { "EXEC" } else { "DISCARD" };
                Step { connection, actions: vec![Action::Call(vec![end.as_bytes().to_vec()])] }
            } else {
                self.step(&mut random, connection)
            };
            for action in &step.actions {
                let name = action.request().and_then(|request| request.first());
                match name.map(|name| name.to_ascii_uppercase()).as_deref() {
                    Some(b"MULTI") => in_multi[connection] = true,
                    Some(b"EXEC" | b"DISCARD" | b"RESET") => in_multi[connection] = false,
                    _ => {}
                }
            }
            made.push(step);
        }
        made.extend(last_look());
        Sequence { parameters: parameters(&mut random), protocol, steps: made }
    }

    fn step(&self, random: &mut Random, connection: usize) -> Step {
        let mut at = random.below(self.weights);
        let row = self.rows.iter().find(|row| {
            let found = at < row.weight;
            at = at.saturating_sub(row.weight);
            found
        });
        let row = row.expect("a number below the sum of all weights falls on a row");
        let mut maker = Maker { random, first_key: None };
        let mut actions = Vec::new();
        for command in row.commands {
            let mut request = maker.command(command);
            // Of several that belong together, none may be refused.
            let is_alone = row.commands.len() == 1 && matches!(row.play, Play::Call);
            if is_alone && families::is_about_data(row) && maker.random.percent(IN_SCRIPTS) {
                request = scripting::called_by_script(maker.random, request);
            }
            if row.commands.len() == 1 && maker.random.percent(4) {
                maker.spoil(&mut request);
            }
            let action = match row.play {
                Play::Call => Action::Call(request),
                Play::Iterate => Action::Iterate(request),
                Play::Exchange => match actions.pop() {
                    Some(Action::Call(first)) => Action::Exchange(first, request),
                    _ => Action::Call(request),
                },
            };
            actions.push(action);
        }
        Step { connection, actions }
    }
}

/// Up to which size collections stay packed: mostly little, so that sequences cross the limits.
fn parameters(random: &mut Random) -> Vec<(&'static str, &'static str)> {
    if random.percent(30) {
        return vec![
            ("hash-max-listpack-entries", "512"),
            ("hash-max-listpack-value", "64"),
            ("set-max-intset-entries", "512"),
            ("zset-max-listpack-entries", "128"),
            ("zset-max-listpack-value", "64"),
            ("list-max-listpack-size", "-2"),
        ];
    }
    vec![
        ("hash-max-listpack-entries", *random.pick(&["0", "2", "5"])),
        ("hash-max-listpack-value", *random.pick(&["3", "8", "64"])),
        ("set-max-intset-entries", *random.pick(&["0", "2", "6"])),
        ("zset-max-listpack-entries", *random.pick(&["0", "2", "5"])),
        ("zset-max-listpack-value", *random.pick(&["3", "8", "64"])),
        ("list-max-listpack-size", *random.pick(&["1", "2", "5", "-1", "-2"])),
    ]
}

/// Everything that can be seen of the data, whatever the sequence did: compared at its end.
pub(crate) fn last_look() -> Vec<Step> {
    let call = |words: &[&[u8]]| Action::Call(words.iter().map(|word| word.to_vec()).collect());
    let mut steps: Vec<Step> = (0..CONNECTIONS)
        .map(|connection| Step { connection, actions: vec![call(&[b"DISCARD"]), call(&[b"UNWATCH"])] })
        .collect();
    for database in ["0", "1", "2", "15"] {
        // The scan removes what has expired, so that DBSIZE counts the same.
        let scan = Action::Iterate(vec![b"SCAN".to_vec(), b"0".to_vec()]);
        let select = call(&[b"SELECT", database.as_bytes()]);
        steps.push(Step { connection: 0, actions: vec![select, scan, call(&[b"DBSIZE"]), Action::Inspect] });
    }
    steps
}

/// Fills a row with words.
struct Maker<'m> {
    random: &'m mut Random,
    first_key: Option<Vec<u8>>,
}

impl Maker<'_> {
    fn command(&mut self, parts: &[Part]) -> Request {
        let mut request = Vec::new();
        self.parts(&mut request, parts);
        request
    }

    fn parts(&mut self, request: &mut Request, parts: &[Part]) {
        for part in parts {
            self.part(request, part);
        }
    }

    fn part(&mut self, request: &mut Request, part: &Part) {
        let random = &mut *self.random;
        let word = match part {
            Part::Word(word) => any_case(random, word),
            Part::Text(text) => text.as_bytes().to_vec(),
            Part::Key => self.key(),
            Part::SameKey => self.first_key.clone().expect("a row names a key before it repeats it"),
            Part::Value => words::value(random),
            Part::ShortValue => words::short_value(random),
            Part::Member => words::member(random),
            Part::WholeMember => words::whole_member(random),
            Part::Score => words::score(random),
            Part::ScoreEnd => words::score_end(random),
            Part::LexEnd => words::lex_end(random),
            Part::Place => words::place(random),
            Part::CountedKeys => {
                let keys = 1 + random.below(3);
                let said = if random.percent(94) { keys } else { random.below(5) };
                request.push(said.to_string().into_bytes());
                for _ in 0..keys {
                    let key = self.key();
                    request.push(key);
                }
                return;
            }
            Part::Integer => words::integer(random),
            Part::Float => words::float(random),
            Part::Index => words::index(random),
            Part::Offset => words::offset(random),
            Part::BitOffset => words::bit_offset(random),
            Part::Bit => random.pick(&["0", "1", "1", "2", "-1", "x"]).as_bytes().to_vec(),
            Part::Count => words::count(random),
            Part::Seconds => words::time(random, 1000, false, true),
            Part::Milliseconds => words::time(random, 1, false, true),
            Part::UnixSeconds => words::time(random, 1000, true, true),
            Part::UnixMilliseconds => words::time(random, 1, true, true),
            Part::FutureSeconds => words::time(random, 1000, false, false),
            Part::FutureMilliseconds => words::time(random, 1, false, false),
            Part::FutureUnixSeconds => words::time(random, 1000, true, false),
            Part::FutureUnixMilliseconds => words::time(random, 1, true, false),
            Part::PastUnixMilliseconds => words::past_milliseconds(random),
            Part::Database => words::database(random),
            Part::Pattern => words::pattern(random),
            Part::Payload => payloads::payload(random),
            Part::Optional(parts) => {
                if random.percent(50) {
                    self.parts(request, parts);
                }
                return;
            }
            Part::OneOf(choices) => {
                let parts = *random.pick(choices);
                return self.parts(request, parts);
            }
            Part::Shuffled(choices) => return self.shuffled(request, choices),
            Part::Repeat(least, most, parts) => {
                let times = least + random.below(most - least + 1);
                for _ in 0..times {
                    self.parts(request, parts);
                }
                return;
            }
        };
        request.push(word);
    }

    fn key(&mut self) -> Vec<u8> {
        let key = words::key(self.random);
        self.first_key.get_or_insert_with(|| key.clone());
        key
    }

    /// None of the choices, or one, or two, seldom more, and the same one twice most seldom.
    fn shuffled(&mut self, request: &mut Request, choices: &[&[Part]]) {
        let count = *self.random.pick(&[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3]);
        let mut left: Vec<&[Part]> = choices.to_vec();
        for _ in 0..count {
            if left.is_empty() || self.random.percent(3) {
                left = choices.to_vec();
            }
            let parts = left.swap_remove(self.random.below(left.len()));
            self.parts(request, parts);
        }
    }

    /// Makes a request wrong, most likely. Never swaps words: a value in the place of a time might expire.
    /// Nor COMMAND alone: its reply is everything that Redis has, and dredis has not.
    fn spoil(&mut self, request: &mut Request) {
        let count = request.len();
        if request[0].eq_ignore_ascii_case(b"COMMAND") {
            return;
        }
        match self.random.below(3) {
            0 if count > 1 => {
                request.remove(1 + self.random.below(count - 1));
            }
            1 => request.truncate(1 + self.random.below(count)),
            _ => {
                const EXTRA: &[&[u8]] = &[b"", b"NX", b"KEEPTTL", b"x", b"FOO\r\nBAR", b"PX"];
                request.push(self.random.pick(EXTRA).to_vec());
            }
        }
    }
}

fn any_case(random: &mut Random, word: &str) -> Vec<u8> {
    match random.below(10) {
        0 => word.to_ascii_lowercase().into_bytes(),
        1 => word
            .bytes()
            .map(
                |byte| if random.percent(50) { byte.to_ascii_lowercase() } else { byte.to_ascii_uppercase() },
            )
            .collect(),
        _ => word.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_one_sequence() {
        let generator = Generator::new(families::rows().collect());
        let [first, again, other] = [5, 5, 6].map(|seed| generator.sequence(seed, 300).steps);
        assert_eq!(first, again);
        assert_ne!(first, other);
    }
}
