//! The library `cjson`: its table, with the functions that change its settings.

mod decode;
mod encode;
mod settings;

use mlua::{Function, Lua, Result, Table, Value};

use self::settings::{InvalidNumbers, Settings};
use crate::arguments::Arguments;
use crate::raise::quiet;

pub use self::settings::JsonSettings;
pub(crate) use self::settings::Shared;

/// The library's table with functions that share these settings.
/// `next` is Lua's function.
pub(crate) fn library(lua: &Lua, shared: &Shared, next: &Function) -> Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("_NAME", "cjson")?;
    table.raw_set("_VERSION", "2.1.0")?;
    table.raw_set("null", Value::NULL)?;
    let (settings, to_encode) = (shared.clone(), next.clone());
    let encode =
        move |lua: &Lua, arguments: Arguments| encode::encode(lua, &arguments, &settings.get(), &to_encode);
    table.raw_set("encode", lua.create_function(encode)?)?;
    let settings = shared.clone();
    let decode = move |lua: &Lua, arguments: Arguments| decode::decode(lua, &arguments, &settings.get());
    table.raw_set("decode", lua.create_function(decode)?)?;
    let to_new = next.clone();
    table.raw_set(
        "new",
        lua.create_function(move |lua, _: Arguments| library(lua, &Shared::default(), &to_new))?,
    )?;
    add_setting(lua, &table, shared, "encode_sparse_array", sparse_array)?;
    add_setting(lua, &table, shared, "encode_max_depth", |lua, settings, arguments| {
        integer_setting(lua, arguments, 0, &mut settings.encode_depth_max, 1, i64::from(i32::MAX))
    })?;
    add_setting(lua, &table, shared, "decode_max_depth", |lua, settings, arguments| {
        integer_setting(lua, arguments, 0, &mut settings.decode_depth_max, 1, i64::from(i32::MAX))
    })?;
    add_setting(lua, &table, shared, "encode_number_precision", |lua, settings, arguments| {
        integer_setting(lua, arguments, 0, &mut settings.precision, 1, 14)
    })?;
    add_setting(lua, &table, shared, "encode_keep_buffer", |lua, settings, arguments| {
        boolean_setting(lua, arguments, &mut settings.keep_buffer)
    })?;
    add_setting(lua, &table, shared, "decode_invalid_numbers", |lua, settings, arguments| {
        boolean_setting(lua, arguments, &mut settings.decode_invalid)
    })?;
    add_setting(lua, &table, shared, "encode_invalid_numbers", invalid_numbers)?;
    Ok(table)
}

/// What `pcall` calls in the place of `cjson.decode`.
pub(crate) fn quiet_decode(lua: &Lua, shared: &Shared) -> Result<Function> {
    let settings = shared.clone();
    quiet(lua, move |lua, arguments| decode::decode(lua, &arguments, &settings.get()))
}

/// Changes settings by its arguments, and answers what holds then.
type Setting<R> = fn(&Lua, &mut Settings, &Arguments) -> Result<R>;

fn add_setting<R: mlua::IntoLuaMulti + 'static>(
    lua: &Lua,
    table: &Table,
    shared: &Shared,
    name: &str,
    setting: Setting<R>,
) -> Result<()> {
    let shared = shared.clone();
    let arguments_max = if name == "encode_sparse_array" { 3 } else { 1 };
    let function = lua.create_function(move |lua, arguments: Arguments| {
        if arguments.len() > arguments_max {
            return Err(arguments.wrong(lua, arguments_max, "found too many arguments"));
        }
        shared.change(|settings| setting(lua, settings, &arguments))
    })?;
    table.raw_set(name, function)
}

fn integer_setting(
    lua: &Lua,
    arguments: &Arguments,
    index: usize,
    setting: &mut i64,
    least: i64,
    most: i64,
) -> Result<i64> {
    if arguments.is_given(index) {
        let value = i64::from(arguments.small_integer(lua, index)?);
        if !(least..=most).contains(&value) {
            let fault = format!("expected integer between {least} and {most}");
            // The library names the first argument, whichever it is.
            return Err(arguments.wrong(lua, 0, &fault));
        }
        *setting = value;
    }
    Ok(*setting)
}

fn boolean_setting(lua: &Lua, arguments: &Arguments, setting: &mut bool) -> Result<bool> {
    match arguments.value(0) {
        Value::Nil => {}
        Value::Boolean(boolean) => *setting = *boolean,
        _ => match arguments.text(lua, 0)?.as_ref() {
            b"off" => *setting = false,
            b"on" => *setting = true,
            other => return Err(invalid_option(lua, arguments, other)),
        },
    }
    Ok(*setting)
}

fn sparse_array(lua: &Lua, settings: &mut Settings, arguments: &Arguments) -> Result<(bool, i64, i64)> {
    let most = i64::from(i32::MAX);
    let convert = boolean_setting(lua, arguments, &mut settings.sparse_convert)?;
    let ratio = integer_setting(lua, arguments, 1, &mut settings.sparse_ratio, 0, most)?;
    let safe = integer_setting(lua, arguments, 2, &mut settings.sparse_safe, 0, most)?;
    Ok((convert, ratio, safe))
}

fn invalid_numbers(lua: &Lua, settings: &mut Settings, arguments: &Arguments) -> Result<Value> {
    match arguments.value(0) {
        Value::Nil => {}
        Value::Boolean(true) => settings.encode_invalid = InvalidNumbers::Write,
        Value::Boolean(false) => settings.encode_invalid = InvalidNumbers::Refuse,
        _ => {
            let option = arguments.text(lua, 0)?;
            settings.encode_invalid = match option.as_ref() {
                b"off" => InvalidNumbers::Refuse,
                b"on" => InvalidNumbers::Write,
                b"null" => InvalidNumbers::Null,
                other => return Err(invalid_option(lua, arguments, other)),
            };
        }
    }
    Ok(match settings.encode_invalid {
        InvalidNumbers::Refuse => Value::Boolean(false),
        InvalidNumbers::Write => Value::Boolean(true),
        InvalidNumbers::Null => Value::String(lua.create_string("null")?),
    })
}

fn invalid_option(lua: &Lua, arguments: &Arguments, option: &[u8]) -> mlua::Error {
    arguments.wrong(lua, 0, &format!("invalid option '{}'", String::from_utf8_lossy(option)))
}
