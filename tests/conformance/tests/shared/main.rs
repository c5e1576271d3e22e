//! The level for engines that several servers share proves itself: one that keeps its promises passes, and what is
//! broken is caught, by name.

mod engine;

use std::sync::Arc;

use dredis_conformance::{Check, Level, Settings, Target, Verdict, checks, run, run_check};
use engine::{CAUGHT_BY, Fault, SharedBackend};

fn target(fault: Fault) -> Target {
    Target::opened_by("shared", "shared 1", Vec::new(), move |request| {
        Ok(Arc::new(SharedBackend::open(request, fault)))
    })
}

fn settings() -> Settings {
    Settings { operations: 1000, ..Settings::default() }
}

fn of_isolation() -> impl Iterator<Item = &'static Check> {
    checks().filter(|check| check.level == Level::Isolation)
}

#[test]
fn an_engine_that_several_servers_share_passes() {
    let report = run(&target(Fault::Nothing), &settings(), "again".to_owned(), checks(), |_| {});
    for result in &report.results {
        match &result.verdict {
            Verdict::Passed => {}
            Verdict::Failed(failure) => panic!("{}: {failure:#?}", result.check.name),
            Verdict::NotRun(reason) => panic!("{}: {reason}", result.check.name),
            Verdict::Skipped(lacking) => {
                assert_ne!(result.check.level, Level::Isolation, "{} lacks {lacking}", result.check.name);
                if result.check.level == Level::Commands {
                    assert!(
                        lacking.starts_with("exclusiveness") || lacking.starts_with("persistence"),
                        "{lacking}"
                    );
                }
            }
        }
    }
    assert!(report.is_good());
}

#[test]
fn every_fault_is_caught_by_its_checks() {
    let mut missed = Vec::new();
    for (fault, names) in CAUGHT_BY {
        for name in *names {
            let check = checks().find(|check| check.name == *name);
            let check = check.unwrap_or_else(|| panic!("there is no check of the name {name}"));
            match run_check(&target(*fault), &settings(), check).verdict {
                Verdict::Failed(failure) => println!("{fault:?} by {name}: {}", failure.message),
                other => missed.push(format!("{fault:?} by {name}: {other:?}")),
            }
        }
    }
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
}

#[test]
fn every_check_of_the_level_catches_something() {
    for check in of_isolation() {
        let catches = CAUGHT_BY.iter().any(|(_, names)| names.contains(&check.name));
        assert!(catches, "{} cannot be seen to fail", check.name);
    }
}
