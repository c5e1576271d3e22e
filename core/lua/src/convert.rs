//! Replies become Lua values and Lua values replies, by Redis's rules.

use mlua::{Function, IntoLua, Lua, LuaString, Result, Table, Value};

use crate::answer::Answer;
use crate::number;
use crate::raise::{RaisedError, error_table};
use crate::run::Elements;
use crate::surroundings::Protocol;

/// Levels of tables in an answer. Redis ends at the limit of Lua's stack, some thousand levels deeper; an answer is also
/// written and freed level by level, on a stack of its own size.
const LEVELS_MAX: usize = 1000;

/// What an element costs of the memory that an answer may have, besides its bytes.
const ELEMENT_BYTES: usize = size_of::<Answer>();

/// A command's answer as Lua value.
pub(crate) fn to_lua(lua: &Lua, answer: &Answer, protocol: Protocol) -> Result<Value> {
    let is_new = protocol == Protocol::Resp3;
    Ok(match answer {
        Answer::Integer(integer) => Value::Number(*integer as f64),
        Answer::Bulk(bytes) => Value::String(lua.create_string(bytes)?),
        Answer::Null if is_new => Value::Nil,
        Answer::Null | Answer::NullArray => Value::Boolean(false),
        Answer::Status(text) => Value::Table(field(lua, "ok", lua.create_string(text)?)?),
        Answer::Error(text) => error_table(lua, &RaisedError::of_command(text))?,
        Answer::Array(items) => {
            Value::Table(lua.create_sequence_from(items.iter().map(|item| Converted(item, protocol)))?)
        }
        Answer::Map(pairs) if is_new => {
            let table = lua.create_table_with_capacity(0, pairs.len())?;
            for (key, value) in pairs {
                let key = to_lua(lua, key, protocol)?;
                if !key.is_nil() {
                    table.raw_set(key, to_lua(lua, value, protocol)?)?;
                }
            }
            Value::Table(field(lua, "map", table)?)
        }
        Answer::Map(pairs) => {
            let items = pairs.iter().flat_map(|(key, value)| [key, value]);
            Value::Table(lua.create_sequence_from(items.map(|item| Converted(item, protocol)))?)
        }
        Answer::Set(items) if is_new => {
            let table = lua.create_table_with_capacity(0, items.len())?;
            for item in items {
                let key = to_lua(lua, item, protocol)?;
                if !key.is_nil() {
                    table.raw_set(key, true)?;
                }
            }
            Value::Table(field(lua, "set", table)?)
        }
        Answer::Set(items) => {
            Value::Table(lua.create_sequence_from(items.iter().map(|item| Converted(item, protocol)))?)
        }
        Answer::Double(double) if is_new => Value::Table(field(lua, "double", *double)?),
        Answer::Double(double) => Value::String(lua.create_string(number::general(*double, 17))?),
        Answer::Boolean(boolean) if is_new => Value::Boolean(*boolean),
        Answer::Boolean(boolean) => Value::Integer(i64::from(*boolean)),
        Answer::Verbatim { format, text } if is_new => {
            let table = lua.create_table_with_capacity(0, 2)?;
            table.raw_set("format", lua.create_string(format)?)?;
            table.raw_set("string", lua.create_string(text)?)?;
            Value::Table(field(lua, "verbatim_string", table)?)
        }
        Answer::BigNumber(digits) if is_new => {
            Value::Table(field(lua, "big_number", lua.create_string(digits)?)?)
        }
        Answer::Verbatim { text, .. } | Answer::BigNumber(text) => Value::String(lua.create_string(text)?),
    })
}

/// An answer on its way into a table. Answers of commands are a few levels deep at most.
struct Converted<'a>(&'a Answer, Protocol);

impl IntoLua for Converted<'_> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        to_lua(lua, self.0, self.1)
    }
}

fn field(lua: &Lua, name: &str, value: impl IntoLua) -> Result<Table> {
    let table = lua.create_table_with_capacity(0, 1)?;
    table.raw_set(name, value)?;
    Ok(table)
}

