//! Libraries of functions: from code to what it registers.

use std::sync::Arc;

use dredis_data::{Function, LIBRARY_BYTES_MAX, Libraries, Library, Transaction};
use dredis_lua::{
    Answer, Failure, Library as ShownLibrary, LogLevel, Protocol, Stop, Surroundings, library_metadata,
};

use super::evaluate::refused;
use super::run;
use crate::host::Seat;
use crate::{CommandError, Host, errors};

/// How long a library's code may take to register its functions, in microseconds: as long as in Redis.
const LOAD_US_MAX: u64 = 500_000;
/// How much code all libraries may have together, in bytes. It is all kept in memory.
const ALL_LIBRARIES_BYTES_MAX: usize = 128 << 20;

/// A library as interpreters want it.
pub(super) fn shown(library: &Library) -> ShownLibrary<'_> {
    ShownLibrary { name: &library.name, code: &library.code, version: library.version() }
}

/// What happens to a library of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SameName {
    /// It stays, and the new one is refused.
    Refuse,
    /// The new one takes its place.
    Replace,
}

/// Adds the library with this code to others; its name. An error is what FUNCTION LOAD answers, and leaves the others as they were.
pub fn add_library(
    host: &dyn Host,
    txn: &Transaction<'_>,
    libraries: &mut Libraries,
    code: &[u8],
    same_name: SameName,
) -> Result<Vec<u8>, CommandError> {
    if code.len() > LIBRARY_BYTES_MAX {
        return Err(errors::fixed("ERR the library's code is longer than 16 MB"));
    }
    let metadata = library_metadata(code).map_err(refused)?;
    if !metadata.engine.eq_ignore_ascii_case(b"lua") {
        return Err(errors::quoting("ERR Engine '", &metadata.engine, "' not found"));
    }
    if same_name == SameName::Refuse && libraries.library(&metadata.name).is_some() {
        return Err(errors::quoting("ERR Library '", &metadata.name, "' already exists"));
    }
    let functions = registered(host, run::seat(txn), &metadata.name, code)?;
    if functions.is_empty() {
        return Err(errors::fixed("ERR No functions registered"));
    }
    let library = Library::new(&metadata.name, code, functions);
    if library.record_bytes() > txn.library_bytes_max() {
        return Err(errors::fixed("ERR the library is larger than a record of this backend can be"));
    }
    add(libraries, library.into())?;
    Ok(metadata.name)
}

fn registered(host: &dyn Host, seat: Seat, name: &[u8], code: &[u8]) -> Result<Vec<Function>, CommandError> {
    let scripts = host.scripts();
    let mut interpreter = run::interpreter(scripts, seat)?;
    let mut around = Loading { host, started_us: host.monotonic_us() };
    // Nothing of it stays in the interpreter, so that any version will do.
    let inspected = interpreter.inspect_library(ShownLibrary { name, code, version: 0 }, &mut around);
    scripts.give_back(seat, interpreter);
    let functions = inspected.map_err(|failure| match failure {
        Failure::Error(error) => refused(error),
        Failure::Abandoned => errors::fixed("ERR Error registering functions"),
    })?;
    let kept = functions.into_iter().map(|function| Function {
        name: function.name.into(),
        description: function.description.map(Into::into),
        flags: function.flags.bits(),
    });
    Ok(kept.collect())
}

/// Adds a library, in place of the one of its name, unless another one has a function of the same name.
pub(super) fn add(libraries: &mut Libraries, library: Arc<Library>) -> Result<(), CommandError> {
    for function in &library.functions {
        let taken = libraries.function(&function.name);
        if taken.is_some_and(|(owner, _)| owner.name != library.name) {
            return Err(errors::quoting("ERR Function ", &function.name, " already exists"));
        }
    }
    let others = libraries.iter().filter(|other| other.name != library.name);
    let bytes = others.map(|other| other.code.len()).sum::<usize>() + library.code.len();
    if bytes > ALL_LIBRARIES_BYTES_MAX {
        return Err(errors::fixed("ERR all libraries together would have more than 128 MB of code"));
    }
    libraries.insert(library);
    Ok(())
}

/// The server around a library that registers its functions: it may do nothing else, and not for long.
struct Loading<'h> {
    host: &'h dyn Host,
    started_us: u64,
}

impl Surroundings for Loading<'_> {
    fn call(&mut self, _: &[&[u8]], _: Protocol) -> Result<Answer, Stop> {
        Ok(Answer::Error(b"ERR redis.call can only be called inside a script invocation".to_vec()))
    }

    fn log(&mut self, level: LogLevel, message: &[u8]) {
        self.host.scripts().log(level, message);
    }

    fn tick(&mut self) -> Result<(), Stop> {
        if self.host.monotonic_us().saturating_sub(self.started_us) > LOAD_US_MAX {
            return Err(Stop::Error(b"ERR FUNCTION LOAD timeout".to_vec()));
        }
        Ok(())
    }

    fn may_run(&mut self, _: &[&[u8]]) -> Option<bool> {
        None
    }
}
