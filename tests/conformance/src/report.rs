//! Reports of a run, for people and for programs.

mod html;
mod json;
mod junit;
mod markdown;
mod text;

use std::time::Duration;

use crate::runner::{Report, Result, Verdict};

pub(crate) use html::STYLE;
pub(crate) use markdown::cell;
pub use text::{ending as text_ending, line as text_line};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line per check, failures in full.
    Text,
    /// One JSON object.
    Json,
    /// JUnit's XML, which continuous integration reads.
    Junit,
    /// A table in Markdown.
    Markdown,
    /// One page.
    Html,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 5] = [Format::Text, Format::Json, Format::Junit, Format::Markdown, Format::Html];

    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Junit => "junit",
            Format::Markdown => "markdown",
            Format::Html => "html",
        }
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The report in this format.
    pub fn write(self, report: &Report) -> String {
        match self {
            Format::Text => text::write(report),
            Format::Json => json::write(report),
            Format::Junit => junit::write(report),
            Format::Markdown => markdown::write(report),
            Format::Html => html::write(report),
        }
    }
}

/// A verdict in one word.
fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed(_) => "failed",
        Verdict::Skipped(_) => "skipped",
        Verdict::NotRun(_) => "not run",
    }
}

/// What there is to say behind the verdict: the failure, what is lacking, or what was measured.
fn remark(result: &Result) -> String {
    match &result.verdict {
        Verdict::Failed(failure) => failure.message.clone(),
        Verdict::Skipped(lacking) => format!("lacks {lacking}"),
        Verdict::NotRun(reason) => reason.clone(),
        Verdict::Passed => {
            let figures: Vec<String> =
                result.figures.iter().map(|figure| format!("{}: {}", figure.name, figure.value)).collect();
            figures.join("; ")
        }
    }
}

/// All in one line.
fn summary(report: &Report) -> String {
    let [passed, failed, skipped, not_run] = report.counts();
    let not_run = if not_run == 0 { String::new() } else { format!(", {not_run} not run") };
    let nothing =
        if passed == 0 && failed == 0 { " (nothing was proven, which counts as failed)" } else { "" };
    format!(
        "{} ({}): {passed} passed, {failed} failed, {skipped} skipped{not_run}{nothing}, in {}, seed {}",
        report.backend,
        report.version,
        seconds(report.elapsed()),
        report.seed
    )
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// The command that runs one check again.
fn repeat(report: &Report, result: &Result) -> String {
    format!("{} --check {}", report.repeat, result.check.name)
}

/// Text with the characters replaced that XML and HTML would take for their own, or not take at all.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
