//! Many engines in many modes, each run by a process of its own, on one page.
//!
//! Which ones stands in a file of the caller's: this crate knows no engine by name.

mod html;
mod markdown;
mod outcome;
mod rows;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

pub use outcome::Outcome;
pub use rows::{Row, read_rows};

/// How the rows are run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program that checks one engine and reports in JSON: this one.
    pub program: PathBuf,
    /// What every row is run with: levels, seed, how far to go.
    pub arguments: Vec<OsString>,
    /// So many rows are run at once.
    pub jobs: usize,
}

/// Runs all rows; `seen` is told of each as it ends. Outcomes come in the order of the rows.
pub fn run(plan: &Plan, rows: &[Row], seen: impl Fn(&Outcome) + Sync) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    let work = || {
        while let Some((at, row)) = {
            let at = next.fetch_add(1, Ordering::SeqCst);
            rows.get(at).map(|row| (at, row))
        } {
            let outcome = run_row(plan, row);
            seen(&outcome);
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).push((at, outcome));
        }
    };
    std::thread::scope(|scope| (0..plan.jobs.max(1)).for_each(|_| drop(scope.spawn(work))));
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|(at, _)| *at);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn run_row(plan: &Plan, row: &Row) -> Outcome {
    let mut command = Command::new(&plan.program);
    command.arg("--plugin").arg(&row.backend);
    for (name, value) in &row.options {
        command.arg("--backend-option").arg(format!("{name}={value}"));
    }
    command.args(&plan.arguments).args(["--report", "json"]).stdin(Stdio::null());
    let report = match command.output() {
        Err(error) => Err(format!("{} does not start: {error}", plan.program.display())),
        Ok(output) => serde_json::from_slice::<Value>(&output.stdout).map_err(|_| {
            // Checks that ended are told there, a line each; what went wrong is the last one.
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or("it said nothing");
            format!("it ended with {} and without a report: {last}", output.status)
        }),
    };
    Outcome::new(row, report)
}

/// Whether nothing failed and something was proven, in every row.
pub fn is_good(outcomes: &[Outcome]) -> bool {
    !outcomes.is_empty() && outcomes.iter().all(Outcome::is_good)
}

/// Writes the page, as `matrix.md` and `matrix.html`, and `matrix.json`, of which [`merge`] makes larger pages.
pub fn write(outcomes: &[Outcome], directory: &Path) -> Result<(), String> {
    let all = json!({ "rows": outcomes.iter().map(Outcome::to_json).collect::<Vec<_>>() });
    let files = [
        ("matrix.md", markdown::write(outcomes)),
        ("matrix.html", html::write(outcomes)),
        ("matrix.json", format!("{all:#}\n")),
    ];
    let made = fs::create_dir_all(directory);
    made.and_then(|()| files.iter().try_for_each(|(name, text)| fs::write(directory.join(name), text)))
        .map_err(|error| {
            format!("the page cannot be written to {}: {error}; give another place", directory.display())
        })
}

/// The rows of several `matrix.json`, in their order.
pub fn merge(files: &[PathBuf]) -> Result<Vec<Outcome>, String> {
    let mut outcomes = Vec::new();
    for path in files {
        let wrong =
            |what: String| format!("{}: {what}; give a matrix.json that matrix wrote", path.display());
        let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let all: Value = serde_json::from_str(&text).map_err(|error| wrong(format!("no JSON ({error})")))?;
        let rows = all["rows"].as_array().ok_or_else(|| wrong("there are no rows".to_owned()))?;
        for row in rows {
            outcomes.push(Outcome::from_json(row).ok_or_else(|| wrong("a row is garbled".to_owned()))?);
        }
    }
    Ok(outcomes)
}

/// What the columns are.
const LEVELS: [crate::Level; 6] = crate::Level::ALL;

/// Everything in one line.
pub fn summary(outcomes: &[Outcome]) -> String {
    let mut sums = [0; 3];
    for outcome in outcomes {
        for level in LEVELS {
            let counts = outcome.counts(level).unwrap_or_default();
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }
    let bad = outcomes.iter().filter(|outcome| !outcome.is_good()).count();
    let [passed, failed, skipped] = sums;
    let verdict = match bad {
        0 if outcomes.is_empty() => "nothing was run".to_owned(),
        0 => "all good".to_owned(),
        1 => "1 row is not good".to_owned(),
        _ => format!("{bad} rows are not good"),
    };
    format!("{} rows: {passed} checks passed, {failed} failed, {skipped} skipped; {verdict}", outcomes.len())
}

/// What was skipped: what was lacking, in which row, and how many checks.
fn skips(outcomes: &[Outcome]) -> Vec<(String, Vec<String>)> {
    let mut by_reason: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    for outcome in outcomes {
        for (lacking, count) in outcome.skipped() {
            by_reason.entry(lacking).or_default().push(format!("{} ({count})", outcome.label()));
        }
    }
    by_reason.into_iter().collect()
}
