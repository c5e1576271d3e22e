//! The command line of `matrix`.

use std::ffi::OsString;
use std::path::PathBuf;

use dredis_conformance::Level;
use dredis_conformance::matrix::{Plan, Row, read_rows};
use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;

use super::{Action, known, number, unknown};

const HELP: &str = "\
Checks many dredis plugins in many modes, each in a process of its own, and puts the result on one page.

    dredis-conformance matrix --rows FILE --report-dir DIR [OPTIONS]
    dredis-conformance matrix --merge FILE --merge FILE --report-dir DIR

    --rows FILE           a JSON array: [{\"backend\": NAME or PATH, \"mode\": WORDS, \"options\": {NAME: VALUE}}, ...]
    --only BACKEND        only the rows of this backend (may be repeated)
    --report-dir DIR      where matrix.md, matrix.html and matrix.json go
    --merge FILE          makes one page of the matrix.json of several runs, instead of running (may be repeated)
    --short               minutes instead of hours: --ops 600 --kills 5 --bytes-max 4194304, and not the level speed
    --jobs N              so many rows at once (1)
    --level LEVEL, --seed N, --ops N, --kills N, --bytes-max N, --check-seconds N, --dir DIR, --backend-path DIR
                          for every row, as without matrix

Ends with 0 if every row is good, 1 if something failed or a row proved nothing, 2 if it could not run.
";

/// What `--short` stands for.
const SHORT: [&str; 6] = ["--ops", "600", "--kills", "5", "--bytes-max", "4194304"];

/// A run of the matrix.
#[derive(Default)]
pub(crate) struct MatrixRun {
    pub report_dir: PathBuf,
    /// Pages to put together; if there are some, nothing is run.
    pub merge: Vec<PathBuf>,
    rows: PathBuf,
    only: Vec<String>,
    is_short: bool,
    jobs: usize,
    levels: Vec<OsString>,
    /// For each row, as it is.
    passed_on: Vec<OsString>,
}

impl MatrixRun {
    /// The rows that are to be run.
    pub(crate) fn rows(&self) -> Result<Vec<Row>, String> {
        let all = read_rows(&self.rows)?;
        let names: Vec<&str> = all.iter().map(|row| row.backend.as_str()).collect();
        if let Some(stranger) = self.only.iter().find(|name| !names.contains(&name.as_str())) {
            return Err(unknown("row of backend", stranger, &names));
        }
        let is_meant = |row: &Row| self.only.is_empty() || self.only.contains(&row.backend);
        Ok(all.iter().filter(|row| is_meant(row)).cloned().collect())
    }

    /// How they are run.
    pub(crate) fn plan(&self) -> Result<Plan, String> {
        let program = std::env::current_exe().map_err(|error| {
            format!("this program cannot find itself ({error}), so that it cannot start itself")
        })?;
        let mut arguments: Vec<OsString> = Vec::new();
        if self.is_short {
            arguments.extend(SHORT.map(OsString::from));
        }
        let in_short = Level::ALL.iter().filter(|level| **level != Level::Speed);
        let levels: Vec<OsString> = match &self.levels[..] {
            [] if self.is_short => in_short.map(|level| level.name().into()).collect(),
            said => said.to_vec(),
        };
        for level in levels {
            arguments.extend(["--level".into(), level]);
        }
        // Behind what --short stands for: the last one counts.
        arguments.extend(self.passed_on.iter().cloned());
        Ok(Plan { program, arguments, jobs: self.jobs })
    }
}

/// Options that take a value.
const NAMES: &[&str] = &[
    "rows",
    "only",
    "report-dir",
    "merge",
    "short",
    "jobs",
    "level",
    "seed",
    "ops",
    "kills",
    "bytes-max",
    "check-seconds",
    "dir",
    "backend-path",
];

pub(super) fn parse(mut parser: lexopt::Parser) -> Result<Action, String> {
    let plain = |error: lexopt::Error| format!("{error}; see matrix --help");
    let mut asked = MatrixRun { jobs: 1, ..MatrixRun::default() };
    while let Some(argument) = parser.next().map_err(plain)? {
        let name = match argument {
            Short('h') | Long("help") => return Ok(Action::Show(HELP.to_owned())),
            Long("short") => {
                asked.is_short = true;
                continue;
            }
            Long(name) => name.to_owned(),
            Short(letter) => return Err(format!("there is no option -{letter}; see matrix --help")),
            Value(value) => {
                return Err(format!("'{}' is no option; see matrix --help", value.to_string_lossy()));
            }
        };
        known(&name, NAMES)?;
        let value = parser.value().map_err(plain)?;
        match name.as_str() {
            "rows" => asked.rows = value.into(),
            "report-dir" => asked.report_dir = value.into(),
            "merge" => asked.merge.push(value.into()),
            "only" => asked.only.push(value.string().map_err(plain)?),
            "jobs" => asked.jobs = number(&name, &value)? as usize,
            "level" => {
                let text = value.to_string_lossy();
                if Level::named(&text).is_none() {
                    return Err(unknown("level", &text, &Level::ALL.map(Level::name)));
                }
                asked.levels.push(value);
            }
            _ => {
                if ["seed", "ops", "kills", "bytes-max", "check-seconds"].contains(&name.as_str()) {
                    number(&name, &value)?;
                }
                asked.passed_on.extend([format!("--{name}").into(), value]);
            }
        }
    }
    if asked.report_dir.as_os_str().is_empty() {
        return Err("where to? Say --report-dir DIR; see matrix --help".to_owned());
    }
    if asked.rows.as_os_str().is_empty() == asked.merge.is_empty() {
        return Err(
            "say either --rows FILE, to run, or --merge FILE, to put pages together; see matrix --help"
                .to_owned(),
        );
    }
    Ok(Action::Matrix(Box::new(asked)))
}
