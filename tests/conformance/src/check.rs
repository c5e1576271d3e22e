//! What a check is, what it gets to work with, and how it ends.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dredis_contract::{Durability, Error, Sharing};

use crate::child::Child;
use crate::random::Random;
use crate::target::{Opened, Target};

/// A row in the table of checks.
pub struct Check {
    /// Its name, a sentence with underscores. Unique.
    pub name: &'static str,
    /// The level to which it belongs.
    pub level: Level,
    /// The sentence of the contract's documentation that it proves.
    pub proves: &'static str,
    /// What an engine must have for the check to apply.
    pub need: Need,
    /// Whether it looks at the process as a whole, so that it runs in one of its own if it can.
    pub alone: bool,
    /// The check itself.
    pub run: fn(&Trial<'_>) -> Proof,
}

impl Check {
    /// A check without needs, beside which others may run.
    pub const fn new(
        level: Level,
        name: &'static str,
        proves: &'static str,
        run: fn(&Trial<'_>) -> Proof,
    ) -> Check {
        Check { name, level, proves, need: Need::Nothing, alone: false, run }
    }

    /// The same, for engines that have what is needed.
    pub const fn needing(self, need: Need) -> Check {
        Check { need, ..self }
    }

    /// The same, with nothing else running in the process.
    pub const fn alone(self) -> Check {
        Check { alone: true, ..self }
    }
}

/// A group of checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The library and its boundary.
    Abi,
    /// The trait's documentation, sentence by sentence.
    Contract,
    /// Processes killed during commits.
    Recovery,
    /// Redis commands on the engine.
    Commands,
    /// Engines that several servers share.
    Isolation,
    /// The contract's verbs, timed. Informative.
    Speed,
}

impl Level {
    /// All of them, in the order in which they run.
    pub const ALL: [Level; 6] =
        [Level::Abi, Level::Contract, Level::Recovery, Level::Commands, Level::Isolation, Level::Speed];

    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Level::Abi => "abi",
            Level::Contract => "contract",
            Level::Recovery => "recovery",
            Level::Commands => "commands",
            Level::Isolation => "isolation",
            Level::Speed => "speed",
        }
    }

    /// The level of this name.
    pub fn named(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// What an engine must have for a check to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Nothing beyond the contract.
    Nothing,
    /// It was loaded from a library.
    Library,
    /// It takes options.
    Options,
    /// It offers checkpoints.
    Checkpoint,
    /// It declares that it has none.
    NoCheckpoint,
    /// Its data outlives the process.
    Persistence,
    /// Its data outlives the process, and this run can start it in a process of its own.
    Child,
    /// Several processes may write.
    Sharing,
    /// One process may write.
    Exclusiveness,
    /// One process may write, and its data outlives it.
    ExclusiveDirectory,
    /// One process may write, its data outlives it, and this run can start it in a process of its own.
    ExclusiveChild,
    /// One process may write, since dredis runs commands on such engines alone, and its data outlives it.
    ExclusivePersistence,
}

impl Need {
    /// What the target lacks of it, if it lacks something.
    pub(crate) fn lacking(self, trial: &Trial<'_>) -> Result<Option<&'static str>, Error> {
        let target = trial.target;
        match self {
            Need::Nothing => return Ok(None),
            Need::Library => return Ok((target.plugin().is_none()).then_some("a library (linked in)")),
            Need::Options => return Ok(target.schema().is_empty().then_some("options")),
            _ => {}
        }
        let capabilities = target.capabilities()?;
        const PERSISTENCE: &str = "persistence (durability: never)";
        const EXCLUSIVENESS: &str = "exclusiveness (sharing: shared)";
        const CHILD: &str = "a way to run it in a child process";
        let has_no_child = trial.settings.child.is_none();
        let forgets = capabilities.durability == Durability::Never;
        let is_shared = capabilities.sharing == Sharing::Shared;
        Ok(match self {
            Need::Checkpoint if !capabilities.checkpoint => Some("checkpoint"),
            Need::NoCheckpoint if capabilities.checkpoint => {
                Some("a reason to refuse checkpoints (it offers them)")
            }
            Need::Persistence
            | Need::Child
            | Need::ExclusiveDirectory
            | Need::ExclusiveChild
            | Need::ExclusivePersistence
                if forgets =>
            {
                Some(PERSISTENCE)
            }
            Need::Child | Need::ExclusiveChild if has_no_child => Some(CHILD),
            Need::Exclusiveness
            | Need::ExclusiveDirectory
            | Need::ExclusiveChild
            | Need::ExclusivePersistence
                if is_shared =>
            {
                Some(EXCLUSIVENESS)
            }
            Need::Sharing if !is_shared => Some("sharing (it is exclusive)"),
            _ => None,
        })
    }
}

/// How far a run goes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where all randomness comes from.
    pub seed: u64,
    /// About how many operations generated checks make.
    pub operations: usize,
    /// How many processes recovery checks kill.
    pub kills: usize,
    /// The largest value or batch that is tried, in bytes; limits above are reported as not tried.
    pub bytes_max: u64,
    /// For how long a check may run, in seconds. One that has not ended by then has failed. Meant for calls that hang: far more
    /// than checks take. Whoever raises `operations` or `kills` a hundredfold raises this, too.
    pub check_seconds: u64,
    /// How to run the target in another process.
    pub child: Option<Child>,
    /// Where directories are made; the system's place for temporary files if not said.
    pub directory: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            seed: 1,
            operations: 4000,
            kills: 20,
            bytes_max: 64 << 20,
            check_seconds: 600,
            child: None,
            directory: None,
        }
    }
}