/// Reads what scripts answer.
pub(crate) struct Reader {
    next: Function,
    err: LuaString,
    ok: LuaString,
    double: LuaString,
    big_number: LuaString,
    verbatim_string: LuaString,
    map: LuaString,
    set: LuaString,
}

/// What a script answered.
pub(crate) enum Read {
    Answer(Answer),
    /// A table with an error, with whether it was counted.
    Error(RaisedError),
    /// More than an answer may have.
    TooLarge,
}

/// A table that is being read.
enum Level {
    Array { table: Table, items: Vec<Answer> },
    Set { table: Table, key: Value, items: Vec<Answer> },
    Map { table: Table, key: Value, items: Vec<Answer> },
}

/// A value that was begun.
enum Begun {
    Whole(Answer),
    Error(RaisedError),
    Level(Level),
}

impl Reader {
    pub(crate) fn new(lua: &Lua) -> Result<Reader> {
        let string = |text: &str| lua.create_string(text);
        Ok(Reader {
            next: lua.globals().raw_get("next")?,
            err: string("err")?,
            ok: string("ok")?,
            double: string("double")?,
            big_number: string("big_number")?,
            verbatim_string: string("verbatim_string")?,
            map: string("map")?,
            set: string("set")?,
        })
    }

    /// A script's answer, of at most `bytes_max` bytes.
    pub(crate) fn read(&self, value: Value, protocol: Protocol, bytes_max: usize) -> Result<Read> {
        let mut levels: Vec<Level> = Vec::new();
        let mut bytes: usize = 0;
        let mut elements = Elements::default();
        let mut whole = match self.begin(value, protocol)? {
            Begun::Error(error) => return Ok(Read::Error(error)),
            Begun::Whole(answer) => return Ok(Read::Answer(answer)),
            Begun::Level(level) => {
                levels.push(level);
                None
            }
        };
        while let Some(level) = levels.last_mut() {
            if let Some(answer) = whole.take() {
                level.items().push(answer);
            }
            let Some(next) = level.advance(&self.next)? else {
                let done = levels.pop().map(Level::finish);
                if levels.is_empty() {
                    return Ok(Read::Answer(done.unwrap_or(Answer::Null)));
                }
                whole = done;
                continue;
            };
            elements.count()?;
            bytes = bytes.saturating_add(ELEMENT_BYTES);
            whole = match self.begin(next, protocol)? {
                Begun::Whole(answer) => Some(answer),
                Begun::Error(error) => Some(Answer::Error(error.message)),
                Begun::Level(_) if levels.len() >= LEVELS_MAX => {
                    Some(Answer::Error(b"ERR reached lua stack limit".to_vec()))
                }
                Begun::Level(level) => {
                    levels.push(level);
                    None
                }
            };
            bytes = bytes.saturating_add(whole.as_ref().map_or(0, bytes_of));
            if bytes > bytes_max {
                return Ok(Read::TooLarge);
            }
        }
        Ok(Read::Answer(Answer::Null))
    }

    fn begin(&self, value: Value, protocol: Protocol) -> Result<Begun> {
        Ok(Begun::Whole(match value {
            Value::String(string) => Answer::Bulk(string.as_bytes().to_vec()),
            Value::Integer(integer) => Answer::Integer(integer),
            Value::Number(number) => Answer::Integer(number::to_integer(number)),
            Value::Boolean(boolean) if protocol == Protocol::Resp3 => Answer::Boolean(boolean),
            Value::Boolean(true) => Answer::Integer(1),
            Value::Table(table) => return self.begin_table(table),
            _ => Answer::Null,
        }))
    }

