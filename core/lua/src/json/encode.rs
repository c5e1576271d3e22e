//! Lua values to JSON.

use mlua::{Function, Lua, LuaString, Result, Table, Value};

use super::{InvalidNumbers, Settings};
use crate::arguments::{Arguments, check_size, plain_number, type_name};
use crate::number;
use crate::raise::text_error;
use crate::run::{Elements, Unlimited, spend};

/// Levels however many the settings allow. Redis's end with Lua's stack, in about as many.
const DEPTH_MAX: usize = 2600;

/// `cjson.encode`
pub(super) fn encode(
    lua: &Lua,
    arguments: &Arguments,
    settings: &Settings,
    next: &Function,
) -> Result<LuaString> {
    let [value] = arguments.values() else {
        return Err(arguments.wrong(lua, 0, "expected 1 argument"));
    };
    let mut encoder = Encoder {
        lua,
        settings,
        next,
        written: Vec::new(),
        levels: Vec::new(),
        elements: Elements::default(),
    };
    {
        // Nothing is built in Lua until the text is whole.
        let _unlimited = Unlimited::new(lua)?;
        encoder.encode(value)?;
    }
    spend((encoder.written.len() / 16) as u64)?;
    lua.create_string(&encoder.written)
}

struct Encoder<'a> {
    lua: &'a Lua,
    settings: &'a Settings,
    next: &'a Function,
    written: Vec<u8>,
    /// Tables begun and not ended, outermost first. They could be nested deeper than our stack is.
    levels: Vec<Level>,
    elements: Elements,
}

enum Level {
    Array {
        table: Table,
        done: usize,
        length: usize,
    },
    /// With the key of the last member that was begun.
    Object {
        table: Table,
        key: Value,
        is_first: bool,
    },
}

