//! The trait's documentation and the kit agree: each check that the documentation names exists, and each check of an
//! engine's promises stands behind one of its sentences.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dredis_conformance::{Level, checks};

/// The names in backticks that read like those of checks.
fn named_in_documentation() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/contract/src");
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the contract lies there") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("a source");
        let comments = text.lines().filter_map(|line| line.trim_start().strip_prefix("//"));
        let comments: Vec<&str> = comments.collect();
        for (at, word) in comments.join("\n").split('`').enumerate() {
            let is_name = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            if at % 2 == 1 && is_name && word.matches('_').count() >= 3 {
                names.insert(word.to_owned());
            }
        }
    }
    names
}

#[test]
fn every_check_that_the_documentation_names_exists() {
    let names = named_in_documentation();
    assert!(names.len() > 30, "only {} names were found", names.len());
    let missing: Vec<&String> =
        names.iter().filter(|name| checks().all(|check| check.name != name.as_str())).collect();
    assert!(missing.is_empty(), "named, but there are no such checks: {missing:#?}");
}

#[test]
fn every_promise_names_the_check_that_proves_it() {
    let names = named_in_documentation();
    let of_promises = [Level::Contract, Level::Recovery, Level::Isolation];
    let unnamed: Vec<&str> = checks()
        .filter(|check| of_promises.contains(&check.level) && !names.contains(check.name))
        .map(|check| check.name)
        .collect();
    assert!(unnamed.is_empty(), "checks that no sentence of core/contract names: {unnamed:#?}");
}
