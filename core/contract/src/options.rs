//! Engine options: JSON values, and the schema that a plugin publishes for them.

use std::collections::BTreeMap;
use std::fmt;

/// A JSON value, as far as options go.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// `null`: as if the option had not been given.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without a fraction.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// A string.
    Text(String),
}

impl fmt::Display for OptionValue {
    /// As JSON.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionValue::Null => formatter.write_str("null"),
            OptionValue::Bool(value) => write!(formatter, "{value}"),
            OptionValue::Integer(value) => write!(formatter, "{value}"),
            OptionValue::Float(value) => write!(formatter, "{value}"),
            OptionValue::Text(value) => write!(formatter, "{value:?}"),
        }
    }
}

/// The JSON type that an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OptionKind {
    /// `true` or `false`.
    Bool,
    /// An integer.
    Integer,
    /// Any number.
    Float,
    /// A string.
    Text,
}

impl OptionKind {
    /// The name of the type, for people.
    pub fn name(self) -> &'static str {
        match self {
            OptionKind::Bool => "boolean",
            OptionKind::Integer => "integer",
            OptionKind::Float => "number",
            OptionKind::Text => "string",
        }
    }

    /// Whether `value` is of this type; `null` is of every type, and an integer is a number.
    pub fn accepts(self, value: &OptionValue) -> bool {
        matches!(
            (self, value),
            (_, OptionValue::Null)
                | (OptionKind::Bool, OptionValue::Bool(_))
                | (OptionKind::Integer | OptionKind::Float, OptionValue::Integer(_))
                | (OptionKind::Float, OptionValue::Float(_))
                | (OptionKind::Text, OptionValue::Text(_))
        )
    }
}

/// Which values of its type an option takes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OptionRange {
    /// All of them.
    Any,
    /// From the first to the second, both included.
    Integers(i64, i64),
    /// From the first to the second, both included.
    Floats(f64, f64),
    /// One of these words.
    Words(Vec<String>),
}

impl OptionRange {
    fn contains(&self, value: &OptionValue) -> bool {
        match (self, value) {
            (OptionRange::Integers(least, most), OptionValue::Integer(value)) => {
                (least..=most).contains(&value)
            }
            (OptionRange::Floats(least, most), OptionValue::Float(value)) => (least..=most).contains(&value),
            (OptionRange::Floats(least, most), OptionValue::Integer(value)) => {
                (*least..=*most).contains(&(*value as f64))
            }
            (OptionRange::Words(words), OptionValue::Text(value)) => words.contains(value),
            // Another type is refused before, and `null` is in every range.
            _ => true,
        }
    }
}

impl fmt::Display for OptionRange {
    /// For people: `1 to 64`, `from 1`, `up to 64`, `"lz4" or "none"`; nothing for any value.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionRange::Any | OptionRange::Integers(i64::MIN, i64::MAX) => Ok(()),
            OptionRange::Integers(least, i64::MAX) => write!(formatter, "from {least}"),
            OptionRange::Integers(i64::MIN, most) => write!(formatter, "up to {most}"),
            OptionRange::Integers(least, most) => write!(formatter, "{least} to {most}"),
            OptionRange::Floats(least, most) if *most == f64::MAX => write!(formatter, "from {least}"),
            OptionRange::Floats(least, most) if *least == f64::MIN => write!(formatter, "up to {most}"),
            OptionRange::Floats(least, most) => write!(formatter, "{least} to {most}"),
            OptionRange::Words(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
                formatter.write_str(&quoted.join(" or "))
            }
        }
    }
}

/// One option in a schema. [`crate::Setting`] makes one from a declaration that the engine reads its value by, too.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OptionSpec {
    /// Its name, in `snake_case`.
    pub name: String,
    /// Its type.
    pub kind: OptionKind,
    /// What holds if it is not given; `Null` if there is nothing fixed to show (the help says what then).
    pub default: OptionValue,
    /// One line for `--backend-help`, with the unit and the range.
    pub help: String,
    /// Which values of the type it takes. Known where the engine is: across a plugin's boundary the help alone tells of it,
    /// and the plugin refuses what lies outside before its engine is asked.
    pub range: OptionRange,
}

impl OptionSpec {
    /// An option `name` of type `kind`, which takes every value of it.
    pub fn new(name: &str, kind: OptionKind, default: OptionValue, help: &str) -> Self {
        OptionSpec { name: name.to_owned(), kind, default, help: help.to_owned(), range: OptionRange::Any }
    }

    /// The same within a range. What refuses values outside is [`Options::check`].
    pub fn with_range(self, range: OptionRange) -> Self {
        OptionSpec { range, ..self }
    }

    /// Whether an operator may give `value` for it.
    pub(crate) fn check(&self, value: &OptionValue) -> Result<(), OptionError> {
        let (name, found) = (|| self.name.clone(), || value.clone());
        if !self.kind.accepts(value) {
            return Err(OptionError::WrongType { name: name(), expected: self.kind, found: found() });
        }
        if !self.range.contains(value) {
            return Err(OptionError::OutOfRange { name: name(), range: self.range.clone(), found: found() });
        }
        Ok(())
    }
}

