//! From arguments to an [`Invocation`].

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::str::FromStr;

use dredis_contract::{DurabilityNeed, nearest_name};
use lexopt::{Arg, Parser};

use super::{Inquiry, Invocation, Settings, help, option};
use crate::failure::Failure;
use crate::units;

/// Above any machine of today; more is a slip of the hand.
const IO_THREADS_MAX: usize = 1024;

pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, Failure> {
    let mut parser = Parser::from_args(arguments);
    let mut settings = Settings::default();
    let mut list_backends = false;
    let mut backend_help = None;
    while let Some(argument) = parser.next().map_err(unusable)? {
        let name = match &argument {
            Arg::Short('h') => "help",
            Arg::Short('v') => "version",
            Arg::Long(name) => *name,
            Arg::Short(_) | Arg::Value(_) => return Err(unexpected(&argument)),
        };
        // The parser is asked for values below, so the name must not borrow from it.
        let Some(name) = help::names().find(|known| *known == name) else {
            return Err(unexpected(&argument));
        };
        match name {
            "help" => return Ok(Invocation::Print(Inquiry::Help)),
            "version" => return Ok(Invocation::Print(Inquiry::Version)),
            "list-backends" => list_backends = true,
            "backend-help" => backend_help = Some(filled(&mut parser, name)?),
            "host" => settings.host = text(&mut parser, name)?,
            "port" => settings.port = number(&mut parser, name, 0, u16::MAX)?,
            "unixsocket" => settings.unixsocket = Some(path(&mut parser, name)?),
            "dir" => settings.dir = Some(path(&mut parser, name)?),
            "backend" => settings.backend = filled(&mut parser, name)?,
            "backend-option" => {
                let given = text(&mut parser, name)?;
                option::add(&given, &mut settings.backend_options)?;
            }
            "backend-path" => settings.backend_search_dirs.push(path(&mut parser, name)?),
            "appendfsync" => settings.appendfsync = appendfsync(&text(&mut parser, name)?)?,
            "flushall" => settings.flushall = true,
            "readonly" => settings.readonly = true,
            "requirepass" => settings.requirepass = parser.value().map_err(unusable)?.into_vec(),
            "maxclients" => settings.maxclients = number(&mut parser, name, 1, u32::MAX as usize)?,
            "io-threads" => settings.io_threads = number(&mut parser, name, 1, IO_THREADS_MAX)?,
            "record-cache" => settings.record_cache_bytes = memory(&mut parser, name)?,
            "gc-interval" => settings.gc_interval_ms = number(&mut parser, name, 1, u64::from(u32::MAX))?,
            "gc-batch-size" => settings.gc_batch_size = number(&mut parser, name, 1, u32::MAX as usize)?,
            "debug" => settings.debug = true,
            "rdb" => settings.rdb = Some(path(&mut parser, name)?),
            _ => return Err(unexpected(&Arg::Long(name))),
        }
    }
    let search_dirs = settings.backend_search_dirs.clone();
    Ok(match (backend_help, list_backends) {
        (Some(backend), _) => Invocation::Print(Inquiry::BackendOptions { backend, search_dirs }),
        (None, true) => Invocation::Print(Inquiry::Backends { search_dirs }),
        (None, false) => Invocation::Serve(Box::new(settings)),
    })
}

fn unexpected(argument: &Arg<'_>) -> Failure {
    match argument {
        Arg::Long(name) => Failure::usage(match nearest_name(name, help::names()) {
            Some(nearest) => {
                format!("unknown option '--{name}': did you mean '--{nearest}'? (--help shows all)")
            }
            None => format!("unknown option '--{name}': --help shows all"),
        }),
        Arg::Short(letter) => Failure::usage(format!("unknown option '-{letter}': --help shows all")),
        Arg::Value(value) => Failure::usage(format!(
            "unexpected argument '{}': every setting is an option, --help shows them",
            value.to_string_lossy()
        )),
    }
}

/// A value is missing, or stands where there should be none.
fn unusable(error: lexopt::Error) -> Failure {
    Failure::usage(format!("{error}: --help shows what each option takes"))
}

fn text(parser: &mut Parser, name: &str) -> Result<String, Failure> {
    filled(parser, name)?.into_string().map_err(|value| {
        Failure::usage(format!("--{name} takes a text in UTF-8, not '{}'", value.to_string_lossy()))
    })
}

fn path(parser: &mut Parser, name: &str) -> Result<PathBuf, Failure> {
    filled(parser, name).map(PathBuf::from)
}

/// A value that is not empty.
fn filled(parser: &mut Parser, name: &str) -> Result<OsString, Failure> {
    let value = parser.value().map_err(unusable)?;
    if value.is_empty() {
        return Err(Failure::usage(format!("--{name} needs a value that is not empty")));
    }
    Ok(value)
}

fn number<N>(parser: &mut Parser, name: &str, low: N, high: N) -> Result<N, Failure>
where
    N: FromStr + PartialOrd + std::fmt::Display,
{
    let given = text(parser, name)?;
    given.parse().ok().filter(|number| (&low..=&high).contains(&number)).ok_or_else(|| {
        Failure::usage(format!("--{name} takes a whole number from {low} to {high}, not '{given}'"))
    })
}

fn memory(parser: &mut Parser, name: &str) -> Result<usize, Failure> {
    let given = text(parser, name)?;
    let bytes = units::memory(given.as_bytes()).and_then(|bytes| usize::try_from(bytes).ok());
    bytes.ok_or_else(|| {
        Failure::usage(format!("--{name} takes bytes, or a number with kb, mb or gb, not '{given}'"))
    })
}

fn appendfsync(word: &str) -> Result<DurabilityNeed, Failure> {
    match word {
        "always" => Ok(DurabilityNeed::EveryCommit),
        "everysec" => Ok(DurabilityNeed::Periodic),
        "no" => Ok(DurabilityNeed::Relaxed),
        _ => Err(Failure::usage(format!("--appendfsync takes always, everysec or no, not '{word}'"))),
    }
}
