//! Options that are declared once: the schema is made from the declaration, and the value is read by it.
//!
//! ```
//! use dredis_contract::{OptionValue, Options, Setting};
//!
//! const CACHE_SIZE: Setting<i64> =
//!     Setting::integer("cache_size", "bytes of memory for blocks").range(0, 1 << 40).default(256 << 20);
//! const THREADS: Setting<Option<i64>> =
//!     Setting::integer("threads", "threads that compact; default: one per core").range(1, 64);
//!
//! // In `Open::options`:
//! let schema = vec![CACHE_SIZE.spec(), THREADS.spec()];
//! assert_eq!(schema[0].help, "bytes of memory for blocks (0 to 1099511627776)");
//! // In `Open::open`:
//! let mut given = Options::new();
//! given.set("threads", OptionValue::Integer(65));
//! assert_eq!(CACHE_SIZE.read(&given), Ok(256 << 20));
//! assert_eq!(THREADS.read(&given).unwrap_err().message(), "option 'threads' takes a number from 1 to 64, not 65");
//! ```

use std::marker::PhantomData;

use crate::{Error, OptionKind, OptionRange, OptionSpec, OptionValue, Options, Result};

/// An option of type `T`: `bool`, `i64`, `f64` or `String`, or an `Option` of these if it has no default.
pub struct Setting<T> {
    name: &'static str,
    help: &'static str,
    shape: Shape,
    value: PhantomData<fn() -> T>,
}