impl Settings {
    pub(crate) fn check_time(&self) -> Duration {
        Duration::from_secs(self.check_seconds)
    }
}

/// A figure that a check measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The result with its unit.
    pub value: String,
}

/// What a check gets to work with.
pub struct Trial<'t> {
    /// The engine.
    pub target: &'t Target,
    /// How far to go.
    pub settings: &'t Settings,
    /// This check's own seed.
    pub seed: u64,
    figures: Mutex<Vec<Figure>>,
}

impl<'t> Trial<'t> {
    pub(crate) fn new(target: &'t Target, settings: &'t Settings, seed: u64) -> Self {
        Trial { target, settings, seed, figures: Mutex::default() }
    }

    /// The target, opened in a fresh directory.
    pub fn fresh(&self) -> Result<Opened<'t>, Ending> {
        Opened::fresh(self.target, self.settings)
    }

    /// A source of randomness that is the same for the same seed.
    pub(crate) fn random(&self) -> Random {
        Random::new(self.seed)
    }

    /// Notes a figure for the report.
    pub fn figure(&self, name: impl Into<String>, value: impl Into<String>) {
        let figure = Figure { name: name.into(), value: value.into() };
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).push(figure);
    }

    pub(crate) fn into_figures(self) -> Vec<Figure> {
        self.figures.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a check comes to.
pub type Proof = Result<(), Ending>;

/// How a check ends that proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The engine breaks a promise.
    Failed(Failure),
    /// It does not apply: what is lacking.
    Skipped(String),
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What was found and what was expected, in one line.
    pub message: String,
    /// What led to it, a line each: for generated checks the shrunk history.
    pub details: Vec<String>,
}

impl Ending {
    /// A broken promise without a history.
    pub fn failed(message: impl Into<String>) -> Self {
        Ending::Failed(Failure { message: message.into().replace('\n', " "), details: Vec::new() })
    }

    /// The same ending, with what was being done before its message.
    pub(crate) fn during(self, what: impl fmt::Display) -> Self {
        match self {
            Ending::Failed(failure) => {
                Ending::Failed(Failure { message: format!("{what}: {}", failure.message), ..failure })
            }
            skipped @ Ending::Skipped(_) => skipped,
        }
    }

    /// The same ending, with what led to it.
    pub(crate) fn with_details(self, details: Vec<String>) -> Self {
        match self {
            Ending::Failed(failure) => Ending::Failed(Failure { details, ..failure }),
            skipped @ Ending::Skipped(_) => skipped,
        }
    }
}

impl From<Error> for Ending {
    fn from(error: Error) -> Self {
        Ending::failed(format!("the engine failed ({:?}): {error}", error.kind()))
    }
}

impl From<std::io::Error> for Ending {
    fn from(error: std::io::Error) -> Self {
        Ending::failed(format!("the kit itself failed ({error}); free space or give another --dir"))
    }
}

/// Adds what was being done to whatever went wrong.
pub(crate) trait During<T> {
    fn during(self, what: impl fmt::Display) -> Result<T, Ending>;
}

impl<T, E: Into<Ending>> During<T> for Result<T, E> {
    fn during(self, what: impl fmt::Display) -> Result<T, Ending> {
        self.map_err(|error| error.into().during(what))
    }
}

/// Ends the check as failed unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::check::Ending::failed(format!($($message)+)));
        }
    };
}
pub(crate) use ensure;
