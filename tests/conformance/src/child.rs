//! This program once more, as a process of its own: one to be killed, or one in which a check is alone. The program runs
//! itself and is told by its environment what it is.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use crate::check::{Ending, Failure, Settings};
use crate::recovery::commit_for_ever;
use crate::runner::{Result as Outcome, Verdict, run_here};
use crate::target::Target;

const TASK: &str = "DREDIS_CONFORMANCE_TASK";
const DIRECTORY: &str = "DREDIS_CONFORMANCE_DIRECTORY";
const FIRST: &str = "DREDIS_CONFORMANCE_FIRST";
const SEED: &str = "DREDIS_CONFORMANCE_SEED";
const COMMIT: &str = "commit";

/// What stands before whatever a child has to say, on a line of its own: test programs print, too.
const SAYS: &str = "dredis-conformance says: ";

/// What a child says first.
const BORN: &str = "born";

/// Held while a process is being started. Between its birth and its becoming another program it shares all open files,
/// and so holds locks on them. It may do so a moment longer than `spawn` takes: Linux lets a parent go on when the child
/// has its new memory, and only then closes the files that a program does not inherit. So a birth ends with the child's
/// first word.
static SPAWNING: Mutex<()> = Mutex::new(());

/// Waits until no process is just being born that could still hold what was closed here.
pub(crate) fn wait_for_births() {
    drop(SPAWNING.lock().unwrap_or_else(PoisonError::into_inner));
}

/// How to start this program so that it calls [`run_child`] with the same target.
#[derive(Clone, Debug)]
pub struct Child {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What its environment has beyond this program's.
    pub environment: Vec<(OsString, OsString)>,
}

impl Child {
    /// This program, with these arguments.
    pub fn of_this_program(arguments: Vec<OsString>) -> std::io::Result<Self> {
        Ok(Child { program: std::env::current_exe()?, arguments, environment: Vec::new() })
    }
}

/// Does what the environment says, if it says that this process is a child; `false` at once if not.
pub fn run_child(target: &Target) -> bool {
    let Ok(task) = std::env::var(TASK) else { return false };
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(1);
    let directory = std::env::var_os(DIRECTORY).map(PathBuf::from);
    // Nobody may be left to hear it.
    let _ = say(&format!("{BORN} "));
    if task == COMMIT {
        let ended =
            commit_for_ever(target, &directory.unwrap_or_default(), number(FIRST), number(SEED), |number| {
                say(&format!("committed {number}"))
            });
        let Err(Ending::Failed(Failure { message, .. }) | Ending::Skipped(message)) = ended;
        // Nobody may be left to hear it.
        let _ = say(&format!("failed {message}"));
        return true;
    }
    let settings = Settings { seed: number(SEED), directory, ..Settings::default() };
    if let Some(check) = crate::checks().find(|check| check.name == task) {
        let outcome = run_here(target, &settings, check);
        for figure in &outcome.figures {
            let _ = say(&format!("figure {}\t{}", figure.name, figure.value));
        }
        let _ = say(&match outcome.verdict {
            Verdict::Passed => "passed ".to_owned(),
            Verdict::Skipped(lacking) => format!("skipped {lacking}"),
            Verdict::NotRun(reason) => format!("skipped {reason}"),
            Verdict::Failed(failure) => format!("failed {}", failure.message),
        });
    }
    true
}

/// One line in one call, so that a kill does not leave half of it.
fn say(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{SAYS}{text}\n").as_bytes())?;
    out.flush()
}

type Process = Arc<Mutex<std::process::Child>>;

/// The children that run, each with the thread that started it.
static CHILDREN: Mutex<Vec<(ThreadId, Process)>> = Mutex::new(Vec::new());

