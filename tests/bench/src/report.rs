//! What was measured, as tables.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::subject::Measurement;

/// The results so far. The first subject is what the others are compared with.
pub(crate) struct Report {
    subjects: Vec<String>,
    loading: BTreeMap<String, Duration>,
    ends: BTreeMap<String, (u64, Option<Duration>)>,
    removals: BTreeMap<String, (Duration, Duration)>,
    /// Bytes on disk of an element, by what it is and where.
    stored: BTreeMap<(&'static str, String), f64>,
    /// By test and pipeline, in the order of the first round; one list of rounds for each subject.
    rows: Vec<Row>,
}

struct Row {
    test: String,
    pipeline: u32,
    rounds: BTreeMap<String, Vec<Measurement>>,
}

impl Report {
    pub(crate) fn new(subjects: Vec<String>) -> Self {
        Report {
            subjects,
            loading: BTreeMap::new(),
            ends: BTreeMap::new(),
            removals: BTreeMap::new(),
            stored: BTreeMap::new(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn loaded(&mut self, subject: &str, took: Duration) {
        self.loading.insert(subject.to_owned(), took);
    }

    pub(crate) fn measured(&mut self, subject: &str, test: &str, pipeline: u32, measurement: Measurement) {
        let found = self.rows.iter().position(|row| row.test == test && row.pipeline == pipeline);
        let index = found.unwrap_or_else(|| {
            self.rows.push(Row { test: test.to_owned(), pipeline, rounds: BTreeMap::new() });
            self.rows.len() - 1
        });
        self.rows[index].rounds.entry(subject.to_owned()).or_default().push(measurement);
    }

    pub(crate) fn ended(&mut self, subject: &str, memory_bytes: u64, restart: Option<Duration>) {
        self.ends.insert(subject.to_owned(), (memory_bytes, restart));
    }

    pub(crate) fn removed(&mut self, subject: &str, removal: (Duration, Duration)) {
        self.removals.insert(subject.to_owned(), removal);
    }

    pub(crate) fn stored(&mut self, subject: &str, what: &'static str, bytes: f64) {
        self.stored.insert((what, subject.to_owned()), bytes);
    }

    fn first(&self) -> &str {
        self.subjects.first().map_or("", String::as_str)
    }
}

impl Row {
    fn measurements(&self, subject: &str) -> &[Measurement] {
        self.rounds.get(subject).map_or(&[], Vec::as_slice)
    }

    /// The median, over the rounds, of this subject's rate by that of the other one in the same round.
    fn ratio(&self, subject: &str, other: &str) -> f64 {
        let pairs = self.measurements(subject).iter().zip(self.measurements(other));
        median(pairs.map(|(one, other)| one.requests_per_second / other.requests_per_second).collect())
    }

    fn median_of(&self, subject: &str, figure: fn(&Measurement) -> f64) -> f64 {
        median(self.measurements(subject).iter().map(figure).collect())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others: Vec<&String> = self.subjects.iter().skip(1).collect();
        let head = |formatter: &mut fmt::Formatter<'_>, title: &str, names: &[&String]| {
            writeln!(formatter, "\n{title}")?;
            let columns: String = names.iter().map(|name| format!(" {name} |")).collect();
            writeln!(formatter, "| |{columns}\n|---|{}", "---|".repeat(names.len()))
        };
        let all: Vec<&String> = self.subjects.iter().collect();
        head(
            formatter,
            &format!("Requests a second, as a ratio to {} in the same round (median)", self.first()),
            &others,
        )?;
        for row in &self.rows {
            write!(formatter, "| {} P={} |", row.test, row.pipeline)?;
            for name in &others {
                write!(formatter, " {:.2} |", row.ratio(name, self.first()))?;
            }
            writeln!(formatter)?;
        }
        head(formatter, "Requests a second (median)", &all)?;
        for row in &self.rows {
            write!(formatter, "| {} P={} |", row.test, row.pipeline)?;
            for name in &all {
                write!(formatter, " {:.0} |", row.median_of(name, |measured| measured.requests_per_second))?;
            }
            writeln!(formatter)?;
        }
        head(formatter, "Processor time of the server for a request, in microseconds (median)", &all)?;
        for row in &self.rows {
            write!(formatter, "| {} P={} |", row.test, row.pipeline)?;
            for name in &all {
                write!(formatter, " {:.1} |", row.median_of(name, |measured| measured.processor_us))?;
            }
            writeln!(formatter)?;
        }
        head(formatter, "Of the processors, taken by others on the host (median)", &all)?;
        for row in &self.rows {
            write!(formatter, "| {} P={} |", row.test, row.pipeline)?;
            for name in &all {
                write!(formatter, " {:.2} |", row.median_of(name, |measured| measured.stolen))?;
            }
            writeln!(formatter)?;
        }
        head(formatter, "Once", &all)?;
        let line = |formatter: &mut fmt::Formatter<'_>, title: &str, figure: &dyn Fn(&str) -> String| {
            let figures: String = all.iter().map(|name| format!(" {} |", figure(name))).collect();
            writeln!(formatter, "| {title} |{figures}")
        };
        line(formatter, "loading all keys, s", &|name| {
            self.loading.get(name).map_or("-".to_owned(), |took| format!("{:.1}", took.as_secs_f64()))
        })?;
        line(formatter, "memory at the end, MB", &|name| {
            self.ends.get(name).map_or("-".to_owned(), |(bytes, _)| (bytes >> 20).to_string())
        })?;
        line(formatter, "ready after kill -9, ms", &|name| {
            let took = self.ends.get(name).and_then(|(_, took)| *took);
            took.map_or("-".to_owned(), |took| took.as_millis().to_string())
        })?;
        let milliseconds = |took: Duration| format!("{:.2}", took.as_secs_f64() * 1e3);
        line(formatter, "DEL of the large set, ms", &|name| {
            self.removals.get(name).map_or("-".to_owned(), |(took, _)| milliseconds(*took))
        })?;
        line(formatter, "longest GET of another client meanwhile, ms", &|name| {
            self.removals.get(name).map_or("-".to_owned(), |(_, longest)| milliseconds(*longest))
        })?;
        for what in crate::workloads::LOADS {
            line(formatter, &format!("disk, bytes for each of: {what}"), &|name| {
                let bytes = self.stored.get(&(*what, name.to_owned()));
                bytes.map_or("-".to_owned(), |bytes| format!("{bytes:.1}"))
            })?;
        }
        Ok(())
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    if figures.is_empty() {
        return f64::NAN;
    }
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_compare_within_a_round() {
        let mut report = Report::new(vec!["redis".to_owned(), "lmdb".to_owned()]);
        for (redis, lmdb) in [(100.0, 50.0), (10.0, 9.0), (1000.0, 400.0)] {
            for (name, requests_per_second) in [("redis", redis), ("lmdb", lmdb)] {
                let measurement = Measurement { requests_per_second, processor_us: 1.0, stolen: 0.0 };
                report.measured(name, "get", 1, measurement);
            }
        }
        assert!(report.to_string().contains("| get P=1 | 0.50 |"), "{report}");
    }
}
