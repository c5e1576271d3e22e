//! The command `matrix` as its users meet it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use dredis_conformance::Directory;
use serde_json::Value;

fn matrix(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dredis-conformance"));
    command.arg("matrix").args(arguments).output().expect("the command runs")
}

/// Runs the rows into `place`/`name`; what it printed and the ending that it had.
fn run(place: &Path, name: &str, rows: &str, more: &[&str]) -> (String, Option<i32>) {
    let file = place.join("rows.json");
    fs::write(&file, rows).expect("rows are written");
    let report_dir = place.join(name);
    let (file, report_dir) = (file.to_str().expect("text"), report_dir.to_str().expect("text"));
    let output = matrix(&[&["--rows", file, "--report-dir", report_dir], more].concat());
    (String::from_utf8(output.stdout).expect("text"), output.status.code())
}

fn read(place: &Path, path: &str) -> String {
    fs::read_to_string(place.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

const VIEWS: &[&str] = &["--short", "--level", "contract", "--seed", "77", "--ops", "50"];

#[test]
fn every_row_stands_on_the_page_with_its_counts() {
    let place = Directory::fresh(None).expect("a directory");
    let rows = r#"[{"backend": "memory", "mode": "one", "options": {}},
                   {"backend": "memory", "mode": "another", "options": {}}]"#;
    let (text, code) = run(place.path(), "page", rows, &[VIEWS, &["--jobs", "2"]].concat());
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 rows: ") && text.contains("all good"), "{text}");
    let page = read(place.path(), "page/matrix.md");
    let json: Value = serde_json::from_str(&read(place.path(), "page/matrix.json")).expect("JSON");
    let report = &json["rows"][1]["report"];
    let cell = format!("{} / 0 / {}", report["passed"], report["skipped"]);
    for mode in ["one", "another"] {
        let line = page.lines().find(|line| line.starts_with(&format!("| memory, {mode} |")));
        let line = line.unwrap_or_else(|| panic!("no row of {mode}: {page}"));
        assert!(line.contains(&cell) && line.contains("| 77 |"), "{line}");
        assert!(line.contains("not run"), "levels that were not asked for say so: {line}");
    }
    assert!(page.contains("| checkpoint | memory, one (2); memory, another (2) |"), "{page}");
    let html = read(place.path(), "page/matrix.html");
    assert!(html.contains(&format!("<td class=\"passed\">{cell}</td>")), "{html}");

    // The pages of several runs make one.
    let part = place.path().join("page/matrix.json");
    let whole = place.path().join("whole");
    let (part, dir) = (part.to_str().expect("text"), whole.to_str().expect("text"));
    let output = matrix(&["--merge", part, "--merge", part, "--report-dir", dir]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(read(place.path(), "whole/matrix.md").matches(&cell).count(), 4);
}

#[test]
fn a_row_that_fails_proves_nothing_or_does_not_run_fails_all_of_it() {
    let place = Directory::fresh(None).expect("a directory");
    let good = r#"{"backend": "memory", "mode": "defaults", "options": {}}"#;
    let stranger = format!(r#"[{good}, {{"backend": "memory", "mode": "odd", "options": {{"size": 1}}}}]"#);
    let (text, code) = run(place.path(), "stranger", &stranger, VIEWS);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("not good: memory, odd: not run: ") && text.contains("unknown option 'size'"),
        "{text}"
    );
    assert!(text.contains("1 row is not good"), "{text}");
    let page = read(place.path(), "stranger/matrix.md");
    assert!(page.contains("## memory, odd was not run"), "{page}");
    assert!(read(place.path(), "stranger/matrix.html").contains("<td class=\"failed\">not run</td>"));

    let (text, code) = run(place.path(), "nothing", &format!("[{good}]"), &["--level", "isolation"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("not good: memory, defaults: 0 passed, 0 failed, 6 skipped"), "{text}");

    let (text, code) = run(place.path(), "empty", "[]", VIEWS);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("nothing was run"), "{text}");
}

#[test]
fn mistakes_are_answered_in_a_line_that_says_what_to_do() {
    let place = Directory::fresh(None).expect("a directory");
    let row = r#"{"backend": "memory", "mode": "m", "options": {}}"#;
    for (rows, more, expected) in [
        ("{}", &[][..], "write an array"),
        ("[", &[], "no JSON"),
        (r#"[{"backend": "memory", "options": {}}]"#, &[], "has no mode"),
        (r#"[{"backend": "memory", "mode": "m"}]"#, &[], "has no options"),
        (r#"[{"backend": "memory", "mode": "m", "options": {}, "optoins": {}}]"#, &[], "no field 'optoins'"),
        (&format!("[{row}, {row}]"), &[], "is there twice"),
        (&format!("[{row}]"), &["--only", "memroy"], "did you mean 'memory'?"),
        (&format!("[{row}]"), &["--jbos", "2"], "did you mean --jobs?"),
        (&format!("[{row}]"), &["--ops", "many"], "takes a whole number"),
        (&format!("[{row}]"), &["--level", "contarct"], "did you mean 'contract'?"),
        (&format!("[{row}]"), &["--merge", "x"], "either --rows FILE"),
    ] {
        let file = place.path().join("rows.json");
        fs::write(&file, rows).expect("rows are written");
        let report_dir = place.path().join("page");
        let (file, report_dir) = (file.to_str().expect("text"), report_dir.to_str().expect("text"));
        let output = matrix(&[&["--rows", file, "--report-dir", report_dir], more].concat());
        let line = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(line.lines().count() == 1 && line.contains(expected), "{rows} {more:?}: {line}");
    }
    let line = String::from_utf8(matrix(&[]).stderr).expect("text");
    assert!(line.contains("Say --report-dir DIR"), "{line}");
}
