//! Errors that our functions raise in scripts, and how scripts see them.
//!
//! A Rust function can't raise a Lua value, only an error object of its own. So `pcall` and its kin (see `prelude.lua`) turn
//! ours back into the strings and tables that a script expects, and refuse to catch the error that stops a run.

use std::error::Error;
use std::fmt;

use mlua::{Function, Lua, Value};

use crate::arguments::Arguments;
use crate::run;

/// What a function raises.
#[derive(Clone, Debug)]
pub(crate) enum Raised {
    /// A string, with the place already in front.
    Text(Vec<u8>),
    /// Redis's table of an error.
    Table(RaisedError),
    /// The run was stopped from outside.
    Stopped,
}

/// Redis's error object.
#[derive(Clone, Debug, Default)]
pub(crate) struct RaisedError {
    /// `err`: code and text.
    pub(crate) message: Vec<u8>,
    /// `ignore_error_stats_update`.
    pub(crate) counted_already: bool,
    /// `source` and `line`, as they are printed.
    pub(crate) place: Option<(Vec<u8>, Vec<u8>)>,
}

impl fmt::Display for Raised {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raised::Text(text) => formatter.write_str(&String::from_utf8_lossy(text)),
            Raised::Table(error) => formatter.write_str(&String::from_utf8_lossy(&error.message)),
            Raised::Stopped => formatter.write_str("the script was stopped"),
        }
    }
}

impl Error for Raised {}

impl From<Raised> for mlua::Error {
    fn from(raised: Raised) -> mlua::Error {
        mlua::Error::external(raised)
    }
}

impl RaisedError {
    /// An error of ours, as Redis makes one of a text: with the code `ERR`, or its own after a `-`.
    pub(crate) fn new(text: &[u8]) -> RaisedError {
        let message = match text.strip_prefix(b"-") {
            Some(coded) => with_code(coded),
            None => [b"ERR ", trimmed(text)].concat(),
        };
        RaisedError { message, ..RaisedError::default() }
    }

    /// A command's error reply, which was counted when the command failed.
    pub(crate) fn of_command(message: &[u8]) -> RaisedError {
        RaisedError { message: with_code(message), counted_already: true, place: None }
    }
}

fn with_code(coded: &[u8]) -> Vec<u8> {
    let coded = trimmed(coded);
    if coded.contains(&b' ') { coded.to_vec() } else { [b"ERR ", coded].concat() }
}

fn trimmed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

/// What a script sees of an error that a Rust function raised.
pub(crate) fn raised_by(error: &mlua::Error) -> Raised {
    if let Some(raised) = error.downcast_ref::<Raised>() {
        return raised.clone();
    }
    match error {
        mlua::Error::CallbackError { cause, .. } => raised_by(cause),
        // Lua's own texts, among them "not enough memory", which it can raise within our functions too.
        mlua::Error::MemoryError(_) => Raised::Text(NO_MEMORY.to_vec()),
        mlua::Error::RuntimeError(text) => Raised::Text(text.clone().into_bytes()),
        other => Raised::Text(other.to_string().into_bytes()),
    }
}

/// Lua's text for exhausted memory.
pub(crate) const NO_MEMORY: &[u8] = b"not enough memory";

/// An error in Redis's form, as `redis.call` raises it.
pub(crate) fn table_error(text: &str) -> mlua::Error {
    Raised::Table(RaisedError::new(text.as_bytes())).into()
}

/// An error with the place of the caller in front, as Lua's own functions raise it.
pub(crate) fn text_error(lua: &Lua, text: impl AsRef<[u8]>) -> mlua::Error {
    Raised::Text(placed(lua, text)).into()
}

/// The text of such an error.
pub(crate) fn placed(lua: &Lua, text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut placed = place(lua).into_bytes();
    placed.extend_from_slice(text.as_ref());
    placed
}

/// The name under which the prelude is compiled; errors don't point into it.
pub(crate) const PRELUDE: &str = "=(dredis)";
/// What Lua puts before an error that one of its functions raises when the prelude called it, up to the line's number.
const PRELUDE_PLACE: &[u8] = b"(dredis):";

/// A text of Lua's without a place in the prelude; nothing if it has none.
pub(crate) fn without_prelude_place(text: &[u8]) -> Option<&[u8]> {
    let after = text.strip_prefix(PRELUDE_PLACE)?;
    let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    after.get(digits..)?.strip_prefix(b": ")
}

/// What Lua calls the frame that a tail call left no trace of.
const TAIL_CALL: &str = "=(tail call)";

/// `user_script:1: ` for the Lua code that called the function that runs, empty if it was not called by Lua code.
pub(crate) fn place(lua: &Lua) -> String {
    let mut is_in_prelude = false;
    for level in 1.. {
        let place = lua.inspect_stack(level, |debug| {
            let source = debug.source();
            if is_of_prelude(source.source.as_deref(), &mut is_in_prelude) {
                return None;
            }
            Some(match (source.short_src, debug.current_line()) {
                (Some(short), Some(line)) => format!("{short}:{line}: "),
                _ => String::new(),
            })
        });
        match place {
            Some(None) => continue,
            Some(Some(place)) => return place,
            None => break,
        }
    }
    String::new()
}

