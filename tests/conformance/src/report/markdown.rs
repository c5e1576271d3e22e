//! A table in Markdown.

use crate::runner::{Report, Verdict};

pub(super) fn write(report: &Report) -> String {
    let mut text =
        format!("# Conformance of {}\n\n{}\n\n", cell(&report.backend), cell(&super::summary(report)));
    text.push_str("| level | check | verdict | |\n|---|---|---|---|\n");
    for result in &report.results {
        let verdict = match result.verdict {
            Verdict::Failed(_) => "**failed**",
            Verdict::NotRun(_) => "**not run**",
            ref other => super::word(other),
        };
        text.push_str(&format!(
            "| {} | {} | {verdict} | {} |\n",
            result.check.level.name(),
            result.check.name.replace('_', " "),
            cell(&super::remark(result))
        ));
    }
    for result in &report.results {
        let Verdict::Failed(failure) = &result.verdict else { continue };
        text.push_str(&format!("\n## {}\n\n", result.check.name.replace('_', " ")));
        text.push_str(&format!("Promise: {}\n\n", result.check.proves));
        text.push_str(&format!("Found: {}\n\n", cell(&failure.message)));
        if !failure.details.is_empty() {
            text.push_str(&format!("    {}\n\n", failure.details.join("\n    ")));
        }
        text.push_str(&format!("Again: `{}`\n", super::repeat(report, result)));
    }
    text
}

/// Text that stays within its cell, and is nothing but text.
pub(crate) fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '|' | '\\' | '*' | '_' | '`' | '<' | '[' | ']') {
            cell.push('\\');
        }
        cell.push(if character == '\n' { ' ' } else { character });
    }
    cell
}
