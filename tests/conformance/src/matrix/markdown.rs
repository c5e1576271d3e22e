//! The page in Markdown.

use super::{LEVELS, Outcome, skips, summary};
use crate::report::cell;

pub(super) fn write(outcomes: &[Outcome]) -> String {
    let mut text =
        format!("# Conformance\n\n{}. Cells: passed / failed / skipped.\n\n", cell(&summary(outcomes)));
    text.push_str("| backend, mode | engine |");
    LEVELS.iter().for_each(|level| text.push_str(&format!(" {} |", level.name())));
    text.push_str(" seed | time |\n|---|---|");
    text.push_str(&"---|".repeat(LEVELS.len() + 2));
    for outcome in outcomes {
        text.push_str(&format!("\n| {} | {} |", cell(&outcome.label()), cell(outcome.version())));
        for level in LEVELS {
            let shown = match outcome.counts(level) {
                None => "not run".to_owned(),
                Some([passed, 0, skipped]) => format!("{passed} / 0 / {skipped}"),
                Some([passed, failed, skipped]) => format!("**{passed} / {failed} / {skipped}**"),
            };
            text.push_str(&format!(" {shown} |"));
        }
        text.push_str(&format!(" {} | {} |", outcome.seed(), outcome.time()));
    }
    text.push_str("\n\n## Modes\n\n");
    for outcome in outcomes {
        text.push_str(&format!("- {}: {}\n", cell(&outcome.label()), cell(outcome.options())));
    }
    for outcome in outcomes {
        if let Some(error) = outcome.error() {
            text.push_str(&format!("\n## {} was not run\n\n{}\n", cell(&outcome.label()), cell(error)));
        }
        for failed in outcome.failures() {
            text.push_str(&format!("\n## {}: {}\n\n", cell(&outcome.label()), failed.name.replace('_', " ")));
            text.push_str(&format!("Found: {}\n\n", cell(failed.message)));
            if !failed.history.is_empty() {
                text.push_str(&format!("    {}\n\n", failed.history.join("\n    ")));
            }
            text.push_str(&format!("Again: `{}`\n", failed.again));
        }
    }
    text.push_str("\n## Skipped\n\n| lacking | where (how many checks) |\n|---|---|\n");
    for (lacking, places) in skips(outcomes) {
        text.push_str(&format!("| {} | {} |\n", cell(&lacking), cell(&places.join("; "))));
    }
    text.push_str("\n## How far it went\n\n| backend, mode | check | |\n|---|---|---|\n");
    for outcome in outcomes {
        for (name, reach) in outcome.reach() {
            text.push_str(&format!("| {} | {} | {} |\n", cell(&outcome.label()), cell(&name), cell(&reach)));
        }
    }
    text
}
