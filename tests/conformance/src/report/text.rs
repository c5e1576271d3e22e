//! A line per check; for each failure, what led to it and how to see it again.

use crate::runner::{Report, Result, Verdict};

/// More figures than this get a line each.
const FIGURES_IN_LINE_MAX: usize = 4;

pub(super) fn write(report: &Report) -> String {
    let lines: String = report.results.iter().map(line).collect();
    lines + &ending(report)
}

/// What stands behind the lines: failures in full, and the sum of it all.
pub fn ending(report: &Report) -> String {
    let mut text = String::new();
    for result in &report.results {
        let Verdict::Failed(failure) = &result.verdict else { continue };
        text.push_str(&format!("\n{}\n", result.check.name));
        text.push_str(&format!("  found    {}\n", failure.message));
        text.push_str(&format!("  promise  {}\n", result.check.proves));
        for (at, detail) in failure.details.iter().enumerate() {
            text.push_str(&format!("  {}  {detail}\n", if at == 0 { "history" } else { "       " }));
        }
        text.push_str(&format!("  again    {}\n", super::repeat(report, result)));
    }
    text.push_str(&format!("\n{}\n", super::summary(report)));
    text
}

/// One check, with its line's end.
pub fn line(result: &Result) -> String {
    let (word, time) = (super::word(&result.verdict), super::seconds(result.elapsed));
    let mut line = format!("{word:<7} {time:>7}  {:<9} {}", result.check.level.name(), result.check.name);
    if result.figures.len() > FIGURES_IN_LINE_MAX {
        for figure in &result.figures {
            line.push_str(&format!("\n{:>14}  {}", figure.value, figure.name));
        }
    } else {
        let remark = super::remark(result);
        line.push_str(if remark.is_empty() { "" } else { ": " });
        line.push_str(&remark);
    }
    line + "\n"
}
