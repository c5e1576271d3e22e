//! The skeleton that `new` writes: it compiles, and fails where it is said to fail and nowhere else.

// In the form that rustfmt has for strangers, who do not have this repository's settings.
#[rustfmt::skip]
#[path = "../template/lib.rs"]
mod my_engine;

use std::process::Command;

use dredis_conformance::skeleton::{FAILS_NEXT, write};
use dredis_conformance::{Child, Directory, Level, Settings, Target, Verdict, checks, run, run_child};

fn target() -> Target {
    Target::of_type::<my_engine::MyEngine>()
}

#[test]
#[ignore = "the process that checks start"]
fn child_of_checks() {
    run_child(&target());
}

#[test]
fn it_fails_where_it_is_said_to() {
    let arguments = ["child_of_checks", "--exact", "--ignored", "--nocapture"].map(Into::into).into();
    let child = Child::of_this_program(arguments).expect("a program knows where it is");
    let settings = Settings { operations: 300, kills: 3, child: Some(child), ..Settings::default() };
    let proofs = checks().filter(|check| check.level != Level::Speed);
    let report = run(&target(), &settings, String::new(), proofs, |_| {});
    let failed: Vec<&str> = report
        .results
        .iter()
        .filter(|result| matches!(result.verdict, Verdict::Failed(_)))
        .map(|result| result.check.name)
        .collect();
    for (name, _) in FAILS_NEXT {
        assert!(failed.contains(&name), "{name} does not fail");
    }
    // Others that fail have to do with opening again, too.
    let other: Vec<&&str> = failed
        .iter()
        .filter(|name| !FAILS_NEXT.iter().any(|(known, _)| known == *name) && !name.contains("reopen"))
        .collect();
    let expected = ["keys_of_the_greatest_length_are_kept", "compaction_changes_nothing_that_is_read"];
    assert_eq!(other, expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_skeleton_has_the_form_that_rustfmt_gives_it() {
    for name in ["ab", "my-engine", "a-rather-long-name"] {
        let place = Directory::fresh(None).expect("a directory");
        write(name, place.path(), None).expect("it is written");
        for file in ["src/lib.rs", "tests/conformance.rs"] {
            let path = place.path().join(name).join(file);
            let output = Command::new("rustfmt").args(["--check", "--edition", "2024"]).arg(path).output();
            let output = output.expect("rustfmt is there: rustup component add rustfmt");
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
        }
    }
}
