//! MessagePack to Lua values.

use mlua::{Lua, MultiValue, Result, Table, Value};

use crate::arguments::Arguments;
use crate::raise::{Raised, text_error};
use crate::run::{Elements, Unlimited, spend};
use crate::structure::RESULTS_MAX;

/// Levels of tables. Redis's end with Lua's stack, in about as many.
const LEVELS_MAX: usize = 2600;

/// `cmsgpack.unpack`: all values.
pub(super) fn unpack(lua: &Lua, arguments: Arguments) -> Result<MultiValue> {
    unpack_some(lua, &arguments, None, 0)
}

/// `cmsgpack.unpack_one`: one value, with the offset of the next before it.
pub(super) fn unpack_one(lua: &Lua, arguments: Arguments) -> Result<MultiValue> {
    let offset = arguments.integer_or(lua, 1, 0)?;
    unpack_some(lua, &arguments, Some(1), offset)
}

/// `cmsgpack.unpack_limit`: so many values, with the offset of the next before them.
pub(super) fn unpack_limit(lua: &Lua, arguments: Arguments) -> Result<MultiValue> {
    let limit = arguments.integer(lua, 1)?;
    let offset = arguments.integer_or(lua, 2, 0)?;
    unpack_some(lua, &arguments, Some(limit), offset)
}

fn unpack_some(lua: &Lua, arguments: &Arguments, limit: Option<i64>, offset: i64) -> Result<MultiValue> {
    let text = arguments.text(lua, 0)?;
    let bytes = text.as_ref();
    let length = bytes.len();
    // C prints them as int.
    let (shown_offset, shown_limit) = (offset as i32, limit.unwrap_or(0) as i32);
    if shown_offset < 0 || shown_limit < 0 {
        let fault = format!("Invalid request to unpack with offset of {shown_offset} and limit of {length}.");
        return Err(text_error(lua, fault));
    }
    let position = shown_offset as usize;
    if position > length {
        let fault = format!("Start offset {shown_offset} greater than input length {length}.");
        return Err(text_error(lua, fault));
    }
    // A limit of 0, with an offset of 0, means all.
    let limit = limit.filter(|_| shown_limit != 0 || shown_offset != 0);
    spend((length / 8) as u64)?;
    let unlimited = Unlimited::new(lua)?;
    let mut reader = Reader { lua, bytes, position, elements: Elements::default(), unlimited: &unlimited };
    let mut values: Vec<Value> = Vec::new();
    while reader.position < length && limit.is_none_or(|limit| (values.len() as i64) < limit) {
        if values.len() >= RESULTS_MAX {
            return Err(text_error(lua, "stack overflow (in function mp_unpack_full)"));
        }
        values.push(reader.value()?);
    }
    let next = if reader.position < length { reader.position as f64 } else { -1.0 };
    let next = limit.map(|_| Value::Number(next));
    Ok(next.into_iter().chain(values).collect())
}

struct Reader<'a> {
    lua: &'a Lua,
    bytes: &'a [u8],
    position: usize,
    elements: Elements,
    unlimited: &'a Unlimited<'a>,
}

/// A table that is being filled, with the items that it still lacks.
enum Level {
    Array { table: Table, length: usize, missing: usize },
    Map { table: Table, key: Option<Value>, missing: usize },
}

/// What was read.
enum Read {
    Value(Value),
    Array(usize),
    Map(usize),
}

