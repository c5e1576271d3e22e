//! One Lua state and what runs in it.

use std::collections::HashMap;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Arc, PoisonError};

use mlua::Value;

use crate::answer::Answer;
use crate::arguments::as_text;
use crate::convert::Read;
use crate::failure::{Failure, ScriptError};
use crate::flags::Flags;
use crate::json::JsonSettings;
use crate::machine::{Machine, memory_message, reply_line, unhandled};
use crate::raise::RaisedError;
use crate::random::Random;
use crate::run::{Registration, Run, RunState, lend, with_state};
use crate::shebang::without_shebang;
use crate::surroundings::{Stop, Surroundings};

/// Compiled scripts that are kept; with one more, all are forgotten.
const SCRIPTS_MAX: usize = 1000;
/// The least memory in which a state with its libraries is of use.
const MEMORY_BYTES_MIN: usize = 1024 * 1024;

/// One Lua state with its sandbox. It can move between threads; a run stays on the thread that called it.
pub struct Interpreter {
    limits: Limits,
    json: JsonSettings,
    machine: Machine,
    /// Places of compiled scripts by the names of the scripts.
    scripts: HashMap<String, usize>,
    /// Bytes of source of the compiled scripts.
    script_bytes: usize,
    libraries: HashMap<Vec<u8>, Loaded>,
    next_library: usize,
    /// One sequence for all runs, as Redis has it since version 7.
    random: Random,
    /// Bytes in use from which garbage is collected before a run.
    collect_at: usize,
    /// A run began and did not return, which only a defect of ours can cause. The state is not used again.
    is_broken: bool,
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Interpreter").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What a run may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes that the Lua state may occupy, garbage included; more is the script's error. The same number bounds an answer.
    pub memory_bytes_max: usize,
}

/// A library of functions, as the caller keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Library<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// All of its code, first line included.
    pub code: &'a [u8],
    /// Any number that changes whenever the code of this name does: an interpreter that holds another one loads the code anew.
    pub version: u64,
}

/// A function that a library registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionInfo {
    /// Its name, of letters, digits and underscores.
    pub name: Vec<u8>,
    /// What it does, if it says so.
    pub description: Option<Vec<u8>>,
    /// Its flags.
    pub flags: Flags,
}

/// A library in this state.
struct Loaded {
    version: u64,
    index: usize,
    /// Names of its functions in the order of their registration.
    functions: Vec<Registration>,
}

impl Interpreter {
    /// A fresh state.
    ///
    /// # Errors
    /// If the limits leave no room for the state itself.
    pub fn new(limits: Limits) -> Result<Interpreter, ScriptError> {
        Interpreter::with_settings(limits, JsonSettings::default())
    }

