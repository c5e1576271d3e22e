//! What the author of a plugin reads when something is wrong: one line from the server and one from the conformance kit, which
//! name the trouble and say what to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use dredis_suite::{Client, Server, Settings, TemporaryDirectory, Value, programs};

fn library(example: &str) -> PathBuf {
    programs::example("dredis-plugin-loader", example)
}

/// A program, with the panics of plugins in their usual form.
fn run(program: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE");
    command.output().expect("the program runs")
}

/// The one line of a program that refuses to go on.
fn refusal(program: &Path, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{arguments:?} is not refused: {said}");
    assert!(output.status.code().is_some(), "{arguments:?}: the process was killed: {:?}", output.status);
    // Where a plugin panics, its own line in the log stands before.
    let own: Vec<&str> = said.lines().filter(|line| !line.contains(" error panicking: ")).collect();
    assert_eq!(own.len(), 1, "{arguments:?}: {said}");
    assert!(said.lines().count() <= 2, "{arguments:?}: {said}");
    own.concat()
}

/// Both programs refuse the library, each in a line with all of `parts`.
fn check(library: &Path, options: &[&str], parts: &[&str]) {
    let library = library.to_str().expect("the path of this build is text");
    let options: Vec<&str> = options.iter().flat_map(|option| ["--backend-option", option]).collect();
    let directory = TemporaryDirectory::new();
    let dir = directory.path().to_str().expect("the path of a temporary directory is text");
    let server = [&["--port", "0", "--dir", dir, "--backend", library], &options[..]].concat();
    let kit = [&["--plugin", library], &options[..]].concat();
    for said in [refusal(programs::dredis(), &server), refusal(programs::conformance(), &kit)] {
        for part in parts {
            assert!(said.contains(part), "'{said}' does not say '{part}'");
        }
        assert!(said.len() < 1000, "{said}");
    }
}

#[test]
fn an_abi_that_is_older_or_newer() {
    let parts = [
        "speaks plugin ABI 0 (dredis-plugin 0.0.1)",
        "speaks ABI 1",
        "use an older dredis, or rebuild the plugin",
    ];
    check(&library("plugin_older_abi"), &[], &parts);
    let parts = [
        "speaks plugin ABI 2 (dredis-plugin 9.8.7)",
        "speaks ABI 1",
        "use a newer dredis, or rebuild the plugin",
    ];
    check(&library("plugin_other_abi"), &[], &parts);
    check(
        &library("plugin_other_layout"),
        &[],
        &["laid out differently", "rebuild it with a released dredis-plugin"],
    );
}

#[test]
fn a_library_without_the_symbol() {
    let parts = ["without the symbol dredis_plugin_abi", "export_backend!(..)", "cdylib"];
    check(&library("library_without_symbol"), &[], &parts);
}

#[test]
fn a_file_that_is_no_library() {
    let directory = TemporaryDirectory::new();
    let path = directory.join("libnotes.so");
    fs::write(&path, "notes, and not a library at all").expect("the file can be written");
    check(&path, &[], &["cannot load it as a library", "it is no library; give a library for"]);
    fs::write(&path, "").expect("the file can be written");
    check(&path, &[], &["the file is empty; build it again"]);
    check(directory.path(), &[], &["not a file; give the path of a plugin"]);
    check(&directory.join("libnothing.so"), &[], &["there is no such file; give the path of a plugin"]);
}

#[test]
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn a_library_of_another_processor_or_half_a_library() {
    let whole = fs::read(library("plugin_failing")).expect("the library can be read");
    let directory = TemporaryDirectory::new();
    let path = directory.join("libother.so");
    let mut other = whole.clone();
    // ELF's number for a processor that this is not.
    other[18] = if cfg!(target_arch = "aarch64") { 62 } else { 183 };
    fs::write(&path, &other).expect("the file can be written");
    check(
        &path,
        &[],
        &["it is built for", std::env::consts::ARCH, "build it with the --target of this machine"],
    );
    fs::write(&path, &whole[..3000]).expect("the file can be written");
    check(&path, &[], &["the file is cut off", "build or copy it again"]);
}

#[test]
fn options_that_do_not_fit() {
    let failing = library("plugin_failing");
    check(&failing, &["pages=\"many\""], &["option 'pages' takes a JSON integer, not \"many\""]);
    check(&failing, &["share=true"], &["option 'share' takes a JSON number, not true"]);
    check(&failing, &["pgaes=1"], &["unknown option 'pgaes'", "did you mean 'pages'?"]);
    check(&failing, &["pages=65"], &["option 'pages' takes a number from 1 to 64, not 65"]);
    check(&failing, &["share=1.5"], &["option 'share' takes a number from 0 to 1, not 1.5"]);
    check(&failing, &["at=\"opne\""], &["option 'at' takes \"nowhere\" or \"open\"", "not \"opne\""]);
    check(&failing, &["pages"], &["NAME=JSON"]);
}

#[test]
fn an_engine_that_does_not_open_and_says_so_in_several_lines() {
    let parts = ["'failing'", "the file 'data' is damaged: page 7 restore a copy"];
    check(&library("plugin_failing"), &["at=\"open\""], &parts);
}

#[test]
fn limits_that_are_too_small() {
    let parts = ["'failing'", "keys of 10 bytes at most, and dredis needs 255", "raise them"];
    let failing = library("plugin_failing");
    let directory = TemporaryDirectory::new();
    let dir = directory.path().to_str().expect("the path of a temporary directory is text");
    let library = failing.to_str().expect("the path of this build is text");
    let arguments = ["--port", "0", "--dir", dir, "--backend", library, "--backend-option", "at=\"limits\""];
    let said = refusal(programs::dredis(), &arguments);
    assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    // For the kit it is a check like any other, so that the rest is seen, too.
    let check = "capabilities_are_constant_and_sufficient";
    let output = run(
        programs::conformance(),
        &["--plugin", library, "--backend-option", "at=\"limits\"", "--check", check],
    );
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let line = said.lines().find(|line| line.contains(check)).expect("the check has its line");
    assert!(line.starts_with("failed") && line.contains("255"), "{line}");
}

