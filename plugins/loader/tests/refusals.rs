//! Each library that cannot be used is refused in one line that says what is wrong and what to do.
#![allow(clippy::unwrap_used)]

mod harness;

use std::env::consts::DLL_SUFFIX;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use dredis_contract::{LogLevel, Logger};
use dredis_plugin_loader::{LoadError, LoadErrorKind, Loader};
use harness::{Directory, library};

fn refusal(loader: &Loader, what: impl AsRef<Path>) -> LoadError {
    let error = loader.load(what.as_ref()).unwrap_err();
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    assert!(error.to_string().len() < 1000, "{error}");
    error
}

fn anywhere() -> Loader {
    Loader::new(Vec::new())
}

/// Copies an example to where the loader finds it under `name`.
fn install(example: &str, dir: &Path, name: &str) {
    let file = library("plugin_probing").file_name().unwrap().to_str().unwrap().to_owned();
    let file = file.replace("plugin_probing", &format!("dredis_backend_{name}"));
    fs::copy(library(example), dir.join(file)).unwrap();
}

#[test]
fn a_missing_file_names_the_backends_that_are_there() {
    let error = refusal(&anywhere(), format!("./nowhere{DLL_SUFFIX}"));
    assert_eq!(error.kind(), LoadErrorKind::NotFound);
    let text = error.to_string();
    assert!(text.contains("nowhere") && text.contains("no such file") && text.contains("memory"), "{text}");
}

#[test]
fn an_unknown_name_names_its_neighbour_and_the_places() {
    let dir = Directory::new("unknown-name");
    install("plugin_probing", &dir.0, "probing");
    let loader = Loader::new(vec![dir.0.clone()]);
    let text = refusal(&loader, "probin").to_string();
    assert!(text.contains("did you mean 'probing'?"), "{text}");
    assert!(text.contains(&dir.0.display().to_string()), "{text}");
    let text = refusal(&loader, "Probing!").to_string();
    assert!(text.contains("lower-case letters"), "{text}");
    let empty = Directory::new("unknown-name-empty");
    let text = refusal(&Loader::new(vec![empty.0.clone()]), "probing").to_string();
    assert!(text.contains("no backends"), "{text}");
}

#[test]
fn a_text_file_is_not_a_library() {
    let dir = Directory::new("text-file");
    let path = dir.0.join(format!("notes{DLL_SUFFIX}"));
    fs::write(
        &path,
        "not a library, but longer than any header of one has to be, to see that it is read at all",
    )
    .unwrap();
    let error = refusal(&anywhere(), &path);
    assert_eq!(error.kind(), LoadErrorKind::NotALibrary);
    assert!(error.to_string().contains("cannot load it as a library"), "{error}");
    fs::write(&path, "").unwrap();
    assert_eq!(refusal(&anywhere(), &path).kind(), LoadErrorKind::NotALibrary);
    let error = refusal(&anywhere(), dir.0.join("."));
    assert_eq!(error.kind(), LoadErrorKind::NotALibrary);
    assert!(error.to_string().contains("not a file"), "{error}");
}

#[test]
fn a_library_without_our_symbol_is_not_a_plugin() {
    let error = refusal(&anywhere(), library("library_without_symbol"));
    assert_eq!(error.kind(), LoadErrorKind::NotAPlugin);
    assert!(error.to_string().contains("dredis_plugin_abi"), "{error}");
}

#[test]
fn another_abi_is_named_with_both_versions() {
    let error = refusal(&anywhere(), library("plugin_other_abi"));
    assert_eq!(error.kind(), LoadErrorKind::OtherAbi);
    let text = error.to_string();
    assert!(
        text.contains("ABI 2 (dredis-plugin 9.8.7)") && text.contains("ABI 1 (dredis-plugin 0."),
        "{text}"
    );
    assert!(text.contains("rebuild"), "{text}");
}

#[test]
fn another_layout_is_one_line_and_its_long_story_goes_to_the_debug_log() {
    let lines: Arc<Mutex<Vec<(LogLevel, String)>>> = Arc::default();
    let sink = lines.clone();
    let log = Logger::new(move |level, line| sink.lock().unwrap().push((level, line.to_owned())));
    let error = refusal(&anywhere().with_log(log), library("plugin_other_layout"));
    assert_eq!(error.kind(), LoadErrorKind::OtherLayout);
    assert!(error.to_string().contains("laid out differently"), "{error}");
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].0, LogLevel::Debug);
    assert!(lines[0].1.contains("surprise"), "the log names the field that differs");
    assert!(lines[0].1.len() > error.to_string().len() * 2);
}

#[test]
fn a_panic_while_introducing_itself_refuses_the_plugin() {
    let error = refusal(&anywhere(), library("plugin_panicking_options"));
    assert_eq!(error.kind(), LoadErrorKind::Failed);
    assert!(error.to_string().contains("'shy' panicked in options: do not ask"), "{error}");
}

#[test]
fn a_plugin_under_another_name_is_refused_by_name_and_loaded_by_path() {
    let dir = Directory::new("misnamed");
    install("plugin_probing", &dir.0, "leveldb");
    let loader = Loader::new(vec![dir.0.clone()]);
    let error = refusal(&loader, "leveldb");
    assert_eq!(error.kind(), LoadErrorKind::Misnamed);
    assert!(error.to_string().contains("'probing', not 'leveldb'"), "{error}");
    let path = fs::read_dir(&dir.0).unwrap().next().unwrap().unwrap().path();
    assert_eq!(loader.load(path).unwrap().name(), "probing");
}

#[test]
fn the_list_has_the_usable_and_the_refused() {
    let dir = Directory::new("list");
    install("plugin_probing", &dir.0, "probing");
    install("plugin_other_abi", &dir.0, "future");
    fs::write(dir.0.join("README"), "nothing").unwrap();
    let found = Loader::new(vec![dir.0.clone()]).list();
    let names: Vec<&str> = found.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["future", "probing"]);
    assert_eq!(found[0].plugin.as_ref().unwrap_err().kind(), LoadErrorKind::OtherAbi);
    let probing = found[1].plugin.as_ref().unwrap();
    assert_eq!((probing.version(), probing.abi()), ("probing 1.2", 1));
    assert_eq!(probing.options().len(), 6);
    assert!(found[1].path.starts_with(&dir.0));
}

#[test]
fn the_first_directory_that_has_the_name_wins() {
    let (first, second) = (Directory::new("first"), Directory::new("second"));
    install("plugin_probing", &second.0, "probing");
    let loader = Loader::new(vec![first.0.clone(), second.0.clone()]);
    let real = |dir: &Directory| fs::canonicalize(&dir.0).unwrap();
    assert!(loader.load("probing").unwrap().path().starts_with(real(&second)));
    install("plugin_probing", &first.0, "probing");
    let old = fs::File::open(fs::read_dir(&first.0).unwrap().next().unwrap().unwrap().path()).unwrap();
    old.set_modified(SystemTime::now() - Duration::from_secs(1000)).unwrap();
    assert!(loader.load("probing").unwrap().path().starts_with(real(&first)));
}
