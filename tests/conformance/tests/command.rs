//! The command as its users meet it, on the memory backend.

use std::process::{Command, Output};

use serde_json::Value;

fn conformance(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dredis-conformance")).args(arguments).output().expect("the command runs")
}

/// The output of a run on the memory backend that has to end with `code`.
fn on_memory(arguments: &[&str], code: i32) -> String {
    let output = conformance(&[&["--plugin", "memory", "--ops", "300"], arguments].concat());
    let text = String::from_utf8(output.stdout).expect("reports are text");
    assert_eq!(output.status.code(), Some(code), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The one line that a refused command line gets.
fn refusal(arguments: &[&str]) -> String {
    let output = conformance(arguments);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).expect("errors are text");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

const PASSES: &[&str] = &["--check", "a_view_repeats_itself", "--check", "a_checkpoint_opens_as_an_engine"];

#[test]
fn a_text_report_says_what_was_skipped_and_why() {
    let text = on_memory(PASSES, 0);
    assert!(text.contains("a_view_repeats_itself"), "{text}");
    assert!(text.contains("a_checkpoint_opens_as_an_engine: lacks checkpoint"), "{text}");
    assert!(text.contains("1 passed, 0 failed, 1 skipped"), "{text}");
}

#[test]
fn reports_for_programs_hold_every_check() {
    let json: Value =
        serde_json::from_str(&on_memory(&[PASSES, &["--report", "json"]].concat(), 0)).expect("JSON");
    assert_eq!(json["passed"], 1);
    assert_eq!(json["checks"][0]["verdict"], "passed");
    assert_eq!(json["checks"][1]["lacks"], "checkpoint");
    let junit = on_memory(&[PASSES, &["--report", "junit"]].concat(), 0);
    assert_eq!(junit.matches("<testcase ").count(), 2, "{junit}");
    assert!(junit.contains("<skipped message=\"lacks checkpoint\"/>"), "{junit}");
    for format in ["markdown", "html"] {
        let page = on_memory(&[PASSES, &["--report", format]].concat(), 0);
        assert!(page.contains("a view repeats itself") && page.contains("lacks checkpoint"), "{page}");
    }
}

#[test]
fn a_level_runs_with_a_seed() {
    let text = on_memory(&["--level", "commands", "--seed", "77", "--report", "json"], 0);
    let json: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["seed"], 77);
    let requests = json["checks"][0]["figures"]["requests"].as_str().expect("a figure");
    assert!(requests.parse::<u32>().expect("a number") > 200, "{requests} requests");
}

#[test]
fn a_run_that_proves_nothing_has_failed() {
    let text = on_memory(&["--level", "isolation"], 1);
    assert!(text.contains("nothing was proven"), "{text}");
    assert!(text.contains("lacks sharing (it is exclusive)"), "{text}");
}

#[test]
fn mistakes_are_answered_in_a_line_that_says_what_to_do() {
    for (arguments, expected) in [
        (&[][..], "Say --plugin PATH"),
        (&["--plugin", "memory", "--levle", "abi"], "did you mean --level?"),
        (&["--plugin", "memory", "--level", "contarct"], "did you mean 'contract'?"),
        (
            &["--plugin", "memory", "--check", "a_view_repeats_itsself"],
            "did you mean 'a_view_repeats_itself'?",
        ),
        (&["--plugin", "memory", "--seed", "x"], "takes a whole number"),
        (&["--plugin", "memory", "--backend-option", "size"], "NAME=JSON"),
        (&["--plugin", "memory", "--backend-option", "size=a"], "double quotes"),
        (&["--plugin", "memory", "--backend-option", "size=1"], "unknown option 'size'"),
        (&["--plugin", "memroy"], "memory"),
        (&["--plugin", "./libnothing.so"], "no such file"),
    ] {
        let line = refusal(arguments);
        assert!(line.contains(expected), "{arguments:?}: {line}");
    }
}

#[test]
fn the_list_names_every_check_with_its_promise() {
    let output = conformance(&["--list"]);
    let text = String::from_utf8(output.stdout).expect("text");
    for check in dredis_conformance::checks() {
        assert!(text.contains(check.name) && text.contains(check.proves), "{}", check.name);
    }
}