#[test]
fn a_commit_that_an_undeclared_limit_refuses() {
    let failing = library("plugin_failing");
    let settings = Settings::with_backend(failing.to_str().expect("the path of this build is text"))
        .backend_option("at", "\"commit\"");
    let mut server = Server::with(&settings);
    let mut client = server.client();
    client.check("SET short 1", "+OK");
    let long = "k".repeat(300);
    for _ in 0..3 {
        let Value::Error(said) = client.ask(&format!("SET {long} 1")) else { panic!("it is refused") };
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.contains("bytes is longer than 200 shorten it"), "{said}");
    }
    client.check("GET short", "\"1\"");
    // Once in the log, however often it comes.
    let log = whole_log(&mut server);
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("longer than 200")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines.concat().contains("a commit failed"), "{log}");
}

#[test]
fn panics_before_there_is_a_server() {
    let parts = ["'shy' panicked in options: do not ask (at ", "report this to the plugin's author"];
    check(&library("plugin_panicking_options"), &[], &parts);
    let panicking = library("plugin_panicking");
    for method in ["open", "capabilities"] {
        let option = format!("at=\"{method}\"");
        let said = format!("'panicking' panicked in {method}: as told, in {method} (at ");
        check(&panicking, &[&option], &[&said, "panicking.rs:", "restart the server"]);
    }
}

#[test]
fn a_commit_that_hangs_while_the_kit_looks_on() {
    let control = TemporaryDirectory::new();
    let library = programs::faulty_plugin().to_str().expect("the path of this build is text");
    let option = format!("control={:?}", control.path());
    let checks = ["it_tells_its_name_and_version", "an_empty_batch_is_done", "a_view_repeats_itself"];
    let mut arguments =
        vec!["--plugin", library, "--backend-option", &option, "--check-seconds", "1", "--report", "junit"];
    arguments.extend(checks.iter().flat_map(|check| ["--check", check]));
    // The first commit there is.
    fs::write(control.join("hold_commit"), "").expect("the order can be given");
    let output = run(programs::conformance(), &arguments);
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{report}{}", String::from_utf8_lossy(&output.stderr));
    for part in [
        "tests=\"3\" failures=\"1\" skipped=\"1\"",
        "<failure message=\"it did not end: after ",
        "promise: Applies all of the batch.",
        "<skipped message=\"not run: an_empty_batch_is_done hangs in this process",
        "</testsuites>",
    ] {
        assert!(report.contains(part), "no '{part}' in {report}");
    }
}

#[test]
fn panics_while_the_kit_looks_on() {
    let panicking = library("plugin_panicking");
    let panicking = panicking.to_str().expect("the path of this build is text");
    for (method, check) in [
        ("view", "an_engine_opens_in_an_empty_directory"),
        ("commit", "values_may_be_empty"),
        ("sync", "a_sync_may_run_while_commits_go_on"),
        ("need_durability", "durability_may_be_asked_for_at_any_time"),
        ("compact", "compaction_changes_nothing_that_is_read"),
        ("approximate_size", "sizes_and_figures_change_nothing"),
    ] {
        let option = format!("at=\"{method}\"");
        let arguments = ["--plugin", panicking, "--backend-option", &option, "--ops", "20", "--check", check];
        let output = run(programs::conformance(), &arguments);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{method}: {said}");
        let line = said.lines().find(|line| line.contains(check)).expect("the check has its line");
        assert!(
            line.starts_with("failed") && line.contains(&format!("panicked in {method}: as told")),
            "{method}: {line}"
        );
        // A panic's usual lines are not printed beside it.
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{method}");
    }
}

#[test]
fn panics_while_the_server_runs() {
    let faulty = programs::faulty_plugin();
    for (method, request) in [("get", "GET there"), ("scan", "KEYS *"), ("commit", "SET other 1")] {
        let control = TemporaryDirectory::new();
        let path = control.path().to_str().expect("the path of a temporary directory is text");
        let settings = Settings::with_backend(faulty.to_str().expect("the path of this build is text"))
            .backend_option("control", &format!("\"{path}\""))
            // Every read is to be the engine's.
            .arguments(&["--record-cache", "0"]);
        let mut server = Server::with(&settings);
        let mut client = server.client();
        client.check("SET there 1", "+OK");
        fs::write(control.join(&format!("panic_{method}")), b"").expect("an order can be given");
        let said = first_error(&mut client, request);
        assert!(said.contains(&format!("panicked in {method}")), "{said}");
        let log = whole_log(&mut server);
        let own: Vec<&str> = log.lines().filter(|line| line.contains("panicked at")).collect();
        // Whoever asks for backtraces gets a panic's usual lines, too.
        let is_asked = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
        assert!(own.is_empty() || is_asked, "lines that are not the log's: {own:?}");
        let told = log
            .lines()
            .filter(|line| line.contains(&format!("error faulty: backend 'faulty' panicked in {method}")));
        assert_eq!(told.count(), 1, "{log}");
    }
}

/// All that the server has said, once it has ended.
fn whole_log(server: &mut Server) -> String {
    server.terminate();
    server.process().output()
}

/// Asks until the answer is an error; another call than this client's may be the one that panics.
fn first_error(client: &mut Client, request: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match client.ask(request) {
            Value::Error(said) => return String::from_utf8_lossy(&said).into_owned(),
            _ => assert!(Instant::now() < deadline, "{request} is never refused"),
        }
    }
}
