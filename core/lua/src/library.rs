//! `redis.register_function`, by which a library says what it offers.

use mlua::{Lua, Result, Value};

use crate::arguments::{Arguments, as_text};
use crate::flags::Flags;
use crate::raise::table_error;
use crate::redis_table::Pending;
use crate::run::{Registration, is_running, with_state};
use crate::shebang::{NAME_RULE, is_name};

/// Registers a function: with a table of named arguments, or with name and function.
pub(crate) fn register_function(_: &Lua, arguments: &Arguments, pending: &Pending) -> Result<()> {
    if !is_running() || with_state(|state| state.registered.is_none()) {
        return Err(table_error("redis.register_function can only be called on FUNCTION LOAD command"));
    }
    let (registration, function) = match arguments.values() {
        [named] => named_arguments(named)?,
        [name, function] => positional_arguments(name, function)?,
        _ => return Err(table_error("wrong number of arguments to redis.register_function")),
    };
    if !is_name(&registration.name) {
        return Err(table_error(NAME_RULE));
    }
    let is_new = with_state(|state| {
        let registered = state.registered.get_or_insert_default();
        let is_new = registered.iter().all(|known| known.name != registration.name);
        if is_new {
            registered.push(registration);
        }
        is_new
    });
    if !is_new {
        return Err(table_error("Function already exists in the library"));
    }
    let pending = pending.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match &*pending {
        Some(functions) => functions.raw_push(function),
        None => Err(table_error("redis.register_function can only be called on FUNCTION LOAD command")),
    }
}

fn positional_arguments(name: &Value, function: &Value) -> Result<(Registration, Value)> {
    let name = as_text(name)
        .ok_or_else(|| table_error("first argument to redis.register_function must be a string"))?;
    if !function.is_function() {
        return Err(table_error("second argument to redis.register_function must be a function"));
    }
    let name = name.as_ref().to_vec();
    Ok((Registration { name, description: None, flags: Flags::default() }, function.clone()))
}

fn named_arguments(named: &Value) -> Result<(Registration, Value)> {
    let Value::Table(named) = named else {
        return Err(table_error(
            "calling redis.register_function with a single argument is only applicable to Lua table \
             (representing named arguments).",
        ));
    };
    let mut name = None;
    let mut description = None;
    let mut function = None;
    let mut flags = Flags::default();
    for pair in named.pairs::<Value, Value>() {
        let (key, value) = pair?;
        let key = as_text(&key).ok_or_else(|| {
            table_error("named argument key given to redis.register_function is not a string")
        })?;
        let text = || as_text(&value).map(|text| text.as_ref().to_vec());
        match key.as_ref().to_ascii_lowercase().as_slice() {
            b"function_name" => {
                name = Some(text().ok_or_else(|| {
                    table_error("function_name argument given to redis.register_function must be a string")
                })?);
            }
            b"description" => {
                description = Some(text().ok_or_else(|| {
                    table_error("description argument given to redis.register_function must be a string")
                })?);
            }
            b"callback" if value.is_function() => function = Some(value),
            b"callback" => {
                return Err(table_error(
                    "callback argument given to redis.register_function must be a function",
                ));
            }
            b"flags" => flags = named_flags(&value)?,
            _ => return Err(table_error("unknown argument given to redis.register_function")),
        }
    }
    let name =
        name.ok_or_else(|| table_error("redis.register_function must get a function name argument"))?;
    let function =
        function.ok_or_else(|| table_error("redis.register_function must get a callback argument"))?;
    Ok((Registration { name, description, flags }, function))
}

fn named_flags(value: &Value) -> Result<Flags> {
    let Value::Table(names) = value else {
        return Err(table_error(
            "flags argument to redis.register_function must be a table representing function flags",
        ));
    };
    let mut flags = Flags::default();
    for name in names.sequence_values::<Value>() {
        let known = as_text(&name?)
            .and_then(|name| Flags::of_name(&name.as_ref().to_ascii_lowercase()))
            .ok_or_else(|| table_error("unknown flag given"))?;
        flags = flags | known;
    }
    Ok(flags)
}