    /// A fresh state that has these settings in common with others.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_settings(limits: Limits, json: JsonSettings) -> Result<Interpreter, ScriptError> {
        if limits.memory_bytes_max < MEMORY_BYTES_MIN {
            return Err(ScriptError::new(format!(
                "ERR scripts need at least {MEMORY_BYTES_MIN} bytes of memory, and may use {}",
                limits.memory_bytes_max
            )));
        }
        Ok(Interpreter {
            limits,
            json,
            machine: new_machine()?,
            scripts: HashMap::new(),
            script_bytes: 0,
            libraries: HashMap::new(),
            next_library: 1,
            random: Random::default(),
            collect_at: limits.memory_bytes_max / 2,
            is_broken: false,
        })
    }

    /// Compiles a script without running it, for SCRIPT LOAD and EVAL; it stays compiled for the run that follows.
    ///
    /// # Errors
    /// As Redis answers them: `ERR Error compiling script (new function): user_script:1: ...`
    pub fn compile(&mut self, sha: &str, source: &[u8]) -> Result<(), ScriptError> {
        self.mend()?;
        self.compiled(sha, source).map(|_| ())
    }

    /// Runs a script. `sha` is the [`sha1_hex`](crate::sha1_hex) of `source`, and the name under which it stays compiled.
    ///
    /// # Errors
    /// A script that can't be compiled or ends in an error, or one that the surroundings ended.
    ///
    /// # Panics
    /// If the surroundings do; their panic passes through, and the interpreter stays usable.
    pub fn run<B: AsRef<[u8]>>(
        &mut self,
        sha: &str,
        source: &[u8],
        keys: &[B],
        arguments: &[B],
        around: &mut dyn Surroundings,
    ) -> Result<Answer, Failure> {
        self.mend()?;
        let index = self.compiled(sha, source)?;
        let arrays = self.arrays(keys, arguments)?;
        self.machine.json.begin(&self.json.of_scripts);
        let entry = self.machine.run.clone();
        let mut run = self.new_run(around);
        let ended = self.end_of(&mut run, || entry.call((index, arrays.0, arrays.1)));
        self.outcome(ended, run.state, sha)
    }

    /// Runs a library's code to learn what it registers, for FUNCTION LOAD. Nothing of it is kept: [`call_function`](Self::call_function)
    /// loads libraries as it needs them.
    ///
    /// # Errors
    /// As Redis answers them: `ERR Error compiling function: ...`, `ERR Error registering functions: ...`
    pub fn inspect_library(
        &mut self,
        library: Library<'_>,
        around: &mut dyn Surroundings,
    ) -> Result<Vec<FunctionInfo>, Failure> {
        self.mend()?;
        let loaded = self.load(library, LogLines::Write, around)?;
        self.forget_loaded(loaded.index);
        let described = loaded.functions.into_iter().map(|registration| FunctionInfo {
            name: registration.name,
            description: registration.description,
            flags: registration.flags,
        });
        Ok(described.collect())
    }

    /// Calls a function of a library, for FCALL.
    ///
    /// # Errors
    /// A function that ends in an error, one that the surroundings ended, or one that the library does not have.
    pub fn call_function<B: AsRef<[u8]>>(
        &mut self,
        library: Library<'_>,
        function: &[u8],
        keys: &[B],
        arguments: &[B],
        around: &mut dyn Surroundings,
    ) -> Result<Answer, Failure> {
        self.mend()?;
        if self.libraries.get(library.name).is_none_or(|loaded| loaded.version != library.version) {
            let loaded = self.load(library, LogLines::Drop, around)?;
            if let Some(old) = self.libraries.insert(library.name.to_vec(), loaded) {
                self.forget_loaded(old.index);
            }
        }
        let found = self.libraries.get(library.name).and_then(|loaded| {
            let position = loaded.functions.iter().position(|known| known.name == function)?;
            Some((loaded.index, position + 1))
        });
        let (index, position) = found.ok_or_else(|| ScriptError::new("ERR Function not found"))?;
        let arrays = self.arrays(keys, arguments)?;
        self.machine.json.begin(&self.json.of_functions);
        let entry = self.machine.call.clone();
        let mut run = self.new_run(around);
        let ended = self.end_of(&mut run, || entry.call((index, position, arrays.0, arrays.1)));
        self.outcome(ended, run.state, &String::from_utf8_lossy(function))
    }

    /// Forgets compiled scripts, as SCRIPT FLUSH wants it.
    pub fn forget_scripts(&mut self) {
        self.scripts.clear();
        self.script_bytes = 0;
        // What can't be forgotten for want of memory is lost with the state.
        self.is_broken |= self.machine.forget_scripts.call::<()>(()).is_err();
    }

    /// Forgets loaded libraries, as FUNCTION FLUSH and FUNCTION DELETE want it.
    pub fn forget_libraries(&mut self) {
        for (_, loaded) in std::mem::take(&mut self.libraries) {
            self.forget_loaded(loaded.index);
        }
    }

    /// Bytes that the state occupies, for INFO's `used_memory_vm_eval`.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.machine.lua.used_memory()
    }

    /// Makes the state fit for the next run: a new one, if the last run did not end as it should.
    fn mend(&mut self) -> Result<(), ScriptError> {
        if self.is_broken {
            *self = Interpreter::with_settings(self.limits, self.json.clone())?;
        }
        // What earlier runs left behind is not the next one's fault.
        let lua = &self.machine.lua;
        if lua.used_memory() > self.collect_at {
            lua.gc_collect().map_err(|error| self.broken(&error))?;
            let live = lua.used_memory();
            let left = self.limits.memory_bytes_max.saturating_sub(live);
            self.collect_at = (self.limits.memory_bytes_max / 2).max(live + left / 4);
        }
        Ok(())
    }

    fn new_run<'a>(&self, around: &'a mut dyn Surroundings) -> Run<'a> {
        Run { around, state: RunState::new(self.random, self.limits.memory_bytes_max) }
    }

    /// The place of a compiled script, compiled now if it's new.
    fn compiled(&mut self, sha: &str, source: &[u8]) -> Result<usize, ScriptError> {
        if let Some(index) = self.scripts.get(sha) {
            return Ok(*index);
        }
        let bytes_max = self.limits.memory_bytes_max / 16;
        if self.scripts.len() >= SCRIPTS_MAX || self.script_bytes.saturating_add(source.len()) > bytes_max {
            self.forget_scripts();
            self.mend()?;
        }
        let index = self.scripts.len() + 1;
        let compile = self.machine.compile.clone();
        let code =
            self.machine.lua.create_string(without_shebang(source)).map_err(|error| self.broken(&error))?;
        let fault = self
            .limited(|| compile.call::<Option<mlua::LuaString>>((index, code)))
            .map_err(|error| self.broken(&error))?;
        match fault {
            None => {
                self.scripts.insert(sha.to_owned(), index);
                self.script_bytes += source.len();
                Ok(index)
            }
            Some(fault) => {
                Err(self.not_compiled("ERR Error compiling script (new function): ", &fault.as_bytes()))
            }
        }
    }

    fn not_compiled(&self, before: &str, fault: &[u8]) -> ScriptError {
        if fault == crate::raise::NO_MEMORY {
            return ScriptError::new(memory_message(self.limits.memory_bytes_max));
        }
        ScriptError::new([before.as_bytes(), &crate::convert::one_line(fault)].concat())
    }

    /// Loads a library into the state.
    fn load(
        &mut self,
        library: Library<'_>,
        lines: LogLines,
        around: &mut dyn Surroundings,
    ) -> Result<Loaded, Failure> {
        let index = self.next_library;
        self.next_library += 1;
        let lua = &self.machine.lua;
        let functions = lua.create_table().map_err(|error| self.broken(&error))?;
        let code = lua.create_string(without_shebang(library.code)).map_err(|error| self.broken(&error))?;
        *self.machine.pending.lock().unwrap_or_else(PoisonError::into_inner) = Some(functions.clone());
        let entry = self.machine.load.clone();
        let mut run = self.new_run(around);
        run.state.registered = Some(Vec::new());
        run.state.is_silent = lines == LogLines::Drop;
        let result: mlua::Result<Option<mlua::LuaString>> =
            self.enter(&mut run, || entry.call((index, code, functions)));
        *self.machine.pending.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let mut state = run.state;
        let failure = state.failure.take();
        let error = match (state.stopped, result) {
            (Some(Stop::Abandon), _) => {
                self.forget_loaded(index);
                return Err(Failure::Abandoned);
            }
            (Some(Stop::Error(message)), _) => Some(RaisedError { message, ..RaisedError::default() }),
            (None, Ok(Some(fault))) => {
                self.forget_loaded(index);
                return Err(self.not_compiled("ERR Error compiling function: ", &fault.as_bytes()).into());
            }
            (None, Ok(None)) => failure,
            (None, Err(error)) => Some(failure.unwrap_or_else(|| unhandled(&error))),
        };
        let Some(mut error) = error else {
            return Ok(Loaded {
                version: library.version,
                index,
                functions: state.registered.unwrap_or_default(),
            });
        };
        self.forget_loaded(index);
        error.place = None;
        let line = reply_line(&error, "", self.limits.memory_bytes_max);
        Err(ScriptError::new([b"ERR Error registering functions: ", &line[..]].concat()).into())
    }

    fn forget_loaded(&mut self, index: usize) {
        self.is_broken |= self.machine.forget_library.call::<()>(index).is_err();
    }

    fn arrays<B: AsRef<[u8]>>(
        &self,
        keys: &[B],
        arguments: &[B],
    ) -> Result<(mlua::Table, mlua::Table), ScriptError> {
        let arrays = self.machine.array(keys).and_then(|keys| Ok((keys, self.machine.array(arguments)?)));
        arrays.map_err(|error| self.broken(&error))
    }

    /// Calls into Lua with the limit of memory set.
    fn limited<R>(&self, call: impl FnOnce() -> mlua::Result<R>) -> mlua::Result<R> {
        let lua = &self.machine.lua;
        lua.set_memory_limit(self.limits.memory_bytes_max)?;
        let result = call();
        lua.set_memory_limit(0)?;
        result
    }

    /// Calls into Lua with the run lent to the functions that Lua calls.
    fn enter<R>(&mut self, run: &mut Run<'_>, call: impl FnOnce() -> mlua::Result<R>) -> mlua::Result<R> {
        self.is_broken = true;
        let result = lend(run, || self.limited(call));
        self.is_broken = false;
        self.random = run.state.random;
        if let Some(panic) = run.state.panic.take() {
            resume_unwind(panic);
        }
        result
    }

    /// Runs, and reads the answer while the run can still be stopped.
    fn end_of(
        &mut self,
        run: &mut Run<'_>,
        call: impl FnOnce() -> mlua::Result<(bool, Value)>,
    ) -> mlua::Result<Ended> {
        let reader = Arc::clone(&self.machine.reader);
        let bytes_max = self.limits.memory_bytes_max;
        self.enter(run, || match call()? {
            (true, value) => {
                let protocol = with_state(|state| state.protocol);
                reader.read(value, protocol, bytes_max).map(Ended::Well)
            }
            (false, value) => Ok(Ended::Badly(value)),
        })
    }

    /// What a run came to.
    fn outcome(
        &self,
        ended: mlua::Result<Ended>,
        mut state: RunState,
        name: &str,
    ) -> Result<Answer, Failure> {
        let failure = state.failure.take();
        let bytes_max = self.limits.memory_bytes_max;
        let error = match (state.stopped, ended) {
            (Some(Stop::Abandon), _) => return Err(Failure::Abandoned),
            (Some(Stop::Error(message)), _) => RaisedError {
                message,
                place: failure.and_then(|failure| failure.place),
                ..RaisedError::default()
            },
            (None, Ok(Ended::Well(Read::Answer(answer)))) => return Ok(answer),
            (None, Ok(Ended::Well(Read::Error(error)))) => error,
            (None, Ok(Ended::Well(Read::TooLarge))) => {
                return Err(ScriptError::new(format!(
                    "ERR the script's answer has more than {bytes_max} bytes"
                ))
                .into());
            }
            // Of exhausted memory, and of an error in the handler, the handler does not learn.
            (None, Ok(Ended::Badly(value))) => failure.unwrap_or_else(|| {
                let text = as_text(&value);
                RaisedError::new(text.as_ref().map_or(b"unknown error", |text| text.as_ref()))
            }),
            (None, Err(error)) => failure.unwrap_or_else(|| unhandled(&error)),
        };
        Err(self.script_error(&error, name))
    }

    fn script_error(&self, error: &RaisedError, name: &str) -> Failure {
        let message = reply_line(error, name, self.limits.memory_bytes_max);
        Failure::Error(ScriptError { message, counted_already: error.counted_already })
    }

    /// An error of Lua's where a state without limit should have none.
    fn broken(&self, error: &mlua::Error) -> ScriptError {
        ScriptError::new(reply_line(&unhandled(error), "", self.limits.memory_bytes_max))
    }
}

/// How a run ended.
enum Ended {
    Well(Read),
    Badly(Value),
}

/// Whether what a library logs while it loads is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LogLines {
    Write,
    Drop,
}

fn new_machine() -> Result<Machine, ScriptError> {
    Machine::new().map_err(|error| ScriptError::new(format!("ERR no interpreter could be made: {error}")))
}
