//! The kit proves itself: what keeps its promises passes, what is broken is caught, and by which check.

mod engine;
mod fault;
mod reading;

use std::sync::Arc;

use dredis_conformance::report::Format;
use dredis_conformance::{Check, Child, Settings, Target, Verdict, checks, run, run_check, run_child};
use engine::{LogBackend, options};
use fault::{CAUGHT_BY, Fault, HISTORIES};

/// Tells the process that is killed what is wrong with it.
const FAULT: &str = "DREDIS_CONFORMANCE_FAULT";

fn target(fault: Fault) -> Target {
    Target::opened_by("log", "log 1", options(fault), move |request| {
        Ok(Arc::new(LogBackend::broken(request, fault)?))
    })
}

fn settings(fault: Fault) -> Settings {
    let arguments = ["child_of_recovery", "--exact", "--ignored", "--nocapture"].map(Into::into).into();
    let mut child = Child::of_this_program(arguments).expect("a program knows where it is");
    child.environment.push((FAULT.into(), format!("{fault:?}").into()));
    let mut settings = Settings { operations: 1000, kills: 40, child: Some(child), ..Settings::default() };
    if matches!(fault, Fault::HangsInACommit | Fault::HangsInOpening) {
        settings.check_seconds = 1;
    }
    settings
}

fn named(name: &str) -> &'static Check {
    checks()
        .find(|check| check.name == name)
        .unwrap_or_else(|| panic!("there is no check of the name {name}"))
}

#[test]
#[ignore = "the process that recovery checks start and kill"]
fn child_of_recovery() {
    let fault = std::env::var(FAULT).ok().and_then(|name| Fault::named(&name)).unwrap_or(Fault::None);
    run_child(&target(fault));
}

#[test]
fn an_engine_that_keeps_its_promises_passes() {
    let report = run(&target(Fault::None), &settings(Fault::None), "again".to_owned(), checks(), |_| {});
    let mut skipped = Vec::new();
    for result in &report.results {
        match &result.verdict {
            Verdict::Passed => {}
            Verdict::Failed(failure) => panic!("{}: {failure:#?}", result.check.name),
            Verdict::NotRun(reason) => panic!("{}: {reason}", result.check.name),
            Verdict::Skipped(_) => skipped.push(result.check.name),
        }
    }
    let expected = [
        "its_file_is_called_after_it",
        "it_speaks_this_abi",
        "an_engine_without_checkpoints_says_so",
        "what_one_opening_commits_the_others_see",
        "a_commit_whose_reads_changed_is_a_conflict",
        "a_commit_whose_reads_stand_is_done",
        "a_commit_that_rests_on_nothing_is_done",
        "no_update_is_lost",
        "no_write_skew_is_let_through",
    ];
    assert_eq!(skipped, expected);
    assert!(report.is_good());
}

#[test]
fn every_fault_is_caught_by_its_checks() {
    let mut missed = Vec::new();
    for (fault, names) in CAUGHT_BY {
        for name in *names {
            let result = run_check(&target(*fault), &settings(*fault), named(name));
            match result.verdict {
                Verdict::Failed(failure) => println!("{fault:?} by {name}: {}", failure.message),
                other => missed.push(format!("{fault:?} by {name}: {other:?}")),
            }
        }
    }
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
}

#[test]
fn a_check_that_hangs_is_given_up_and_the_report_is_written() {
    let fault = Fault::HangsInACommit;
    let apart = "committing_leaks_no_memory";
    let with_a_child = "acknowledged_commits_survive_a_killed_process";
    let behind = "an_empty_batch_is_done";
    let selected =
        ["it_tells_its_name_and_version", apart, with_a_child, HISTORIES, behind, "reading_leaks_no_memory"];
    let mut seen = 0;
    let report =
        run(&target(fault), &settings(fault), "again".to_owned(), selected.map(named), |_| seen += 1);
    assert_eq!(seen, selected.len());
    let verdicts: Vec<&Verdict> = report.results.iter().map(|result| &result.verdict).collect();
    for at in [1, 2, 3] {
        let result = &report.results[at];
        let Verdict::Failed(failure) = verdicts[at] else { panic!("{}: {:?}", selected[at], verdicts[at]) };
        assert!(failure.message.starts_with("it did not end: after "), "{}", failure.message);
        assert!(result.elapsed.as_secs() >= 1, "{:?}", result.elapsed);
        // What hangs in another process is ended with it.
        assert_eq!(result.goes_on, selected[at] == HISTORIES, "{}", selected[at]);
    }
    let Verdict::NotRun(reason) = verdicts[4] else { panic!("{:?}", verdicts[4]) };
    assert!(reason.starts_with(HISTORIES), "{reason}");
    // It has a process of its own.
    assert_eq!([verdicts[0], verdicts[5]], [&Verdict::Passed; 2]);
    assert_eq!(report.counts(), [2, 3, 0, 1]);
    assert!(!report.is_good());
    for format in Format::ALL {
        let (name, text) = (format.name(), format.write(&report));
        for expected in ["it did not end: after ", "hangs in this process"] {
            assert!(text.contains(expected), "{name} lacks '{expected}': {text}");
        }
        let proves = named(HISTORIES).proves;
        assert!(text.contains(proves), "{name} does not say what was to be proven");
    }
}

#[test]
fn an_engine_that_does_not_open_is_given_up() {
    let fault = Fault::HangsInOpening;
    let error = target(fault).capabilities_in_time(&settings(fault)).expect_err("it hangs");
    assert!(error.message().contains("did not end within 1 s"), "{error}");
}

#[test]
fn a_failing_history_is_shrunk() {
    for fault in [Fault::DropsADelete, Fault::LosesARangeDelete, Fault::ReverseScanOffByOne, Fault::Reorders]
    {
        let result = run_check(&target(fault), &settings(fault), named(HISTORIES));
        let Verdict::Failed(failure) = result.verdict else { panic!("{fault:?} was not caught") };
        println!("{fault:?}: {failure:#?}");
        assert!((1..=5).contains(&failure.details.len()), "{fault:?} takes {} steps", failure.details.len());
    }
}

#[test]
fn a_seed_finds_the_same_history_again() {
    let find = |seed| {
        let settings = Settings { seed, ..settings(Fault::DropsADelete) };
        match run_check(&target(Fault::DropsADelete), &settings, named(HISTORIES)).verdict {
            Verdict::Failed(failure) => failure,
            other => panic!("seed {seed}: {other:?}"),
        }
    };
    assert_eq!(find(7), find(7));
    assert_ne!(find(7).details, find(8).details);
}

#[test]
fn names_are_unique_and_every_row_says_what_it_proves() {
    let all: Vec<&Check> = checks().collect();
    for (at, check) in all.iter().enumerate() {
        assert!(all[..at].iter().all(|earlier| earlier.name != check.name), "{} is there twice", check.name);
        assert!(!check.proves.is_empty(), "{}", check.name);
    }
}
