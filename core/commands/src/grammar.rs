//! Short words for writing an argument's grammar into a command's row.

use crate::command::{Argument, ArgumentKind};

const fn argument(name: &'static str, kind: ArgumentKind) -> Argument {
    Argument { name, kind, ..Argument::BLANK }
}

/// A key that the specification of this index finds.
pub const fn key(name: &'static str, key_spec: u8) -> Argument {
    Argument { key_spec: Some(key_spec), ..argument(name, ArgumentKind::Key) }
}

/// Any bytes.
pub const fn text(name: &'static str) -> Argument {
    argument(name, ArgumentKind::Text)
}

/// An integer.
pub const fn integer(name: &'static str) -> Argument {
    argument(name, ArgumentKind::Integer)
}

/// A number with a fraction.
pub const fn double(name: &'static str) -> Argument {
    argument(name, ArgumentKind::Double)
}

/// A glob pattern.
pub const fn pattern(name: &'static str) -> Argument {
    argument(name, ArgumentKind::Pattern)
}

/// A point in time.
pub const fn unix_time(name: &'static str) -> Argument {
    argument(name, ArgumentKind::UnixTime)
}

/// A word that stands for itself.
pub const fn word(name: &'static str, token: &'static str) -> Argument {
    Argument { token: Some(token), ..argument(name, ArgumentKind::PureToken) }
}

/// One of several.
pub const fn one_of(name: &'static str, parts: &'static [Argument]) -> Argument {
    Argument { parts, ..argument(name, ArgumentKind::OneOf) }
}

/// Several in a row.
pub const fn block(name: &'static str, parts: &'static [Argument]) -> Argument {
    Argument { parts, ..argument(name, ArgumentKind::Block) }
}

impl Argument {
    /// The same after a word.
    pub const fn after(self, token: &'static str) -> Argument {
        Argument { token: Some(token), ..self }
    }

    /// The same, and it may be left out.
    pub const fn optional(self) -> Argument {
        Argument { optional: true, ..self }
    }

    /// The same, and it may be repeated.
    pub const fn multiple(self) -> Argument {
        Argument { multiple: true, ..self }
    }

    /// The same, brought by this version of Redis.
    pub const fn since(self, version: &'static str) -> Argument {
        Argument { since: Some(version), ..self }
    }

    /// The same, repeated with its token.
    pub const fn multiple_token(self) -> Argument {
        Argument { multiple: true, multiple_token: true, ..self }
    }

    /// The same, not to be used any more since this version of Redis.
    pub const fn deprecated(self, version: &'static str) -> Argument {
        Argument { deprecated_since: Some(version), ..self }
    }
}
