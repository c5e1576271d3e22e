//! The page in HTML, without scripts and without anything to fetch.

use super::{LEVELS, Outcome, is_good, skips, summary};
use crate::report::{STYLE, escape};

pub(super) fn write(outcomes: &[Outcome]) -> String {
    let verdict = if is_good(outcomes) { "passed" } else { "failed" };
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Conformance</title>\
         <style>{STYLE}</style></head><body>\n<h1>Conformance</h1>\n<p class=\"{verdict}\">{}</p>\n\
         <p>Cells: passed / failed / skipped.</p>\n<table>\n<tr><th>backend, mode</th><th>engine</th>",
        escape(&summary(outcomes))
    );
    LEVELS.iter().for_each(|level| text.push_str(&format!("<th>{}</th>", level.name())));
    text.push_str("<th>seed</th><th>time</th></tr>\n");
    outcomes.iter().for_each(|outcome| text.push_str(&row(outcome)));
    text.push_str("</table>\n");
    outcomes.iter().for_each(|outcome| text.push_str(&failures(outcome)));
    text.push_str("<h2>Skipped</h2>\n<table>\n<tr><th>lacking</th><th>where (how many checks)</th></tr>\n");
    for (lacking, places) in skips(outcomes) {
        let places = escape(&places.join("; "));
        text.push_str(&format!(
            "<tr><td class=\"skipped\">{}</td><td>{places}</td></tr>\n",
            escape(&lacking)
        ));
    }
    text.push_str("</table>\n<h2>How far it went</h2>\n<table>\n");
    for outcome in outcomes {
        for cells in outcome
            .reach()
            .iter()
            .map(|(name, reach)| [&outcome.label(), name, reach].map(|text| escape(text)))
        {
            text.push_str(&format!("<tr><td>{}</td></tr>\n", cells.join("</td><td>")));
        }
    }
    text.push_str("</table>\n</body></html>\n");
    text
}

fn row(outcome: &Outcome) -> String {
    let mut text = format!(
        "<tr><td>{}<br><span class=\"proves\">{}</span></td><td>{}</td>",
        escape(&outcome.label()),
        escape(outcome.options()),
        escape(outcome.version())
    );
    for level in LEVELS {
        let (class, shown) = match outcome.counts(level) {
            None if outcome.error().is_some() => ("failed", "not run".to_owned()),
            None => ("skipped", "not run".to_owned()),
            Some([passed, failed, skipped]) => {
                let class = if failed > 0 {
                    "failed"
                } else if passed > 0 {
                    "passed"
                } else {
                    "skipped"
                };
                (class, format!("{passed} / {failed} / {skipped}"))
            }
        };
        text.push_str(&format!("<td class=\"{class}\">{shown}</td>"));
    }
    text.push_str(&format!("<td>{}</td><td>{}</td></tr>\n", outcome.seed(), outcome.time()));
    text
}

fn failures(outcome: &Outcome) -> String {
    let mut text = String::new();
    let label = escape(&outcome.label());
    if let Some(error) = outcome.error() {
        text.push_str(&format!("<h2 class=\"failed\">{label} was not run</h2>\n<p>{}</p>\n", escape(error)));
    }
    for failed in outcome.failures() {
        let name = escape(&failed.name.replace('_', " "));
        text.push_str(&format!(
            "<h2 class=\"failed\">{label}: {name}</h2>\n<p>{}</p>\n",
            escape(failed.message)
        ));
        let history = failed.history.join("\n");
        text.push_str(&format!("<pre>{}\nagain: {}</pre>\n", escape(&history), escape(failed.again)));
    }
    text
}