impl Reader<'_> {
    /// A value with all that it holds.
    fn value(&mut self) -> Result<Value> {
        let mut levels: Vec<Level> = Vec::new();
        loop {
            if self.elements.count()? {
                self.unlimited.check()?;
            }
            let mut whole = match self.read()? {
                Read::Value(value) => value,
                Read::Array(0) | Read::Map(0) => Value::Table(self.lua.create_table()?),
                table => {
                    if levels.len() >= LEVELS_MAX {
                        return Err(text_error(
                            self.lua,
                            "stack overflow (in function mp_decode_to_lua_array)",
                        ));
                    }
                    let made = self.lua.create_table()?;
                    levels.push(match table {
                        Read::Map(missing) => Level::Map { table: made, key: None, missing },
                        Read::Array(missing) => Level::Array { table: made, length: 0, missing },
                        Read::Value(_) => continue,
                    });
                    continue;
                }
            };
            loop {
                let is_full = match levels.last_mut() {
                    None => return Ok(whole),
                    Some(Level::Array { table, length, missing }) => {
                        *length += 1;
                        *missing -= 1;
                        table.raw_set(*length, whole)?;
                        *missing == 0
                    }
                    Some(Level::Map { key: key @ None, .. }) => {
                        *key = Some(whole);
                        break;
                    }
                    Some(Level::Map { table, key, missing }) => {
                        *missing -= 1;
                        let key = key.take().unwrap_or(Value::Nil);
                        check_key(&key)?;
                        table.raw_set(key, whole)?;
                        *missing == 0
                    }
                };
                if !is_full {
                    break;
                }
                whole = match levels.pop() {
                    Some(Level::Array { table, .. } | Level::Map { table, .. }) => Value::Table(table),
                    None => Value::Nil,
                };
            }
        }
    }

    fn read(&mut self) -> Result<Read> {
        let [head] = self.take()?;
        let value = match head {
            0x00..=0x7F => Value::Number(f64::from(head)),
            0x80..=0x8F => return Ok(Read::Map(usize::from(head & 0x0F))),
            0x90..=0x9F => return Ok(Read::Array(usize::from(head & 0x0F))),
            0xA0..=0xBF => self.string(usize::from(head & 0x1F))?,
            0xC0 => Value::Nil,
            0xC2 => Value::Boolean(false),
            0xC3 => Value::Boolean(true),
            0xD9 => {
                let length = u8::from_be_bytes(self.take()?);
                self.string(usize::from(length))?
            }
            0xDA => {
                let length = u16::from_be_bytes(self.take()?);
                self.string(usize::from(length))?
            }
            0xDB => {
                let length = u32::from_be_bytes(self.take()?);
                self.string(length as usize)?
            }
            0xCA => Value::Number(f64::from(f32::from_be_bytes(self.take()?))),
            0xCB => Value::Number(f64::from_be_bytes(self.take()?)),
            0xCC => Value::Number(f64::from(u8::from_be_bytes(self.take()?))),
            0xCD => Value::Number(f64::from(u16::from_be_bytes(self.take()?))),
            0xCE => Value::Number(f64::from(u32::from_be_bytes(self.take()?))),
            0xD0 => Value::Number(f64::from(i8::from_be_bytes(self.take()?))),
            0xD1 => Value::Number(f64::from(i16::from_be_bytes(self.take()?))),
            0xD2 => Value::Number(f64::from(i32::from_be_bytes(self.take()?))),
            // The largest without sign come out negative in Lua 5.1.
            0xCF | 0xD3 => Value::Number(i64::from_be_bytes(self.take()?) as f64),
            0xDC => return Ok(Read::Array(usize::from(u16::from_be_bytes(self.take()?)))),
            0xDD => return Ok(Read::Array(u32::from_be_bytes(self.take()?) as usize)),
            0xDE => return Ok(Read::Map(usize::from(u16::from_be_bytes(self.take()?)))),
            0xDF => return Ok(Read::Map(u32::from_be_bytes(self.take()?) as usize)),
            0xE0..=0xFF => Value::Number(f64::from(head as i8)),
            _ => return Err(text_error(self.lua, "Bad data format in input.")),
        };
        Ok(Read::Value(value))
    }

    fn take<const BYTES: usize>(&mut self) -> Result<[u8; BYTES]> {
        let taken = self.bytes.get(self.position..).and_then(<[u8]>::first_chunk).copied();
        self.position += BYTES;
        taken.ok_or_else(|| self.missing())
    }

    fn string(&mut self, length: usize) -> Result<Value> {
        let end = self.position.saturating_add(length);
        let bytes = self.bytes.get(self.position..end).ok_or_else(|| self.missing())?;
        self.position = end;
        Ok(Value::String(self.lua.create_string(bytes)?))
    }

    fn missing(&self) -> mlua::Error {
        text_error(self.lua, "Missing bytes in input.")
    }
}

/// Lua's refusal of keys that no table can have.
fn check_key(key: &Value) -> Result<()> {
    match key {
        Value::Nil => Err(Raised::Text(b"table index is nil".to_vec()).into()),
        Value::Number(number) if number.is_nan() => Err(Raised::Text(b"table index is NaN".to_vec()).into()),
        _ => Ok(()),
    }
}
