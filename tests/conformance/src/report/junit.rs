//! JUnit's XML: a suite per level, a case per check.

use super::{escape, repeat};
use crate::check::Level;
use crate::runner::{Report, Result, Verdict};

pub(super) fn write(report: &Report) -> String {
    let [_, failed, skipped, not_run] = report.counts();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dredis-conformance {}\" tests=\"{}\" \
         failures=\"{failed}\" skipped=\"{}\" time=\"{:.3}\">\n",
        escape(&report.backend),
        report.results.len(),
        // The format knows no other word for what was not run.
        skipped + not_run,
        report.elapsed().as_secs_f64()
    );
    for level in Level::ALL {
        let cases: Vec<&Result> =
            report.results.iter().filter(|result| result.check.level == level).collect();
        if cases.is_empty() {
            continue;
        }
        let count =
            |wanted: fn(&Verdict) -> bool| cases.iter().filter(|result| wanted(&result.verdict)).count();
        text.push_str(&format!(
            "  <testsuite name=\"{}.{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
            escape(&report.backend),
            level.name(),
            cases.len(),
            count(|verdict| matches!(verdict, Verdict::Failed(_))),
            count(|verdict| matches!(verdict, Verdict::Skipped(_) | Verdict::NotRun(_)))
        ));
        cases.iter().for_each(|result| text.push_str(&case(report, result)));
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn case(report: &Report, result: &Result) -> String {
    let inside = match &result.verdict {
        Verdict::Passed => String::new(),
        Verdict::Skipped(lacking) => format!("      <skipped message=\"lacks {}\"/>\n", escape(lacking)),
        Verdict::NotRun(reason) => format!("      <skipped message=\"not run: {}\"/>\n", escape(reason)),
        Verdict::Failed(failure) => format!(
            "      <failure message=\"{}\">promise: {}\n{}\nagain: {}</failure>\n",
            escape(&failure.message),
            escape(result.check.proves),
            escape(&failure.details.join("\n")),
            escape(&repeat(report, result))
        ),
    };
    format!(
        "    <testcase classname=\"{}.{}\" name=\"{}\" time=\"{:.3}\">\n{inside}    </testcase>\n",
        escape(&report.backend),
        result.check.level.name(),
        result.check.name,
        result.elapsed.as_secs_f64()
    )
}
