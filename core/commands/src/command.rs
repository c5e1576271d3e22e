//! What a row of the command table says.

use crate::key_positions::KeyPosition;
use crate::{Arguments, CommandResult, Context};

/// The function of a command.
pub type Run = fn(&mut Context<'_, '_>, Arguments<'_>) -> CommandResult;

/// Adds the keys of a request that no specification finds.
pub type OtherKeys = fn(Arguments<'_>, &mut Vec<KeyPosition>);

/// Tells what a request does to its keys, in the words of key specifications.
pub type KeyFlags = fn(Arguments<'_>) -> &'static [&'static str];

/// One command or subcommand: everything that dispatch, COMMAND, the documentation and the generators of
/// tests need to know of it.
#[derive(Debug)]
pub struct Command {
    /// Lower case. A subcommand carries its own word alone (`get` within `config`).
    pub name: &'static str,
    /// One line on what it does.
    pub summary: &'static str,
    /// The Redis version that brought it.
    pub since: &'static str,
    /// The family it belongs to, in Redis's terms.
    pub group: Group,
    /// What it costs, in Redis's notation.
    pub complexity: &'static str,
    /// What later versions of Redis brought: version, and what came.
    pub history: &'static [(&'static str, &'static str)],
    /// Since when, and for what, it should not be used any more.
    pub deprecated: Option<Deprecated>,
    /// Whether it is meant for the server's own people (`syscmd` in COMMAND DOCS).
    pub is_system: bool,
    /// Number of arguments with the command's own name; negative: at least that many.
    pub arity: i32,
    /// Behaviour flags.
    pub flags: Flags,
    /// ACL categories beyond those that follow from flags, without the `@` (`string`, `keyspace`, ...).
    pub categories: &'static [&'static str],
    /// Where its keys stand.
    pub keys: &'static [KeySpec],
    /// What a request does to its keys, where that depends on its arguments (`variable_flags`).
    pub key_flags: Option<KeyFlags>,
    /// Finds keys that specifications call unknown.
    pub other_keys: Option<OtherKeys>,
    /// Hints for proxies and clients, as COMMAND INFO shows them.
    pub tips: &'static [&'static str],
    /// The grammar of its arguments.
    pub arguments: &'static [Argument],
    /// Subcommands, for a container command.
    pub subcommands: &'static [Command],
    /// Where it runs.
    pub path: Path,
    /// What it does. A container's own function answers unknown subcommands.
    pub run: Run,
}

impl Command {
    /// What a row says unless it says otherwise.
    pub const BLANK: Command = Command {
        name: "",
        summary: "",
        since: "1.0.0",
        group: Group::Generic,
        complexity: "O(1)",
        history: &[],
        deprecated: None,
        is_system: false,
        arity: 1,
        flags: Flags::NONE,
        categories: &[],
        keys: &[],
        key_flags: None,
        other_keys: None,
        tips: &[],
        arguments: &[],
        subcommands: &[],
        path: Path::Session,
        run: |_, _| Ok(crate::Reply::Ok),
    };

    /// Whether a request of `count` arguments (the name included) fits.
    pub fn accepts_count(&self, count: usize) -> bool {
        let needed = self.arity.unsigned_abs() as usize;
        if self.arity < 0 { count >= needed } else { count == needed }
    }
}

/// That a command should not be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deprecated {
    /// The Redis version that said so.
    pub since: &'static str,
    /// What to use in its place.
    pub replaced_by: &'static str,
}

/// Where a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Path {
    /// Touches the session or the server only: no view is taken.
    Session,
    /// Reads data: runs on a view, in parallel with everything.
    Read,
    /// Changes data, or must stand in one order with changes: runs in the writer's turn.
    Write,
}

/// Redis's groups of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are Redis's own")]
pub enum Group {
    Generic,
    String,
    List,
    Set,
    SortedSet,
    Hash,
    Connection,
    Server,
    Transactions,
    Scripting,
}