/// Type, default and range.
#[derive(Clone, Copy)]
enum Shape {
    Bool { default: Option<bool> },
    Integer { default: Option<i64>, least: i64, most: i64 },
    Float { default: Option<f64>, least: f64, most: f64 },
    Text { default: Option<&'static str>, words: &'static [&'static str] },
}

impl<T> Setting<T> {
    const fn new(name: &'static str, help: &'static str, shape: Shape) -> Self {
        Setting { name, help, shape, value: PhantomData }
    }

    /// Its line in the schema. The range is added to the help.
    pub fn spec(&self) -> OptionSpec {
        let (kind, default, range) = match self.shape {
            Shape::Bool { default } => (OptionKind::Bool, default.map(OptionValue::Bool), OptionRange::Any),
            Shape::Integer { default, least, most } => {
                (OptionKind::Integer, default.map(OptionValue::Integer), OptionRange::Integers(least, most))
            }
            Shape::Float { default, least, most } => {
                (OptionKind::Float, default.map(OptionValue::Float), OptionRange::Floats(least, most))
            }
            Shape::Text { default, words } => {
                let range = match words {
                    [] => OptionRange::Any,
                    words => OptionRange::Words(words.iter().map(|word| (*word).to_owned()).collect()),
                };
                (OptionKind::Text, default.map(|text| OptionValue::Text(text.to_owned())), range)
            }
        };
        let bounds = range.to_string();
        let help = if bounds.is_empty() { self.help.to_owned() } else { format!("{} ({bounds})", self.help) };
        OptionSpec::new(self.name, kind, default.unwrap_or(OptionValue::Null), &help).with_range(range)
    }

    /// What it is called.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T: SettingValue> Setting<T> {
    /// What holds: what the operator gave, or else the default. A value of another type or out of range is an
    /// [`crate::ErrorKind::InvalidInput`]; a plugin's SDK refuses such options before the engine is opened.
    pub fn read(&self, options: &Options) -> Result<T> {
        let spec = self.spec();
        let value = match options.get(self.name) {
            Some(given) => {
                spec.check(given)?;
                given
            }
            None => &spec.default,
        };
        T::of(value).ok_or_else(|| Error::invalid_input(format!("option '{}' is not given", self.name)))
    }
}

impl Setting<Option<bool>> {
    /// A flag.
    pub const fn bool(name: &'static str, help: &'static str) -> Self {
        Setting::new(name, help, Shape::Bool { default: None })
    }

    /// The same with what holds if it is not given.
    pub const fn default(self, default: bool) -> Setting<bool> {
        Setting::new(self.name, self.help, Shape::Bool { default: Some(default) })
    }
}

impl Setting<Option<i64>> {
    /// A number without a fraction. The help says its unit.
    pub const fn integer(name: &'static str, help: &'static str) -> Self {
        Setting::new(name, help, Shape::Integer { default: None, least: i64::MIN, most: i64::MAX })
    }

    /// The same from `least` to `most`, both included; `i64::MAX` is no bound.
    pub const fn range(self, least: i64, most: i64) -> Self {
        assert!(least <= most, "the range is empty");
        Setting::new(self.name, self.help, Shape::Integer { default: None, least, most })
    }

    /// The same with what holds if it is not given. Said after the range.
    pub const fn default(self, default: i64) -> Setting<i64> {
        let Shape::Integer { least, most, .. } = self.shape else { panic!("an integer") };
        assert!(least <= default && default <= most, "the default is out of range");
        Setting::new(self.name, self.help, Shape::Integer { default: Some(default), least, most })
    }
}

impl Setting<Option<f64>> {
    /// A number. The help says its unit.
    pub const fn float(name: &'static str, help: &'static str) -> Self {
        Setting::new(name, help, Shape::Float { default: None, least: f64::MIN, most: f64::MAX })
    }

    /// The same from `least` to `most`, both included; `f64::MAX` is no bound.
    pub const fn range(self, least: f64, most: f64) -> Self {
        assert!(least <= most, "the range is empty");
        Setting::new(self.name, self.help, Shape::Float { default: None, least, most })
    }

    /// The same with what holds if it is not given. Said after the range.
    pub const fn default(self, default: f64) -> Setting<f64> {
        let Shape::Float { least, most, .. } = self.shape else { panic!("a number") };
        assert!(least <= default && default <= most, "the default is out of range");
        Setting::new(self.name, self.help, Shape::Float { default: Some(default), least, most })
    }
}

impl Setting<Option<String>> {
    /// A string.
    pub const fn text(name: &'static str, help: &'static str) -> Self {
        Setting::new(name, help, Shape::Text { default: None, words: &[] })
    }

    /// The same, which has to be one of these words.
    pub const fn one_of(self, words: &'static [&'static str]) -> Self {
        Setting::new(self.name, self.help, Shape::Text { default: None, words })
    }

    /// The same with what holds if it is not given. Said after [`Setting::one_of`].
    pub const fn default(self, default: &'static str) -> Setting<String> {
        let Shape::Text { words, .. } = self.shape else { panic!("a string") };
        Setting::new(self.name, self.help, Shape::Text { default: Some(default), words })
    }
}

/// A type that options can have. Nobody else implements it.
pub trait SettingValue: Sized + private::Sealed {
    #[doc(hidden)]
    fn of(value: &OptionValue) -> Option<Self>;
}

mod private {
    pub trait Sealed {}
    impl Sealed for bool {}
    impl Sealed for i64 {}
    impl Sealed for f64 {}
    impl Sealed for String {}
    impl<T: Sealed> Sealed for Option<T> {}
}

impl SettingValue for bool {
    fn of(value: &OptionValue) -> Option<Self> {
        if let OptionValue::Bool(value) = value { Some(*value) } else { None }
    }
}

impl SettingValue for i64 {
    fn of(value: &OptionValue) -> Option<Self> {
        if let OptionValue::Integer(value) = value { Some(*value) } else { None }
    }
}

impl SettingValue for f64 {
    fn of(value: &OptionValue) -> Option<Self> {
        match value {
            OptionValue::Float(value) => Some(*value),
            OptionValue::Integer(value) => Some(*value as f64),
            _ => None,
        }
    }
}

impl SettingValue for String {
    fn of(value: &OptionValue) -> Option<Self> {
        if let OptionValue::Text(value) = value { Some(value.clone()) } else { None }
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    fn of(value: &OptionValue) -> Option<Self> {
        Some(T::of(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Setting<i64> = Setting::integer("size", "bytes").range(1, i64::MAX).default(8);
    const SHARE: Setting<f64> = Setting::float("share", "part of all").range(0.0, 1.0).default(0.5);
    const PATH: Setting<Option<String>> = Setting::text("path", "where");
    const PACK: Setting<String> = Setting::text("pack", "how").one_of(&["lz4", "none"]).default("lz4");
    const FLAG: Setting<bool> = Setting::bool("flag", "whether").default(true);

    fn given(name: &str, value: OptionValue) -> Options {
        let mut options = Options::new();
        options.set(name, value);
        options
    }

    #[test]
    fn defaults_hold_where_nothing_is_given_and_where_null_is() {
        for options in [Options::new(), given("size", OptionValue::Null)] {
            assert_eq!(SIZE.read(&options), Ok(8));
            assert_eq!(SHARE.read(&options), Ok(0.5));
            assert_eq!(PATH.read(&options), Ok(None));
            assert_eq!(PACK.read(&options).as_deref(), Ok("lz4"));
            assert_eq!(FLAG.read(&options), Ok(true));
        }
    }

    #[test]
    fn what_is_given_holds() {
        assert_eq!(SIZE.read(&given("size", OptionValue::Integer(1))), Ok(1));
        assert_eq!(SHARE.read(&given("share", OptionValue::Integer(1))), Ok(1.0));
        assert_eq!(given("share", OptionValue::Integer(1)).float("share"), Some(1.0));
        assert_eq!(PATH.read(&given("path", OptionValue::Text("x".into()))), Ok(Some("x".into())));
        assert_eq!(FLAG.read(&given("flag", OptionValue::Bool(false))), Ok(false));
    }

    #[test]
    fn what_lies_outside_is_refused_by_the_schema_and_by_the_reader() {
        let schema = [SIZE.spec(), SHARE.spec(), PATH.spec(), PACK.spec(), FLAG.spec()];
        let helps: Vec<&str> = schema.iter().map(|spec| spec.help.as_str()).collect();
        assert_eq!(
            helps,
            ["bytes (from 1)", "part of all (0 to 1)", "where", "how (\"lz4\" or \"none\")", "whether"]
        );
        for (options, said) in [
            (given("size", OptionValue::Integer(0)), "option 'size' takes a number from 1, not 0"),
            (given("share", OptionValue::Float(1.5)), "option 'share' takes a number from 0 to 1, not 1.5"),
            (given("share", OptionValue::Integer(-1)), "option 'share' takes a number from 0 to 1, not -1"),
            (
                given("pack", OptionValue::Text("zip".into())),
                "option 'pack' takes \"lz4\" or \"none\", not \"zip\"",
            ),
            (given("size", OptionValue::Text("1".into())), "option 'size' takes a JSON integer, not \"1\""),
        ] {
            assert_eq!(options.check(&schema).unwrap_err().to_string(), said);
            let read = [SIZE.read(&options).err(), SHARE.read(&options).err(), PACK.read(&options).err()];
            assert_eq!(read.iter().flatten().next().map(Error::message), Some(said));
        }
    }
}
