//! The command line.

mod matrix;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use dredis_conformance::report::Format;
use dredis_conformance::{Check, Child, Level, Settings, checks};
use dredis_contract::{OptionValue, Options, nearest_name};
use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;
pub(crate) use matrix::MatrixRun;

const HELP: &str = "\
Checks whether a dredis plugin keeps the promises of the storage contract.

    dredis-conformance --plugin ./libmine.so [OPTIONS]
    dredis-conformance new NAME [--sdk DIR]     writes a plugin that compiles, and says what it lacks; DIR is the folder
                                                plugins/sdk of a checkout of dredis, if not the one this was built in
    dredis-conformance matrix [OPTIONS]         many engines in many modes on one page; see matrix --help

    --plugin PATH|NAME          the plugin
    --backend-path DIR          where to look for plugins by name (may be repeated)
    --backend-option NAME=JSON  an option of the engine's (may be repeated)
    --level LEVEL               abi, contract, recovery, commands, isolation, speed; all if not given (may be repeated)
    --check NAME                only this check (may be repeated; --list names them)
    --seed N                    where all randomness comes from (1)
    --ops N                     about how many operations generated checks make (4000)
    --kills N                   how many processes recovery kills (20)
    --bytes-max N               largest value or batch to try, in bytes (67108864)
    --check-seconds N           a check that has not ended by then has failed; what would run behind it in the same
                                process is not run (600)
    --dir DIR                   where engines put their data (the system's place for temporary files)
    --report FORMAT             text, json, junit, markdown, html (text)
    --output FILE               where the report goes (standard output)
    --list                      names every check and what it proves
    --help

Ends with 0 if nothing failed, 1 if something did or nothing was proven, 2 if it could not run.
";

/// What is asked for.
pub(crate) enum Action {
    /// Print this.
    Show(String),
    /// Write the skeleton of a plugin of this name, on this SDK.
    New(String, Option<PathBuf>),
    /// Run many engines, or put the pages of several runs together.
    Matrix(Box<MatrixRun>),
    /// Run checks.
    Run(Box<Run>),
}

/// A run.
pub(crate) struct Run {
    pub plugin: OsString,
    pub search_dirs: Vec<PathBuf>,
    pub options: Options,
    pub settings: Settings,
    pub format: Format,
    pub output: Option<PathBuf>,
    levels: Vec<Level>,
    names: Vec<String>,
    /// What was said of the plugin, for a child or for another time.
    about_plugin: Vec<OsString>,
}

impl Run {
    /// Whether a check is to be run.
    pub(crate) fn selects(&self, check: &Check) -> bool {
        let of_level = self.levels.is_empty() || self.levels.contains(&check.level);
        let of_name = self.names.is_empty() || self.names.iter().any(|name| name == check.name);
        of_level && of_name
    }

    /// How to run this program as the process that is killed.
    pub(crate) fn child(&self) -> Result<Child, String> {
        Child::of_this_program(self.about_plugin.clone()).map_err(|error| {
            format!("this program cannot find itself ({error}), so that it cannot start itself")
        })
    }

    /// The command that runs checks again as they were run now.
    pub(crate) fn repeat(&self) -> String {
        let Settings { seed, operations, kills, .. } = self.settings;
        let words: Vec<String> =
            self.about_plugin.iter().map(|word| quoted(&word.to_string_lossy())).collect();
        format!("dredis-conformance {} --seed {seed} --ops {operations} --kills {kills}", words.join(" "))
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=".contains(&byte);
    if word.bytes().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Action, String> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut plugin = None;
    let mut search_dirs = Vec::new();
    let mut options = Options::new();
    let mut settings = Settings::default();
    let mut format = Format::Text;
    let mut output = None;
    let (mut levels, mut names) = (Vec::new(), Vec::new());
    let mut about_plugin = Vec::new();
    let mut remember = |name: &str, value: &OsStr| {
        about_plugin.push(name.into());
        about_plugin.push(value.to_owned());
    };
    let plain = |error: lexopt::Error| format!("{error}; see --help");
    while let Some(argument) = parser.next().map_err(plain)? {
        let name = match argument {
            Short('h') | Long("help") => return Ok(Action::Show(HELP.to_owned())),
            Long("list") => return Ok(Action::Show(list())),
            Long(name) => name.to_owned(),
            Short(letter) => return Err(format!("there is no option -{letter}; see --help")),
            Value(value) if value == "new" => {
                let name = parser.value().map_err(|_| "new takes the name of the backend".to_owned())?;
                let name = name.string().map_err(plain)?;
                return match parser.next().map_err(plain)? {
                    None => Ok(Action::New(name, None)),
                    Some(Long("sdk")) => {
                        let sdk = PathBuf::from(parser.value().map_err(plain)?);
                        match parser.next().map_err(plain)? {
                            None => Ok(Action::New(name, Some(sdk))),
                            Some(_) => Err("new takes nothing after --sdk DIR".to_owned()),
                        }
                    }
                    Some(_) => Err("new takes the name of the backend, and --sdk DIR after it".to_owned()),
                };
            }
            Value(value) if value == "matrix" => return matrix::parse(parser),
            Value(value) => {
                return Err(format!(
                    "'{}' is no option; name the plugin with --plugin",
                    value.to_string_lossy()
                ));
            }
        };
        known(&name, NAMES)?;
        let value = parser.value().map_err(plain)?;
        let number = || number(&name, &value);
        match name.as_str() {
            "plugin" => {
                remember("--plugin", &value);
                plugin = Some(value);
            }
            "backend-path" => {
                remember("--backend-path", &value);
                search_dirs.push(PathBuf::from(value));
            }
            "backend-option" => {
                remember("--backend-option", &value);
                let text = value.string().map_err(plain)?;
                let (name, value) = option(&text)?;
                options.set(&name, value);
            }
            "level" => {
                let text = value.to_string_lossy();
                let level = Level::named(&text);
                levels.push(level.ok_or_else(|| unknown("level", &text, &Level::ALL.map(Level::name)))?);
            }
            "check" => {
                let text = value.string().map_err(plain)?;
                let known: Vec<&str> = checks().map(|check| check.name).collect();
                if !known.contains(&text.as_str()) {
                    return Err(unknown("check", &text, &known));
                }
                names.push(text);
            }
            "seed" => settings.seed = number()?,
            "ops" => settings.operations = number()? as usize,
            "kills" => settings.kills = number()? as usize,
            "bytes-max" => settings.bytes_max = number()?,
            "check-seconds" => {
                settings.check_seconds = number()?;
                if settings.check_seconds == 0 {
                    return Err("--check-seconds takes 1 or more".to_owned());
                }
            }
            "dir" => settings.directory = Some(PathBuf::from(value)),
            "output" => output = Some(PathBuf::from(value)),
            "report" => {
                let text = value.to_string_lossy();
                format = Format::named(&text)
                    .ok_or_else(|| unknown("report", &text, &Format::ALL.map(Format::name)))?;
            }
            _ => unreachable!("the name is one of the list"),
        }
    }
    let plugin = plugin.ok_or("which plugin? Say --plugin PATH or --plugin NAME; see --help")?;
    Ok(Action::Run(Box::new(Run {
        plugin,
        search_dirs,
        options,
        settings,
        format,
        output,
        levels,
        names,
        about_plugin,
    })))
}

/// Options that take a value.
const NAMES: &[&str] = &[
    "plugin",
    "backend-path",
    "backend-option",
    "level",
    "check",
    "seed",
    "ops",
    "kills",
    "bytes-max",
    "check-seconds",
    "dir",
    "report",
    "output",
];

/// Refuses a name that is none of these.
fn known(name: &str, names: &[&str]) -> Result<(), String> {
    if names.contains(&name) {
        return Ok(());
    }
    let hint = match nearest_name(name, names.iter().copied()) {
        Some(nearest) => format!("did you mean --{nearest}?"),
        None => "see --help".to_owned(),
    };
    Err(format!("there is no option --{name}; {hint}"))
}

fn number(name: &str, value: &OsStr) -> Result<u64, String> {
    let text = value.to_string_lossy();
    text.parse().map_err(|_| format!("--{name} takes a whole number, not '{text}'"))
}

fn unknown(what: &str, found: &str, known: &[&str]) -> String {
    let hint = match nearest_name(found, known.iter().copied()) {
        Some(nearest) => format!("did you mean '{nearest}'?"),
        None if known.len() < 10 => format!("say one of {}", known.join(", ")),
        None => "--list names them".to_owned(),
    };
    format!("there is no {what} '{found}'; {hint}")
}

/// `NAME=JSON`.
fn option(text: &str) -> Result<(String, OptionValue), String> {
    let (name, json) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| format!("--backend-option takes NAME=JSON, not '{text}'"))?;
    let parsed: serde_json::Value = serde_json::from_str(json).map_err(|_| {
        format!(
            "--backend-option {name}: '{json}' is not JSON; a string needs double quotes: '{name}=\"text\"'"
        )
    })?;
    let value = match &parsed {
        serde_json::Value::Null => Some(OptionValue::Null),
        serde_json::Value::Bool(truth) => Some(OptionValue::Bool(*truth)),
        serde_json::Value::String(text) => Some(OptionValue::Text(text.clone())),
        serde_json::Value::Number(number) => {
            number.as_i64().map(OptionValue::Integer).or_else(|| number.as_f64().map(OptionValue::Float))
        }
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    };
    let value = value.ok_or_else(|| {
        format!("--backend-option {name}: takes null, true, false, a number or a string, not '{json}'")
    })?;
    Ok((name.to_owned(), value))
}

fn list() -> String {
    let mut text = String::new();
    let mut level = None;
    for check in checks() {
        if level != Some(check.level) {
            level = Some(check.level);
            text.push_str(&format!("{}\n", check.level.name()));
        }
        text.push_str(&format!("  {}\n      {}\n", check.name, check.proves));
    }
    text
}
