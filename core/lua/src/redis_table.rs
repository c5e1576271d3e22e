//! The `redis` table of scripts, of functions, and of libraries while they load.

use mlua::{BorrowedBytes, Function, Lua, Result, Table, Value};
use smallvec::SmallVec;

use crate::answer::Answer;
use crate::arguments::{Arguments, as_number, as_text};
use crate::convert::to_lua;
use crate::digest::sha1_hex;
use crate::library::register_function;
use crate::number;
use crate::raise::{Raised, RaisedError, error_table, quiet, table_error};
use crate::run::{Unlimited, ask, with_state};
use crate::surroundings::{LogLevel, Protocol};

const VERSION: &str = "7.0.15";
const VERSION_NUMBER: u32 = 0x0007_000F;

/// The `redis` tables.
pub(crate) struct RedisTables {
    pub(crate) of_scripts: Table,
    pub(crate) of_functions: Table,
    pub(crate) at_load: Table,
}

impl RedisTables {
    /// `functions` receives what libraries register.
    pub(crate) fn new(lua: &Lua, functions: &Pending) -> Result<RedisTables> {
        let at_load = lua.create_table()?;
        at_load.raw_set("REDIS_VERSION", VERSION)?;
        at_load.raw_set("REDIS_VERSION_NUM", VERSION_NUMBER)?;
        at_load.raw_set("log", lua.create_function(log)?)?;
        for (level, name) in ["LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"].into_iter().enumerate()
        {
            at_load.raw_set(name, level)?;
        }
        let of_functions = copy(lua, &at_load)?;
        of_functions.raw_set("call", caller(lua, OnError::Raise)?)?;
        of_functions.raw_set("pcall", caller(lua, OnError::Return)?)?;
        of_functions.raw_set("error_reply", lua.create_function(error_reply)?)?;
        of_functions.raw_set("status_reply", lua.create_function(status_reply)?)?;
        of_functions.raw_set("sha1hex", lua.create_function(sha1hex)?)?;
        of_functions.raw_set("setresp", lua.create_function(setresp)?)?;
        of_functions.raw_set("set_repl", lua.create_function(set_repl)?)?;
        of_functions.raw_set("acl_check_cmd", lua.create_function(acl_check_cmd)?)?;
        for (name, value) in
            [("REPL_NONE", 0), ("REPL_AOF", 1), ("REPL_SLAVE", 2), ("REPL_REPLICA", 2), ("REPL_ALL", 3)]
        {
            of_functions.raw_set(name, value)?;
        }
        let of_scripts = copy(lua, &of_functions)?;
        // What Redis answers while no debugger is attached.
        of_scripts.raw_set("replicate_commands", lua.create_function(|_, ()| Ok(true))?)?;
        of_scripts.raw_set("breakpoint", lua.create_function(|_, ()| Ok(false))?)?;
        of_scripts.raw_set("debug", lua.create_function(|_, _: Arguments| Ok(()))?)?;
        let pending = functions.clone();
        let register = lua
            .create_function(move |lua, arguments: Arguments| register_function(lua, &arguments, &pending))?;
        at_load.raw_set("register_function", register)?;
        Ok(RedisTables { of_scripts, of_functions, at_load })
    }
}

/// The functions that the library registered which is being loaded.
pub(crate) type Pending = std::sync::Arc<std::sync::Mutex<Option<Table>>>;

fn copy(lua: &Lua, table: &Table) -> Result<Table> {
    let copied = lua.create_table()?;
    table.for_each(|key: Value, value: Value| copied.raw_set(key, value))?;
    Ok(copied)
}

/// What becomes of a command's error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnError {
    Raise,
    Return,
}

/// `redis.call` or `redis.pcall`.
fn caller(lua: &Lua, on_error: OnError) -> Result<Function> {
    lua.create_function(move |lua, arguments: Arguments| call(lua, arguments, on_error))
}

/// What `pcall` calls in the place of `redis.call`.
pub(crate) fn quiet_call(lua: &Lua) -> Result<Function> {
    quiet(lua, |lua, arguments| call(lua, arguments, OnError::Raise))
}

fn call(lua: &Lua, arguments: Arguments, on_error: OnError) -> Result<Value> {
    let answer = match command_words(&arguments) {
        Ok(words) => {
            let slices: SmallVec<[&[u8]; 8]> = words.iter().map(AsRef::as_ref).collect();
            ask(|around, state| Ok((around.call(&slices, state.protocol)?, state.protocol)))?
        }
        Err(text) if on_error == OnError::Raise => return Err(table_error(text)),
        Err(text) => return error_table(lua, &RaisedError::new(text.as_bytes())),
    };
    // The arguments are no longer needed, and would count while the answer is built.
    drop(arguments);
    let (answer, protocol) = answer;
    match answer {
        Answer::Error(text) if on_error == OnError::Raise => {
            Err(Raised::Table(RaisedError::of_command(&text)).into())
        }
        Answer::Integer(integer) => Ok(Value::Number(integer as f64)),
        // The answer is in memory already, and bounds what Lua's copy of it takes.
        answer => {
            let _unlimited = Unlimited::new(lua)?;
            to_lua(lua, &answer, protocol)
        }
    }
}