impl Group {
    /// The name that COMMAND DOCS gives.
    pub fn name(self) -> &'static str {
        match self {
            Group::Generic => "generic",
            Group::String => "string",
            Group::List => "list",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Hash => "hash",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Transactions => "transactions",
            Group::Scripting => "scripting",
        }
    }
}

/// A set of behaviour flags, by Redis's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flags(u32);

impl Flags {
    /// No flags.
    pub const NONE: Flags = Flags(0);
    /// May change data.
    pub const WRITE: Flags = Flags(1 << 0);
    /// Only reads data.
    pub const READONLY: Flags = Flags(1 << 1);
    /// May make the data grow; refused when memory (here: space) is over its limit.
    pub const DENYOOM: Flags = Flags(1 << 2);
    /// For administrators.
    pub const ADMIN: Flags = Flags(1 << 3);
    /// Has to do with publish and subscribe.
    pub const PUBSUB: Flags = Flags(1 << 4);
    /// Not allowed in scripts.
    pub const NOSCRIPT: Flags = Flags(1 << 5);
    /// May block its client.
    pub const BLOCKING: Flags = Flags(1 << 6);
    /// Allowed while data is loading.
    pub const LOADING: Flags = Flags(1 << 7);
    /// Allowed on a stale replica.
    pub const STALE: Flags = Flags(1 << 8);
    /// Not shown to MONITOR.
    pub const SKIP_MONITOR: Flags = Flags(1 << 9);
    /// Not entered into the slow log.
    pub const SKIP_SLOWLOG: Flags = Flags(1 << 10);
    /// Sets ASKING.
    pub const ASKING: Flags = Flags(1 << 11);
    /// Constant or logarithmic time.
    pub const FAST: Flags = Flags(1 << 12);
    /// Allowed before authentication.
    pub const NO_AUTH: Flags = Flags(1 << 13);
    /// May be replicated although it only reads.
    pub const MAY_REPLICATE: Flags = Flags(1 << 14);
    /// Not allowed within MULTI.
    pub const NO_MULTI: Flags = Flags(1 << 15);
    /// Keys cannot be told from the table alone.
    pub const MOVABLE_KEYS: Flags = Flags(1 << 16);
    /// Allowed while a script holds the server (`allow_busy`).
    pub const ALLOW_BUSY: Flags = Flags(1 << 17);
    /// Not passed on asynchronously while a transaction or script runs (`no_async_loading`).
    pub const NO_ASYNC_LOADING: Flags = Flags(1 << 18);
    /// Has no keys that must be touched in every database (`no_mandatory_keys`).
    pub const NO_MANDATORY_KEYS: Flags = Flags(1 << 19);

    /// Both sets together.
    pub const fn or(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Whether all of `other` are in here.
    pub const fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Redis's names of the flags in here, in Redis's order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        // MAY_REPLICATE has no name in Redis 7.0.
        const NAMES: [(Flags, &str); 19] = [
            (Flags::WRITE, "write"),
            (Flags::READONLY, "readonly"),
            (Flags::DENYOOM, "denyoom"),
            (Flags::ADMIN, "admin"),
            (Flags::PUBSUB, "pubsub"),
            (Flags::NOSCRIPT, "noscript"),
            (Flags::BLOCKING, "blocking"),
            (Flags::LOADING, "loading"),
            (Flags::STALE, "stale"),
            (Flags::SKIP_MONITOR, "skip_monitor"),
            (Flags::SKIP_SLOWLOG, "skip_slowlog"),
            (Flags::ASKING, "asking"),
            (Flags::FAST, "fast"),
            (Flags::NO_AUTH, "no_auth"),
            (Flags::NO_MANDATORY_KEYS, "no_mandatory_keys"),
            (Flags::NO_ASYNC_LOADING, "no_async_loading"),
            (Flags::NO_MULTI, "no_multi"),
            (Flags::MOVABLE_KEYS, "movablekeys"),
            (Flags::ALLOW_BUSY, "allow_busy"),
        ];
        NAMES.into_iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, name)| name)
    }
}

