//! One page, without scripts and without anything to fetch.

use super::{escape, remark, repeat, summary, word};
use crate::check::Level;
use crate::runner::{Report, Result, Verdict};

/// How pages look.
pub(crate) const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em}\
table{border-collapse:collapse;width:100%}td,th{padding:.25em .6em;text-align:left;vertical-align:top;\
border-bottom:1px solid #8884}.passed{color:#187a2f}.failed{color:#b3001b;font-weight:bold}.skipped,.not-run{color:#8a6d00}\
pre{overflow-x:auto;background:#8882;padding:.6em}.proves{color:#777;font-size:90%}";

pub(super) fn write(report: &Report) -> String {
    let title = format!("Conformance of {}", escape(&report.backend));
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n<p>{}</p>\n",
        escape(&summary(report))
    );
    for level in Level::ALL {
        let rows: Vec<&Result> = report.results.iter().filter(|result| result.check.level == level).collect();
        if rows.is_empty() {
            continue;
        }
        text.push_str(&format!("<h2>{}</h2>\n<table>\n", level.name()));
        rows.iter().for_each(|result| text.push_str(&row(report, result)));
        text.push_str("</table>\n");
    }
    text.push_str("</body></html>\n");
    text
}

fn row(report: &Report, result: &Result) -> String {
    let mut remark = escape(&remark(result));
    if let Verdict::Failed(failure) = &result.verdict {
        let again = repeat(report, result);
        let history = failure.details.join("\n");
        remark.push_str(&format!("<pre>{}\nagain: {}</pre>", escape(&history), escape(&again)));
    }
    let verdict = word(&result.verdict);
    let class = verdict.replace(' ', "-");
    format!(
        "<tr><td class=\"{class}\">{verdict}</td><td>{}<br><span class=\"proves\">{}</span></td><td>{remark}</td>\
         <td>{}</td></tr>\n",
        result.check.name.replace('_', " "),
        escape(result.check.proves),
        super::seconds(result.elapsed)
    )
}