impl Encoder<'_> {
    fn encode(&mut self, value: &Value) -> Result<()> {
        self.begin(value)?;
        while let Some(level) = self.levels.last_mut() {
            check_size(self.written.len())?;
            match level {
                Level::Array { table, done, length } => {
                    if done == length {
                        self.written.push(b']');
                        self.levels.pop();
                        continue;
                    }
                    if *done > 0 {
                        self.written.push(b',');
                    }
                    *done += 1;
                    let item: Value = table.raw_get(*done)?;
                    self.begin(&item)?;
                }
                Level::Object { table, key, is_first } => {
                    let (following, value) = self.next.call::<(Value, Value)>((&*table, &*key))?;
                    if following.is_nil() {
                        self.written.push(b'}');
                        self.levels.pop();
                        continue;
                    }
                    key.clone_from(&following);
                    let is_first = std::mem::replace(is_first, false);
                    self.key(&following, is_first)?;
                    self.begin(&value)?;
                }
            }
        }
        Ok(())
    }

    /// Writes a value, or the beginning of a table.
    fn begin(&mut self, value: &Value) -> Result<()> {
        self.elements.count()?;
        match value {
            Value::String(string) => self.string(&string.as_bytes()),
            Value::Integer(integer) => self.number(*integer as f64, value)?,
            Value::Number(number) => self.number(*number, value)?,
            Value::Boolean(true) => self.written.extend_from_slice(b"true"),
            Value::Boolean(false) => self.written.extend_from_slice(b"false"),
            Value::Nil => self.written.extend_from_slice(b"null"),
            Value::LightUserData(pointer) if pointer.0.is_null() => self.written.extend_from_slice(b"null"),
            Value::Table(table) => {
                let mut begun = Some(table.clone());
                while let Some(table) = begun {
                    begun = self.begin_table(&table)?;
                }
            }
            _ => return Err(self.refusal(value, "type not supported")),
        }
        Ok(())
    }

    /// Writes the beginning of a table, which may go up to the beginning of a table within it, the answer.
    fn begin_table(&mut self, table: &Table) -> Result<Option<Table>> {
        let depth = self.levels.len() + 1;
        if depth as i64 > self.settings.encode_depth_max || depth > DEPTH_MAX {
            return Err(text_error(self.lua, format!("Cannot serialise, excessive nesting ({depth})")));
        }
        if let Some(length) = self.array_length(table)?.filter(|length| *length > 0) {
            self.written.push(b'[');
            self.levels.push(Level::Array { table: table.clone(), done: 0, length });
            return Ok(None);
        }
        self.written.push(b'{');
        // Members are read in one walk up to the first that is a table itself; from there on, key by key.
        let mut is_first = true;
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair?;
            self.key(&key, is_first)?;
            if let Value::Table(inner) = value {
                self.levels.push(Level::Object { table: table.clone(), key, is_first: false });
                return Ok(Some(inner));
            }
            self.begin(&value)?;
            check_size(self.written.len())?;
            is_first = false;
        }
        self.written.push(b'}');
        Ok(None)
    }

    fn key(&mut self, key: &Value, is_first: bool) -> Result<()> {
        if !is_first {
            self.written.push(b',');
        }
        match key {
            Value::String(string) => self.string(&string.as_bytes()),
            Value::Integer(_) | Value::Number(_) => {
                self.written.push(b'"');
                let number = plain_number(key).unwrap_or(0.0);
                self.number(number, key)?;
                self.written.push(b'"');
            }
            _ => return Err(self.refusal(key, "table key must be a number or string")),
        }
        self.written.push(b':');
        Ok(())
    }

    /// The largest index, if all keys are positive integers; nothing if it's an object.
    fn array_length(&self, table: &Table) -> Result<Option<usize>> {
        let mut largest: i32 = 0;
        let mut items: i64 = 0;
        for pair in table.pairs::<Value, Value>() {
            let (key, _) = pair?;
            let Some(index) = plain_number(&key).filter(|index| *index == index.floor() && *index >= 1.0)
            else {
                return Ok(None);
            };
            if index > f64::from(largest) {
                // What does not fit becomes negative in C, and the table an object.
                largest = if index <= f64::from(i32::MAX) { index as i32 } else { i32::MIN };
            }
            items += 1;
        }
        let settings = self.settings;
        if settings.sparse_ratio > 0
            && i64::from(largest) > items.saturating_mul(settings.sparse_ratio)
            && i64::from(largest) > settings.sparse_safe
        {
            if !settings.sparse_convert {
                return Err(self.refusal(&Value::Table(table.clone()), "excessively sparse array"));
            }
            return Ok(None);
        }
        Ok(usize::try_from(largest).ok())
    }

    fn number(&mut self, number: f64, value: &Value) -> Result<()> {
        if !number.is_finite() {
            match self.settings.encode_invalid {
                InvalidNumbers::Refuse => return Err(self.refusal(value, "must not be NaN or Inf")),
                InvalidNumbers::Null => {
                    self.written.extend_from_slice(b"null");
                    return Ok(());
                }
                InvalidNumbers::Write if number.is_nan() => {
                    self.written.extend_from_slice(b"nan");
                    return Ok(());
                }
                InvalidNumbers::Write => {}
            }
        }
        let text = number::general(number, self.settings.precision as usize);
        self.written.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn string(&mut self, bytes: &[u8]) {
        self.written.reserve(bytes.len() + 2);
        self.written.push(b'"');
        let mut plain_from = 0;
        for (index, &byte) in bytes.iter().enumerate() {
            let escape: &[u8] = match byte {
                b'"' => b"\\\"",
                b'\\' => b"\\\\",
                b'/' => b"\\/",
                8 => b"\\b",
                9 => b"\\t",
                10 => b"\\n",
                12 => b"\\f",
                13 => b"\\r",
                0..=31 | 127 => b"",
                _ => continue,
            };
            self.written.extend_from_slice(bytes.get(plain_from..index).unwrap_or_default());
            plain_from = index + 1;
            if escape.is_empty() {
                self.written.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            } else {
                self.written.extend_from_slice(escape);
            }
        }
        self.written.extend_from_slice(bytes.get(plain_from..).unwrap_or_default());
        self.written.push(b'"');
    }

    fn refusal(&self, value: &Value, reason: &str) -> mlua::Error {
        text_error(self.lua, format!("Cannot serialise {}: {reason}", type_name(value)))
    }
}