/// A word of a command, borrowed from Lua if it is a string.
enum Word {
    Borrowed(BorrowedBytes),
    Number(String),
}

impl AsRef<[u8]> for Word {
    fn as_ref(&self) -> &[u8] {
        match self {
            Word::Borrowed(bytes) => bytes,
            Word::Number(text) => text.as_bytes(),
        }
    }
}

fn command_words(arguments: &Arguments) -> std::result::Result<SmallVec<[Word; 8]>, &'static str> {
    if arguments.len() == 0 {
        return Err("Please specify at least one argument for this redis lib call");
    }
    let words = arguments.values().iter().map(|value| match value {
        Value::String(string) => Some(Word::Borrowed(string.as_bytes())),
        // Not as Lua writes numbers, which would lose digits.
        Value::Integer(integer) => Some(Word::Number(number::general(*integer as f64, 17))),
        Value::Number(number) => Some(Word::Number(number::general(*number, 17))),
        _ => None,
    });
    words.collect::<Option<_>>().ok_or("Lua redis lib command arguments must be strings or integers")
}

fn acl_check_cmd(_: &Lua, arguments: Arguments) -> Result<bool> {
    let words = command_words(&arguments).map_err(table_error)?;
    let slices: SmallVec<[&[u8]; 8]> = words.iter().map(AsRef::as_ref).collect();
    ask(|around, _| Ok(around.may_run(&slices)))?
        .ok_or_else(|| table_error("Invalid command passed to redis.acl_check_cmd()"))
}

/// The one string that a reply is made of.
fn reply_text(arguments: &Arguments) -> std::result::Result<BorrowedBytes, RaisedError> {
    match arguments.values() {
        [Value::String(text)] => Ok(text.as_bytes()),
        _ => Err(RaisedError::new(b"wrong number or type of arguments")),
    }
}

fn error_reply(lua: &Lua, arguments: Arguments) -> Result<Value> {
    let error = match reply_text(&arguments) {
        // As C reads it, to the first zero byte.
        Ok(text) => {
            let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
            let text = text.strip_prefix(b"-").unwrap_or(text);
            RaisedError::new(&[b"-", text].concat())
        }
        Err(error) => error,
    };
    error_table(lua, &error)
}

fn status_reply(lua: &Lua, arguments: Arguments) -> Result<Value> {
    match reply_text(&arguments) {
        Ok(text) => {
            let table = lua.create_table_with_capacity(0, 1)?;
            table.raw_set("ok", lua.create_string(&*text)?)?;
            Ok(Value::Table(table))
        }
        Err(error) => error_table(lua, &error),
    }
}

fn sha1hex(_: &Lua, arguments: Arguments) -> Result<String> {
    match arguments.values() {
        [value] => Ok(as_text(value).map_or_else(|| sha1_hex(b""), |text| sha1_hex(text.as_ref()))),
        _ => Err(table_error("wrong number of arguments")),
    }
}

fn setresp(lua: &Lua, arguments: Arguments) -> Result<()> {
    let [version] = arguments.values() else {
        return Err(table_error("redis.setresp() requires one argument."));
    };
    let protocol = match number::to_integer(as_number(lua, version)?.unwrap_or(0.0)) {
        2 => Protocol::Resp2,
        3 => Protocol::Resp3,
        _ => return Err(table_error("RESP version must be 2 or 3.")),
    };
    with_state(|state| state.protocol = protocol);
    Ok(())
}

/// Accepted: whatever a script says of replication, its writes are stored and there's nobody else to send them to.
fn set_repl(lua: &Lua, arguments: Arguments) -> Result<()> {
    let [flags] = arguments.values() else {
        return Err(table_error("redis.set_repl() requires two arguments."));
    };
    if number::to_integer(as_number(lua, flags)?.unwrap_or(0.0)) & !3 != 0 {
        return Err(table_error(
            "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.",
        ));
    }
    Ok(())
}

fn log(lua: &Lua, arguments: Arguments) -> Result<()> {
    let Some((level, words)) = arguments.values().split_first().filter(|(_, words)| !words.is_empty()) else {
        return Err(table_error("redis.log() requires two arguments or more."));
    };
    let level =
        as_number(lua, level)?.ok_or_else(|| table_error("First argument must be a number (log level)."))?;
    let level = match number::to_integer(level) {
        0 => LogLevel::Debug,
        1 => LogLevel::Verbose,
        2 => LogLevel::Notice,
        3 => LogLevel::Warning,
        _ => return Err(table_error("Invalid debug level.")),
    };
    let mut line = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if let Some(word) = as_text(word) {
            if index != 0 {
                line.push(b' ');
            }
            line.extend_from_slice(word.as_ref());
        }
    }
    ask(|around, state| {
        if !state.is_silent {
            around.log(level, &line);
        }
        Ok(())
    })
}
