//! The Lua state: how it is set up, and the few ways into it.

use std::sync::{Arc, Mutex};

use mlua::chunk::ChunkMode;
use mlua::{
    Function, HookTriggers, Lua, LuaOptions, LuaString, MultiValue, Result, StdLib, Table, Value, VmState,
};

use crate::arguments::Arguments;
use crate::convert::{Reader, one_line};
use crate::number;
use crate::raise::{
    NO_MEMORY, PRELUDE, Raised, RaisedError, argument_fault, caught, error_table, place, place_of_raised,
    placed, raised_by, text_error, without_prelude_place,
};
use crate::random::Random;
use crate::redis_table::{Pending, RedisTables, quiet_call};
use crate::run::{self, INSTRUCTIONS_BETWEEN_HOOKS, with_state};
use crate::surroundings::Stop;
use crate::{bit, json, msgpack, structure, text};

const PRELUDE_CODE: &str = include_str!("prelude.lua");

/// A Lua state with the sandbox in it.
pub(crate) struct Machine {
    pub(crate) lua: Lua,
    pub(crate) reader: Arc<Reader>,
    pub(crate) json: json::Shared,
    pub(crate) pending: Pending,
    pub(crate) compile: Function,
    pub(crate) forget_scripts: Function,
    pub(crate) run: Function,
    pub(crate) load: Function,
    pub(crate) forget_library: Function,
    pub(crate) call: Function,
}

impl Machine {
    /// A state without a limit of its memory, which each run sets for itself.
    pub(crate) fn new() -> Result<Machine> {
        let libraries = StdLib::TABLE | StdLib::STRING | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        let reader = Arc::new(Reader::new(&lua)?);
        let pending: Pending = Arc::new(Mutex::new(None));
        let json = json::Shared::default();
        let redis = RedisTables::new(&lua, &pending)?;
        let next: Function = lua.globals().raw_get("next")?;
        let offered = lua.create_table()?;
        offered.raw_set("bit", bit::library(&lua)?)?;
        let cjson = json::library(&lua, &json, &next)?;
        let quiet = lua.create_table()?;
        quiet.raw_set(redis.of_scripts.raw_get::<Function>("call")?, quiet_call(&lua)?)?;
        quiet.raw_set(cjson.raw_get::<Function>("decode")?, json::quiet_decode(&lua, &json)?)?;
        offered.raw_set("cjson", cjson)?;
        offered.raw_set("cmsgpack", msgpack::library(&lua)?)?;
        offered.raw_set("struct", structure::library(&lua)?)?;
        let host = host_functions(&lua)?;
        host.raw_set("quiet", quiet)?;
        let prelude = lua.load(PRELUDE_CODE).set_name(PRELUDE).set_mode(ChunkMode::Text);
        let entry: Table =
            prelude.call((host, redis.of_scripts, redis.of_functions, redis.at_load, offered))?;
        // All code has been given its globals. Here mlua would look for the name of each function on the stack whenever
        // one of ours raises an error, which costs more than all the rest of it.
        lua.set_globals(lua.create_table()?)?;
        lua.set_global_hook(
            HookTriggers::new().every_nth_instruction(INSTRUCTIONS_BETWEEN_HOOKS),
            |lua, _| run::hook(lua).map(|()| VmState::Continue),
        )?;
        Ok(Machine {
            reader,
            json,
            pending,
            compile: entry.raw_get("compile")?,
            forget_scripts: entry.raw_get("forget_scripts")?,
            run: entry.raw_get("run")?,
            load: entry.raw_get("load")?,
            forget_library: entry.raw_get("forget_library")?,
            call: entry.raw_get("call")?,
            lua,
        })
    }

    /// Strings as a Lua array.
    pub(crate) fn array<B: AsRef<[u8]>>(&self, items: &[B]) -> Result<Table> {
        let table = self.lua.create_table_with_capacity(items.len(), 0)?;
        for item in items {
            table.raw_push(self.lua.create_string(item)?)?;
        }
        Ok(table)
    }
}

/// What the prelude needs of us.
fn host_functions(lua: &Lua) -> Result<Table> {
    let host = lua.create_table()?;
    host.raw_set("strings", text::functions(lua)?)?;
    host.raw_set("match_from", lua.create_function(text::match_from)?)?;
    host.raw_set("replace", lua.create_function(text::replace)?)?;
    host.raw_set("random", lua.create_function(random)?)?;
    host.raw_set("randomseed", lua.create_function(randomseed)?)?;
    host.raw_set("caught", lua.create_function(caught)?)?;
    host.raw_set("check_stopped", lua.create_function(|_, ()| run::check_stopped())?)?;
    host.raw_set("spend", lua.create_function(|_, work: f64| run::spend(work as u64))?)?;
    host.raw_set("remember", lua.create_function(remember)?)?;
    host.raw_set("describe", lua.create_function(describe)?)?;
    let with_place = |lua: &Lua, text: LuaString| lua.create_string(placed(lua, text.as_bytes()));
    host.raw_set("placed", lua.create_function(with_place)?)?;
    let argument_fault = |lua: &Lua, (number, fault): (usize, LuaString)| {
        lua.create_string(argument_fault(lua, number, &fault.to_string_lossy()))
    };
    host.raw_set("argument_fault", lua.create_function(argument_fault)?)?;
    Ok(host)
}