    fn begin_table(&self, table: Table) -> Result<Begun> {
        if let Some(error) = self.error_of(&table)? {
            return Ok(Begun::Error(error));
        }
        if let Value::String(text) = table.raw_get(&self.ok)? {
            return Ok(Begun::Whole(Answer::Status(one_line(&text.as_bytes()))));
        }
        match table.raw_get(&self.double)? {
            Value::Integer(integer) => return Ok(Begun::Whole(Answer::Double(integer as f64))),
            Value::Number(number) => return Ok(Begun::Whole(Answer::Double(number))),
            _ => {}
        }
        if let Value::String(digits) = table.raw_get(&self.big_number)? {
            let mut digits = digits.as_bytes().to_vec();
            digits.iter_mut().filter(|byte| is_line_end(**byte)).for_each(|byte| *byte = b' ');
            return Ok(Begun::Whole(Answer::BigNumber(digits)));
        }
        if let Value::Table(verbatim) = table.raw_get(&self.verbatim_string)?
            && let Value::String(format) = verbatim.raw_get("format")?
            && let Value::String(text) = verbatim.raw_get("string")?
        {
            let mut letters = *b"   ";
            for (letter, given) in letters.iter_mut().zip(format.as_bytes().iter()) {
                *letter = *given;
            }
            let text = text.as_bytes().to_vec();
            return Ok(Begun::Whole(Answer::Verbatim { format: letters, text }));
        }
        if let Value::Table(table) = table.raw_get(&self.map)? {
            return Ok(Begun::Level(Level::Map { table, key: Value::Nil, items: Vec::new() }));
        }
        if let Value::Table(table) = table.raw_get(&self.set)? {
            return Ok(Begun::Level(Level::Set { table, key: Value::Nil, items: Vec::new() }));
        }
        Ok(Begun::Level(Level::Array { table, items: Vec::new() }))
    }

    /// The error that a table stands for, if it does.
    fn error_of(&self, table: &Table) -> Result<Option<RaisedError>> {
        let Value::String(message) = table.raw_get(&self.err)? else {
            return Ok(None);
        };
        let counted_already = matches!(table.raw_get("ignore_error_stats_update")?, Value::Boolean(true));
        Ok(Some(RaisedError { message: one_line(&message.as_bytes()), counted_already, place: None }))
    }
}

impl Level {
    fn items(&mut self) -> &mut Vec<Answer> {
        match self {
            Level::Array { items, .. } | Level::Set { items, .. } | Level::Map { items, .. } => items,
        }
    }

    /// The next value to read. Of maps, key and value take turns.
    fn advance(&mut self, next: &Function) -> Result<Option<Value>> {
        match self {
            Level::Array { table, items } => {
                let value: Value = table.raw_get(items.len() + 1)?;
                Ok((!value.is_nil()).then_some(value))
            }
            Level::Map { table, key, items } if items.len() % 2 == 1 => {
                // The key was read; its value follows.
                table.raw_get(key.clone()).map(Some)
            }
            Level::Set { table, key, .. } | Level::Map { table, key, .. } => {
                let (following, _) = next.call::<(Value, Value)>((&*table, &*key))?;
                *key = following;
                Ok((!key.is_nil()).then(|| key.clone()))
            }
        }
    }

    fn finish(self) -> Answer {
        match self {
            Level::Array { items, .. } => Answer::Array(items),
            Level::Set { items, .. } => Answer::Set(items),
            Level::Map { items, .. } => {
                let mut pairs = Vec::with_capacity(items.len() / 2);
                let mut items = items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    pairs.push((key, value));
                }
                Answer::Map(pairs)
            }
        }
    }
}

/// The bytes of one element.
fn bytes_of(answer: &Answer) -> usize {
    match answer {
        Answer::Status(text) | Answer::Error(text) | Answer::Bulk(text) | Answer::BigNumber(text) => {
            text.len()
        }
        Answer::Verbatim { text, .. } => text.len(),
        _ => 0,
    }
}

/// A text as it may stand in a line: up to its first zero byte, with spaces for line ends.
pub(crate) fn one_line(text: &[u8]) -> Vec<u8> {
    let until_zero = text.split(|&byte| byte == 0).next().unwrap_or_default();
    until_zero.iter().map(|&byte| if is_line_end(byte) { b' ' } else { byte }).collect()
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}