/// The options that an operator gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    values: BTreeMap<String, OptionValue>,
}

impl Options {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one; a later value replaces an earlier one.
    pub fn set(&mut self, name: &str, value: OptionValue) {
        self.values.insert(name.to_owned(), value);
    }

    /// What was given for `name`; `None` if nothing, or `null`, was.
    pub fn get(&self, name: &str) -> Option<&OptionValue> {
        self.values.get(name).filter(|value| **value != OptionValue::Null)
    }

    /// What was given for a boolean option.
    pub fn bool(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some(OptionValue::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    /// What was given for an integer option.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(OptionValue::Integer(value)) => Some(*value),
            _ => None,
        }
    }

    /// What was given for an option that takes any number.
    pub fn float(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(OptionValue::Float(value)) => Some(*value),
            Some(OptionValue::Integer(value)) => Some(*value as f64),
            _ => None,
        }
    }

    /// What was given for a string option.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(OptionValue::Text(value)) => Some(value),
            _ => None,
        }
    }

    /// All options, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OptionValue)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Checks names, types and ranges against a schema. The first thing wrong is the error.
    pub fn check(&self, schema: &[OptionSpec]) -> Result<(), OptionError> {
        for (name, value) in self.iter() {
            let Some(spec) = schema.iter().find(|spec| spec.name == name) else {
                return Err(OptionError::Unknown {
                    name: name.to_owned(),
                    nearest: nearest_name(name, schema.iter().map(|spec| spec.name.as_str()))
                        .map(str::to_owned),
                });
            };
            spec.check(value)?;
        }
        Ok(())
    }
}

/// Why options do not fit a schema.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OptionError {
    /// There is no such option.
    Unknown {
        /// What was given.
        name: String,
        /// The name in the schema that is most like it, if any is.
        nearest: Option<String>,
    },
    /// The value has another type than the schema says.
    WrongType {
        /// The option.
        name: String,
        /// The type that it takes.
        expected: OptionKind,
        /// What was given.
        found: OptionValue,
    },
    /// The value is of the right type, and not one that the option takes.
    OutOfRange {
        /// The option.
        name: String,
        /// What it takes.
        range: OptionRange,
        /// What was given.
        found: OptionValue,
    },
}

impl fmt::Display for OptionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionError::Unknown { name, nearest: Some(nearest) } => {
                write!(formatter, "unknown option '{name}': did you mean '{nearest}'?")
            }
            OptionError::Unknown { name, nearest: None } => write!(formatter, "unknown option '{name}'"),
            OptionError::WrongType { name, expected, found } => {
                write!(formatter, "option '{name}' takes a JSON {}, not {found}", expected.name())
            }
            OptionError::OutOfRange { name, range, found } => {
                let bounds = range.to_string();
                let kind = match range {
                    OptionRange::Words(_) => "",
                    _ if bounds.starts_with(char::is_alphabetic) => "a number ",
                    _ => "a number from ",
                };
                write!(formatter, "option '{name}' takes {kind}{bounds}, not {found}")
            }
        }
    }
}

impl std::error::Error for OptionError {}

impl From<OptionError> for crate::Error {
    fn from(error: OptionError) -> Self {
        crate::Error::invalid_input(error.to_string())
    }
}

/// Which of `candidates` is nearest to `name`, if any is near enough for a slip of the hand.
pub fn nearest_name<'n>(name: &str, candidates: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 2 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance in bytes.
fn edit_distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.bytes().enumerate() {
            let substitution = diagonal + usize::from(l != r);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Vec<OptionSpec> {
        vec![
            OptionSpec::new("map_size", OptionKind::Integer, OptionValue::Null, "bytes"),
            OptionSpec::new("readahead", OptionKind::Bool, OptionValue::Bool(false), "read ahead"),
        ]
    }

    #[test]
    fn a_misspelt_name_names_its_neighbour() {
        let mut options = Options::new();
        options.set("mapsize", OptionValue::Integer(1));
        let error = options.check(&schema()).unwrap_err();
        assert_eq!(error.to_string(), "unknown option 'mapsize': did you mean 'map_size'?");
    }

    #[test]
    fn a_wrong_type_names_both() {
        let mut options = Options::new();
        options.set("readahead", OptionValue::Text("yes".into()));
        let error = options.check(&schema()).unwrap_err();
        assert_eq!(error.to_string(), "option 'readahead' takes a JSON boolean, not \"yes\"");
    }

    #[test]
    fn null_counts_as_not_given() {
        let mut options = Options::new();
        options.set("map_size", OptionValue::Null);
        assert!(options.check(&schema()).is_ok());
        assert_eq!(options.get("map_size"), None);
    }
}