/// Where keys stand in a request, and what happens to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// Redis's key specification flags (`RW`, `ACCESS`, `UPDATE`, ...), in Redis's order.
    pub flags: &'static [&'static str],
    /// Where the first key is.
    pub begin: BeginSearch,
    /// How the others follow.
    pub find: FindKeys,
}

/// How the first key is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginSearch {
    /// At this argument (the command's name is 0).
    Index(i32),
    /// After this word, looked for from argument `start_from` (negative: from the end).
    Keyword {
        /// The word.
        word: &'static str,
        /// Where to begin to look.
        start_from: i32,
    },
    /// Where a specification cannot say.
    Unknown,
}

/// How the keys after the first are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindKeys {
    /// Up to `last` (relative to the first; negative: from the end), every `step` arguments, over `1/limit` of them.
    Range {
        /// Last key, relative to the first if not negative.
        last: i32,
        /// Distance between keys.
        step: i32,
        /// Redis's limit factor; 0 or 1 for none.
        limit: i32,
    },
    /// A count of keys stands at `count_at`, the keys begin at `first`, both relative to the beginning.
    Count {
        /// Where the count stands.
        count_at: i32,
        /// Where the first key stands.
        first: i32,
        /// Distance between keys.
        step: i32,
    },
    /// As a specification cannot say.
    Unknown,
}

impl KeySpec {
    /// Keys whose places only the command itself knows.
    pub const fn unknown(flags: &'static [&'static str]) -> KeySpec {
        KeySpec { flags, begin: BeginSearch::Unknown, find: FindKeys::Unknown }
    }

    /// One key at argument 1.
    pub const fn first(flags: &'static [&'static str]) -> KeySpec {
        KeySpec::range(flags, 1, 0, 1)
    }

    /// Keys from argument `begin` to `last` (relative, negative: from the end), every `step`.
    pub const fn range(flags: &'static [&'static str], begin: i32, last: i32, step: i32) -> KeySpec {
        KeySpec { flags, begin: BeginSearch::Index(begin), find: FindKeys::Range { last, step, limit: 0 } }
    }
}

/// One argument in a command's grammar.
#[derive(Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: ArgumentKind,
    /// The word that stands before it (or is it, for [`ArgumentKind::PureToken`]).
    pub token: Option<&'static str>,
    /// The Redis version that brought it, if later than the command.
    pub since: Option<&'static str>,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may be repeated.
    pub multiple: bool,
    /// Whether its token is repeated with it.
    pub multiple_token: bool,
    /// The Redis version since which it should not be used any more.
    pub deprecated_since: Option<&'static str>,
    /// Index of its key specification, for keys.
    pub key_spec: Option<u8>,
    /// Parts, for [`ArgumentKind::OneOf`] and [`ArgumentKind::Block`].
    pub parts: &'static [Argument],
}

impl Argument {
    /// What an argument says unless it says otherwise.
    pub const BLANK: Argument = Argument {
        name: "",
        kind: ArgumentKind::Text,
        token: None,
        since: None,
        optional: false,
        multiple: false,
        multiple_token: false,
        deprecated_since: None,
        key_spec: None,
        parts: &[],
    };
}

/// Types of arguments, by Redis's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are Redis's own")]
pub enum ArgumentKind {
    Text,
    Integer,
    Double,
    Key,
    Pattern,
    UnixTime,
    PureToken,
    OneOf,
    Block,
}

impl ArgumentKind {
    /// The name that COMMAND DOCS gives.
    pub fn name(self) -> &'static str {
        match self {
            ArgumentKind::Text => "string",
            ArgumentKind::Integer => "integer",
            ArgumentKind::Double => "double",
            ArgumentKind::Key => "key",
            ArgumentKind::Pattern => "pattern",
            ArgumentKind::UnixTime => "unix-time",
            ArgumentKind::PureToken => "pure-token",
            ArgumentKind::OneOf => "oneof",
            ArgumentKind::Block => "block",
        }
    }
}