fn children() -> MutexGuard<'static, Vec<(ThreadId, Process)>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills the children that a thread has started, so that it waits for none of them any more. Tells how many there were.
pub(crate) fn kill_children_of(thread: ThreadId) -> usize {
    let children = children();
    let own = children.iter().filter(|(starter, _)| *starter == thread);
    own.map(|(_, process)| {
        // It may be gone already.
        let _ = process.lock().unwrap_or_else(PoisonError::into_inner).kill();
    })
    .count()
}

/// A child that runs. Killed when dropped, if it was not before.
pub(crate) struct Running {
    process: Process,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// A process that commits numbered batches from `first` on.
    pub(crate) fn committing(child: &Child, directory: &Path, first: u64, seed: u64) -> Result<Self, Ending> {
        let first = first.to_string();
        Self::start(
            child,
            COMMIT,
            &[(DIRECTORY, directory.as_os_str().to_owned()), (FIRST, first.into())],
            seed,
        )
    }

    fn start(child: &Child, task: &str, more: &[(&str, OsString)], seed: u64) -> Result<Self, Ending> {
        let mut command = Command::new(&child.program);
        command.args(&child.arguments).envs(child.environment.iter().cloned()).envs(more.iter().cloned());
        command.env(TASK, task).env(SEED, seed.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let _spawning = SPAWNING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut process = command.spawn()?;
        let output =
            process.stdout.take().ok_or_else(|| Ending::failed("the child's output cannot be read"))?;
        let process = Arc::new(Mutex::new(process));
        children().push((thread::current().id(), Arc::clone(&process)));
        let mut running = Running { process, lines: BufReader::new(output).lines() };
        match running.hear()? {
            Some((word, _)) if word == BORN => Ok(running),
            Some(_) => Err(Ending::failed("the child's output is garbled")),
            None => Err(Ending::failed("the process started for the check ended without a word")),
        }
    }

    /// The next thing that it says: a word, and what follows. `None` when its output ends.
    fn hear(&mut self) -> Result<Option<(String, String)>, Ending> {
        for line in self.lines.by_ref() {
            let line = line?;
            if let Some((word, rest)) = line.strip_prefix(SAYS).and_then(|text| text.split_once(' ')) {
                return Ok(Some((word.to_owned(), rest.to_owned())));
            }
        }
        Ok(None)
    }

    /// The number of the next acknowledged commit, or `None` when the child's output ends.
    pub(crate) fn next_commit(&mut self) -> Result<Option<u64>, Ending> {
        match self.hear()? {
            None => Ok(None),
            Some((word, rest)) if word == "committed" => {
                Ok(Some(rest.parse().map_err(|_| Ending::failed("the child's output is garbled"))?))
            }
            Some((_, rest)) => Err(Ending::failed(format!("in a process of its own: {rest}"))),
        }
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(&mut self) -> Result<(), Ending> {
        self.process().kill()?;
        Ok(())
    }

    fn process(&self) -> MutexGuard<'_, std::process::Child> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already; either way it is waited for, so that its locks are.
        let _ = self.process().kill();
        let _ = self.process().wait();
        children().retain(|(_, process)| !Arc::ptr_eq(process, &self.process));
    }
}

/// Runs a check in a process of its own: what it came to, and its figures (a name and a value each).
pub(crate) fn run_apart(child: &Child, settings: &Settings, outcome: &mut Outcome) -> Result<(), Ending> {
    let directory = settings.directory.iter().map(|path| (DIRECTORY, path.as_os_str().to_owned()));
    let mut running =
        Running::start(child, outcome.check.name, &directory.collect::<Vec<_>>(), settings.seed)?;
    while let Some((word, rest)) = running.hear()? {
        match word.as_str() {
            "figure" => {
                let (name, value) = rest.split_once('\t').unwrap_or((&rest, ""));
                outcome.figures.push(crate::Figure { name: name.to_owned(), value: value.to_owned() });
            }
            "skipped" => return Err(Ending::Skipped(rest)),
            "failed" => return Err(Ending::failed(rest)),
            _ => return Ok(()),
        }
    }
    Err(Ending::failed("the process in which it ran alone ended without a word"))
}
