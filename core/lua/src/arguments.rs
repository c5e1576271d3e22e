//! The arguments of a function that Lua calls, checked as Lua's own functions check theirs.

use mlua::{BorrowedBytes, FromLuaMulti, Lua, MultiValue, Result, Value};

use crate::number;
use crate::raise::{NO_MEMORY, Raised, argument_error};
use crate::run::{is_running, with_state};

/// The arguments of one call.
pub(crate) struct Arguments(Vec<Value>);

impl FromLuaMulti for Arguments {
    fn from_lua_multi(values: MultiValue, _: &Lua) -> Result<Arguments> {
        Ok(Arguments(values.into()))
    }
}

/// Bytes of an argument: borrowed from Lua if it is a string, its text if it is a number.
pub(crate) enum Text {
    Borrowed(BorrowedBytes),
    Number(Vec<u8>),
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        match self {
            Text::Borrowed(bytes) => bytes,
            Text::Number(bytes) => bytes,
        }
    }
}

impl Arguments {
    pub(crate) fn push_nil(&mut self) {
        self.0.push(Value::Nil);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The argument at this index, counted from 0; nil if it was not given.
    pub(crate) fn value(&self, index: usize) -> &Value {
        self.0.get(index).unwrap_or(&Value::Nil)
    }

    pub(crate) fn values(&self) -> &[Value] {
        &self.0
    }

    pub(crate) fn is_given(&self, index: usize) -> bool {
        !matches!(self.value(index), Value::Nil)
    }

    pub(crate) fn number(&self, lua: &Lua, index: usize) -> Result<f64> {
        match as_number(lua, self.value(index))? {
            Some(number) => Ok(number),
            None => Err(self.wrong_type(lua, index, "number")),
        }
    }

    /// A number as a C compiler would cut it to a `long`.
    pub(crate) fn integer(&self, lua: &Lua, index: usize) -> Result<i64> {
        Ok(number::to_integer(self.number(lua, index)?))
    }

    pub(crate) fn integer_or(&self, lua: &Lua, index: usize, default: i64) -> Result<i64> {
        if self.is_given(index) { self.integer(lua, index) } else { Ok(default) }
    }

    /// A number as a C compiler would cut it to an `int`.
    pub(crate) fn small_integer(&self, lua: &Lua, index: usize) -> Result<i32> {
        Ok(self.integer(lua, index)? as i32)
    }

    pub(crate) fn text(&self, lua: &Lua, index: usize) -> Result<Text> {
        as_text(self.value(index)).ok_or_else(|| self.wrong_type(lua, index, "string"))
    }

    pub(crate) fn boolean(&self, lua: &Lua, index: usize) -> Result<bool> {
        match self.value(index) {
            Value::Boolean(boolean) => Ok(*boolean),
            _ => Err(self.wrong_type(lua, index, "boolean")),
        }
    }

    /// `bad argument #1 to 'name' (fault)`
    pub(crate) fn wrong(&self, lua: &Lua, index: usize, fault: &str) -> mlua::Error {
        argument_error(lua, index + 1, fault)
    }

    fn wrong_type(&self, lua: &Lua, index: usize, expected: &str) -> mlua::Error {
        let got = self.0.get(index).map_or("no value", type_name);
        argument_error(lua, index + 1, &format!("{expected} expected, got {got}"))
    }
}

/// The name of a value's type in Lua.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nil",
        Value::Boolean(_) => "boolean",
        Value::LightUserData(_) | Value::UserData(_) | Value::Error(_) | Value::Other(_) => "userdata",
        Value::Integer(_) | Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Table(_) => "table",
        Value::Function(_) => "function",
        Value::Thread(_) => "thread",
    }
}

/// A string, or a number as Lua writes it.
pub(crate) fn as_text(value: &Value) -> Option<Text> {
    match value {
        Value::String(string) => Some(Text::Borrowed(string.as_bytes())),
        Value::Integer(integer) => Some(Text::Number(number::general(*integer as f64, 14).into_bytes())),
        Value::Number(number) => Some(Text::Number(number::general(*number, 14).into_bytes())),
        _ => None,
    }
}

/// A number of either kind; Lua 5.1 knows but one.
pub(crate) fn plain_number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(integer) => Some(*integer as f64),
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

/// A number, or a string that Lua reads as one.
pub(crate) fn as_number(lua: &Lua, value: &Value) -> Result<Option<f64>> {
    match value {
        Value::String(_) => lua.coerce_number(value.clone()),
        _ => Ok(plain_number(value)),
    }
}

/// Refuses a result that would grow beyond the script's memory.
pub(crate) fn check_size(bytes: usize) -> Result<()> {
    if is_running() && bytes > with_state(|state| state.memory_bytes_max) {
        return Err(Raised::Text(NO_MEMORY.to_vec()).into());
    }
    Ok(())
}
