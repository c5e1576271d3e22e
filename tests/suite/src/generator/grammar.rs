//! The grammar in which tables say what a command's arguments look like.

/// A piece of a command.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// A fixed word, written in any case.
    Word(&'static str),
    /// A text as it stands.
    Text(&'static str),
    /// A key from the small set that all commands share.
    Key,
    /// The first key of this row's first command, again.
    SameKey,
    /// A value: text, number or any bytes, of any size.
    Value,
    /// A short value.
    ShortValue,
    /// A field of a hash or a member of a set: few, so that commands meet; some numbers, some too long to be packed.
    Member,
    /// A whole number as a member.
    WholeMember,
    /// The score of a sorted set's member.
    Score,
    /// An end of a range of scores.
    ScoreEnd,
    /// An end of a range in the order of bytes.
    LexEnd,
    /// A place in a short collection, counted from either end.
    Place,
    /// So many keys, with their number before them; the number is seldom wrong.
    CountedKeys,
    /// A number to add.
    Integer,
    /// A fraction to add.
    Float,
    /// A place in a string, counted from either end.
    Index,
    /// A place at which a string is written; not far, or else too far.
    Offset,
    /// A place in bits at which a string is written; not far, or else too far.
    BitOffset,
    /// A bit.
    Bit,
    /// How many of something.
    Count,
    /// Seconds from now: far off, or past.
    Seconds,
    /// Milliseconds from now: far off, or past.
    Milliseconds,
    /// A time in seconds: far off, or past.
    UnixSeconds,
    /// A time in milliseconds: far off, or past.
    UnixMilliseconds,
    /// Seconds from now, far off: for commands after which a key that has expired still counts in DBSIZE.
    FutureSeconds,
    /// Milliseconds from now, far off.
    FutureMilliseconds,
    /// A time in seconds, far off.
    FutureUnixSeconds,
    /// A time in milliseconds, far off.
    FutureUnixMilliseconds,
    /// A time in milliseconds that is past.
    PastUnixMilliseconds,
    /// The number of a database.
    Database,
    /// A glob pattern.
    Pattern,
    /// A payload for RESTORE, as Redis of an older version made it.
    Payload,
    /// All of these, or nothing.
    Optional(&'static [Part]),
    /// One of these lists.
    OneOf(&'static [&'static [Part]]),
    /// Some of these lists, in any order.
    Shuffled(&'static [&'static [Part]]),
    /// These parts, this many times.
    Repeat(usize, usize, &'static [Part]),
}

/// One thing to do: usually a single command; several where only together they have one right answer.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// How often, compared with other rows.
    pub weight: usize,
    /// The commands, each with its name first.
    pub commands: &'static [&'static [Part]],
    /// What is done with the commands.
    pub play: Play,
}

/// How the commands of a row are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// One after the other.
    Call,
    /// A scan that has to be carried through to its end.
    Iterate,
    /// What the first one answers on one server becomes argument 3 of the second one on the other.
    Exchange,
}

impl Row {
    /// A single command.
    pub const fn one(weight: usize, command: &'static [&'static [Part]; 1]) -> Row {
        Row { weight, commands: command, play: Play::Call }
    }

    /// Several commands that belong together.
    pub const fn several(weight: usize, commands: &'static [&'static [Part]]) -> Row {
        Row { weight, commands, play: Play::Call }
    }

    /// A scan, carried through to its end.
    pub const fn iteration(weight: usize, command: &'static [&'static [Part]; 1]) -> Row {
        Row { weight, commands: command, play: Play::Iterate }
    }

    /// A command that answers something, and one that takes what the other server answered in the place of its argument 3.
    pub const fn exchange(weight: usize, commands: &'static [&'static [Part]; 2]) -> Row {
        Row { weight, commands, play: Play::Exchange }
    }

    /// The names of its commands, as COMMAND INFO takes them: `set`, `object|encoding`.
    pub fn command_names(&self) -> Vec<String> {
        self.commands.iter().flat_map(|parts| command_names(parts)).collect()
    }
}

/// Commands whose second word names a subcommand.
const CONTAINERS: &[&str] = &[
    "ACL", "CLIENT", "COMMAND", "CONFIG", "DEBUG", "LATENCY", "MEMORY", "OBJECT", "PUBSUB", "SCRIPT",
    "SLOWLOG", "FUNCTION",
];

fn command_names(parts: &[Part]) -> Vec<String> {
    match parts {
        [Part::Word(name), Part::Word(sub), ..] if CONTAINERS.contains(name) => {
            vec![format!("{name}|{sub}").to_lowercase()]
        }
        [Part::Word(name), Part::OneOf(choices), ..] if CONTAINERS.contains(name) => {
            let words = choices.iter().filter_map(|parts| match parts {
                [Part::Word(sub), ..] => Some(format!("{name}|{sub}").to_lowercase()),
                _ => None,
            });
            words.collect()
        }
        [Part::Word(name), ..] => vec![name.to_lowercase()],
        [Part::OneOf(choices), ..] => choices.iter().flat_map(|parts| command_names(parts)).collect(),
        _ => panic!("a command in a table begins with its name"),
    }
}