/// The handler of the error that ends a run: keeps it as the client will see it.
fn remember(lua: &Lua, error: MultiValue) -> Result<()> {
    let error = error.into_iter().next().unwrap_or(Value::Nil);
    let mut remembered = match with_state(|state| state.stopped.clone()) {
        Some(Stop::Error(text)) => RaisedError { message: text, ..RaisedError::default() },
        Some(Stop::Abandon) => RaisedError::default(),
        None => error_of(lua, error)?,
    };
    remembered.place = place_of_raised(lua);
    with_state(|state| state.failure = Some(remembered));
    Ok(())
}

/// `__redis__err__handler`, which is a global of scripts in Redis.
fn describe(lua: &Lua, error: MultiValue) -> Result<Value> {
    let error = error.into_iter().next().unwrap_or(Value::Nil);
    if let Value::Table(table) = &error {
        if let Some((source, line)) = place_of_raised(lua) {
            table.raw_set("source", lua.create_string(source)?)?;
            table.raw_set("line", String::from_utf8_lossy(&line).parse::<i64>().unwrap_or(-1))?;
        }
        return Ok(error);
    }
    let mut described = error_of(lua, error)?;
    described.place = place_of_raised(lua);
    error_table(lua, &described)
}

/// An error of any kind in Redis's form, made by a handler while the stack of the error still stands.
fn error_of(lua: &Lua, error: Value) -> Result<RaisedError> {
    let with_code = |text: &[u8]| {
        let message = match without_prelude_place(text) {
            // Lua's functions name their caller, which is the prelude; they mean the script.
            Some(bare) => [b"ERR ", place(lua).as_bytes(), bare].concat(),
            None => [b"ERR ", text].concat(),
        };
        RaisedError { message, ..RaisedError::default() }
    };
    Ok(match error {
        Value::Error(error) => match raised_by(&error) {
            Raised::Table(error) => error,
            Raised::Text(text) => with_code(&text),
            Raised::Stopped => RaisedError::default(),
        },
        Value::Table(table) => {
            let message = crate::arguments::as_text(&table.raw_get("err")?);
            let is_counted: Value = table.raw_get("ignore_error_stats_update")?;
            RaisedError {
                // Redis crashes without a text.
                message: message.map_or_else(|| b"ERR unknown error".to_vec(), |text| text.as_ref().to_vec()),
                counted_already: matches!(is_counted, Value::Boolean(true)),
                place: None,
            }
        }
        Value::String(text) => with_code(&text.as_bytes()),
        Value::Nil => with_code(b"nil"),
        Value::Boolean(boolean) => with_code(boolean.to_string().as_bytes()),
        Value::Integer(integer) => with_code(number::general(integer as f64, 14).as_bytes()),
        Value::Number(number) => with_code(number::general(number, 14).as_bytes()),
        other => {
            with_code(format!("{}: {:p}", crate::arguments::type_name(&other), other.to_pointer()).as_bytes())
        }
    })
}

/// The reply line of an error that ended the run of this name.
pub(crate) fn reply_line(error: &RaisedError, name: &str, memory_bytes_max: usize) -> Vec<u8> {
    let mut line = if error.message.strip_prefix(b"ERR ") == Some(NO_MEMORY) {
        memory_message(memory_bytes_max)
    } else {
        one_line(&error.message)
    };
    if let Some((source, number)) = &error.place {
        line.extend_from_slice(format!(" script: {name}, on ").as_bytes());
        line.extend_from_slice(&one_line(source));
        line.push(b':');
        line.extend_from_slice(number);
        line.push(b'.');
    }
    line
}

/// What we say of a script that needs more memory than it may have. Redis has no such limit.
pub(crate) fn memory_message(memory_bytes_max: usize) -> Vec<u8> {
    format!("ERR the script needs more memory than the {memory_bytes_max} bytes that scripts may use")
        .into_bytes()
}

fn random(lua: &Lua, arguments: Arguments) -> Result<f64> {
    if !run::is_running() {
        return Err(text_error(lua, "math.random can only be called inside a script invocation"));
    }
    let fraction = with_state(|state| state.random.next_fraction());
    match arguments.len() {
        0 => Ok(fraction),
        1 => {
            let upper = arguments.small_integer(lua, 0)?;
            if upper < 1 {
                return Err(arguments.wrong(lua, 0, "interval is empty"));
            }
            Ok((fraction * f64::from(upper)).floor() + 1.0)
        }
        2 => {
            let lower = arguments.small_integer(lua, 0)?;
            let upper = arguments.small_integer(lua, 1)?;
            if lower > upper {
                return Err(arguments.wrong(lua, 1, "interval is empty"));
            }
            // As C computes it, in 32 bits.
            let width = upper.wrapping_sub(lower).wrapping_add(1);
            Ok((fraction * f64::from(width)).floor() + f64::from(lower))
        }
        _ => Err(text_error(lua, "wrong number of arguments")),
    }
}

fn randomseed(lua: &Lua, arguments: Arguments) -> Result<()> {
    let seed = arguments.small_integer(lua, 0)?;
    if !run::is_running() {
        return Err(text_error(lua, "math.randomseed can only be called inside a script invocation"));
    }
    with_state(|state| state.random = Random::seeded(seed));
    Ok(())
}

/// The error of a call into Lua that did not come to its handler: memory that ran out, or a handler that failed.
pub(crate) fn unhandled(error: &mlua::Error) -> RaisedError {
    match raised_by(error) {
        Raised::Text(text) => {
            RaisedError { message: [b"ERR ", &text[..]].concat(), ..RaisedError::default() }
        }
        Raised::Table(error) => error,
        Raised::Stopped => RaisedError::default(),
    }
}
