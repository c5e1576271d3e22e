//! What a row came to.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::rows::Row;
use crate::check::Level;

/// A row with its report, as the one that ran it wrote it, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    backend: String,
    mode: String,
    options: String,
    report: Result<Value, String>,
}

/// A check that failed, for the page.
pub(super) struct Failed<'o> {
    pub name: &'o str,
    pub message: &'o str,
    pub history: Vec<&'o str>,
    pub again: &'o str,
}

impl Outcome {
    pub(super) fn new(row: &Row, report: Result<Value, String>) -> Self {
        let options: Vec<String> =
            row.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Outcome { backend: row.backend.clone(), mode: row.mode.clone(), options: options.join(" "), report }
    }

    /// Backend and mode.
    pub fn label(&self) -> String {
        format!("{}, {}", self.backend, self.mode)
    }

    /// In one line: what came of it.
    pub fn line(&self) -> String {
        match &self.report {
            Err(error) => format!("{}: not run: {error}", self.label()),
            Ok(report) => {
                let count = |name: &str| report[name].as_u64().unwrap_or_default();
                format!(
                    "{}: {} passed, {} failed, {} skipped, in {}, seed {}",
                    self.label(),
                    count("passed"),
                    count("failed"),
                    count("skipped"),
                    self.time(),
                    self.seed()
                )
            }
        }
    }

    /// Whether nothing failed and something was proven.
    pub fn is_good(&self) -> bool {
        self.report.as_ref().is_ok_and(|report| report["good"] == true)
    }

    pub(super) fn options(&self) -> &str {
        if self.options.is_empty() { "as opened without options" } else { &self.options }
    }

    pub(super) fn version(&self) -> &str {
        self.text("version").unwrap_or("?")
    }

    pub(super) fn seed(&self) -> String {
        self.report
            .as_ref()
            .ok()
            .and_then(|report| report["seed"].as_u64())
            .map_or("?".to_owned(), |seed| seed.to_string())
    }

    pub(super) fn time(&self) -> String {
        let seconds = self.report.as_ref().ok().and_then(|report| report["seconds"].as_f64());
        seconds.map_or("?".to_owned(), |seconds| format!("{seconds:.0} s"))
    }

    /// Why there is no report.
    pub(super) fn error(&self) -> Option<&str> {
        self.report.as_ref().err().map(String::as_str)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.report.as_ref().ok()?.get(name)?.as_str()
    }

    fn checks(&self) -> impl Iterator<Item = &Value> {
        let checks = self.report.as_ref().ok().and_then(|report| report["checks"].as_array());
        checks.into_iter().flatten()
    }

    /// How many checks of a level passed, failed and were skipped; `None` if none was run.
    pub(super) fn counts(&self, level: Level) -> Option<[usize; 3]> {
        let mut counts = [0; 3];
        for check in self.checks().filter(|check| check["level"] == level.name()) {
            let place = match check["verdict"].as_str() {
                Some("passed") => 0,
                // What was not run stands behind a failure, which says why.
                Some("skipped" | "not run") => 2,
                _ => 1,
            };
            counts[place] += 1;
        }
        (counts != [0; 3]).then_some(counts)
    }

    /// What was lacking, and how many checks therefore were skipped.
    pub(super) fn skipped(&self) -> BTreeMap<String, usize> {
        let mut reasons = BTreeMap::new();
        let reason =
            |check: &'_ Value| check["lacks"].as_str().or(check["not_run"].as_str()).map(str::to_owned);
        for lacking in self.checks().filter_map(reason) {
            *reasons.entry(lacking).or_default() += 1;
        }
        reasons
    }

    pub(super) fn failures(&self) -> Vec<Failed<'_>> {
        fn text<'o>(check: &'o Value, name: &str) -> &'o str {
            check[name].as_str().unwrap_or_default()
        }
        let failed = self.checks().filter(|check| check["verdict"] == "failed");
        failed
            .map(|check| Failed {
                name: text(check, "name"),
                message: text(check, "message"),
                history: check["history"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect(),
                again: text(check, "again"),
            })
            .collect()
    }

    /// How far the checks went whose reach is chosen: each one's name, and what it measured.
    pub(super) fn reach(&self) -> Vec<(String, String)> {
        let levels = [Level::Recovery, Level::Commands].map(Level::name);
        let of_levels = self.checks().filter(|check| levels.iter().any(|level| check["level"] == *level));
        let measured = of_levels.filter_map(|check| {
            let figures = check["figures"].as_object()?;
            let figures = figures.iter().map(|(name, value)| format!("{name}: {}", text_of(value)));
            Some((text_of(&check["name"]), figures.collect::<Vec<_>>().join(", ")))
        });
        measured.collect()
    }

    pub(super) fn to_json(&self) -> Value {
        let mut row = Map::new();
        for (name, value) in [("backend", &self.backend), ("mode", &self.mode), ("options", &self.options)] {
            row.insert(name.to_owned(), json!(value));
        }
        match &self.report {
            Ok(report) => row.insert("report".to_owned(), report.clone()),
            Err(error) => row.insert("error".to_owned(), json!(error)),
        };
        Value::Object(row)
    }

    pub(super) fn from_json(row: &Value) -> Option<Self> {
        let text = |name: &str| Some(row.get(name)?.as_str()?.to_owned());
        let report = match row.get("report") {
            Some(report) => Ok(report.clone()),
            None => Err(text("error")?),
        };
        Some(Outcome { backend: text("backend")?, mode: text("mode")?, options: text("options")?, report })
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.replace('_', " "))
}
