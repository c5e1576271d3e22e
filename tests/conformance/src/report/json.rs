//! One JSON object.

use serde_json::{Value, json};

use crate::runner::{Report, Result, Verdict};

pub(super) fn write(report: &Report) -> String {
    let [passed, failed, skipped, not_run] = report.counts();
    let whole = json!({
        "backend": report.backend,
        "version": report.version,
        "seed": report.seed,
        "good": report.is_good(),
        "passed": passed,
        "failed": failed,
        "skipped": skipped,
        "not_run": not_run,
        "seconds": report.elapsed().as_secs_f64(),
        "checks": report.results.iter().map(|result| check(report, result)).collect::<Vec<_>>(),
    });
    format!("{whole:#}\n")
}

fn check(report: &Report, result: &Result) -> Value {
    let mut object = json!({
        "level": result.check.level.name(),
        "name": result.check.name,
        "proves": result.check.proves,
        "verdict": super::word(&result.verdict),
        "seconds": result.elapsed.as_secs_f64(),
    });
    match &result.verdict {
        Verdict::Passed => {}
        Verdict::Skipped(lacking) => object["lacks"] = json!(lacking),
        Verdict::NotRun(reason) => object["not_run"] = json!(reason),
        Verdict::Failed(failure) => {
            object["message"] = json!(failure.message);
            object["history"] = json!(failure.details);
            object["again"] = json!(super::repeat(report, result));
        }
    }
    if !result.figures.is_empty() {
        let figures = result.figures.iter().map(|figure| (figure.name.clone(), json!(figure.value)));
        object["figures"] = Value::Object(figures.collect());
    }
    object
}