/// Whether a frame belongs to the prelude, or is one of the tail calls by which its functions call each other.
fn is_of_prelude(source: Option<&str>, is_in_prelude: &mut bool) -> bool {
    *is_in_prelude = source == Some(PRELUDE) || (*is_in_prelude && source == Some(TAIL_CALL));
    *is_in_prelude
}

/// Where the error object that is being handled was raised: its source and line, as Redis's handler finds them. The
/// handler itself is the function that runs.
pub(crate) fn place_of_raised(lua: &Lua) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut may_skip_native = true;
    let mut is_in_prelude = false;
    for level in 1.. {
        let found = lua.inspect_stack(level, |debug| {
            let source = debug.source();
            let text = source.source.as_deref().unwrap_or_default().to_owned();
            (text, source.what == "C", debug.current_line())
        });
        let (source, is_native, line) = found?;
        if is_of_prelude(Some(&source), &mut is_in_prelude) {
            continue;
        }
        if is_native && may_skip_native {
            may_skip_native = false;
            continue;
        }
        if is_native {
            // What called the prelude is gone in a tail call; no place is better than a wrong one.
            return None;
        }
        let line = line.map_or_else(|| "-1".to_owned(), |line| line.to_string());
        return Some((source.into_bytes(), line.into_bytes()));
    }
    None
}

/// The error that is wrong with the argument of this number (from 1), of the function that runs or of that in the prelude
/// which stands before it. As in Lua, a function has the name by which it was called.
pub(crate) fn argument_error(lua: &Lua, number: usize, fault: &str) -> mlua::Error {
    Raised::Text(argument_fault(lua, number, fault)).into()
}

/// The text of such an error.
pub(crate) fn argument_fault(lua: &Lua, number: usize, fault: &str) -> Vec<u8> {
    let mut name = None;
    let mut is_method = false;
    let mut is_in_prelude = false;
    for level in 0.. {
        let is_outside = lua.inspect_stack(level, |debug| {
            let is_inside = is_of_prelude(debug.source().source.as_deref(), &mut is_in_prelude);
            if level != 0 && !is_inside {
                return true;
            }
            let names = debug.names();
            name = names.name.map(|name| name.into_owned());
            is_method = names.name_what == Some("method");
            false
        });
        if is_outside.unwrap_or(true) {
            break;
        }
    }
    let name = name.as_deref().filter(|name| !name.is_empty()).unwrap_or("?");
    let number = number.saturating_sub(usize::from(is_method));
    if is_method && number == 0 {
        return placed(lua, format!("calling '{name}' on bad self ({fault})"));
    }
    placed(lua, format!("bad argument #{number} to '{name}' ({fault})"))
}

/// Turns an error that was caught into what the script sees.
///
/// # Errors
/// If the run was stopped: that can't be caught.
pub(crate) fn caught(lua: &Lua, error: Value) -> mlua::Result<Value> {
    run::check_stopped()?;
    match error {
        Value::Error(error) => match raised_by(&error) {
            Raised::Text(text) => Ok(Value::String(lua.create_string(text)?)),
            Raised::Table(error) => error_table(lua, &error),
            Raised::Stopped => Err(Raised::Stopped.into()),
        },
        Value::String(text) => match without_prelude_place(&text.as_bytes()) {
            Some(bare) => Ok(Value::String(lua.create_string(bare)?)),
            None => Ok(Value::String(text)),
        },
        other => Ok(other),
    }
}

/// A function that does the same for `pcall`, but answers like `pcall` itself: whether it worked, and then the value or the text
/// of the error. Its first argument is the function that `pcall` was given.
///
/// For an error that one of our functions raises, mlua describes the whole stack, which takes longer than many a command.
/// What scripts expect to fail is therefore asked in this way.
pub(crate) fn quiet(
    lua: &Lua,
    function: impl Fn(&Lua, Arguments) -> mlua::Result<Value> + mlua::MaybeSend + 'static,
) -> mlua::Result<Function> {
    lua.create_function(move |lua, (_, arguments): (Value, Arguments)| {
        let error = match function(lua, arguments) {
            Ok(value) => return Ok((true, value)),
            Err(error) => error,
        };
        let text = match raised_by(&error) {
            Raised::Text(text) => text,
            Raised::Table(error) => error.message,
            // Nothing catches this one.
            Raised::Stopped => return Err(error),
        };
        Ok((false, Value::String(lua.create_string(text)?)))
    })
}

/// Redis's error object as a Lua table.
pub(crate) fn error_table(lua: &Lua, error: &RaisedError) -> mlua::Result<Value> {
    let table = lua.create_table_with_capacity(0, 4)?;
    table.raw_set("err", lua.create_string(&error.message)?)?;
    if error.counted_already {
        table.raw_set("ignore_error_stats_update", true)?;
    }
    if let Some((source, line)) = &error.place {
        table.raw_set("source", lua.create_string(source)?)?;
        let line = String::from_utf8_lossy(line).parse::<i64>().unwrap_or(-1);
        table.raw_set("line", line)?;
    }
    Ok(Value::Table(table))
}
