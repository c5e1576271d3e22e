//! The engine that `plugins/sdk/GUIDE.md` builds line by line, as a real library: it passes the levels that the guide promises, and
//! dredis runs on it.

use std::process::Command;

use dredis_suite::{Server, Settings, TemporaryDirectory, programs};

#[test]
fn the_guides_engine_passes_abi_and_contract() {
    let library = programs::example("dredis-plugin", "dredis_backend_shelf");
    let output = Command::new(programs::conformance())
        .arg("--plugin")
        .arg(library)
        .args(["--level", "abi", "--level", "contract", "--ops", "200"])
        .output()
        .expect("the kit runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let passed = said.lines().filter(|line| line.starts_with("passed")).count();
    assert!(passed > 50, "{passed} checks passed:\n{said}");
}

#[test]
fn what_the_guides_engine_was_told_survives_a_kill() {
    let library = programs::example("dredis-plugin", "dredis_backend_shelf");
    let directory = TemporaryDirectory::new();
    let settings = Settings::with_backend(library.to_str().expect("the path of this build is text"))
        .data_in(directory.path());
    let mut server = Server::with(&settings);
    server.client().check("SET greeting hello", "+OK");
    server.kill();
    server.restart();
    server.client().check("GET greeting", "\"hello\"");
}
